"""Runs of Trio on virtual time, in which every step of the scheduler is drawn from a seed.

Trio's own order of tasks, shuffled within a batch, rarely shows a race and cannot be repeated. Here one task is chosen
at each step and all others stay on the run queue.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from trio._core import _run

__all__ = ["run_seeded"]


class _EveryStep:
    """Stands in for the random source of Trio's run loop."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        if batch:
            chosen = batch.pop(self._random.randrange(len(batch)))
            _run.GLOBAL_RUN_CONTEXT.runner.runq.extend(batch)
            batch[:] = [chosen]

    def random(self) -> float:
        return self._random.random()


def run_seeded(seed: int, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    """`trio.run` on virtual time, in an order of steps that the seed decides."""
    clock = trio.testing.MockClock(autojump_threshold=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
        patch.setattr(_run, "_r", _EveryStep(seed))
        return trio.run(function, *args, clock=clock)
