"""Worker processes without a process: calls that take virtual time, and die now and then.

This file does not know what is called.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, TypeVarTuple

import outcome
import trio
import trio_parallel

from trio_pipeline.testing.trace import Trace
from trio_pipeline.world import Processes

__all__ = ["SimulatedProcesses"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SimulatedProcesses:
    """The worker processes of a simulated world. Its `open` is `World.open_processes`.

    Functions, arguments and results are pickled, as on their way to a process, so that what cannot travel is refused
    here too.

    Args:
        random: Decides what chance decides; nobody else should draw from it.
        trace: Is told every call.
        death_chance: Of each call, that its worker dies, before or after the function has run.
        seconds: How long a call takes, at least and at most.

    Attributes:
        running: Calls that are under way.
        open_pools: Pools that are open.
    """

    def __init__(
        self,
        random: random.Random,
        trace: Trace,
        *,
        death_chance: float = 0.0,
        seconds: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.running = 0
        self.open_pools = 0
        self._random = random
        self._trace = trace
        self._death_chance = death_chance
        self._seconds = seconds

    @asynccontextmanager
    async def open(self, count: int) -> AsyncIterator[Processes]:
        """A pool of at most `count` workers."""
        self.open_pools += 1
        try:
            yield _Pool(self, trio.CapacityLimiter(count))
        finally:
            self.open_pools -= 1

    async def call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call a function as a worker does that is free at once.

        Raises:
            trio_parallel.BrokenWorkerError: The worker died.

        Cancellation: the call is given up; whether the function ran, nobody can tell.
        """
        self.running += 1
        try:
            return await self._call(function, *args)
        finally:
            self.running -= 1

    async def _call(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        order = pickle.dumps((function, args))
        seconds = self._random.uniform(*self._seconds)
        before = self._random.random() * seconds
        dies = self._random.random() < self._death_chance
        name = getattr(function, "__qualname__", type(function).__qualname__)
        await trio.sleep(before)
        if dies and self._random.random() < 0.5:
            self._die(name)
        here, arguments = pickle.loads(order)  # noqa: S301 -- our own bytes
        end = outcome.capture(here, *arguments)
        self._trace.note("process", name, type(end).__name__)
        answer = pickle.dumps(end)
        await trio.sleep(seconds - before)
        if dies:
            self._die(name)
        result: T = pickle.loads(answer).unwrap()  # noqa: S301 -- our own bytes
        return result

    def _die(self, name: str) -> None:
        self._trace.note("process", name, "dies")
        raise trio_parallel.BrokenWorkerError("the simulated worker died")


class _Pool:
    def __init__(self, processes: SimulatedProcesses, limiter: trio.CapacityLimiter) -> None:
        self._processes = processes
        self._limiter = limiter

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        async with self._limiter:
            return await self._processes.call(function, *args)
