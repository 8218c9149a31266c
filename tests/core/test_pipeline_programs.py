"""Contract of a pipeline under random programs, ends and interleavings: every item is accounted for exactly once.

Items pass one to three stages. What each attempt at each item comes to, when stages are resized, stopped or drained,
and which task takes the next step is drawn by hypothesis.
"""

from __future__ import annotations

import copy
import enum
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import Pipeline, Stage, open_pipeline
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
    StopPipeline,
    StopStage,
    TryAgain,
)

POLICY = RetryPolicy(attempts=3, hold=2.0, patience=50.0, backoff=Backoff(first=0.5, longest=1.5))
ITEMS = 6


class Defect(Exception):
    """Nobody classified it."""


class Fate(enum.Enum):
    """What one attempt comes to."""

    DONE = None
    SOON = TryAgain("soon")
    LATER = TryAgain("later", after=10)
    TOO_LATE = TryAgain("too late", after=1_000)
    NOT_MINE = TryAgain("not mine", counts=False)
    FAILED = GiveUp("failed")
    REJECTED = Reject("rejected")
    STOP = StopStage("stop")
    STOP_ALL = StopPipeline("stop all", grace=2)
    DEFECT = Defect("defect")


@dataclass(frozen=True)
class Order:
    """What somebody outside does to the pipeline after so many seconds."""

    after: float
    what: str
    stage: int
    number: int


ORDERS = st.builds(
    Order,
    after=st.sampled_from([0.0, 0.25, 1.0, 3.0]),
    what=st.sampled_from(["resize", "resize", "resize", "stop", "drain", "cancel"]),
    stage=st.integers(0, 2),
    number=st.integers(0, 3),
)
# Most attempts succeed, so that items come far; the ends of everything are rare, so that there is something to end.
ORDINARY = [Fate.DONE, Fate.DONE, Fate.SOON, Fate.LATER, Fate.TOO_LATE, Fate.NOT_MINE, Fate.FAILED, Fate.REJECTED]
FATES = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, ITEMS - 1)),
    st.lists(st.sampled_from([*ORDINARY, *ORDINARY, Fate.STOP, Fate.STOP_ALL, Fate.DEFECT]), max_size=5),
)


class CountingBacklog(Backlog[int]):
    """Counts what it hands out for good."""

    out = 0

    async def receive(self) -> int:
        item = await super().receive()
        self.out += 1
        return item

    def put_back(self, item: int, *, due: float = float("-inf")) -> None:
        super().put_back(item, due=due)
        # What is put off comes again, and is counted then; what is left counts as handed out.
        self.out -= due > trio.current_time()


class CountingChannel:
    """Counts what it hands out."""

    out = 0

    def __init__(self, receive: trio.MemoryReceiveChannel[int]) -> None:
        self._receive = receive

    async def receive(self) -> int:
        item = await self._receive.receive()
        self.out += 1
        return item

    def close(self) -> None:
        self._receive.close()


class Program:
    """A pipeline, its script, and what became of it."""

    def __init__(self, stages: int, fates: dict[tuple[int, int], list[Fate]], orders: list[Order]) -> None:
        self.fates = {place: list(reversed(fates)) for place, fates in fates.items()}
        self.orders = orders
        self.history: list[list[tuple[int, Outcome[int], int]]] = [[] for _ in range(stages)]
        self.sources: list[Any] = []
        self.stages: list[Stage[int, int]] = []
        self.errors: tuple[BaseException, ...] = ()

    async def handle(self, stage: int, item: int) -> int:
        recorded = [line for line in self.history[stage] if line[0] == item]
        assert not any(isinstance(outcome, Done | Failed | Rejected) for _, outcome, _ in recorded)
        assert stage == 0 or (item, Done(item)) in [line[:2] for line in self.history[stage - 1]]
        await trio.sleep(item % 3)
        fates = self.fates.get((stage, item))
        fate = fates.pop() if fates else Fate.DONE
        if fate is not Fate.DONE:
            raise copy.copy(fate.value)
        return item

    async def record(self, stage: int, item: int, outcome: Outcome[int], attempt: int) -> None:
        await trio.lowlevel.checkpoint()
        self.history[stage].append((item, outcome, attempt))

    def start(self, pipeline: Pipeline) -> None:
        backlog = CountingBacklog(lambda item: -item)
        for item in range(ITEMS):
            backlog.put(item)
        backlog.close()
        self.sources.append(backlog)
        for number in range(len(self.history)):
            sink, receive = trio.open_memory_channel[int](1 if number + 1 < len(self.history) else ITEMS)
            self.stages.append(self.start_stage(pipeline, number, sink))
            self.sources.append(CountingChannel(receive))

    def start_stage(self, pipeline: Pipeline, number: int, sink: trio.MemorySendChannel[int]) -> Stage[int, int]:
        async def handle(item: int) -> int:
            return await self.handle(number, item)

        async def record(item: int, outcome: Outcome[int], attempt: int, _elapsed: float) -> None:
            await self.record(number, item, outcome, attempt)

        source = self.sources[number]
        return pipeline.start_stage(
            str(number), handle, source=source, sink=sink, workers=2, policy=POLICY, record=record
        )

    async def obey(self, pipeline: Pipeline) -> None:
        for order in self.orders:
            await trio.sleep(order.after)
            stage = self.stages[order.stage % len(self.stages)]
            match order.what:
                case "resize":
                    stage.workers = order.number
                case "stop":
                    stage.stop("ordered")
                case "drain":
                    pipeline.drain(grace=order.number)
                case _:
                    pipeline.cancel()
        for stage in self.stages:
            stage.workers = max(1, stage.workers)

    async def run(self) -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        with trio.fail_after(100_000):
            try:
                async with open_pipeline() as pipeline:
                    self.start(pipeline)
                    await self.obey(pipeline)
            except ExceptionGroup as group:
                self.errors = group.exceptions
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        self.cut_off = pipeline.cancelled or bool(self.errors)


def programs(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on random programs."""
    draw = given(
        seed=st.integers(0, 2**32),
        stages=st.integers(1, 3),
        fates=FATES,
        orders=st.lists(ORDERS, max_size=8),
    )
    return settings(deadline=None)(draw(test))


def run_program(run_seeded, seed, stages, fates, orders) -> Program:
    program = Program(stages, fates, orders)
    run_seeded(seed, program.run)
    return program


@programs
def test_every_item_handed_out_is_accounted_for_once(run_seeded, seed, stages, fates, orders):
    program = run_program(run_seeded, seed, stages, fates, orders)
    for source, stage in zip(program.sources, program.stages, strict=False):
        statistics = stage.statistics()
        accounted = statistics.done + statistics.failed + statistics.rejected + statistics.left
        assert source.out == accounted
        assert statistics.busy == 0
        assert statistics.ended


@programs
def test_statistics_are_what_was_recorded(run_seeded, seed, stages, fates, orders):
    program = run_program(run_seeded, seed, stages, fates, orders)
    for history, stage in zip(program.history, program.stages, strict=True):
        count = Counter(type(outcome) for _, outcome, _ in history)
        statistics = stage.statistics()
        assert (count[Done], count[Failed], count[Rejected]) == (
            statistics.done,
            statistics.failed,
            statistics.rejected,
        )
        assert count[PutOff] == statistics.put_off


@programs
def test_each_item_is_decided_or_still_there(run_seeded, seed, stages, fates, orders):
    """Of the first stage, which has a backlog: the record, the backlog, or in flight when everything was cut off."""
    program = run_program(run_seeded, seed, stages, fates, orders)
    last = {item: outcome for item, outcome, _ in program.history[0]}
    decided = [item for item, outcome in last.items() if not isinstance(outcome, PutOff)]
    too_late = [item for item, outcome in last.items() if isinstance(outcome, PutOff) and outcome.delay > 50]
    backlog = program.sources[0]
    waiting = [item for _, _, item in backlog._ready + backlog._delayed]
    there = decided + too_late + waiting
    assert len(there) == len(set(there))
    assert len(there) == ITEMS or program.cut_off


@programs
def test_attempts_are_counted_and_bounded(run_seeded, seed, stages, fates, orders):
    program = run_program(run_seeded, seed, stages, fates, orders)
    for history in program.history:
        used: Counter[int] = Counter()
        for item, outcome, attempt in history:
            assert attempt == used[item] + 1 <= POLICY.attempts
            used[item] += isinstance(outcome, PutOff) and outcome.counts


@programs
def test_only_defects_come_out(run_seeded, seed, stages, fates, orders):
    program = run_program(run_seeded, seed, stages, fates, orders)
    assert all(isinstance(error, Defect) for error in program.errors)
    if not any(fates and Fate.DEFECT in fates for fates in fates.values()):
        assert program.errors == ()
