"""Worker processes as they really are, by trio-parallel.

A worker ignores the signals that mean its parent, is gone when its parent is gone, may use so much memory and no more,
and gives way to a new one when it has grown. A crash ends one call; the next call gets a new worker.

This file does not know what the workers do.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import trio
import trio_parallel

from trio_pipeline import _worker

__all__ = ["TOO_MUCH_MEMORY", "RealProcesses", "cause_of_death", "open_real_processes"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MEMORY_LIMIT = 1024**3
"""Bytes of data that a worker may have, its own hundred million included; kept by Linux alone."""

TOO_MUCH_MEMORY = f"it needs more than {MEMORY_LIMIT // 1024**2} MB of memory"
"""What a MemoryError of a worker means."""


class RealProcesses:
    """A pool of workers. They are started when they are needed, and end after a minute without work."""

    def __init__(self, context: Any, limiter: trio.CapacityLimiter) -> None:
        self._context = context
        self._limiter = limiter

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call an importable function in a worker process.

        Raises:
            trio_parallel.BrokenWorkerError: The worker died during the call.
            MemoryError: The call needed more memory than a worker may have, and was told so in time.

        Cancellation: the worker is killed.
        """
        result: T = await self._context.run_sync(function, *args, kill_on_cancel=True, limiter=self._limiter)
        return result


@asynccontextmanager
async def open_real_processes(count: int, *, memory_limit: int = MEMORY_LIMIT) -> AsyncIterator[RealProcesses]:
    """A pool of at most `count` workers.

    Args:
        count: How many calls may be under way at once.
        memory_limit: Bytes of data that each worker may have.

    Cancellation: calls end with the tasks that wait for them; idle workers get five seconds to end before they are
    killed.
    """
    manager = trio_parallel.open_worker_context(
        idle_timeout=60.0, init=partial(_worker.prepare, memory_limit), retire=_worker.is_worn, grace_period=5.0
    )
    context = await manager.__aenter__()
    try:
        yield RealProcesses(context, trio.CapacityLimiter(count))
    finally:
        # An idle worker may have been killed meanwhile, or be too slow to end and be killed now. No call is lost by
        # that: those that were under way have ended before.
        with suppress(trio_parallel.BrokenWorkerError):
            await manager.__aexit__(None, None, None)


def cause_of_death(error: trio_parallel.BrokenWorkerError) -> str:
    """What a worker died of, as far as its exit status tells: a signal, an exit code, or `unknown`.

    A library that is not given the memory that it asks for aborts itself, and hardly ever for another reason.
    """
    # trio-parallel puts the multiprocessing.Process last among the arguments.
    code = getattr(error.args[-1], "exitcode", None) if error.args else None
    if code is None:
        return "unknown"
    if code >= 0:
        return f"exit code {code}"
    if code == -signal.SIGABRT:
        return f"SIGABRT, as when {TOO_MUCH_MEMORY}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal
        return f"signal {-code}"
