"""Contract tests: who is blamed for a worker's death, and who has to wait meanwhile. On virtual time."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager

import pytest
import trio
import trio_parallel

from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.retry import Reject, TryAgain


class Pool:
    """Worker processes that do what the test says: `plans` holds, by name, what each of its calls comes to in turn.

    A number is a call of so many seconds, an error one that raises it after a second. What has no plan takes a second.
    """

    def __init__(self, **plans):
        self.plans = {name: [*plan] for name, plan in plans.items()}
        self.log = []
        self.fresh = 0

    def __call__(self, count):
        return self._open(count)

    @asynccontextmanager
    async def _open(self, count):
        assert count == 1
        self.fresh += 1
        yield Alone(self)

    async def run(self, function, name, *, alone=False):
        plan = self.plans.get(name)
        step = plan.pop(0) if plan else 1.0
        with self._noted(name, alone):
            await trio.sleep(step if isinstance(step, float) else 1.0)
            if isinstance(step, Exception):
                raise step
            return function(name)

    @contextmanager
    def _noted(self, name, alone):
        self.log.append((trio.current_time(), "begins", name, "alone" if alone else "beside others"))
        try:
            yield
        finally:
            self.log.append((trio.current_time(), "ends", name, "alone" if alone else "beside others"))


class Alone:
    """A pool of a single fresh worker."""

    def __init__(self, pool):
        self._pool = pool

    async def run(self, function, name):
        return await self._pool.run(function, name, alone=True)


class Process:
    exitcode = -11


def death():
    return trio_parallel.BrokenWorkerError("Worker died unexpectedly:", Process)


def quarantine_of(pool, *, at_once=2, is_ending=lambda: False):
    return Quarantine(pool, pool, at_once=at_once, is_ending=is_ending)


async def read(quarantine, name, *, seconds=100.0):
    return await quarantine.run(name, str.upper, name, seconds=seconds)


async def test_call_that_kills_nobody_is_made_once(autojump_clock):
    pool = Pool()
    assert await read(quarantine_of(pool), "a") == "A"
    assert pool.fresh == 0
    assert len(pool.log) == 2


@pytest.mark.parametrize("deaths", [1, 2])
async def test_call_that_lets_a_fresh_worker_live_is_not_blamed(autojump_clock, deaths):
    pool = Pool(a=[death() for _ in range(deaths)])
    assert await read(quarantine_of(pool), "a") == "A"
    assert pool.fresh == deaths


async def test_call_that_kills_two_fresh_workers_is_rejected(autojump_clock):
    pool = Pool(a=[death() for _ in range(3)])
    with pytest.raises(Reject, match=r"^it killed 2 fresh worker processes with nothing else running: SIGSEGV$"):
        await read(quarantine_of(pool), "a")
    assert pool.fresh == 2


async def test_want_of_memory_counts_as_a_death(autojump_clock):
    pool = Pool(a=[MemoryError(), MemoryError(), MemoryError()])
    with pytest.raises(Reject, match=r"it needs more than 1024 MB of memory$"):
        await read(quarantine_of(pool), "a")
    assert pool.fresh == 2


async def test_the_next_goes_on_after_a_rejection(autojump_clock):
    quarantine = quarantine_of(Pool(a=[death() for _ in range(3)]))
    with pytest.raises(Reject):
        await read(quarantine, "a")
    assert await read(quarantine, "b") == "B"


async def test_other_errors_are_the_callers_own(autojump_clock):
    pool = Pool(a=[ZeroDivisionError()])
    with pytest.raises(ZeroDivisionError):
        await read(quarantine_of(pool), "a")
    assert pool.fresh == 0


async def test_nothing_else_runs_while_a_suspect_does(autojump_clock):
    pool = Pool(a=[death(), 5.0], b=[20.0], c=[1.0])
    quarantine = quarantine_of(pool)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, quarantine, "a")
        nursery.start_soon(read, quarantine, "b")
        await trio.sleep(10)
        nursery.start_soon(read, quarantine, "c")
    # The suspect waits for who is there already; who comes meanwhile waits for the suspect.
    assert pool.log[2:] == [
        (1, "ends", "a", "beside others"),
        (20, "ends", "b", "beside others"),
        (20, "begins", "a", "alone"),
        (25, "ends", "a", "alone"),
        (25, "begins", "c", "beside others"),
        (26, "ends", "c", "beside others"),
    ]


async def test_two_suspects_do_not_run_beside_each_other(autojump_clock):
    pool = Pool(a=[death(), 5.0], b=[death(), 5.0])
    quarantine = quarantine_of(pool)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, quarantine, "a")
        nursery.start_soon(read, quarantine, "b")
    moments = sorted(moment for moment, _, _, how in pool.log if how == "alone")
    assert moments == [3, 8, 8, 13]


async def test_no_more_at_once_than_allowed(autojump_clock):
    pool = Pool()
    quarantine = quarantine_of(pool, at_once=2)
    async with trio.open_nursery() as nursery:
        for name in "abcde":
            nursery.start_soon(read, quarantine, name)
    assert [moment for moment, what, *_ in pool.log if what == "begins"] == [0, 0, 1, 1, 2]


async def test_nobody_is_blamed_in_a_run_that_is_ending(autojump_clock):
    pool = Pool(a=[death() for _ in range(3)])
    quarantine = quarantine_of(pool, is_ending=lambda: True)
    with pytest.raises(TryAgain, match="while the run was ending") as caught:
        await read(quarantine, "a")
    assert not caught.value.counts
    assert pool.fresh == 0


async def test_end_that_is_heard_of_after_the_last_death_blames_nobody(autojump_clock):
    # The signal reached the worker a moment before it reached us.
    pool = Pool(a=[death() for _ in range(3)])
    with pytest.raises(Reject):
        await read(quarantine_of(pool), "a")
    last = pool.log[-1][0]
    pool.plans["a"] = [death() for _ in range(3)]
    begin = trio.current_time()
    quarantine = quarantine_of(pool, is_ending=lambda: trio.current_time() > begin + last + 0.1)
    with pytest.raises(TryAgain):
        await read(quarantine, "a")


async def test_time_limit_begins_when_the_call_does(autojump_clock):
    quarantine = quarantine_of(Pool(a=[50.0], b=[50.0]), at_once=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: read(quarantine, "a", seconds=60))
        nursery.start_soon(lambda: read(quarantine, "b", seconds=60))
    assert trio.current_time() == 100


@pytest.mark.parametrize("plan", [[50.0], [death(), 50.0]], ids=["beside others", "alone"])
async def test_call_that_takes_too_long_is_ended(autojump_clock, plan):
    quarantine = quarantine_of(Pool(a=plan))
    with pytest.raises(trio.TooSlowError):
        await read(quarantine, "a", seconds=10)
    assert await read(quarantine, "b") == "B"


@pytest.mark.parametrize("after", [0.5, 2.0, 3.5], ids=["beside others", "between", "alone"])
async def test_cancelled_call_leaves_the_door_open(autojump_clock, after):
    quarantine = quarantine_of(Pool(a=[death(), 5.0]), at_once=1)
    with trio.move_on_after(after) as scope:
        await read(quarantine, "a")
    assert scope.cancelled_caught
    with trio.fail_after(10):
        assert await read(quarantine, "b") == "B"
