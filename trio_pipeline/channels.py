"""The ways between stages, besides Trio's own memory channels.

- `Backlog`: what waits for a stage, handed out by priority once it is due; what was taken and cannot be done now comes
  back.
- `ByteBudget`: a bound on bytes rather than on items.
- `batched`: items by the batch, when it is full or its time is up.

Everything sent is received or accounted for. This file does not know what the items are or who works on them.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable

import trio

__all__ = [
    "Backlog",
    "BacklogStatistics",
    "Batches",
    "ByteBudget",
    "ByteBudgetStatistics",
    "Closable",
    "Reservation",
    "Sink",
    "Source",
    "batched",
    "close_together",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Source(Protocol[T_co]):
    """Where items come from; every `trio.abc.ReceiveChannel` is one, and so is a `Backlog`."""

    async def receive(self) -> T_co:
        """The next item.

        Raises:
            trio.EndOfChannel: There are none and there will be none.

        Cancellation: a checkpoint; an item is either returned or left where it was.
        """


class Sink(Protocol[T_contra]):
    """Where results go; Trio's `MemorySendChannel` is one."""

    async def send(self, value: T_contra, /) -> None:
        """Hand over a result, waiting for room.

        Raises:
            trio.BrokenResourceError: Nobody will ever receive it.
        """

    def close(self) -> None:
        """Say that no more will come; closing twice is fine."""


@runtime_checkable
class Closable(Protocol):
    """An end of a channel that can be closed without waiting."""

    def close(self) -> None:
        """Say that this end is no longer used; closing twice is fine."""


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
            trio.ClosedResourceError: The backlog is closed.
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


@dataclass(frozen=True, slots=True)
class ByteBudgetStatistics:
    """How a `ByteBudget` stands; all figures in bytes, save `waiting`.

    Attributes:
        limit: The bound.
        used: What is reserved.
        waiting: How many callers wait.
        wanted: How much is lacking for the first of them, or 0.
    """

    limit: int
    used: int
    waiting: int
    wanted: int


class Reservation:
    """A part of a `ByteBudget`. Leaving its `with` block, or `release`, gives it back."""

    def __init__(self, size: int, change: Callable[[int, int], bool]) -> None:
        self._size = size
        self._change = change

    @property
    def size(self) -> int:
        """Bytes held now."""
        return self._size

    def resize(self, size: int) -> bool:
        """Hold `size` bytes instead, if they fit; never waits.

        A holder that waited for more could wait for another one that does the same. So one that does not get what it
        needs has to release what it holds, and reserve the whole again.

        Returns:
            Whether it holds them now. If not, nothing has changed.
        """
        changed = self._change(self._size, size)
        if changed:
            self._size = size
        return changed

    def release(self) -> None:
        """Give everything back; releasing twice is fine."""
        self.resize(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class ByteBudget:
    """At most so many bytes at once.

    The bound is never exceeded, save by a single reservation larger than all of it, which is then the only one. Those
    who wait are served in order: a large one is not overtaken for ever by small ones.

    Args:
        limit: The bound in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[tuple[int, trio.Event]] = deque()

    @property
    def limit(self) -> int:
        """The bound in bytes; may be changed while in use. A smaller one takes nothing away from those who hold."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._serve()

    async def reserve(self, size: int) -> Reservation:
        """Wait until `size` bytes fit, and hold them.

        Cancellation: a checkpoint; nothing is held, and those behind are served.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._waiting and self.fits(size):
            self._used += size
            await trio.lowlevel.cancel_shielded_checkpoint()
            return Reservation(size, self._change)
        turn = (size, trio.Event())
        self._waiting.append(turn)
        try:
            await turn[1].wait()
        except BaseException:
            # Cancelled, and granted before it could wake up to that: the grant must not be lost.
            if turn[1].is_set():
                self._change(size, 0)
            else:
                self._waiting.remove(turn)
                self._serve()
            raise
        return Reservation(size, self._change)

    def hold(self, size: int) -> Reservation:
        """Hold bytes that exist already, whether they fit or not."""
        self._used += size
        return Reservation(size, self._change)

    def statistics(self) -> ByteBudgetStatistics:
        """How it stands now."""
        wanted = 0
        if self._waiting:
            wanted = min(self._waiting[0][0] + self._used - self._limit, self._used)
        return ByteBudgetStatistics(self._limit, self._used, len(self._waiting), max(0, wanted))

    def fits(self, size: int) -> bool:
        """Whether so many bytes could be held now, if nobody waited."""
        return self._used + size <= self._limit or self._used == 0

    def _change(self, held: int, size: int) -> bool:
        """Let a holder of `held` bytes hold `size` instead, unless that is more and does not fit."""
        others = self._used - held
        if size > held and others and others + size > self._limit:
            return False
        self._used = others + size
        if size < held:
            self._serve()
        return True

    def _serve(self) -> None:
        while self._waiting and self.fits(self._waiting[0][0]):
            size, granted = self._waiting.popleft()
            self._used += size
            granted.set()


class Batches(Generic[T]):
    """Items of a source by the batch; see `batched`."""

    def __init__(self, source: Source[T], size: int, seconds: float) -> None:
        self._source = source
        self._size = size
        self._seconds = seconds
        self._collected: list[T] = []
        self._deadline = math.inf
        self._in_use = False

    async def receive(self) -> list[T]:
        """The next batch, never empty.

        Raises:
            trio.EndOfChannel: The source has ended and everything was given out.
            trio.BusyResourceError: Another task is receiving.

        Cancellation: a checkpoint; what was collected is kept for the next call.
        """
        if self._in_use:
            raise trio.BusyResourceError("another task is receiving from these batches")
        self._in_use = True
        try:
            await self._collect()
        finally:
            self._in_use = False
        batch, self._collected = self._collected, []
        return batch

    def close(self) -> None:
        """Close the source, if it can be closed, as a stage does that receives these batches."""
        if isinstance(self._source, Closable):
            self._source.close()

    def __aiter__(self) -> AsyncIterator[list[T]]:
        return self

    async def __anext__(self) -> list[T]:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def _collect(self) -> None:
        if not self._collected:
            self._collected.append(await self._source.receive())
            self._deadline = trio.current_time() + self._seconds
        with trio.move_on_at(self._deadline):
            while len(self._collected) < self._size:
                try:
                    self._collected.append(await self._source.receive())
                except trio.EndOfChannel:
                    # It says so again when it is asked for the next batch.
                    return


def batched(source: Source[T], *, size: int, seconds: float) -> Batches[T]:
    """Receive items by the batch: when `size` of them are there, or `seconds` after the first of them came.

    Nothing is lost at the end of the source, whose last batch may be short, nor on cancellation, which leaves what was
    collected for the next call. Items keep their order.

    Args:
        source: Where the items come from.
        size: The most that a batch holds, at least 1.
        seconds: How long the first item of a batch waits for company.

    Raises:
        ValueError: `size` is less than 1.
    """
    if size < 1:
        raise ValueError(f"a batch holds at least one item, not {size}")
    return Batches(source, size, seconds)
