"""Ends of channels that are watched: a backlog that checks its own promises, and sources and sinks.

This file does not know which program uses them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import trio

from trio_pipeline.channels import Backlog, Sink, Source
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["BacklogSink", "WatchedBacklog", "WatchedSink", "WatchedSource"]

T = TypeVar("T")

_DUE = "a backlog hands out nothing before it is due"
_RANK = "a backlog hands out first what ranks first"
_AT_ONCE = "who waits at a backlog gets what is due at once"
_ONCE = "a backlog hands out once what it was given"
_END = "a backlog ends when nothing can come any more, and then at once"
_FIGURES = "a backlog's statistics are true"
_IDLE = "a backlog says truly whether it is idle"


@dataclass(slots=True)
class _Place:
    """What waits: its rank, and from when on it may be handed out."""

    rank: tuple[int, int]
    due: float
    ready: float
    turn: int


class WatchedBacklog(Backlog[int]):
    """A backlog that checks every word of its promise against what went in and out.

    Attributes:
        handed: How many items were received.
        out: Items that were received and not settled.
        receiving: Who waits: since when.
    """

    def __init__(self, witness: Witness, priority: Callable[[int], int], *, patient: bool) -> None:
        super().__init__(priority, patient=patient)
        self._witness = witness
        self._rank = priority
        self._is_patient = patient
        self._turns = itertools.count()
        self._places: dict[int, _Place] = {}
        self._shut = False
        self._over_at = math.inf
        self.handed = 0
        self.out: set[int] = set()
        self.receiving: dict[int, float] = {}

    @property
    def inside(self) -> list[int]:
        """What waits in it, as far as the outside can tell."""
        return list(self._places)

    def ready_at(self, moment: float) -> bool:
        """Whether something could be handed out at a time."""
        return any(place.ready <= moment for place in self._places.values())

    def put(self, item: int, *, due: float = -math.inf) -> None:
        """As `Backlog`."""
        super().put(item, due=due)
        self._place(item, due)

    def put_back(self, item: int, *, due: float = -math.inf) -> None:
        """As `Backlog`."""
        self._settle(item)
        self._place(item, due)
        super().put_back(item, due=due)
        self._see_the_end()

    def done(self, item: int) -> None:
        """As `Backlog`."""
        self._settle(item)
        super().done(item)
        self._see_the_end()

    def close(self) -> None:
        """As `Backlog`."""
        self._shut = True
        super().close()
        self._see_the_end()

    async def receive(self) -> int:
        """As `Backlog`, whose promises are checked here."""
        called, began = next(self._turns), trio.current_time()
        self.receiving[called] = began
        try:
            item = await super().receive()
        except trio.EndOfChannel:
            moment = max(began, self._over_at)
            self._witness.hold(moment == trio.current_time(), _END, "at", trio.current_time(), "not", moment)
            raise
        finally:
            del self.receiving[called]
        self._handed_out(item, called, began)
        return item

    def _handed_out(self, item: int, called: int, began: float) -> None:
        now, hold = trio.current_time(), self._witness.hold
        hold(item in self._places, _ONCE, item)
        place = self._places.pop(item)
        hold(place.due <= now, _DUE, item, "due at", place.due, "at", now)
        hold(now == max(began, place.ready), _AT_ONCE, item, "of", place.ready, "at", now, "called at", began)
        # Those before it that were there in time, save those which others are just being handed.
        better = [
            other
            for other, rival in self._places.items()
            if rival.rank < place.rank and (rival.ready < now or (rival.ready <= began and rival.turn < called))
        ]
        self.handed += 1
        self.out.add(item)
        statistics = self.statistics()
        under_way = statistics.taken - len(self.out)
        hold(under_way >= 0, _FIGURES, statistics, "out", self.out)
        hold(len(better) <= under_way, _RANK, item, "before", better)
        waiting = statistics.ready + statistics.delayed + under_way
        hold(waiting == len(self._places), _FIGURES, statistics, self.inside)

    def check_quiet(self, moment: float) -> None:
        """What must be true when nothing could move any more at a time that is over now."""
        if self.receiving:
            self._witness.hold(not self.ready_at(moment), _AT_ONCE, self.inside, "waited at", moment)
            self._witness.hold(self._over_at > moment, _END, "somebody waits since", self._over_at)

    def check_figures(self) -> None:
        """Compare with the statistics, at a moment when nobody is being handed anything."""
        now = trio.current_time()
        delays = [place.due for place in self._places.values() if place.due > now]
        statistics = self.statistics()
        expected = (len(self._places) - len(delays), len(delays), len(self.out), min(delays, default=None), self._shut)
        found = (statistics.ready, statistics.delayed, statistics.taken, statistics.next_due, statistics.closed)
        self._witness.hold(found == expected, _FIGURES, found, "not", expected)
        self._witness.hold(self.idle == self.is_idle(), _IDLE, self.inside, self.out)

    def check_end(self) -> None:
        """What must be true when everybody has left, somebody of them because it has ended."""
        self._witness.hold(self._over_at < math.inf, _END, self.inside, self.out)

    def is_idle(self) -> bool:
        """What `idle` should say."""
        return self._shut or (not self.out and not self._places_to_come())

    def _places_to_come(self) -> bool:
        now = trio.current_time()
        return any(self._is_patient or place.due <= now for place in self._places.values())

    def _place(self, item: int, due: float) -> None:
        turn = next(self._turns)
        self._places[item] = _Place((self._rank(item), turn), due, max(due, trio.current_time()), turn)

    def _settle(self, item: int) -> None:
        self._witness.hold(item in self.out, "a backlog hears one word about each item", item, self.out)
        self.out.remove(item)

    def _see_the_end(self) -> None:
        if self._over_at == math.inf and self._shut and not self.out and not self._places_to_come():
            self._over_at = trio.current_time()


class WatchedSource(Generic[T]):
    """A source that counts what it hands out.

    Attributes:
        handed: How many items were received.
        closed: Whether it was closed.
    """

    def __init__(self, source: Source[T]) -> None:
        self._source: Any = source
        self.handed = 0
        self.closed = False

    async def receive(self) -> T:
        """The next item."""
        item: T = await self._source.receive()
        self.handed += 1
        return item

    def close(self) -> None:
        """Close it."""
        self.closed = True
        self._source.close()


class WatchedSink(Generic[T]):
    """A sink that tells somebody while an item is being handed on.

    Attributes:
        sent: What was taken.
        broken: Whether something was refused.
        closed: Whether it was closed.
    """

    def __init__(self, sink: Sink[T], sending: Callable[[T], AbstractContextManager[None]]) -> None:
        self._sink = sink
        self._sending = sending
        self.sent: list[T] = []
        self.broken = False
        self.closed = False

    async def send(self, value: T, /) -> None:
        """Hand over."""
        with self._sending(value):
            try:
                await self._sink.send(value)
            except trio.BrokenResourceError:
                self.broken = True
                raise
            self.sent.append(value)

    def close(self) -> None:
        """Close it."""
        self.closed = True
        self._sink.close()


class BacklogSink:
    """Hands results on into a backlog."""

    def __init__(self, backlog: Backlog[int]) -> None:
        self._backlog = backlog

    async def send(self, value: int, /) -> None:
        """Put, without waiting."""
        await trio.lowlevel.checkpoint()
        try:
            self._backlog.put(value)
        except trio.ClosedResourceError:
            raise trio.BrokenResourceError from None

    def close(self) -> None:
        """Say that no more will come."""
        self._backlog.close()
