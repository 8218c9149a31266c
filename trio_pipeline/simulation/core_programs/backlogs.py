"""Random programs around backlogs: nothing lost or doubled, by rank once due, and nobody sleeps too long.

This file does not know stages: its workers are loops of its own.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import trio

from trio_pipeline.channels import close_together
from trio_pipeline.simulation.core_programs.ends import WatchedBacklog
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["BacklogProgram", "CircleProgram"]

_ACCOUNTED = "a backlog loses nothing and doubles nothing"
_CANCELLED = "cancellation ends the wait at a backlog"
_IDLE = "a backlog says truly whether it is idle"
_TOGETHER = "backlogs that feed each other close when all is done, and not before"


@dataclass(frozen=True, slots=True)
class _Consumer:
    """Works so long on each item; gives back the first few, due so much later; leaves at a time."""

    work: float
    returns: int
    delay: float
    leaves: float


class BacklogProgram:
    """Producers, consumers of whom some leave, and somebody who waits until it is idle."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._draw = draw
        self._items = draw.randrange(1, 12)
        spread = draw.choice([1, 3, self._items])
        self._backlog = WatchedBacklog(witness, lambda item: -(item % spread), patient=draw.random() < 0.6)
        self._puts = [
            (draw.choice([0.0, 0.0, 1.0, 2.0, 5.0]), draw.choice([-math.inf, -math.inf, 0.0, 2.0, 3.0, 6.0]))
            for _ in range(self._items)
        ]
        self._consumers = [
            _Consumer(
                draw.choice([0.0, 0.5, 1.0]),
                draw.randrange(3),
                draw.choice([-math.inf, 0.0, 1.0, 4.0]),
                draw.choice([math.inf, 1.0, 2.0, 3.0]),
            )
            for _ in range(draw.randrange(1, 4))
        ] + [_Consumer(draw.choice([0.0, 1.0]), 0, 0.0, math.inf)]
        self._closes = draw.choice([None, None, 0.0, 4.0])
        self._curious = draw.random() < 0.4
        self._done: list[int] = []
        self._refused: list[int] = []
        self._to_put = self._items

    async def run(self) -> None:
        """As `Program`."""
        async with trio.open_nursery() as nursery:
            if self._curious:
                nursery.start_soon(self._wait_idle)
            for item in range(self._items):
                nursery.start_soon(self._put, item, *self._puts[item])
            for consumer in self._consumers:
                nursery.start_soon(self._consume, consumer)
            if self._closes is not None:
                await trio.sleep_until(self._closes)
                self._backlog.close()

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        if moment is not None:
            self._backlog.check_quiet(moment)
            if self._curious:
                self._backlog.check_figures()

    def check(self) -> None:
        """As `Program`."""
        ends = sorted([*self._done, *self._refused, *self._backlog.inside])
        self._witness.hold(ends == list(range(self._items)), _ACCOUNTED, ends, "of", self._items)
        self._witness.hold(not self._backlog.out, _ACCOUNTED, self._backlog.out)
        self._backlog.check_end()

    async def _put(self, item: int, at: float, delay: float) -> None:
        await trio.sleep_until(at)
        try:
            self._backlog.put(item, due=at + delay)
        except trio.ClosedResourceError:
            self._refused.append(item)
        self._to_put -= 1
        if not self._to_put:
            self._backlog.close()

    async def _consume(self, consumer: _Consumer) -> None:
        returns = consumer.returns
        with trio.CancelScope(deadline=consumer.leaves) as scope:
            while True:
                try:
                    item = await self._backlog.receive()
                except trio.EndOfChannel:
                    return
                self._witness.note("took", item, trio.current_time())
                returns -= 1
                await self._work(item, consumer, gives_back=returns >= 0)
                # Another one than that of the loop may be the task's next checkpoint.
                late = scope.deadline < trio.current_time()
                self._witness.hold(not late, _CANCELLED, "it should have ended at", scope.deadline)

    async def _work(self, item: int, consumer: _Consumer, *, gives_back: bool) -> None:
        try:
            await trio.sleep(consumer.work)
        except trio.Cancelled:
            self._backlog.put_back(item)
            raise
        if gives_back:
            self._backlog.put_back(item, due=trio.current_time() + consumer.delay)
        else:
            self._done.append(item)
            self._backlog.done(item)

    async def _wait_idle(self) -> None:
        while True:
            await self._backlog.wait_idle()
            self._witness.hold(self._backlog.is_idle(), _IDLE, "it is not at", trio.current_time())
            if self._backlog.statistics().closed:
                return
            await trio.sleep(1)


class CircleProgram:
    """Two stages that feed each other, each item so many times, and are closed together when nothing is under way."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._hops = [draw.randrange(5) for _ in range(draw.randrange(1, 5))]
        self._works = [draw.choice([0.0, 0.0, 1.0, 3.0]) for _ in range(7)]
        self._delays = [draw.choice([-math.inf, -math.inf, 0.0, 2.0]) for _ in range(5)]
        self._patient = draw.random() < 0.7
        self._backlogs = [WatchedBacklog(witness, lambda item: item, patient=self._patient) for _ in range(2)]
        self._workers = draw.randrange(1, 3)
        self._hopped = [0] * len(self._hops)
        self._finished = 0

    async def run(self) -> None:
        """As `Program`."""
        async with trio.open_nursery() as nursery:
            for item in range(len(self._hops)):
                self._backlogs[item % 2].put(item)
            nursery.start_soon(self._close)
            for side in (0, 1):
                for _ in range(self._workers):
                    nursery.start_soon(self._stage, self._backlogs[side], self._backlogs[1 - side])

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        if moment is not None:
            for backlog in self._backlogs:
                backlog.check_quiet(moment)

    def check(self) -> None:
        """As `Program`."""
        left = sum(len(backlog.inside) for backlog in self._backlogs)
        kept = self._finished + left == len(self._hops) and not (left and self._patient)
        self._witness.hold(kept, _TOGETHER, self._hopped, "of", self._hops, "left", left)

    async def _close(self) -> None:
        await close_together(*self._backlogs)
        under_way = [backlog.out for backlog in self._backlogs if backlog.out]
        self._witness.hold(not under_way, _TOGETHER, "under way:", under_way)

    async def _stage(self, source: WatchedBacklog, sink: WatchedBacklog) -> None:
        while True:
            try:
                item = await source.receive()
            except trio.EndOfChannel:
                return
            await trio.sleep(self._works[(item + self._hopped[item]) % len(self._works)])
            self._witness.note("hop", item, trio.current_time())
            if self._hopped[item] < self._hops[item]:
                self._hopped[item] += 1
                delay = self._delays[(item + self._hopped[item]) % len(self._delays)]
                try:
                    sink.put(item, due=trio.current_time() + delay)
                except trio.ClosedResourceError:
                    self._witness.hold(False, _TOGETHER, "closed while", item, "is under way")
            else:
                self._finished += 1
            source.done(item)
