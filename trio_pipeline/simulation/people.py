"""What people do to a running pipeline: signals, commands, questions that they do not wait to have answered.

This file does not know when they do it, nor what should follow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import aclosing

import trio

from trio_pipeline.control import Command
from trio_pipeline.diario.running import Running
from trio_pipeline.simulation.scenario import Act
from trio_pipeline.simulation.sightings import Sightings
from trio_pipeline.testing.trace import Trace

__all__ = ["People"]

_SIGINT = 2


class People:
    """Everybody who may press a key while a run is on.

    Args:
        acts: What they do, in order.
        sightings: Where it is taken down that they asked the run to stop.
        trace: Where all that they do is noted.
    """

    def __init__(self, acts: Sequence[Act], sightings: Sightings, trace: Trace) -> None:
        self._acts = acts
        self._sightings = sightings
        self._trace = trace
        self._send, self._receive = trio.open_memory_channel[int](math.inf)

    @property
    def signals(self) -> trio.MemoryReceiveChannel[int]:
        """The signals that they send, as they come."""
        return self._receive

    async def watch(self, running: Running) -> None:
        """Do everything at its time. Cancellation: what was not done yet is not done."""
        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            for act in self._acts:
                await trio.sleep_until(began + act.after)
                self._trace.note("people", act.what, act.patience)
                if act.what == "signal":
                    self._signal()
                else:
                    nursery.start_soon(self._ask, running, act)

    def _signal(self) -> None:
        now = trio.current_time()
        if self._sightings.signals:
            self._sightings.asked_again = self._sightings.asked_again or now
        self._sightings.signals += 1
        self._sightings.asked_to_stop = self._sightings.asked_to_stop or now
        self._send.send_nowait(_SIGINT)

    async def _ask(self, running: Running, act: Act) -> None:
        if act.what == "drain":
            self._sightings.asked_to_stop = self._sightings.asked_to_stop or trio.current_time()
        command = running.commands()[act.what]
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                if act.patience is not None:
                    nursery.start_soon(_lose_patience, act.patience, scope)
                rows = await _all_rows(command)
                nursery.cancel_scope.cancel(reason="there is an answer")
                self._trace.note("people", act.what, len(rows), "rows")


async def _all_rows(command: Command) -> list[object]:
    async with aclosing(command({})) as rows:
        return [row async for row in rows]


async def _lose_patience(steps: int, scope: trio.CancelScope) -> None:
    for _ in range(steps):
        await trio.lowlevel.checkpoint()
    scope.cancel(reason="nobody waits for the answer any more")
