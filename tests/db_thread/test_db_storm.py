"""A storm of cancellations at random points, on the real thread, a real file and real sockets, leaves nothing behind.

`benchmarks/storm.py` is what makes it, 100,000 of them when it is run by itself; here it makes a few.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import trio
import trio.testing

STORM = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "storm.py"))


@pytest.mark.parametrize("seed", range(3))
async def test_cancelled_database_calls_leave_nothing(tmp_path, seed):
    """It asserts itself that the file holds what callers were told, and that calls are served after it."""
    await trio.to_thread.run_sync(int)
    before = STORM["Left"].now()
    ends = await STORM["storm_over_database"](2000, seed, tmp_path)
    await trio.testing.wait_all_tasks_blocked()
    assert STORM["Left"].now() == before
    # Neither was every call too late to be cancelled, nor every one too early to begin.
    assert ends["cancelled"] > 100
    assert ends["ended anyway"] > 10
    assert ends["cancelled"] + ends["ended anyway"] >= 2000


async def test_cancelled_requests_leave_nothing():
    before = STORM["Left"].now()
    ends = await STORM["storm_over_requests"](1500, 0)
    await trio.testing.wait_all_tasks_blocked()
    assert STORM["Left"].now() == before
    assert ends["cancelled"] > 100
