"""Contract of a handler that stops the run: the whole pipeline is drained, and says why."""

from __future__ import annotations

import math

import pytest
import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.retry import StopPipeline, StopStage


async def disk_is_full(seconds: float) -> None:
    await trio.sleep(seconds)
    raise StopPipeline("the disk is full")


async def test_every_stage_stops_and_says_why(autojump_clock):
    first, second = Backlog.of([1, 1, 1]), Backlog.of([10, 10])
    async with open_pipeline() as pipeline:
        stopped = pipeline.start_stage("stopped", disk_is_full, source=first)
        other = pipeline.start_stage("other", trio.sleep, source=second)
    assert trio.current_time() == 10
    assert pipeline.stopped == stopped.stopped == other.stopped == "the disk is full"
    assert pipeline.statistics().stopped == "the disk is full"
    assert pipeline.draining
    assert not pipeline.cancelled
    assert (stopped.statistics().left, first.statistics().ready) == (1, 3)
    assert (other.statistics().done, second.statistics().ready) == (1, 1)


async def test_others_have_so_long_to_end(autojump_clock):
    async def disk_is_failing(item: int) -> None:
        await trio.sleep(1)
        raise StopPipeline("the disk is failing", grace=3)

    async with open_pipeline() as pipeline:
        pipeline.start_stage("stopped", disk_is_failing, source=Backlog.of([1]))
        other = pipeline.start_stage("other", trio.sleep, source=Backlog.of([math.inf]))
    assert trio.current_time() == 4
    assert pipeline.cancelled
    assert (pipeline.stopped, other.statistics().left) == ("the disk is failing", 1)


async def test_first_reason_counts(autojump_clock):
    async with open_pipeline() as pipeline:
        pipeline.start_stage("early", disk_is_full, source=Backlog.of([1]))
        late = pipeline.start_stage("late", disk_is_full, source=Backlog.of([2]))
        await late.wait_ended()
        pipeline.drain(reason="somebody said so")
        pipeline.cancel()
    assert pipeline.stopped == "the disk is full"


async def test_stage_that_was_stopped_alone_keeps_its_reason(autojump_clock):
    async def refuse(item: int) -> None:
        raise StopStage("refused")

    async with open_pipeline() as pipeline:
        alone = pipeline.start_stage("alone", refuse, source=Backlog.of([1]))
        pipeline.start_stage("all", disk_is_full, source=Backlog.of([1]))
    assert alone.stopped == "refused"


async def test_reason_of_a_drain_and_of_a_cancel(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", trio.sleep, source=Backlog.of([math.inf]))
        assert pipeline.stopped is None
        pipeline.drain(5, reason="the operator asked for it")
    assert stage.stopped == pipeline.stopped == "the operator asked for it"
    async with open_pipeline() as pipeline:
        pipeline.cancel()
    assert pipeline.stopped == "the pipeline was cancelled"


@pytest.mark.parametrize("grace", [-1, -math.inf, math.nan])
async def test_grace_that_is_no_time_is_refused(autojump_clock, grace):
    async with open_pipeline() as pipeline:
        with pytest.raises(ValueError, match="cannot have"):
            pipeline.drain(grace)
        assert not pipeline.draining
