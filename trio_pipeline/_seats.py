"""The seats of a stage's workers: how many there may be, who is idle, and whether there is room to begin.

This file does not know what workers do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

__all__ = ["Seat", "Seats"]


@dataclass(slots=True, eq=False)
class Seat:
    """One worker task: the scope of its waiting for an item, and whether it is waiting now."""

    scope: trio.CancelScope
    idle: bool = False


class Seats:
    """The workers of a stage, at most `limit` of which begin at once.

    Attributes:
        limit: How many may work at once; changed by `resize`.
        busy: How many do. Who begins adds one; who ends takes it away, and says `made_room` if somebody waits for that.
        waiting: How many wait for room to begin.
        taken: The seats of all workers; a dict for its order, since which of the idle ones is sent home must not depend
            on where objects lie in memory.
        closed: Whether nobody sits down any more.
        used: Whether anybody ever sat down.

    These are plain attributes, since a worker looks at them for every item.

    Args:
        stage: What it is called in the reasons of cancellations.
        limit: How many may work at once.
        stopping: Set when nobody need wait for room any more.
    """

    def __init__(self, stage: str, limit: int, stopping: trio.Event) -> None:
        self.limit = limit
        self.busy = 0
        self.waiting = 0
        self.taken: dict[Seat, None] = {}
        self.closed = False
        self.used = False
        self._stage = stage
        self._stopping = stopping
        self._start: Callable[[Seat], None] | None = None
        self._room = trio.lowlevel.ParkingLot()

    def open(self, start: Callable[[Seat], None]) -> None:
        """Fill the seats: `start` starts the worker of each, which keeps its seat until it says `leave`."""
        self._start = start
        self._fill()

    def close(self) -> None:
        """Let nobody sit down any more, send home who is idle, and wake who waits for room; twice is fine."""
        self.closed = True
        self._send_home(len(self.taken))
        self._room.unpark_all()

    def resize(self, limit: int) -> None:
        """Change how many may work at once."""
        self.limit = limit
        self._send_home(len(self.taken) - limit)
        self._fill()
        self._room.unpark_all()

    def leave(self, seat: Seat) -> None:
        """Give up a seat; who was sent home has none any more."""
        self.taken.pop(seat, None)

    def made_room(self) -> None:
        """Let one of those who wait begin."""
        self._room.unpark()

    async def wait_for_room(self) -> None:
        """Return when fewer than the limit are at work, or when the stage stops."""
        self.waiting += 1
        try:
            while self.busy >= self.limit and not self._stopping.is_set():
                await self._room.park()
        finally:
            self.waiting -= 1

    async def step_back(self) -> None:
        """Give up the place of one who is at work, if the limit was lowered since, until there is one again."""
        if self.busy <= self.limit:
            return
        self.busy -= 1
        try:
            await self.wait_for_room()
        finally:
            self.busy += 1

    def _fill(self) -> None:
        if self._start is None or self.closed:
            return
        while len(self.taken) < self.limit:
            self.used = True
            seat = Seat(trio.CancelScope())
            self.taken[seat] = None
            self._start(seat)

    def _send_home(self, count: int) -> None:
        """Send home up to `count` workers that wait for an item; those at work go when they see they are too many."""
        for seat in [seat for seat in self.taken if seat.idle][: max(0, count)]:
            seat.idle = False
            seat.scope.cancel(reason=f"stage {self._stage!r} needs fewer workers")
            del self.taken[seat]
