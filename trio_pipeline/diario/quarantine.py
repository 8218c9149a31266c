"""Calls on PDFs in worker processes, and which PDF it is that kills them.

A worker that died says little: the kernel may have chosen it because another one ate the memory, or somebody meant the
whole process group. So the call is made again, alone: nothing else runs meanwhile, in a process of its own. A PDF that
kills two such processes is to blame, and rejected. Nobody is blamed in a run that is ending, when workers die anyway.

This file does not know what is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar, TypeVarTuple

import trio
import trio_parallel
from trio_util import AsyncValue

from trio_pipeline._processes import TOO_MUCH_MEMORY, cause_of_death
from trio_pipeline.retry import Reject, TryAgain
from trio_pipeline.world import Processes

__all__ = ["Quarantine"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)

_PROOFS = 2
"""Workers that a call has to kill alone."""

_PAUSE = 2.0
"""Seconds before anything is made of a death. A signal that killed the worker reaches us as well, and what else took
the machine's memory may have let go of it."""


class Quarantine:
    """Makes calls in worker processes, and makes those alone that a worker died of.

    Args:
        processes: Where calls run side by side.
        open_processes: Opens a pool of fresh ones for a call that runs alone.
        at_once: How many calls may run side by side.
        is_ending: Whether the run is ending.
    """

    def __init__(
        self,
        processes: Processes,
        open_processes: Callable[[int], AbstractAsyncContextManager[Processes]],
        *,
        at_once: int,
        is_ending: Callable[[], bool],
    ) -> None:
        self._processes = processes
        self._open_processes = open_processes
        self._at_once = at_once
        self._is_ending = is_ending
        self._running = AsyncValue(0)
        # Held by who waits to begin, and by who runs alone until it has ended.
        self._door = trio.Lock()

    async def run(self, what: str, function: Callable[[*Ts], T], *args: *Ts, seconds: float) -> T:
        """Make a call that may kill its worker.

        Args:
            what: What it is about, for people.
            function: An importable function.
            *args: Its arguments.
            seconds: How long it may take, once it has begun.

        Raises:
            Reject: It killed two fresh workers with nothing else running.
            TryAgain: A worker died while the run was ending. It uses up no attempt.
            trio.TooSlowError: It took too long.

        Cancellation: the worker is killed.
        """
        causes: list[str] = []
        while True:
            make = self._alone if causes else self._side_by_side
            try:
                return await make(seconds, function, *args)
            except trio_parallel.BrokenWorkerError as error:
                causes.append(cause_of_death(error))
            except MemoryError:
                causes.append(TOO_MUCH_MEMORY)
            await self._judge(what, causes)

    async def _judge(self, what: str, causes: list[str]) -> None:
        """Return if the call is to be made again."""
        await trio.sleep(_PAUSE)
        if self._is_ending():
            raise TryAgain(f"a worker process died while the run was ending: {causes[-1]}", counts=False)
        if len(causes) > _PROOFS:
            raise Reject(f"it killed {_PROOFS} fresh worker processes with nothing else running: {causes[-1]}")
        _log.warning("a worker process died over %s (%s), which is tried again alone", what, causes[-1])

    async def _side_by_side(self, seconds: float, function: Callable[[*Ts], T], *args: *Ts) -> T:
        async with self._door:
            await self._running.wait_value(lambda running: running < self._at_once)
            self._running.value += 1
        try:
            with trio.fail_after(seconds):
                return await self._processes.run(function, *args)
        finally:
            self._running.value -= 1

    async def _alone(self, seconds: float, function: Callable[[*Ts], T], *args: *Ts) -> T:
        async with self._door:
            await self._running.wait_value(0)
            async with self._open_processes(1) as fresh:
                with trio.fail_after(seconds):
                    return await fresh.run(function, *args)
