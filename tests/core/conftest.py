"""What the core's tests share: virtual time, and runs in which every step of the scheduler is drawn from a seed.

Trio's own order of tasks, shuffled within a batch, rarely shows a race. With `run_seeded` one task is chosen at each
step and all others stay on the run queue, so that any interleaving can come up.

A lost wake-up fails at once instead of hanging: every asynchronous test takes `autojump_clock`, and when all its tasks
sleep, virtual time jumps to a limit that no test comes near.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from trio_pipeline.testing import run

END_OF_TIME = 1e12  # seconds
RunSeeded = Callable[..., Any]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the limit around each asynchronous test."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _limited(item.obj)


def _limited(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(**fixtures: Any) -> None:
        with trio.fail_after(END_OF_TIME):
            await test(**fixtures)

    return limited


@pytest.fixture(scope="session")
def run_seeded() -> RunSeeded:
    """`run_seeded(seed, function, *args)`: a run on virtual time, in an order of steps that the seed decides."""

    def run_seeded(seed: int, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return run(function, *args, schedule=seed)

    return run_seeded
