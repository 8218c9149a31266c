"""Contract of a fan-out and its join: every item to all branches, and out again once, with what it came to in each."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from trio_pipeline.channels import Backlog, Branch, BranchStatistics, FanOut, FanOutStatistics, Join, Joined
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.retry import Done, Failed, GiveUp, PutOff, Reject, Rejected, RetryPolicy, StopStage, TryAgain


async def nap(seconds: float) -> str:
    await trio.sleep(seconds)
    return f"slept {seconds}"


async def give_up(item: Any) -> None:
    await trio.lowlevel.checkpoint()
    raise GiveUp("gone")


async def send_all(fan_out: FanOut[Any], items: Any) -> None:
    for item in items:
        await fan_out.send(item)
    fan_out.close()


async def take_all(source: Branch[Any] | Join[Any]) -> list[Any]:
    """Receive to the end, and be done with each item."""
    taken = []
    while True:
        try:
            item = await source.receive()
        except trio.EndOfChannel:
            return taken
        taken.append(item)
        if isinstance(source, Branch):
            source.conclude(item, Done(item))


async def test_every_branch_gets_every_item_in_order(autojump_clock):
    fan_out: FanOut[int] = FanOut(3, capacity=9)
    await send_all(fan_out, [1, 2, 3])
    for branch in fan_out.branches:
        assert await take_all(branch) == [1, 2, 3]
    assert fan_out.statistics() == FanOutStatistics(
        sent=3,
        in_flight=0,
        finished=3,
        dropped=0,
        closed=True,
        branches=(BranchStatistics(waiting=0, taken=0, concluded=3, left=0, closed=False),) * 3,
    )


async def test_each_call_is_a_checkpoint(autojump_clock):
    fan_out: FanOut[int] = FanOut(1, capacity=9)
    join = fan_out.join()
    with assert_checkpoints():
        await fan_out.send(1)
    with assert_checkpoints():
        fan_out.branches[0].conclude(await fan_out.branches[0].receive())
    with assert_checkpoints():
        await join.receive()
    fan_out.close()
    for source in (fan_out.branches[0], join):
        with assert_checkpoints(), pytest.raises(trio.EndOfChannel):
            await source.receive()


async def test_slowest_branch_bounds_what_is_in_flight(autojump_clock):
    fan_out: FanOut[float] = FanOut(2, capacity=3)
    async with open_pipeline() as pipeline:
        feeder = pipeline.start_stage("feed", nap_and_keep, source=Backlog.of([1.0] * 9), sink=fan_out)
        fast = pipeline.start_stage("fast", nap, source=fan_out.branches[0])
        slow = pipeline.start_stage("slow", trio.sleep_until, source=fan_out.branches[1])
        slow.workers = 0
        await trio.sleep_until(50)
        assert fan_out.statistics().in_flight == 3
        assert (feeder.statistics().done, fast.statistics().done) == (4, 3)
        slow.workers = 1
    assert fan_out.statistics().finished == 9


async def nap_and_keep(seconds: float) -> float:
    await trio.sleep(seconds)
    return seconds


async def test_join_hands_out_what_all_are_through_with(autojump_clock):
    fan_out: FanOut[float] = FanOut(2, capacity=9)
    join = fan_out.join()
    async with open_pipeline() as pipeline:
        pipeline.start_stage("feed", nap_and_keep, source=Backlog.of([1.0, 2.0]), sink=fan_out)
        pipeline.start_stage("quick", nap, source=fan_out.branches[0])
        pipeline.start_stage("slow", lambda item: nap(10 * item), source=fan_out.branches[1], workers=2)
        joined = [(trio.current_time(), joined) async for joined in join]
    assert joined == [
        (11, Joined(1.0, (Done("slept 1.0"), Done("slept 10.0")))),
        (23, Joined(2.0, (Done("slept 2.0"), Done("slept 20.0")))),
    ]
    assert joined[0][1].done
    assert joined[0][1].results == ("slept 1.0", "slept 10.0")


async def test_joined_item_is_in_flight_until_it_is_received(autojump_clock):
    fan_out: FanOut[int] = FanOut(1, capacity=2)
    join = fan_out.join()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_all, fan_out, [1, 2, 3])
        nursery.start_soon(take_all, fan_out.branches[0])
        await wait_all_tasks_blocked()
        assert (fan_out.statistics().sent, fan_out.statistics().in_flight) == (2, 2)
        assert [joined.item async for joined in join] == [1, 2, 3]
    assert fan_out.statistics().finished == 3


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (GiveUp("gone"), Failed("gone")),
        (Reject("a lie"), Rejected("a lie")),
        (StopStage("refused"), None),
        (TryAgain("tomorrow", after=9e9), PutOff("tomorrow", 9e9, held=False, counts=True)),
    ],
)
async def test_join_tells_what_has_no_result(autojump_clock, error, outcome):
    async def fail(item: int) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    fan_out: FanOut[float] = FanOut(2, capacity=9)
    join = fan_out.join()
    async with open_pipeline() as pipeline:
        pipeline.start_stage("feed", nap_and_keep, source=Backlog.of([1.0]), sink=fan_out)
        pipeline.start_stage("good", nap, source=fan_out.branches[0])
        policy = RetryPolicy(patience=1_000)
        pipeline.start_stage("bad", fail, source=fan_out.branches[1], policy=policy)
        joined = [joined async for joined in join]
    assert joined == [Joined(1.0, (Done("slept 1.0"), outcome))]
    assert not joined[0].done
    assert joined[0].results == ("slept 1.0", None)


async def test_branch_that_is_closed_holds_up_nobody(autojump_clock):
    """What it holds, in hand or not, and what is sent later passes it by without outcome."""
    fan_out: FanOut[int] = FanOut(2, capacity=3)
    join = fan_out.join()
    gone, stays = fan_out.branches
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_all, fan_out, [1, 2, 3, 4])
        in_hand = await gone.receive()
        await wait_all_tasks_blocked()
        gone.close()
        gone.close()
        gone.conclude(in_hand, Done("too late"))
        nursery.start_soon(take_all, stays)
        joined = [joined async for joined in join]
    assert joined == [Joined(item, (None, Done(item))) for item in (1, 2, 3, 4)]
    assert gone.statistics() == BranchStatistics(waiting=0, taken=0, concluded=0, left=4, closed=True)


@pytest.mark.parametrize("what", ["branches", "join"])
async def test_sender_learns_that_nobody_receives(autojump_clock, what):
    fan_out: FanOut[int] = FanOut(2, capacity=1)
    join = fan_out.join()
    async with open_pipeline() as pipeline:
        source = Backlog.of([0.0] * 9)
        feeder = pipeline.start_stage("feed", nap_and_keep, source=source, sink=fan_out, workers=2)
        await wait_all_tasks_blocked()
        for end in fan_out.branches if what == "branches" else [join]:
            end.close()
    assert feeder.stopped == "the stage that it feeds has ended"
    assert feeder.statistics().done == 3
    assert fan_out.statistics().sent == 1
    fan_out.close()
    with pytest.raises(trio.ClosedResourceError):
        await fan_out.send(7)


async def test_closed_join_lets_the_rest_go(autojump_clock):
    fan_out: FanOut[int] = FanOut(1, capacity=3)
    join = fan_out.join()
    await fan_out.send(1)
    await fan_out.send(2)
    first = await fan_out.branches[0].receive()
    fan_out.branches[0].conclude(first)
    join.close()
    join.close()
    fan_out.close()
    assert await take_all(fan_out.branches[0]) == [2]
    statistics = fan_out.statistics()
    assert (statistics.in_flight, statistics.finished, statistics.dropped) == (0, 0, 2)
    with pytest.raises(trio.ClosedResourceError):
        await join.receive()


async def test_receivers_of_a_closed_branch_learn_of_it(autojump_clock):
    fan_out: FanOut[int] = FanOut(1, capacity=3)
    with pytest.RaisesGroup(trio.ClosedResourceError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fan_out.branches[0].receive)
            await wait_all_tasks_blocked()
            fan_out.branches[0].close()


async def test_cancelled_calls_lose_nothing(autojump_clock):
    fan_out: FanOut[int] = FanOut(2, capacity=1)
    join = fan_out.join()
    for source in (*fan_out.branches, join):
        with trio.move_on_after(1) as scope:
            await source.receive()
        assert scope.cancelled_caught
    await fan_out.send(1)
    with trio.move_on_after(1) as scope:
        await fan_out.send(2)
    assert scope.cancelled_caught
    fan_out.close()
    for branch in fan_out.branches:
        assert await take_all(branch) == [1]
    assert [joined.item async for joined in join] == [1]


async def test_same_object_may_be_under_way_twice(autojump_clock):
    item: dict[str, int] = {}
    fan_out: FanOut[dict[str, int]] = FanOut(1, capacity=3)
    await send_all(fan_out, [item, item])
    assert await take_all(fan_out.branches[0]) == [item, item]
    assert fan_out.statistics().finished == 2


async def test_uses_that_cannot_be_meant_are_refused(autojump_clock):
    for branches, capacity in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="a fan-out needs a branch"):
            FanOut(branches, capacity=capacity)
    fan_out: FanOut[int] = FanOut(1, capacity=3)
    with pytest.raises(RuntimeError, match="waits for no word about 1"):
        fan_out.branches[0].conclude(1)
    await fan_out.send(1)
    with pytest.raises(RuntimeError, match="before something is sent"):
        fan_out.join()


async def test_join_is_one(autojump_clock):
    fan_out: FanOut[int] = FanOut(1, capacity=3)
    assert fan_out.join() is fan_out.join()


async def test_cancelled_pipeline_leaves_nobody_waiting(autojump_clock):
    fan_out: FanOut[float] = FanOut(2, capacity=3)
    join = fan_out.join()
    joined = []

    async def collect() -> None:
        joined.extend([joined async for joined in join])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect)
        async with open_pipeline() as pipeline:
            pipeline.start_stage("feed", nap_and_keep, source=Backlog.of([1.0] * 9), sink=fan_out)
            pipeline.start_stage("good", nap, source=fan_out.branches[0])
            pipeline.start_stage("stuck", trio.sleep_until, source=fan_out.branches[1], workers=0)
            await trio.sleep(10)
            pipeline.cancel()
    assert joined == [Joined(1.0, (Done("slept 1.0"), None))] * 3
