"""Random programs of requests keep the pacer's contract, in every order of their steps (contract, on virtual time)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import hypothesis
import trio
from hypothesis import strategies as st
from pacing_scenes import ask_all

from trio_pipeline.pacing import HostPaused, Pacer, Permit
from trio_pipeline.testing import run

DURATIONS = st.sampled_from([0.0, 0.25, 1.0, 2.0, 7.0])
VERDICTS = st.sampled_from(["succeeded", "succeeded", "rejected", "long", "blocked", "unreachable", "none"])


@dataclass(frozen=True)
class Request:
    """One request of a program; all in seconds."""

    comes: float
    connects: float
    takes: float
    reads: float
    verdict: str
    starts: int
    cancelled_after: float | None


@dataclass(frozen=True)
class Change:
    """A live change, so many seconds after the one before."""

    after: float
    interval: float
    concurrency: int


REQUESTS = st.builds(
    Request,
    comes=DURATIONS | st.sampled_from([5.0, 600.0]),
    connects=DURATIONS,
    takes=DURATIONS,
    reads=DURATIONS,
    verdict=VERDICTS,
    starts=st.integers(0, 2),
    cancelled_after=st.none() | DURATIONS | st.sampled_from([5.0, 600.0]),
)
CHANGES = st.builds(Change, after=DURATIONS, interval=st.sampled_from([0.0, 0.5, 3.0]), concurrency=st.integers(0, 4))


@dataclass
class Watcher:
    """Checks at every start and every admission what must hold then."""

    pacer: Pacer
    last_start: float = -math.inf
    probes: set[Permit] = field(default_factory=set)
    running: set[Permit] = field(default_factory=set)

    def admitted(self) -> None:
        concurrency = self.pacer.concurrency
        assert concurrency is None or self.pacer.statistics().in_flight <= concurrency

    def started(self, permit: Permit) -> None:
        now, statistics = trio.current_time(), self.pacer.statistics()
        assert now >= self.last_start + statistics.interval >= self.last_start + self.pacer.interval
        self.running.add(permit)
        assert self.pacer.concurrency is None or len(self.running) <= self.pacer.concurrency
        self.last_start = now
        if statistics.paused_until is not None:
            assert now >= statistics.paused_until
            assert not self.probes
            self.probes.add(permit)

    def judged(self, permit: Permit) -> None:
        self.probes.discard(permit)

    def ended(self, permit: Permit) -> None:
        self.judged(permit)
        self.running.discard(permit)


def judge(permit: Permit, verdict: str) -> None:
    match verdict:
        case "succeeded":
            permit.succeeded()
        case "rejected":
            permit.rejected("429", 1.0)
        case "long":
            permit.rejected("503", 100.0)
        case "blocked":
            permit.blocked("block page")
        case "unreachable":
            permit.unreachable("reset")


async def perform(pacer: Pacer, watcher: Watcher, request: Request) -> None:
    await trio.sleep(request.comes)
    timeout = math.inf if request.cancelled_after is None else request.cancelled_after
    with trio.move_on_after(timeout):
        async with pacer.request() as permit:
            try:
                watcher.admitted()
                await trio.sleep(request.connects)
                for _ in range(request.starts):
                    watcher.ended(permit)  # a redirect: it waits for its turn like everybody else
                    await permit.start()
                    watcher.started(permit)
                    await trio.sleep(request.takes)
                judge(permit, request.verdict)
                watcher.judged(permit)
                await trio.sleep(request.reads)
            finally:
                watcher.ended(permit)


async def run_program(pacer: Pacer, requests: list[Request], changes: list[Change]) -> None:
    watcher = Watcher(pacer)

    async def change() -> None:
        for step in changes:
            await trio.sleep(step.after)
            pacer.interval, pacer.concurrency = step.interval, step.concurrency
        await trio.sleep(10)
        pacer.concurrency = 2

    # Whoever waits for ever makes the clock jump to this end, which is beyond the pauses of all failures drawn.
    with trio.fail_after(1_000_000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(change)
            for request in requests:
                nursery.start_soon(perform, pacer, watcher, request)
        statistics = pacer.statistics()
        assert (statistics.in_flight, statistics.waiting) == (0, 0)
        # It still serves, and is well again after one success.
        await ask_all(pacer, 3)
        assert pacer.statistics().paused_until is None


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(
    requests=st.lists(REQUESTS, min_size=1, max_size=12), changes=st.lists(CHANGES, max_size=4), seed=st.integers(0, 99)
)
def test_any_program_keeps_the_contract(requests, changes, seed):
    pacer = Pacer("court", interval=0.5, concurrency=3)
    run(run_program, pacer, requests, changes, schedule=seed)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    ends=st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 5.0, 5.5]), min_size=5, max_size=40),
    verdict=st.sampled_from(["succeeded", "unreachable", "rejected", "none"]),
    interval=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 99),
)
def test_storm_of_cancellations_leaves_it_usable(ends, verdict, interval, seed):
    # Many end at the instants at which places and turns are handed on.
    requests = [Request(0.0, 0.0, 0.5, 0.0, verdict, 1, end) for end in ends]
    pacer = Pacer("court", interval=interval, concurrency=2)
    run(run_program, pacer, requests, [], schedule=seed)


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(requests=st.lists(REQUESTS, min_size=1, max_size=12), seed=st.integers(0, 99))
def test_impatient_program_ends_early(requests, seed):
    pacer = Pacer("court", concurrency=3, patience=50.0)
    told: list[tuple[float, float]] = []

    async def program() -> None:
        watcher = Watcher(pacer)

        async def give_up(request: Request) -> None:
            try:
                await perform(pacer, watcher, request)
            except HostPaused as paused:
                told.append((paused.until - trio.current_time(), paused.until - pacer.statistics().paused_since))

        # Nobody waits through a pause of ten minutes; 12 requests of 35 s each, and the last may come at 600 s.
        with trio.fail_after(600 + 12 * 35 + 12 * 50):
            async with trio.open_nursery() as nursery:
                for request in requests:
                    nursery.start_soon(give_up, request)
        assert (pacer.statistics().in_flight, pacer.statistics().waiting) == (0, 0)

    run(program, schedule=seed)
    assert all(still > 0 and out_of_service > 50 for still, out_of_service in told)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    wishes=st.lists(st.none() | st.sampled_from([0.0, 1.0, 29.0, 30.0, 31.0, 100.0, 1e5, math.inf]), max_size=12),
    interval=st.sampled_from([0.0, 0.5, 2.0]),
    seed=st.integers(0, 99),
)
def test_no_retry_after_freezes_it(wishes, interval, seed):
    pacer = Pacer("court", interval=interval, concurrency=3)

    async def ask_for(wish: float | None) -> None:
        async with pacer.request() as permit:
            await permit.start()
            await trio.sleep(0.25)
            permit.rejected("503", wish)

    async def program() -> None:
        # Three at a time, so that what comes from requests under way lengthens pauses too.
        for trio_of_wishes in zip(*[iter(wishes)] * 3, strict=False):
            async with trio.open_nursery() as nursery:
                for wish in trio_of_wishes:
                    nursery.start_soon(ask_for, wish)
        paused_until = pacer.statistics().paused_until
        assert paused_until is None or paused_until <= trio.current_time() + 86_400
        began = await ask_all(pacer, 1)
        # At full use calm makes good for everything: it doubles one start a minute until it is a matter of a minute.
        while pacer.statistics().interval > interval:
            await ask_all(pacer, 1)
        assert trio.current_time() - began[0] < 15 * 60

    run(program, schedule=seed)
