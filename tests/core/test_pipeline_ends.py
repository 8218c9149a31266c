"""Contract of a pipeline's ends: by its sources, by a stage that stops, by drain with and without grace, by cancel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import Backlog, batched
from trio_pipeline.nursery import Pipeline, PipelineStatistics, StageStatistics, open_pipeline
from trio_pipeline.retry import Backoff, RetryPolicy, StopStage, TryAgain


async def keep(item: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return item


async def take_ten_seconds(item: Any) -> Any:
    await trio.sleep(10)
    return item


async def fail(item: Any) -> Any:
    await trio.lowlevel.checkpoint()
    raise TryAgain("always", counts=False)


async def drain_at(pipeline: Pipeline, time: float, grace: float = math.inf) -> None:
    await trio.sleep_until(time)
    pipeline.drain(grace)


def ready(backlog: Backlog[Any]) -> int:
    return len(backlog._ready)


class Gate:
    """A sink that notes when its stage has closed it."""

    def __init__(self) -> None:
        self.closed = 0

    async def send(self, value: Any) -> None:
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        self.closed += 1


async def test_stages_end_one_after_another(autojump_clock):
    send, receive = trio.open_memory_channel[int](0)
    async with open_pipeline() as pipeline:
        first = pipeline.start_stage("first", take_ten_seconds, source=Backlog.of([1, 2]), sink=send)
        second = pipeline.start_stage("second", take_ten_seconds, source=receive)
        await first.wait_ended()
        assert trio.current_time() == 20
        assert first.ended
        assert not second.ended
    assert trio.current_time() == 30
    assert pipeline.statistics() == PipelineStatistics((first.statistics(), second.statistics()))
    assert second.statistics().done == 2


async def test_pipeline_without_stages_ends(autojump_clock):
    async with open_pipeline() as pipeline:
        pass
    assert pipeline.statistics() == PipelineStatistics(())
    assert not pipeline.cancelled


async def test_stage_closes_its_ends(autojump_clock):
    gate = Gate()
    send, receive = trio.open_memory_channel[int](1)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", keep, source=receive, sink=gate)
        send.close()
    assert gate.closed == 1
    assert receive._closed


async def test_stop_leaves_what_waits(autojump_clock):
    backlog = Backlog.of([1, 2, 3])
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=backlog)
        await trio.sleep(5)
        stage.stop("enough")
        stage.stop("more than enough")
    assert trio.current_time() == 10
    assert (stage.statistics().done, ready(backlog), stage.stopped) == (1, 2, "enough")


async def test_stop_after_the_end_changes_nothing(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=Backlog.of([1]))
        await stage.wait_ended()
        stage.stop("too late")
    assert stage.stopped is None


async def test_refused_credentials_stop_the_stage_alone(autojump_clock):
    async def refuse(item: int) -> None:
        await trio.sleep(1)
        raise StopStage("credentials refused")

    backlog = Backlog.of(range(5))
    async with open_pipeline() as pipeline:
        stopped = pipeline.start_stage("stopped", refuse, source=backlog, workers=2)
        other = pipeline.start_stage("other", take_ten_seconds, source=Backlog.of([1, 2]))
    assert stopped.statistics() == StageStatistics(
        name="stopped",
        workers=2,
        busy=0,
        done=0,
        failed=0,
        rejected=0,
        put_off=0,
        left=2,
        unread=0,
        held=0,
        ended=True,
        stopped="credentials refused",
    )
    assert ready(backlog) == 5
    assert other.statistics().done == 2
    assert not pipeline.draining


async def test_item_that_stops_the_stage_is_left_once(autojump_clock):
    """An idle worker must neither get it nor count it a second time."""

    async def refuse(item: int) -> None:
        await trio.sleep(1)
        raise StopStage("no")

    backlog = Backlog.of([1])
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", refuse, source=backlog, workers=4)
    assert stage.statistics().left == 1
    assert ready(backlog) == 1


async def test_stage_that_feeds_only_a_stopped_one_stops(autojump_clock):
    async def refuse(item: int) -> None:
        raise StopStage("no")

    send, receive = trio.open_memory_channel[int](0)
    recorded = []

    async def record(item: int, outcome: object, attempt: int, elapsed: float) -> None:
        recorded.append(item)

    async with open_pipeline() as pipeline:
        feeder = pipeline.start_stage("feeder", keep, source=Backlog.of(range(9)), sink=send, record=record)
        pipeline.start_stage("stopped", refuse, source=receive)
        beside = pipeline.start_stage("beside", take_ten_seconds, source=Backlog.of([1]))
    statistics = feeder.statistics()
    assert statistics.stopped == "the stage that it feeds has ended"
    assert recorded == list(range(statistics.done))
    assert 1 <= statistics.done <= 2
    assert beside.statistics().done == 1


async def test_worker_waiting_for_a_receiver_learns_that_there_is_none(autojump_clock):
    send, receive = trio.open_memory_channel[int](0)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=Backlog.of(range(9)), sink=send, workers=3)
        await wait_all_tasks_blocked()
        receive.close()
    assert (stage.statistics().done, stage.statistics().left) == (3, 0)
    assert stage.stopped == "the stage that it feeds has ended"


async def test_drain_lets_what_is_held_end(autojump_clock):
    backlog = Backlog.of(range(9))
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=backlog, workers=3)
        assert not pipeline.statistics().draining
        await drain_at(pipeline, 15, grace=60)
        assert pipeline.draining
        assert pipeline.statistics().draining
        pipeline.drain(0)
    assert trio.current_time() == 20
    assert (stage.statistics().done, stage.statistics().left, ready(backlog)) == (6, 0, 3)
    assert stage.stopped == "the pipeline is draining"
    assert not pipeline.cancelled


async def test_drain_leaves_the_buffers_of_channels(autojump_clock):
    send, receive = trio.open_memory_channel[int](9)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("first", keep, source=Backlog.of(range(9)), sink=send)
        second = pipeline.start_stage("second", take_ten_seconds, source=receive)
        await drain_at(pipeline, 15)
    assert trio.current_time() == 20
    assert second.statistics().done == 2
    assert second.statistics().unread == 7


@pytest.mark.parametrize(("clones", "unread"), [(0, 5), (1, 0)])
async def test_what_a_clone_still_receives_is_not_lost(autojump_clock, clones, unread):
    send, receive = trio.open_memory_channel[int](9)
    others = [receive.clone() for _ in range(clones)]
    for number in range(6):
        send.send_nowait(number)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=receive)
        await drain_at(pipeline, 5)
    assert (stage.statistics().done, stage.statistics().unread) == (1, unread)
    assert [other.statistics().current_buffer_used for other in others] == [5] * clones


async def test_unfinished_batch_is_lost_with_its_stage(autojump_clock):
    send, receive = trio.open_memory_channel[int](9)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=batched(receive, size=3, seconds=60))
        for number in range(5):
            send.send_nowait(number)
        await drain_at(pipeline, 5)
    assert (stage.statistics().done, stage.statistics().unread) == (1, 2)


async def test_grace_of_a_drain_is_over(autojump_clock):
    backlog = Backlog.of(range(9))
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=backlog, workers=3)
        await drain_at(pipeline, 15, grace=2)
    assert trio.current_time() == 17
    assert pipeline.cancelled
    assert (stage.statistics().done, stage.statistics().left) == (3, 3)


@pytest.mark.parametrize("limit", [1, 0])
async def test_drain_does_not_wait_for_the_next_attempt(autojump_clock, limit):
    backlog = Backlog.of([1])
    policy = RetryPolicy(backoff=Backoff(first=20.0, factor=1.0))
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", fail, source=backlog, policy=policy)
        await trio.sleep(2)
        stage.workers = limit
        await drain_at(pipeline, 5)
    assert trio.current_time() == 5
    assert (stage.statistics().put_off, stage.statistics().left, ready(backlog)) == (1, 1, 1)


async def test_drain_leaves_a_pause_of_a_stage_whose_source_has_ended(autojump_clock):
    send, receive = trio.open_memory_channel[int](1)
    send.send_nowait(1)
    send.close()
    policy = RetryPolicy(backoff=Backoff(first=20.0, factor=1.0))
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", fail, source=receive, policy=policy, workers=2)
        await drain_at(pipeline, 5)
    assert trio.current_time() == 5
    assert (stage.statistics().left, stage.stopped) == (1, "the pipeline is draining")


async def test_stage_without_workers_holds_up_no_drain(autojump_clock):
    async with open_pipeline() as pipeline:
        pipeline.start_stage("paused", keep, source=Backlog.of([1]), workers=0)
        await drain_at(pipeline, 5)
    assert trio.current_time() == 5


async def test_full_channel_before_a_paused_stage_holds_up_no_drain(autojump_clock):
    send, receive = trio.open_memory_channel[int](0)
    async with open_pipeline() as pipeline:
        feeder = pipeline.start_stage("feeder", keep, source=Backlog.of(range(5)), sink=send)
        pipeline.start_stage("paused", keep, source=receive, workers=0)
        await drain_at(pipeline, 5)
    assert trio.current_time() == 5
    assert feeder.statistics().done == 1


async def test_item_held_for_room_is_left_by_a_drain(autojump_clock):
    """Given in the tick in which its worker was sent home; there is no room for it when the drain begins."""
    backlog: Backlog[int] = Backlog(int)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=backlog)
        await wait_all_tasks_blocked()
        backlog.put(1)
        stage.workers = 0
        await drain_at(pipeline, 5)
    assert (stage.statistics().left, ready(backlog)) == (1, 1)


@pytest.mark.parametrize("source", ["backlog", "channel"])
async def test_item_given_in_the_tick_of_a_drain(autojump_clock, source):
    """A backlog gets it back; from a channel there is no way back, so it is seen through."""
    send, receive = trio.open_memory_channel[int](1)
    backlog: Backlog[int] = Backlog(int)
    give: Callable[[int], None] = backlog.put if source == "backlog" else send.send_nowait
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=backlog if source == "backlog" else receive)
        await wait_all_tasks_blocked()
        give(1)
        pipeline.drain()
    done, left = (0, 1) if source == "backlog" else (1, 0)
    assert (stage.statistics().done, stage.statistics().left, ready(backlog)) == (done, left, left)


async def test_stage_started_during_a_drain_does_nothing(autojump_clock):
    backlog = Backlog.of([1])
    gate = Gate()
    async with open_pipeline() as pipeline:
        pipeline.drain()
        stage = pipeline.start_stage("late", keep, source=backlog, sink=gate)
    assert (stage.statistics().done, stage.stopped, ready(backlog)) == (0, "the pipeline is draining", 1)
    assert gate.closed == 1


async def test_drain_after_the_end_is_no_error(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=Backlog.of([1]))
    pipeline.drain(5)
    pipeline.cancel()
    assert stage.stopped is None


async def test_grace_of_a_drain_ends_with_its_stages(autojump_clock):
    """Nobody waits out the grace when there is nothing left to wait for, not even the body of the pipeline."""
    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", take_ten_seconds, source=Backlog.of([1]))
        await drain_at(pipeline, 5, grace=60)
        await trio.sleep(100)
    assert trio.current_time() == 105
    assert not pipeline.cancelled


async def test_cancel_cuts_off_what_is_in_flight(autojump_clock):
    gate = Gate()
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=Backlog.of(range(9)), sink=gate, workers=3)
        await trio.sleep(15)
        pipeline.cancel()
    assert trio.current_time() == 15
    assert pipeline.cancelled
    assert pipeline.draining
    assert (stage.statistics().done, stage.statistics().left, stage.statistics().busy) == (3, 3, 0)
    assert stage.ended
    assert gate.closed == 1


async def test_cancel_after_drain(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", take_ten_seconds, source=Backlog.of(range(9)))
        await drain_at(pipeline, 3)
        await trio.sleep(1)
        pipeline.cancel()
    assert trio.current_time() == 4
    assert stage.statistics().left == 1


async def test_handed_over_result_is_done_even_when_cancelled(autojump_clock):
    """It was recorded before; only the handing on was cut off."""
    send, _receive = trio.open_memory_channel[int](0)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=Backlog.of([1]), sink=send)
        await trio.sleep(1)
        pipeline.cancel()
    assert (stage.statistics().done, stage.statistics().left) == (1, 0)


async def test_item_held_for_room_is_left_by_a_cancel(autojump_clock):
    backlog: Backlog[int] = Backlog(int)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=backlog)
        await wait_all_tasks_blocked()
        backlog.put(1)
        stage.workers = 0
        await wait_all_tasks_blocked()
        pipeline.cancel()
    assert stage.statistics().left == 1


async def test_cancellation_from_outside_passes_through(autojump_clock):
    with trio.move_on_after(15) as scope:
        async with open_pipeline() as pipeline:
            stage = pipeline.start_stage("work", take_ten_seconds, source=Backlog.of(range(9)))
    assert scope.cancelled_caught
    assert (stage.statistics().done, stage.statistics().left) == (1, 1)
    assert stage.ended


async def test_no_task_is_left_over(autojump_clock):
    before = trio.lowlevel.current_statistics().tasks_living
    for end in (Pipeline.drain, Pipeline.cancel):
        send, receive = trio.open_memory_channel[int](3)
        async with open_pipeline() as pipeline:
            pipeline.start_stage("first", take_ten_seconds, source=Backlog.of(range(9)), sink=send, workers=3)
            pipeline.start_stage("second", take_ten_seconds, source=receive, workers=3)
            await trio.sleep(25)
            end(pipeline)
        assert trio.lowlevel.current_statistics().tasks_living == before
