"""Contract of a stage that keeps the order: results leave as their items came, and only so many are held meanwhile."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import Stage, open_pipeline
from trio_pipeline.retry import Backoff, GiveUp, Reject, RetryPolicy, StopStage, TryAgain


async def nap(seconds: float) -> float:
    await trio.sleep(seconds)
    return seconds


async def arrivals(handler: Callable[[Any], Awaitable[Any]], items: list[Any], **options: Any) -> list[Any]:
    """When each result of an ordered stage arrives, and which it is."""
    send, results = trio.open_memory_channel[Any](0)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", handler, source=Backlog.of(items), sink=send, ordered=True, **options)
        return [(trio.current_time(), result) async for result in results]


async def test_results_leave_as_their_items_came(autojump_clock):
    assert await arrivals(nap, [3, 1, 2, 1], workers=4) == [(3, 3), (3, 1), (3, 2), (3, 1)]


async def test_first_result_waits_for_nobody(autojump_clock):
    assert await arrivals(nap, [1, 3, 2], workers=3) == [(1, 1), (3, 3), (3, 2)]


async def test_slow_item_holds_up_no_more_than_so_many(autojump_clock):
    """By 10 s, four items were received: the slow one, and three that wait for it."""
    began = []

    async def note(seconds: float) -> float:
        began.append(trio.current_time())
        return await nap(seconds)

    await arrivals(note, [10, 1, 1, 1, 1, 1], workers=2, ahead=4)
    assert began == [0, 0, 1, 2, 10, 10]


async def test_without_a_bound_it_is_twice_the_workers(autojump_clock):
    backlog = Backlog.of([10, *[1] * 9])
    send, _results = trio.open_memory_channel[float](99)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", nap, source=backlog, sink=send, workers=3, ordered=True)
        await trio.sleep(5)
        assert (backlog.statistics().taken, stage.statistics().held, stage.statistics().busy) == (6, 5, 1)
        assert stage.statistics().done == 5
    assert stage.statistics().held == 0


async def test_room_for_one_is_one_after_the_other(autojump_clock):
    assert await arrivals(nap, [2, 1, 1], workers=3, ahead=1) == [(2, 2), (3, 1), (4, 1)]


@pytest.mark.parametrize("error", [GiveUp("gone"), Reject("a lie"), TryAgain("tomorrow", after=1e9)])
async def test_item_without_result_holds_up_nobody(autojump_clock, error):
    async def fail_on_two(seconds: float) -> float:
        await trio.sleep(seconds)
        if seconds == 2:
            raise error
        return seconds

    policy = RetryPolicy(patience=1_000)
    assert await arrivals(fail_on_two, [2, 1, 3], workers=3, policy=policy) == [(2, 1), (3, 3)]


async def test_attempts_in_place_keep_their_turn(autojump_clock):
    tries = []

    async def fail_once(item: str) -> str:
        tries.append(item)
        await trio.lowlevel.checkpoint()
        if tries.count("a") == 1 and item == "a":
            raise TryAgain("once", after=5)
        return item

    assert await arrivals(fail_once, ["a", "b", "c"], workers=3) == [(5, "a"), (5, "b"), (5, "c")]


async def test_what_went_back_comes_in_when_it_is_received_again(autojump_clock):
    tries = []

    async def fail_once(item: str) -> str:
        tries.append(item)
        await trio.lowlevel.checkpoint()
        if tries == ["a"]:
            raise TryAgain("later", after=100)
        return item

    assert await arrivals(fail_once, ["a", "b"]) == [(0, "b"), (100, "a")]


async def test_waiting_for_a_turn_takes_no_place_of_work(autojump_clock):
    """The limit was lowered while the first item paused: it needs the place of those who wait for it."""
    tries = []

    async def fail_once(item: str) -> str:
        tries.append(item)
        await trio.sleep(1)
        if tries.count("a") == 1 and item == "a":
            raise TryAgain("once", after=10)
        return item

    send, results = trio.open_memory_channel[str](9)
    async with open_pipeline() as pipeline:
        source = Backlog.of("abc")
        stage = pipeline.start_stage("work", fail_once, source=source, sink=send, workers=3, ordered=True)
        await trio.sleep(5)
        stage.workers = 1
    assert [result async for result in results] == ["a", "b", "c"]
    assert trio.current_time() == 12


async def test_item_is_let_go_after_its_result_was_handed_on(autojump_clock):
    backlog = Backlog.of([1, 1])
    send, results = trio.open_memory_channel[float](0)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", nap, source=backlog, sink=send, workers=2, ordered=True)
        await trio.sleep(5)
        assert backlog.statistics().taken == 2
        await results.receive()
        await wait_all_tasks_blocked()
        assert backlog.statistics().taken == 1
        await results.receive()


async def test_stage_stops_when_nobody_takes_its_results(autojump_clock):
    send, results = trio.open_memory_channel[float](0)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", nap, source=Backlog.of([1] * 9), sink=send, workers=3, ordered=True)
        await trio.sleep(5)
        results.close()
    assert stage.stopped == "the stage that it feeds has ended"
    assert (stage.statistics().left, stage.statistics().held) == (0, 0)


async def test_broken_sink_names_the_item_whose_turn_it_was(autojump_clock):
    class Broken:
        async def send(self, value: float) -> None:
            await trio.lowlevel.checkpoint()
            if value == 1:
                raise ZeroDivisionError

        def close(self) -> None:
            pass

    def named(error: ZeroDivisionError) -> bool:
        return error.__notes__ == ["item: 1", "stage: work"]

    with pytest.RaisesGroup(pytest.RaisesExc(ZeroDivisionError, check=named)):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", nap, source=Backlog.of([3, 1]), sink=Broken(), workers=2, ordered=True)


@pytest.mark.parametrize("options", [{"ahead": 3}, {"ahead": 0, "ordered": True}, {"ahead": -1, "ordered": True}])
async def test_bound_that_bounds_nothing_is_refused(autojump_clock, options):
    async with open_pipeline() as pipeline:
        with pytest.raises(ValueError, match="'work': ahead="):
            pipeline.start_stage("work", nap, source=Backlog.of([]), **options)


@dataclass(frozen=True)
class Order:
    """What somebody outside does to the stage after so many seconds."""

    after: float
    what: str
    number: int


ORDERS = st.builds(
    Order,
    after=st.sampled_from([0.0, 0.25, 1.0, 3.0]),
    what=st.sampled_from(["resize", "resize", "resize", "stop", "drain"]),
    number=st.integers(0, 4),
)
ERRORS = {
    "soon": TryAgain("soon", after=0.5),
    "later": TryAgain("later", after=10),
    "too late": TryAgain("too late", after=1_000),
    "failed": GiveUp("failed"),
    "rejected": Reject("rejected"),
    "stop": StopStage("stop"),
}
FATES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 2.0, 5.0]), st.sampled_from(["", "", "", *ERRORS])), min_size=1, max_size=9
)


class Ordered:
    """A stage that keeps the order, its script, and what was received and came out."""

    def __init__(self, fates: list[tuple[float, str]], orders: list[Order], ahead: int, *, channel: bool) -> None:
        self.fates = dict(enumerate(fates))
        self.orders = orders
        self.ahead = ahead
        self.channel = channel
        self.backlog = Backlog.of(self.fates)
        self.received: list[int] = []
        self.results: list[int] = []
        self.stage: Stage[int, int] | None = None

    async def receive(self) -> int:
        item = await self.source.receive()
        self.received.append(item)
        return item

    async def handle(self, item: int) -> int:
        if not self.channel:
            assert self.backlog.statistics().taken <= self.ahead
        seconds, error = self.fates[item]
        await trio.sleep(seconds)
        if error:
            self.fates[item] = (seconds, "")
            raise ERRORS[error]
        return item

    async def collect(self, results: trio.MemoryReceiveChannel[int]) -> None:
        async for result in results:
            self.results.append(result)
            await trio.sleep(result % 3)

    async def run(self) -> None:
        feed, self.source = trio.open_memory_channel[int](math.inf)
        for item in self.fates:
            feed.send_nowait(item)
        feed.close()
        if not self.channel:
            self.source = self.backlog
        for end in ("close", "done", "put_back"):
            if hasattr(self.source, end):
                setattr(self, end, getattr(self.source, end))
        send, results = trio.open_memory_channel[int](1)
        policy = RetryPolicy(hold=2.0, patience=50.0, backoff=Backoff(first=0.1, longest=0.2))
        options: Any = {"policy": policy, "workers": 3, "ordered": True, "ahead": self.ahead}
        with trio.fail_after(100_000):
            async with open_pipeline() as pipeline:
                self.stage = pipeline.start_stage("work", self.handle, source=self, sink=send, **options)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.collect, results)
                    for order in self.orders:
                        await self.obey(pipeline, order)
                    self.stage.workers = max(1, self.stage.workers)

    async def obey(self, pipeline: Any, order: Order) -> None:
        await trio.sleep(order.after)
        match order.what:
            case "resize":
                self.stage.workers = order.number
            case "stop":
                self.stage.stop("ordered")
            case _:
                pipeline.drain()


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    fates=FATES,
    orders=st.lists(ORDERS, max_size=6),
    ahead=st.integers(1, 5),
    channel=st.booleans(),
)
def test_order_is_kept_and_nothing_is_missing(run_seeded, seed, fates, orders, ahead, channel):
    program = Ordered(fates, orders, ahead, channel=channel)
    run_seeded(seed, program.run)
    last = {item: place for place, item in enumerate(program.received)}
    assert program.results == sorted(program.results, key=last.__getitem__)
    assert len(program.results) == len(set(program.results))
    statistics = program.stage.statistics()
    assert statistics.done == len(program.results)
    assert (statistics.held, statistics.busy) == (0, 0)
    if channel:
        assert statistics.done + statistics.failed + statistics.rejected + statistics.left == len(program.received)
