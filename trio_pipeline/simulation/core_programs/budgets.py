"""Random programs around a byte budget: never exceeded, served in order and at once, nothing lost or given twice.

This file does not know what the bytes are.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import trio

from trio_pipeline.channels import ByteBudget, Reservation
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["BudgetProgram"]

_BOUND = "a byte budget is never exceeded, save by one alone"
_SUM = "a byte budget has used what is held and nothing else"
_AT_ONCE = "a byte budget grants what fits at once, in order"
_RESIZE = "a reservation grows if that fits, and only then"
_CANCELLED = "cancellation ends the wait at a byte budget, and leaves nothing held"
_WANTED = "a byte budget says how much is lacking"


@dataclass(frozen=True, slots=True)
class _Holder:
    """Comes, reserves, holds for a while, asks for other sizes, and releases once or twice; is perhaps cancelled."""

    arrives: float
    size: int
    sizes: tuple[int, ...]
    seconds: float
    leaves: float
    releases: int


class BudgetProgram:
    """Holders who come and go, somebody who changes the limit, and bytes that were there before."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._budget = ByteBudget(100)
        self._holders = [self._holder(draw) for _ in range(draw.randrange(2, 10))]
        self._limits = [(draw.choice([0.5, 1.0, 2.0]), draw.choice([60, 100, 140])) for _ in range(draw.randrange(3))]
        self._existing = draw.choice([0, 0, 0, 30, 130])
        self._waiting: dict[int, int] = {}
        self._held: dict[int, int] = {}
        self._granted = 0

    def _holder(self, draw: random.Random) -> _Holder:
        sizes = [0, 10, 30, 50, 50, 60, 90, 100, 101, 150]
        return _Holder(
            arrives=draw.choice([0.0, 0.0, 1.0, 2.0]),
            size=draw.choice(sizes),
            sizes=tuple(draw.choice(sizes) for _ in range(draw.randrange(3))),
            seconds=draw.choice([0.0, 0.5, 1.0, 2.0]),
            leaves=draw.choice([math.inf, math.inf, 0.5, 1.0, 2.0, 3.0]),
            releases=draw.choice([0, 0, 1, 2]),
        )

    async def run(self) -> None:
        """As `Program`."""
        async with trio.open_nursery() as nursery:
            if self._existing:
                nursery.start_soon(self._sweep, self._budget.hold(self._existing))
                self._held[-1] = self._existing
            for number, holder in enumerate(self._holders):
                nursery.start_soon(self._live, number, holder)
            for after, limit in self._limits:
                await trio.sleep(after)
                self._budget.limit = limit
                self._look_at_sum()

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        del moment
        self._look_at_sum()

    def check(self) -> None:
        """As `Program`."""
        statistics = self._budget.statistics()
        self._witness.hold((statistics.used, statistics.waiting) == (0, 0), _SUM, statistics, "at the end")

    def _look_at_sum(self) -> None:
        """Those who were granted bytes and have not woken up yet are the first in line."""
        statistics = self._budget.statistics()
        sizes = list(self._waiting.values())
        granted = len(sizes) - statistics.waiting
        held = [*self._held.values(), *sizes[:granted]]
        self._witness.hold(sum(held) == statistics.used, _SUM, statistics, "held", held, "of", sizes)
        lacking = 0
        if statistics.waiting:
            first = sizes[granted]
            fits = not statistics.used or statistics.used + first <= statistics.limit
            self._witness.hold(not fits, _AT_ONCE, first, "waits at", statistics)
            lacking = max(0, min(first + statistics.used - statistics.limit, statistics.used))
        self._witness.hold(statistics.wanted == lacking, _WANTED, statistics, "lacking", lacking)

    def _look_at_bound(self) -> None:
        """After a grant or a growth: whoever has just got something got what fits."""
        statistics = self._budget.statistics()
        granted = list(self._waiting.values())[: len(self._waiting) - statistics.waiting]
        holders = sum(size > 0 for size in [*self._held.values(), *granted])
        self._witness.hold(statistics.used <= statistics.limit or holders == 1, _BOUND, statistics, holders)

    async def _live(self, number: int, holder: _Holder) -> None:
        await trio.sleep_until(holder.arrives)
        with trio.CancelScope(deadline=holder.leaves) as scope:
            reservation = await self._reserve(number, holder.size)
            try:
                self._witness.hold(scope.deadline >= trio.current_time(), _CANCELLED, "at", trio.current_time())
                with reservation:
                    await self._hold(number, holder, reservation)
            finally:
                self._held.pop(number, None)
                self._look_at_sum()

    async def _reserve(self, number: int, size: int) -> Reservation:
        # Who is cancelled already does not even queue.
        if trio.current_effective_deadline() > -math.inf:
            self._waiting[number] = size
        try:
            reservation = await self._budget.reserve(size)
        finally:
            self._waiting.pop(number, None)
        self._held[number] = size
        self._witness.note("holds", number, size, trio.current_time())
        self._witness.hold(reservation.size == size, _SUM, reservation.size, "not", size)
        return reservation

    async def _hold(self, number: int, holder: _Holder, reservation: Reservation) -> None:
        await trio.sleep(holder.seconds)
        for size in holder.sizes:
            before = self._budget.statistics()
            held = reservation.size
            others = before.used - held
            fits = size <= held or not others or others + size <= before.limit
            self._witness.hold(reservation.resize(size) == fits, _RESIZE, held, "to", size, "at", before)
            self._held[number] = size if fits else held
            self._witness.hold(reservation.size == self._held[number], _RESIZE, reservation.size, "not", size)
            if size > held and fits and before.used <= before.limit:
                self._look_at_bound()
            self._look_at_sum()
            await trio.sleep(holder.seconds)
        for _ in range(holder.releases):
            reservation.release()
            self._held[number] = 0
            self._look_at_sum()
            await trio.lowlevel.checkpoint()

    async def _sweep(self, swept: Reservation) -> None:
        while swept.size:
            await trio.sleep(1)
            swept.resize(max(0, swept.size - 50))
            self._held[-1] = swept.size
            self._look_at_sum()
        del self._held[-1]
