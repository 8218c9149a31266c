"""Contract of `Backlog` under random programs and any interleaving: nothing lost or doubled, nobody sleeps too long."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.channels import Backlog

TIMES = st.integers(0, 6).map(float)


@dataclass(frozen=True)
class Producer:
    """Puts an item at `at` that is due `delay` seconds later."""

    at: float
    delay: float


@dataclass(frozen=True)
class Consumer:
    """Receives until cancelled at `cancelled_at`; works `work` seconds on each item, and sends back the first few."""

    work: float
    cancelled_at: float | None
    returns: int
    delay: float


@dataclass
class Story:
    """What happened to each item."""

    done: list[int] = field(default_factory=list)
    cut_off: list[int] = field(default_factory=list)
    early: list[int] = field(default_factory=list)


PRODUCERS = st.lists(st.builds(Producer, at=TIMES, delay=TIMES), max_size=8)
CONSUMERS = st.lists(
    st.builds(
        Consumer,
        work=st.sampled_from([0.0, 0.5, 1.0]),
        cancelled_at=st.none() | TIMES,
        returns=st.integers(0, 3),
        delay=TIMES,
    ),
    min_size=1,
    max_size=5,
)


class Program:
    """Producers and consumers at one backlog; the last consumer is never cancelled."""

    def __init__(self, producers: list[Producer], consumers: list[Consumer], *, patient: bool) -> None:
        self.producers = producers
        self.consumers = [*consumers, Consumer(0.0, None, 0, 0.0)]
        self.backlog: Backlog[int] = Backlog(lambda item: -item, patient=patient)
        self.due = [producer.at + producer.delay for producer in producers]
        self.story = Story()
        self.open_producers = len(producers)

    async def produce(self, item: int, producer: Producer) -> None:
        await trio.sleep_until(producer.at)
        self.backlog.put(item, due=self.due[item])
        self.open_producers -= 1
        if not self.open_producers:
            self.backlog.close()

    async def consume(self, consumer: Consumer) -> None:
        returns = consumer.returns
        with trio.CancelScope() as scope:
            if consumer.cancelled_at is not None:
                scope.deadline = consumer.cancelled_at
            while True:
                try:
                    item = await self.backlog.receive()
                except trio.EndOfChannel:
                    return
                if trio.current_time() < self.due[item]:
                    self.story.early.append(item)
                returns -= 1
                await self.work(item, consumer, gives_back=returns >= 0)

    async def work(self, item: int, consumer: Consumer, *, gives_back: bool) -> None:
        try:
            await trio.sleep(consumer.work)
        except trio.Cancelled:
            self.story.cut_off.append(item)
            self.backlog.put_back(item)
            raise
        if gives_back:
            self.due[item] = trio.current_time() + consumer.delay
            self.backlog.put_back(item, due=self.due[item])
        else:
            self.story.done.append(item)
            self.backlog.done(item)

    async def run(self) -> None:
        if not self.producers:
            self.backlog.close()
        # A lost wake-up would leave the last consumer asleep: on virtual time that is this time limit.
        with trio.fail_after(10_000):
            async with trio.open_nursery() as nursery:
                for item, producer in enumerate(self.producers):
                    nursery.start_soon(self.produce, item, producer)
                for consumer in self.consumers:
                    nursery.start_soon(self.consume, consumer)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), producers=PRODUCERS, consumers=CONSUMERS)
def test_patient_backlog_loses_nothing(run_seeded, seed, producers, consumers):
    program = Program(producers, consumers, patient=True)
    run_seeded(seed, program.run)
    assert sorted(program.story.done) == list(range(len(producers)))
    assert program.story.early == []


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), producers=PRODUCERS, consumers=CONSUMERS)
def test_impatient_backlog_keeps_what_it_does_not_give(run_seeded, seed, producers, consumers):
    program = Program(producers, consumers, patient=False)
    run_seeded(seed, program.run)
    left = [item for _, _, item in program.backlog._delayed]
    assert sorted(program.story.done + left) == list(range(len(producers)))
    assert program.story.early == []
    assert program.backlog._taken == 0


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), delays=st.lists(TIMES, min_size=1, max_size=8), receivers=st.integers(1, 4))
def test_nobody_sleeps_past_a_due_time(run_seeded, seed, delays, receivers):
    """Idle receivers hand each item out in the instant in which it is due."""

    async def receive(backlog: Backlog[float], seen: list[tuple[float, float]]) -> None:
        while True:
            try:
                due = await backlog.receive()
            except trio.EndOfChannel:
                return
            seen.append((due, trio.current_time()))
            backlog.done(due)

    async def run() -> list[tuple[float, float]]:
        backlog: Backlog[float] = Backlog(lambda _: 0)
        seen: list[tuple[float, float]] = []
        async with trio.open_nursery() as nursery:
            for _ in range(receivers):
                nursery.start_soon(receive, backlog, seen)
            for delay in delays:
                await trio.lowlevel.checkpoint()
                backlog.put(delay, due=delay)
            backlog.close()
        return seen

    assert sorted(run_seeded(seed, run)) == sorted((delay, delay) for delay in delays)
