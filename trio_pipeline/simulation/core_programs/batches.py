"""Random programs around batches: nothing lost, in order, when full or when their time is up, and then at once.

This file does not know what is done with a batch.
"""

from __future__ import annotations

import math
import random

import trio

from trio_pipeline.channels import batched
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["BatchProgram"]

_LOST = "batches lose nothing and keep the order"
_SIZE = "a batch is neither empty nor too large"
_TIME = "a batch comes when it is full, its time is up or its source has ended, and not before"
_LATE = "a batch that is complete comes at once"
_CANCELLED = "cancellation ends the wait for a batch"


class _Stamped:
    """A source that remembers when it gave what, and when it ended."""

    def __init__(self, receive: trio.MemoryReceiveChannel[int]) -> None:
        self._receive = receive
        self.times: list[float] = []
        self.ended_at = math.inf
        self.closed = False

    async def receive(self) -> int:
        try:
            item = await self._receive.receive()
        except trio.EndOfChannel:
            self.ended_at = min(self.ended_at, trio.current_time())
            raise
        self.times.append(trio.current_time())
        return item

    def close(self) -> None:
        self.closed = True
        self._receive.close()


class BatchProgram:
    """A sender with pauses, and receivers who give up now and then and come again."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._pauses = [draw.choice([0.0, 0.0, 0.0, 0.5, 1.0, 3.0]) for _ in range(draw.randrange(16))]
        self._size = draw.randrange(1, 5)
        self._seconds = draw.choice([0.0, 1.0, 2.0, 2.5, math.inf])
        self._patience = draw.choice([math.inf, math.inf, 0.5, 1.0, 1.5])
        self._work = draw.choice([0.0, 0.0, 1.0, 4.0])
        self._last_pause = draw.choice([0.0, 1.0, 5.0])
        self._receivers = draw.choice([1, 1, 2, 3])
        self._send, receive = trio.open_memory_channel[int](draw.choice([0, 1, 4, math.inf]))
        self._source = _Stamped(receive)
        self._batches = batched(self._source, size=self._size, seconds=self._seconds)
        self._got: list[int] = []

    async def run(self) -> None:
        """As `Program`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._feed)
            async with trio.open_nursery() as receivers:
                for _ in range(self._receivers):
                    receivers.start_soon(self._receive_all)
        self._batches.close()

    def look(self, moment: float | None) -> None:
        """As `Program`; nothing that could be seen between two steps."""

    def check(self) -> None:
        """As `Program`."""
        expected = list(range(len(self._pauses)))
        self._witness.hold(self._got == expected, _LOST, self._got, "of", expected)
        self._witness.hold(self._source.closed, "whoever closes batches closes their source")

    async def _feed(self) -> None:
        with self._send:
            for item, pause in enumerate(self._pauses):
                await trio.sleep(pause)
                await self._send.send(item)
            await trio.sleep(self._last_pause)

    async def _receive_all(self) -> None:
        while True:
            asked = trio.current_time()
            with trio.move_on_after(self._patience) as scope:
                try:
                    batch = await self._batches.receive()
                except trio.EndOfChannel:
                    return
                self._witness.hold(scope.deadline >= trio.current_time(), _CANCELLED, scope.deadline)
                self._judge(batch, asked)
            if scope.cancelled_caught:
                # Who asks again must find another time; else nothing would ever move.
                await trio.sleep(0.25)
                continue
            await trio.sleep(self._work)

    def _judge(self, batch: list[int], asked: float) -> None:
        now, first = trio.current_time(), len(self._got)
        self._witness.note("batch", batch, now)
        self._got += batch
        self._witness.hold(1 <= len(batch) <= self._size, _SIZE, batch)
        self._witness.hold(self._got == list(range(len(self._got))), _LOST, self._got)
        times = self._source.times[first : first + len(batch)]
        time_is_up = times[0] + self._seconds
        complete = times[-1] if len(batch) == self._size else min(time_is_up, self._source.ended_at)
        self._witness.hold(now >= complete, _TIME, batch, "at", now, "not", complete)
        latest = max(asked, min(complete, time_is_up))
        self._witness.hold(now <= latest, _LATE, batch, "at", now, "not", latest)
