"""What waits for a stage, handed out by priority once it is due; what was taken and cannot be done now comes back.

This file does not know what the items are or who works on them.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import trio

__all__ = ["Backlog", "BacklogStatistics", "close_together"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BacklogStatistics:
    """What a `Backlog` holds.

    Attributes:
        ready: Items that could be handed out now.
        delayed: Items that are not due yet.
        taken: Items that were handed out and are neither done nor put back.
        next_due: When the first delayed item is due, in Trio's time, or None.
        closed: Whether more can come from outside.
    """

    ready: int
    delayed: int
    taken: int
    next_due: float | None
    closed: bool


class Backlog(Generic[T]):
    """Items waiting for a stage, handed out by priority as soon as they are due.

    Whoever receives an item owes the backlog one of two words about it: `done`, or `put_back`. So the backlog knows
    when it is finished: closed, nothing waiting, and nothing taken that might still come back.

    Items of equal priority come out in the order in which they went in. It has no bound, so let items be small: ids.

    Args:
        priority: The rank of an item; the smallest goes first.
        patient: What a closed backlog does about items that are not due yet: wait for them, or end without them.
    """

    def __init__(self, priority: Callable[[T], Any], *, patient: bool = True) -> None:
        self._priority = priority
        self._patient = patient
        self._ready: list[tuple[Any, int, T]] = []
        self._delayed: list[tuple[float, int, T]] = []
        self._order = itertools.count()
        self._taken = 0
        self._closed = False
        self._finished = False
        self._waiting = trio.lowlevel.ParkingLot()
        self._watching = trio.lowlevel.ParkingLot()

    @property
    def idle(self) -> bool:
        """Whether nothing is taken and nothing that it holds will be handed out without a word from outside.

        A closed backlog is idle however much it holds: its stage has ended.
        """
        if self._closed:
            return True
        self._promote()
        return not self._taken and not self._ready and not (self._delayed and self._patient)

    async def wait_idle(self) -> None:
        """Return when it is idle; it may not be for long.

        Cancellation: a checkpoint.
        """
        await trio.lowlevel.checkpoint()
        while not self.idle:
            await self._watching.park()

    @classmethod
    def of(cls, items: Iterable[T]) -> Backlog[T]:
        """A closed backlog that holds these items, in this order."""
        backlog: Backlog[T] = cls(lambda _: 0)
        for item in items:
            backlog.put(item)
        backlog.close()
        return backlog

    def put(self, item: T, *, due: float = -math.inf) -> None:
        """Add an item.

        Args:
            item: The item.
            due: When it may be handed out, in Trio's time.

        Raises:
            trio.ClosedResourceError: The backlog is closed, by hand or because its stage has ended. For a handler that
                feeds it this is a defect like any other, unless it says what it means.
            ValueError: `due` is not a number.
        """
        if self._closed:
            raise trio.ClosedResourceError("this backlog was closed")
        self._add(item, due)

    def put_back(self, item: T, *, due: float = -math.inf) -> None:
        """Give back an item that was received, also after `close`.

        Args:
            item: The item.
            due: When it may be handed out again, in Trio's time.

        Raises:
            RuntimeError: Nothing is taken that could be given back.
        """
        self._settle_one()
        self._add(item, due)
        self._finish_if_over()

    def done(self, item: T) -> None:
        """Let go of an item that was received.

        Raises:
            RuntimeError: Nothing is taken that could be let go.
        """
        del item
        self._settle_one()
        self._finish_if_over()

    def close(self) -> None:
        """Say that no more will come from outside; closing twice is fine."""
        self._closed = True
        self._finish_if_over()
        self._watching.unpark_all()

    async def receive(self) -> T:
        """The item that is due and ranks first; waits until there is one.

        Raises:
            trio.EndOfChannel: The backlog is finished.

        Cancellation: a checkpoint; an item is either returned or left in the backlog.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._finished:
            self._promote()
            if self._ready:
                _, _, item = heapq.heappop(self._ready)
                self._taken += 1
                await trio.lowlevel.cancel_shielded_checkpoint()
                return item
            await self._wait()
        raise trio.EndOfChannel

    def statistics(self) -> BacklogStatistics:
        """What it holds now."""
        self._promote()
        return BacklogStatistics(
            ready=len(self._ready),
            delayed=len(self._delayed),
            taken=self._taken,
            next_due=self._delayed[0][0] if self._delayed else None,
            closed=self._closed,
        )

    async def _wait(self) -> None:
        """Wait for a word that something has changed, or until the first delayed item is due."""
        if not self._delayed:
            await self._waiting.park()
            return
        with trio.move_on_at(self._delayed[0][0]):
            await self._waiting.park()

    def _add(self, item: T, due: float) -> None:
        if due == -math.inf or due <= trio.current_time():
            heapq.heappush(self._ready, (self._priority(item), next(self._order), item))
            self._waiting.unpark()
            return
        if math.isnan(due):
            raise ValueError("nothing is ever due at a time that is not a number")
        heapq.heappush(self._delayed, (due, next(self._order), item))
        # All of them: if one alone learned of an earlier due time, its cancellation would lose the wake-up.
        self._waiting.unpark_all()

    def _promote(self) -> None:
        while self._delayed and self._delayed[0][0] <= trio.current_time():
            _, order, item = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (self._priority(item), order, item))

    def _settle_one(self) -> None:
        if not self._taken:
            # One word too many would otherwise keep the backlog from ever being finished, and its stage waiting.
            raise RuntimeError("nothing is taken from this backlog")
        self._taken -= 1
        if not self._taken:
            self._watching.unpark_all()

    def _finish_if_over(self) -> None:
        """Finish when nothing can come any more. That is for good: an impatient backlog does not wake up again."""
        if not self._closed or self._taken:
            return
        self._promote()
        if not self._ready and not (self._delayed and self._patient):
            self._finished = True
            self._waiting.unpark_all()


async def close_together(*backlogs: Backlog[Any]) -> None:
    """Close backlogs whose stages feed each other, in circles too, as soon as all of them are idle at once.

    A stage hands its results on before it lets an item go, so what is under way is always in one of them.

    Cancellation: a checkpoint; none is closed.
    """
    await trio.lowlevel.checkpoint()
    while not all(backlog.idle for backlog in backlogs):
        for backlog in backlogs:
            await backlog.wait_idle()
    for backlog in backlogs:
        backlog.close()
