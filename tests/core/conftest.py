"""What the core's tests share: virtual time, and runs in which every step of the scheduler is drawn from a seed.

Trio's own order of tasks, shuffled within a batch, rarely shows a race. With `run_seeded` one task is chosen at each
step and all others stay on the run queue, so that any interleaving can come up.

A lost wake-up fails at once instead of hanging: every asynchronous test takes `autojump_clock`, and when all its tasks
sleep, virtual time jumps to a limit that no test comes near.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from trio._core import _run

END_OF_TIME = 1e12  # seconds
RunSeeded = Callable[..., Any]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the limit around each asynchronous test."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _limited(item.obj)


def _limited(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def run(**fixtures: Any) -> None:
        with trio.fail_after(END_OF_TIME):
            await test(**fixtures)

    return run


class _EveryStep:
    """Stands in for the random source of Trio's run loop."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        if not batch:
            return
        chosen = batch.pop(self._random.randrange(len(batch)))
        _run.GLOBAL_RUN_CONTEXT.runner.runq.extend(batch)
        batch[:] = [chosen]

    def random(self) -> float:
        return self._random.random()


@pytest.fixture(scope="session")
def run_seeded() -> RunSeeded:
    """`run_seeded(seed, function, *args)`: `trio.run` on virtual time, in an order of steps that the seed decides."""

    def run(seed: int, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        clock = trio.testing.MockClock(autojump_threshold=0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
            patch.setattr(_run, "_r", _EveryStep(seed))
            return trio.run(function, *args, clock=clock)

    return run
