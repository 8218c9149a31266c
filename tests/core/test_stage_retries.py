"""Contract of a stage: what it does about each outcome, at which time, and what it has recorded before that."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from trio_pipeline.channels import Backlog, Source, batched
from trio_pipeline.nursery import StageStatistics, open_pipeline
from trio_pipeline.retry import (
    Backoff,
    Done,
    Failed,
    GiveUp,
    Outcome,
    PutOff,
    Reject,
    Rejected,
    RetryPolicy,
    StopStage,
    TryAgain,
)

STEADY = Backoff(first=10.0, factor=1.0, longest=10.0)


class NoJitter:
    """Makes every pause as long as it can be."""

    def random(self) -> float:
        return 1.0


@dataclass
class Record:
    """A record that remembers who wrote what and when."""

    lines: list[tuple[float, Any, Outcome[Any], int]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)

    async def __call__(self, item: Any, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        await trio.lowlevel.checkpoint()
        self.lines.append((trio.current_time(), item, outcome, attempt))
        self.elapsed.append(elapsed)


class Script:
    """A handler that fails as it was told, then returns the item; it remembers when it was called."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls: list[tuple[float, Any]] = []

    async def __call__(self, item: Any) -> Any:
        self.calls.append((trio.current_time(), item))
        await trio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop(0)
        return item


async def run_stage(
    handler: Callable[[Any], Awaitable[Any]],
    items: Iterable[Any] | Source[Any],
    *,
    policy: RetryPolicy | None = None,
    record: Record | None = None,
    workers: int = 1,
) -> tuple[list[Any], StageStatistics]:
    """Run one stage to its end; returns its results and its statistics."""
    source = items if hasattr(items, "receive") else Backlog.of(items)
    sink, results = trio.open_memory_channel[Any](math.inf)
    async with open_pipeline(random_source=NoJitter()) as pipeline:
        stage = pipeline.start_stage(
            "work", handler, source=source, sink=sink, policy=policy, record=record, workers=workers
        )
    return [result async for result in results], stage.statistics()


def channel_of(*items: Any) -> trio.MemoryReceiveChannel[Any]:
    """A channel that holds these items and has ended."""
    send, receive = trio.open_memory_channel[Any](len(items))
    with send:
        for item in items:
            send.send_nowait(item)
    return receive


async def test_results_go_to_the_sink(autojump_clock):
    async def double(item: int) -> int:
        return 2 * item

    results, statistics = await run_stage(double, [1, 2, 3])
    assert results == [2, 4, 6]
    assert statistics == StageStatistics(
        name="work",
        workers=1,
        busy=0,
        done=3,
        failed=0,
        rejected=0,
        put_off=0,
        left=0,
        unread=0,
        held=0,
        ended=True,
        stopped=None,
    )


async def test_short_pause_is_waited_with_the_item_in_hand(autojump_clock):
    record = Record()
    script = Script(TryAgain("once"), TryAgain("twice"))
    await run_stage(script, ["a", "b"], policy=RetryPolicy(backoff=Backoff(first=4.0)), record=record)
    assert script.calls == [(0, "a"), (4, "a"), (12, "a"), (12, "b")]
    assert record.lines == [
        (0, "a", PutOff("once", 4.0, held=True, counts=True), 1),
        (4, "a", PutOff("twice", 8.0, held=True, counts=True), 2),
        (12, "a", Done("a"), 3),
        (12, "b", Done("b"), 1),
    ]


async def test_long_pause_gives_the_place_back(autojump_clock):
    record = Record()
    script = Script(TryAgain("busy", after=100))
    results, statistics = await run_stage(script, ["a", "b"], record=record)
    assert script.calls == [(0, "a"), (0, "b"), (100, "a")]
    assert [line[3] for line in record.lines] == [1, 1, 2]
    assert results == ["b", "a"]
    assert (statistics.done, statistics.put_off, statistics.left) == (2, 1, 0)


async def test_long_pause_is_waited_where_nothing_takes_it_back(autojump_clock):
    script = Script(TryAgain("busy", after=100))
    results, _ = await run_stage(script, channel_of("a", "b"))
    assert script.calls == [(0, "a"), (100, "a"), (100, "b")]
    assert results == ["a", "b"]


async def test_end_of_the_source_takes_no_attempts_away(autojump_clock):
    """The channel ends while the item waits for its second attempt, and another worker notices."""
    script = Script(TryAgain("once"))
    results, statistics = await run_stage(script, channel_of("a"), policy=RetryPolicy(backoff=STEADY), workers=3)
    assert script.calls == [(0, "a"), (10, "a")]
    assert results == ["a"]
    assert (statistics.left, statistics.stopped) == (0, None)


async def test_attempts_are_used_up(autojump_clock):
    record = Record()
    script = Script(*(TryAgain(f"number {number}") for number in range(1, 9)))
    results, statistics = await run_stage(script, ["a"], policy=RetryPolicy(attempts=3, backoff=STEADY), record=record)
    assert [time for time, _ in script.calls] == [0, 10, 20]
    assert record.lines[-1] == (20, "a", Failed("number 3"), 3)
    assert results == []
    assert (statistics.failed, statistics.put_off, statistics.done) == (1, 2, 0)


async def test_attempts_are_counted_across_the_backlog(autojump_clock):
    record = Record()
    script = Script(*(TryAgain("busy", after=40) for _ in range(9)))
    _, statistics = await run_stage(script, ["a"], policy=RetryPolicy(attempts=3), record=record)
    assert [(line[0], line[3]) for line in record.lines] == [(0, 1), (40, 2), (80, 3)]
    assert statistics.failed == 1


async def test_fault_of_others_uses_up_no_attempt(autojump_clock):
    record = Record()
    script = Script(*(TryAgain("network", counts=False) for _ in range(7)), TryAgain("mine"))
    _, statistics = await run_stage(script, ["a"], policy=RetryPolicy(attempts=2, backoff=STEADY), record=record)
    assert [line[3] for line in record.lines] == [1, 1, 1, 1, 1, 1, 1, 1, 2]
    assert (statistics.done, statistics.put_off) == (1, 8)


async def test_fault_of_others_lengthens_the_pause(autojump_clock):
    script = Script(*(TryAgain("network", counts=False) for _ in range(3)), TryAgain("mine"), TryAgain("mine"))
    await run_stage(script, ["a"], policy=RetryPolicy(backoff=Backoff(first=1.0)))
    # 1, 2 and 4 s for the network, and 8 s for the item's own failure, the fourth in a row. The pause after its second
    # failure no longer knows of the network.
    assert [time for time, _ in script.calls] == [0, 1, 3, 7, 15, 17]


async def test_too_long_a_wait_leaves_the_item(autojump_clock):
    record = Record()
    script = Script(TryAgain("tomorrow", after=86_400))
    results, statistics = await run_stage(script, ["a", "b"], policy=RetryPolicy(patience=1_800), record=record)
    assert trio.current_time() == 0
    assert results == ["b"]
    assert record.lines[0] == (0, "a", PutOff("tomorrow", 86_400, held=False, counts=True), 1)
    assert (statistics.left, statistics.done, statistics.put_off) == (1, 1, 1)


@pytest.mark.parametrize(
    ("error", "outcome", "count"),
    [(GiveUp("gone"), Failed("gone"), "failed"), (Reject("a lie"), Rejected("a lie"), "rejected")],
)
async def test_hopeless_item_is_let_go_at_once(autojump_clock, error, outcome, count):
    record = Record()
    results, statistics = await run_stage(Script(error), ["a", "b"], record=record)
    assert record.lines[0] == (0, "a", outcome, 1)
    assert results == ["b"]
    assert getattr(statistics, count) == 1
    assert trio.current_time() == 0


async def test_record_knows_how_long_it_took(autojump_clock):
    async def take_three_seconds(item: int) -> int:
        await trio.sleep(3)
        return item

    record = Record()
    await run_stage(take_three_seconds, [1, 2], record=record)
    assert record.elapsed == [3, 3]


async def test_result_is_recorded_before_it_is_handed_on(autojump_clock):
    story: list[str] = []

    async def record(item: int, outcome: Outcome[int], attempt: int, elapsed: float) -> None:
        story.append("recording")
        await trio.sleep(5)
        story.append("recorded")

    class Sink:
        async def send(self, value: int) -> None:
            story.append("handed on")

        def close(self) -> None:
            story.append("closed")

    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", Script(), source=Backlog.of([1]), sink=Sink(), record=record)
    assert story == ["recording", "recorded", "handed on", "closed"]


@pytest.mark.parametrize("error", [GiveUp("gone"), TryAgain("busy", after=100), TryAgain("never", after=1e9)])
async def test_item_is_recorded_before_it_is_let_go(autojump_clock, error):
    """Until the record is written, the backlog still counts the item as taken."""
    backlog = Backlog.of(["a"])
    seen = []

    async def record(item: str, outcome: Outcome[str], attempt: int, elapsed: float) -> None:
        seen.append(backlog.statistics().taken)
        await trio.sleep(5)
        seen.append(backlog.statistics().taken)

    async with open_pipeline() as pipeline:
        pipeline.start_stage("work", Script(error), source=backlog, record=record, policy=RetryPolicy(patience=1e6))
    assert set(seen) == {1}


async def test_stage_stopped_by_a_handler_records_nothing(autojump_clock):
    record = Record()
    backlog = Backlog.of(["a", "b"])
    _, statistics = await run_stage(Script(StopStage("refused")), backlog, record=record)
    assert record.lines == []
    assert (statistics.stopped, statistics.left) == ("refused", 1)
    assert backlog._ready
    assert len(backlog._ready) == 2


async def test_batches_are_items_too(autojump_clock):
    results, _ = await run_stage(Script(), batched(channel_of(1, 2, 3), size=2, seconds=1))
    assert results == [[1, 2], [3]]


async def test_stage_without_sink_keeps_no_result(autojump_clock):
    script = Script()
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", script, source=Backlog.of([1, 2]))
    assert stage.statistics().done == 2
    assert len(script.calls) == 2
