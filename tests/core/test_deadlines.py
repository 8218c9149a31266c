"""Contract of a deadline: an attempt that takes longer has failed, and the next one has as long."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import StageStatistics, open_pipeline
from trio_pipeline.retry import Backoff, Done, Failed, GiveUp, Outcome, PutOff, RetryPolicy

STEADY = RetryPolicy(attempts=3, backoff=Backoff(first=10.0, factor=1.0, longest=10.0))


class NoJitter:
    """Makes every pause as long as it can be."""

    def random(self) -> float:
        return 1.0


async def run_stage(handler: Any, items: list[Any], **options: Any) -> tuple[list[Any], StageStatistics]:
    """The outcomes that a stage recorded, each with its time, and its statistics."""
    recorded: list[Any] = []

    async def record(item: Any, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        await trio.lowlevel.checkpoint()
        recorded.append((trio.current_time(), outcome, attempt, elapsed))

    async with open_pipeline(random_source=NoJitter()) as pipeline:
        stage = pipeline.start_stage("work", handler, source=Backlog.of(items), record=record, **options)
    return recorded, stage.statistics()


async def test_attempt_that_takes_too_long_is_repeated(autojump_clock):
    durations = [9.0, 1.0]

    async def work(item: str) -> str:
        await trio.sleep(durations.pop(0))
        return item

    recorded, statistics = await run_stage(work, ["a"], deadline=2.5, policy=STEADY)
    assert recorded == [
        (2.5, PutOff("took longer than 2.5 s", 10.0, held=True, counts=True), 1, 2.5),
        (13.5, Done("a"), 2, 1.0),
    ]
    assert (statistics.done, statistics.put_off) == (1, 1)


async def test_each_late_attempt_counts(autojump_clock):
    recorded, statistics = await run_stage(trio.sleep, [math.inf], deadline=2, policy=STEADY)
    assert recorded[-1] == (26, Failed("took longer than 2 s"), 3, 2)
    assert (statistics.failed, statistics.left) == (1, 0)


async def test_attempt_in_time_is_not_touched(autojump_clock):
    recorded, _ = await run_stage(trio.sleep, [1.0, 1.9], deadline=2)
    assert [outcome for _, outcome, _, _ in recorded] == [Done(None), Done(None)]


async def test_time_of_a_record_does_not_count(autojump_clock):
    async def record(item: float, outcome: object, attempt: int, elapsed: float) -> None:
        await trio.sleep(100)

    async with open_pipeline() as pipeline:
        source = Backlog.of([1.0])
        stage = pipeline.start_stage("work", trio.sleep, source=source, record=record, deadline=2)
    assert stage.statistics().done == 1


async def test_handler_is_taken_at_its_word(autojump_clock):
    """It was cancelled, but knew what to say."""

    async def know_better(item: str) -> str:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            if item == "a":
                raise GiveUp("hopeless") from None
        return item

    recorded, _ = await run_stage(know_better, ["a", "b"], deadline=2)
    assert [outcome for _, outcome, _, _ in recorded] == [Failed("hopeless"), Done("b")]


async def test_defect_of_a_late_handler_is_a_defect(autojump_clock):
    async def fail_on_the_way_out(item: str) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError):
        await run_stage(fail_on_the_way_out, ["a"], deadline=2)


async def test_cancel_is_no_late_attempt(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", trio.sleep, source=Backlog.of([math.inf]), deadline=2)
        await trio.sleep(1)
        pipeline.cancel()
    assert trio.current_time() == 1
    assert (stage.statistics().left, stage.statistics().put_off) == (1, 0)


@pytest.mark.parametrize("deadline", [0, -1.5, math.nan])
async def test_deadline_that_leaves_no_time_is_refused(autojump_clock, deadline):
    async with open_pipeline() as pipeline:
        with pytest.raises(ValueError, match="'work': an attempt needs time"):
            pipeline.start_stage("work", trio.sleep, source=Backlog.of([]), deadline=deadline)
