"""Blocking calls and owned resources without a thread: in Trio's own, where the schedule chooses every step.

This file does not know what is called, nor who calls.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, TypeVar, TypeVarTuple

import outcome
import trio

from trio_pipeline.world import Ask, Owner, OwnerLoop

__all__ = ["SimulatedThreads"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
J = TypeVar("J")


class SimulatedThreads:
    """The threads of a simulated world: `World.threads` in which each step of a thread is one of a task.

    Args:
        random: Decides what chance decides; nobody else should draw from it.
        slow_chance: Of each step, that it takes time.
        slow_seconds: How long such a step takes at most.

    Attributes:
        open_owners: Owned resources whose loop has not ended yet.
    """

    def __init__(self, random: random.Random, *, slow_chance: float = 0.0, slow_seconds: float = 1.0) -> None:
        self.open_owners = 0
        self._random = random
        self._slow_chance = slow_chance
        self._slow_seconds = slow_seconds

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """As `World.threads`: a step of its own, with a checkpoint before and one after."""
        await trio.lowlevel.checkpoint()
        result = outcome.capture(function, *args)
        with trio.CancelScope(shield=True):
            await self._step()
        return result.unwrap()

    @asynccontextmanager
    async def open_owner(self, name: str, loop: Callable[[Owner[J]], OwnerLoop[J]]) -> AsyncIterator[Owner[J]]:
        """As `World.threads`. Every yield of the loop is a step, and so is every call that it asks for."""
        owner: _Owner[J] = _Owner(self._random, self._step)
        end: outcome.Outcome[None] = outcome.Value(None)
        ended = trio.Event()

        def finish() -> None:
            ended.set()
            if isinstance(end, outcome.Error):
                scope.cancel(reason=f"{name} died")

        async def live() -> None:
            nonlocal end
            steps = loop(owner)
            try:
                # As a thread it knows nothing of cancellation, whoever ends.
                with trio.CancelScope(shield=True):
                    await owner.drive(steps)
            except trio.Cancelled:
                raise  # the run is torn down, shields and all
            except BaseException as error:  # noqa: BLE001 -- it comes out of the context
                end = outcome.Error(error)
            finally:
                steps.close()
                self.open_owners -= 1
            # Behind the answers that are still under way.
            owner.call_soon(finish)

        async def deliver() -> None:
            with trio.CancelScope(shield=True):
                await owner.deliver(ended)

        with trio.CancelScope() as scope:
            self.open_owners += 1
            trio.lowlevel.spawn_system_task(live, name=name)
            trio.lowlevel.spawn_system_task(deliver, name=f"answers of {name}")
            try:
                yield owner
            finally:
                with trio.CancelScope(shield=True):
                    await ended.wait()
                end.unwrap()

    async def _step(self) -> None:
        if self._slow_chance and self._random.random() < self._slow_chance:
            await trio.sleep(self._random.uniform(0, self._slow_seconds))
        else:
            await trio.lowlevel.checkpoint()


class _Queue(Generic[T]):
    """What one task waits for. A channel of Trio's would make whoever sends wait, or refuse."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._arrival = trio.Event()

    def put(self, item: T) -> None:
        self._items.append(item)
        self._arrival.set()

    def take(self) -> T | None:
        return self._items.popleft() if self._items else None

    async def wait(self) -> None:
        """Return when there is something to take."""
        while not self._items:
            self._arrival = trio.Event()
            await self._arrival.wait()


class _Owner(Generic[J]):
    """Drives a loop from one task, and makes its calls in another."""

    def __init__(self, random: random.Random, step: Callable[[], Awaitable[None]]) -> None:
        self._random = random
        self._step = step
        self._jobs: _Queue[J] = _Queue()
        self._calls: _Queue[Callable[[], object]] = _Queue()
        self._is_over = False

    def send(self, job: J) -> None:
        self._jobs.put(job)

    def call_soon(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        if not self._is_over:
            self._calls.put(partial(function, *args))

    async def drive(self, loop: OwnerLoop[J]) -> None:
        """Run the loop to its end, with a step before each of its own."""
        answer: J | None = None
        while True:
            await self._step()
            try:
                ask = loop.send(answer)
            except StopIteration:
                return
            answer = None if ask is Ask.STEP else await self._next(ask)

    async def _next(self, ask: Ask | float) -> J | None:
        """Wait as long as the loop asks for, or only as long as it must."""
        if ask is Ask.NEXT:
            await self._jobs.wait()
        elif isinstance(ask, Ask):
            await self._step()
        elif self._random.random() < 0.5:
            with trio.move_on_after(ask):
                await self._jobs.wait()
        return self._jobs.take()

    async def deliver(self, ended: trio.Event) -> None:
        """Make the loop's calls, in order and each as a step, until one of them says that it has ended."""
        try:
            while not ended.is_set():
                await self._calls.wait()
                await trio.lowlevel.checkpoint()
                call = self._calls.take()
                assert call is not None
                call()
        finally:
            self._is_over = True
