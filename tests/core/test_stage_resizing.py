"""Contract of a stage's number of workers: at most so many begin at once, whenever and however often it changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import Stage, open_pipeline
from trio_pipeline.retry import Backoff, RetryPolicy, TryAgain


@dataclass
class Shop:
    """A handler that takes as many seconds as the item says, and remembers when it began what."""

    began: list[tuple[float, float]] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.began.append((trio.current_time(), seconds))
        await trio.sleep(seconds)


async def resize_at(stage: Stage[float, None], changes: dict[float, int]) -> None:
    for time, workers in changes.items():
        await trio.sleep_until(time)
        stage.workers = workers


async def begin_times(seconds: list[float], workers: int, changes: dict[float, int]) -> list[float]:
    """When each item is begun, if the workers of its stage change like this."""
    shop = Shop()
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", shop, source=Backlog.of(seconds), workers=workers)
        await resize_at(stage, changes)
    assert stage.statistics().done == len(seconds)
    return [time for time, _ in shop.began]


async def test_so_many_begin_and_no_more(autojump_clock):
    assert await begin_times([10, 10, 10, 10], 2, {}) == [0, 0, 10, 10]


async def test_more_workers_begin_at_once(autojump_clock):
    assert await begin_times([10, 10, 10, 10], 1, {3: 3}) == [0, 3, 3, 10]


async def test_after_a_shrink_the_busy_ones_end_first(autojump_clock):
    """Three run and one may: the next begins when the last of the three has ended."""
    assert await begin_times([10, 20, 30, 1, 1], 3, {5: 1}) == [0, 0, 0, 30, 31]


async def test_shrink_and_growth_while_busy_change_nothing(autojump_clock):
    assert await begin_times([10, 10, 10, 10], 2, {3: 0, 5: 2}) == [0, 0, 10, 10]


async def test_growth_after_a_shrink_counts_who_still_runs(autojump_clock):
    """Two of three have ended by 20 and gone home; of two that may run then, one does."""
    assert await begin_times([10, 20, 30, 1, 1], 3, {5: 1, 25: 2}) == [0, 0, 0, 25, 26]


async def test_no_workers_is_a_pause(autojump_clock):
    assert await begin_times([10, 10, 10], 1, {5: 0, 50: 1}) == [0, 50, 60]


async def test_stage_may_start_without_workers(autojump_clock):
    assert await begin_times([10, 10], 0, {7: 2}) == [7, 7]


async def test_change_before_the_stage_has_begun(autojump_clock):
    assert await begin_times([10, 10, 10], 3, {0: 1}) == [0, 10, 20]


async def test_next_attempt_waits_for_room_too(autojump_clock):
    """The item is in the hand of a worker that waits for its next attempt while the stage is paused."""
    calls = []

    async def fail_once(item: str) -> None:
        calls.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if len(calls) == 1:
            raise TryAgain("once")

    policy = RetryPolicy(backoff=Backoff(first=10.0, factor=1.0))
    async with open_pipeline(random_source=FullPause()) as pipeline:
        stage = pipeline.start_stage("work", fail_once, source=Backlog.of(["a"]), policy=policy)
        await resize_at(stage, {5: 0})
        await trio.sleep_until(50)
        assert stage.statistics().busy == 0
        stage.workers = 1
    assert calls == [0, 50]


class FullPause:
    """Makes every pause as long as it can be."""

    def random(self) -> float:
        return 1.0


async def test_waiting_attempt_is_left_when_the_stage_stops(autojump_clock):
    async def fail(item: str) -> None:
        await trio.lowlevel.checkpoint()
        raise TryAgain("always")

    policy = RetryPolicy(backoff=Backoff(first=10.0, factor=1.0))
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", fail, source=Backlog.of(["a"]), policy=policy)
        await resize_at(stage, {1: 0})
        await trio.sleep_until(50)
        pipeline.drain()
    assert trio.current_time() == 50
    assert stage.statistics().left == 1


@pytest.mark.parametrize("workers", [-1, -100])
async def test_less_than_none_is_refused(autojump_clock, workers):
    async with open_pipeline() as pipeline:
        with pytest.raises(ValueError, match="'work' cannot have"):
            pipeline.start_stage("work", trio.sleep, source=Backlog.of([]), workers=workers)
        stage = pipeline.start_stage("work", trio.sleep, source=Backlog.of([]))
        with pytest.raises(ValueError, match="'work' cannot have"):
            stage.workers = workers
        assert stage.workers == 1


async def test_resize_after_the_end_does_nothing(autojump_clock):
    async with open_pipeline() as pipeline:
        ended = pipeline.start_stage("ended", trio.sleep, source=Backlog.of([1]))
        await ended.wait_ended()
        ended.workers = 5
        cancelled = pipeline.start_stage("cancelled", trio.sleep, source=Backlog.of([math.inf]))
        await trio.sleep(1)
        pipeline.cancel()
    cancelled.workers = 5
    assert ended.workers == cancelled.workers == 5
    assert not ended._seats.taken
    assert not cancelled._seats.taken


@pytest.mark.parametrize("kind", ["backlog", "channel"])
@pytest.mark.parametrize("sent_home_first", [True, False])
async def test_item_given_in_the_tick_of_a_shrink_is_not_lost(autojump_clock, kind, sent_home_first):
    shop = Shop()
    send, receive = trio.open_memory_channel[float](1)
    backlog: Backlog[float] = Backlog(float)
    give, close = (backlog.put, backlog.close) if kind == "backlog" else (send.send_nowait, send.close)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", shop, source=backlog if kind == "backlog" else receive)
        await wait_all_tasks_blocked()
        if sent_home_first:
            stage.workers = 0
            give(3.0)
        else:
            give(3.0)
            stage.workers = 0
        await trio.sleep(10)
        assert shop.began == []
        stage.workers = 1
        close()
    assert shop.began == [(10.0, 3.0)]
    assert stage.statistics().done == 1


@pytest.mark.parametrize("kind", ["backlog", "channel"])
async def test_item_in_hand_survives_the_end_of_its_source(autojump_clock, kind):
    """It waits for room, since its worker was sent home in that tick; then the source ends, and then there is room."""
    shop = Shop()
    send, receive = trio.open_memory_channel[float](1)
    backlog: Backlog[float] = Backlog(float)
    give, close = (backlog.put, backlog.close) if kind == "backlog" else (send.send_nowait, send.close)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", shop, source=backlog if kind == "backlog" else receive, workers=2)
        await wait_all_tasks_blocked()
        give(20.0)
        await wait_all_tasks_blocked()
        give(3.0)
        stage.workers = 1
        close()
    assert shop.began == [(0.0, 20.0), (20.0, 3.0)]
    assert (stage.statistics().done, stage.statistics().left) == (2, 0)


async def test_worker_without_room_takes_no_item(autojump_clock):
    """What one takes and cannot begin would be out of its order, and out of reach for a drain."""
    backlog: Backlog[float] = Backlog(float)
    for seconds in (10.0, 20.0):
        backlog.put(seconds)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", Shop(), source=backlog, workers=3)
        await trio.sleep(5)
        # One worker is idle and goes home at once; one that is at work then goes home when it has ended.
        stage.workers = 1
        for seconds in (30.0, 40.0):
            backlog.put(seconds)
        await trio.sleep_until(15)
        assert (backlog.statistics().ready, backlog.statistics().taken) == (2, 1)
        backlog.close()
    assert stage.statistics().done == 4


@dataclass(frozen=True)
class Resize:
    """A new number of workers after so many seconds, which may be none: in the same tick as what came before."""

    after: float
    workers: int


class Watched:
    """A handler that checks at each beginning that the stage has room for it."""

    def __init__(self, failures: int) -> None:
        self.stage: Stage[int, None] | None = None
        self.failures = failures
        self.running = 0

    async def __call__(self, item: int) -> None:
        assert self.stage is not None
        assert self.running < self.stage.workers
        self.running += 1
        try:
            await trio.sleep(item % 3)
        finally:
            self.running -= 1
        if self.failures:
            self.failures -= 1
            raise TryAgain("once more", after=item % 5, counts=False)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    resizes=st.lists(
        st.builds(Resize, after=st.sampled_from([0.0, 0.5, 1.0, 3.0]), workers=st.integers(0, 4)), max_size=10
    ),
    failures=st.integers(0, 5),
    channel=st.booleans(),
)
def test_never_more_than_may(run_seeded, seed, resizes, failures, channel):
    items = range(12)

    async def feed(send: trio.MemorySendChannel[int]) -> None:
        with send:
            for item in items:
                await send.send(item)

    async def run() -> int:
        handler = Watched(failures)
        send, receive = trio.open_memory_channel[int](2)
        policy = RetryPolicy(hold=2.0, backoff=Backoff(first=0.5, longest=1.0))
        async with open_pipeline() as pipeline:
            source = receive if channel else Backlog.of(items)
            handler.stage = pipeline.start_stage("work", handler, source=source, policy=policy, workers=2)
            async with trio.open_nursery() as nursery:
                if channel:
                    nursery.start_soon(feed, send)
                for resize in resizes:
                    await trio.sleep(resize.after)
                    handler.stage.workers = resize.workers
                handler.stage.workers = max(1, handler.stage.workers)
        statistics = handler.stage.statistics()
        assert (statistics.left, statistics.busy) == (0, 0)
        return statistics.done

    assert run_seeded(seed, run) == len(items)


@pytest.mark.parametrize("seed", range(20))
def test_resize_while_a_defect_ends_the_stage(run_seeded, seed):
    """Also between the last step of its workers and its own, when its nursery takes nobody any more."""

    async def fail(item: int) -> None:
        await trio.sleep(1)
        raise ZeroDivisionError

    async def program() -> None:
        async with open_pipeline() as pipeline:
            stage = pipeline.start_stage("work", fail, source=Backlog.of([1]))
            while not stage.ended:
                stage.workers = 3 - stage.workers
                # Not cancelled with the stages: whoever turns the knobs may be somebody else's task.
                with trio.CancelScope(shield=True):
                    await trio.sleep(1 if trio.current_time() < 1 else 0)

    with pytest.RaisesGroup(ZeroDivisionError):
        run_seeded(seed, program)
