"""Contract tests of runs that a schedule leads: time, ends, errors, and what holds for the rest of the process."""

from __future__ import annotations

import trio

from trio_pipeline.testing import run


def test_result_comes_out():
    async def program(a, b):
        await trio.sleep(5)
        return a + b

    assert run(program, 1, 2) == 3
