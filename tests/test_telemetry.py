"""Contract tests of the telemetry, in virtual time and with hand-made clocks for what is real."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from trio_pipeline import _memory as memory_module
from trio_pipeline import telemetry as module
from trio_pipeline.telemetry import MemoryUse, Stalls, Telemetry, open_telemetry, read_memory_use
from trio_pipeline.world import World, real_world

MEMORY = MemoryUse(resident=1000, peak=2000)


class HandClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def world() -> World:
    return dataclasses.replace(real_world(), now=lambda: datetime.datetime(2025, 6, 23, 8, 30))  # noqa: DTZ001 -- UTC


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def telemetry(autojump_clock: MockClock, world: World, hand_clock: HandClock) -> Any:
    async with open_telemetry(dataclasses.replace(world, stall_clock=hand_clock, memory=lambda: MEMORY)) as opened:
        yield opened


def in_virtual_time(check: Callable[[Telemetry], Any]) -> None:
    """Run an async check with a telemetry of its own, for the tests that hypothesis drives."""

    async def main() -> None:
        async with open_telemetry(
            dataclasses.replace(real_world(), stall_clock=HandClock(), memory=lambda: MEMORY)
        ) as opened:
            await check(opened)

    trio.run(main, clock=MockClock(autojump_threshold=0))


# -- counts and times


async def test_nothing_happened_yet(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    snapshot = telemetry.snapshot()
    assert snapshot.started_at == "2025-06-23T08:30:00"
    assert snapshot.elapsed == 0.0
    assert snapshot.stages == {}
    assert snapshot.stalls == Stalls(count=0, longest=0.0, total=0.0)
    assert snapshot.memory == MEMORY


async def test_counts_by_stage_and_outcome(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for stage, outcome in [("b", "done"), ("a", "failed"), ("b", "done"), ("b", "put off")]:
        telemetry.observe(stage, outcome, 1.0)
    stages = telemetry.snapshot().stages
    assert list(stages) == ["b", "a"]
    assert stages["b"].counts == {"done": 2, "put off": 1}
    assert stages["a"].counts == {"failed": 1}


async def test_times_of_a_stage(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for elapsed in (1.0, 2.0, 6.0):
        telemetry.observe("download", "done", elapsed)
    stage = telemetry.snapshot().stages["download"]
    assert (stage.total, stage.mean, stage.longest) == (9.0, 3.0, 6.0)
    assert stage.median == pytest.approx(2.0, rel=0.1)
    assert stage.p95 == pytest.approx(6.0, rel=0.1)


async def test_equal_times_are_exact(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for _ in range(10):
        telemetry.observe("download", "done", 0.7)
    stage = telemetry.snapshot().stages["download"]
    assert (stage.median, stage.p95, stage.longest) == (0.7, 0.7, 0.7)


@pytest.mark.parametrize("elapsed", [0.0, 1e-9, 0.001, 2.0**28 / 1000, 1e300])
async def test_extreme_times_are_counted(autojump_clock: MockClock, telemetry: Telemetry, elapsed: float) -> None:
    telemetry.observe("download", "done", elapsed)
    stage = telemetry.snapshot().stages["download"]
    assert stage.counts == {"done": 1}
    assert stage.median == stage.longest == elapsed


@pytest.mark.parametrize("elapsed", [-0.001, math.nan, math.inf])
async def test_what_is_no_duration_is_refused(autojump_clock: MockClock, telemetry: Telemetry, elapsed: float) -> None:
    with pytest.raises(ValueError, match="no duration"):
        telemetry.observe("download", "done", elapsed)
    assert telemetry.snapshot().stages == {}


@settings(deadline=None)
@given(
    times=st.lists(st.floats(min_value=0.001, max_value=200_000), min_size=1, max_size=200),
    fraction=st.sampled_from([0.5, 0.95]),
)
def test_quantiles_are_within_nine_percent(times: list[float], fraction: float) -> None:
    async def check(telemetry: Telemetry) -> None:
        for elapsed in times:
            telemetry.observe("download", "done", elapsed)
        stage = telemetry.snapshot().stages["download"]
        estimate = stage.median if fraction == 0.5 else stage.p95
        exact = sorted(times)[math.ceil(fraction * len(times)) - 1]
        assert exact / 2 ** (1 / 8) * (1 - 1e-9) <= estimate <= exact * 2 ** (1 / 8) * (1 + 1e-9)

    in_virtual_time(check)


# -- rates


async def test_rate_is_over_the_last_minute(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for _ in range(120):
        telemetry.observe("download", "done", 1.0)
        await trio.sleep(0.5)
    assert telemetry.snapshot().stages["download"].rates == {"done": pytest.approx(2.0, rel=0.02)}
    await trio.sleep(30)
    assert telemetry.snapshot().stages["download"].rates == {"done": pytest.approx(1.0, rel=0.02)}
    await trio.sleep(30)
    assert telemetry.snapshot().stages["download"].rates == {"done": 0.0}
    assert telemetry.snapshot().stages["download"].counts == {"done": 120}


async def test_rate_at_the_beginning(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    telemetry.observe("download", "done", 1.0)
    telemetry.observe("download", "done", 1.0)
    assert telemetry.snapshot().stages["download"].rates == {"done": 2.0}
    await trio.sleep(10)
    assert telemetry.snapshot().stages["download"].rates == {"done": 0.2}


async def test_each_outcome_has_its_rate(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    await trio.sleep(10)
    for _ in range(5):
        telemetry.observe("download", "done", 1.0)
    telemetry.observe("download", "failed", 1.0)
    assert telemetry.snapshot().stages["download"].rates == {"done": 0.5, "failed": 0.1}


async def test_rate_after_a_long_silence(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    telemetry.observe("download", "done", 1.0)
    # A multiple of the ring's length: what is old must not pass for new.
    await trio.sleep(60 * 60)
    telemetry.observe("download", "done", 1.0)
    await trio.sleep(59.5)
    assert telemetry.snapshot().stages["download"].rates == {"done": pytest.approx(1 / 59.5)}


@settings(deadline=None)
@given(pauses=st.lists(st.sampled_from([0.0, 0.25, 1.0, 7.5, 59.0, 60.0, 61.0, 3600.0]), max_size=60))
def test_window_agrees_with_a_list_of_times(pauses: list[float]) -> None:
    async def check(telemetry: Telemetry) -> None:
        times = []
        for pause in pauses:
            telemetry.observe("download", "done", 1.0)
            times.append(trio.current_time())
            await trio.sleep(pause)
            now = trio.current_time()
            since = max(0, int(now) - 59)
            recent = sum(since <= moment for moment in times)
            rates = telemetry.snapshot().stages["download"].rates
            assert rates == {"done": pytest.approx(recent / max(1.0, now - since))}

    in_virtual_time(check)


# -- time left


async def test_time_left_follows_the_rate(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for _ in range(100):
        telemetry.observe("download", "done", 1.0)
        await trio.sleep(2)
    assert telemetry.time_left("download", 30) == pytest.approx(60, rel=0.03)


async def test_time_left_counts_what_leaves_less(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    for _ in range(20):
        telemetry.observe("download", "done", 1.0)
        telemetry.observe("download", "failed", 1.0)
        telemetry.observe("download", "put off", 1.0)
        await trio.sleep(1)
    assert telemetry.time_left("download", 10, outcomes={"done"}) == pytest.approx(10)
    assert telemetry.time_left("download", 10, outcomes={"done", "failed"}) == pytest.approx(5)
    assert telemetry.time_left("download", 10) == pytest.approx(10 / 3)
    assert telemetry.time_left("download", 10, outcomes={"rejected"}) is None


async def test_time_left_of_slow_items(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    # One in five minutes: most of the time the last minute holds none.
    for _ in range(12):
        await trio.sleep(300)
        telemetry.observe("archive", "done", 300.0)
    # Nor is one a minute their rate, because one has just ended.
    assert telemetry.time_left("archive", 12) == pytest.approx(3600)
    await trio.sleep(120)
    assert telemetry.time_left("archive", 12) == pytest.approx(3720)


async def test_time_left_needs_something_to_go_by(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    assert telemetry.time_left("download", 10) is None
    assert telemetry.time_left("download", 0) == 0.0
    telemetry.observe("download", "failed", 1.0)
    assert telemetry.time_left("download", 0, outcomes={"done"}) == 0.0


# -- bounds


async def test_memory_does_not_grow(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    def size() -> int:
        stage = telemetry._stages["download"]
        return len(stage._times._buckets) + sum(len(count._slots) for count in stage._outcomes.values())

    telemetry.observe("download", "done", 1.0)
    before = size()
    source = random.Random(1)
    for _ in range(5000):
        telemetry.observe("download", "done", source.expovariate(1.0))
        await trio.sleep(source.random())
    assert size() == before


async def test_snapshot_is_json(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    telemetry.observe("download", "done", 1.0)
    snapshot = dataclasses.asdict(telemetry.snapshot())
    assert json.loads(json.dumps(snapshot, allow_nan=False)) == snapshot


async def test_snapshot_does_not_change(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    telemetry.observe("download", "done", 1.0)
    snapshot = telemetry.snapshot()
    before = dataclasses.asdict(snapshot)
    telemetry.observe("download", "done", 1.0)
    telemetry.observe("archive", "done", 1.0)
    assert dataclasses.asdict(snapshot) == before


# -- stalls


async def test_long_step_is_a_stall(autojump_clock: MockClock, telemetry: Telemetry, hand_clock: HandClock) -> None:
    for length in (0.5, 0.25, 0.05):
        await trio.lowlevel.checkpoint()
        hand_clock.now += length  # a task that computes and does not let others run
    await trio.lowlevel.checkpoint()
    assert telemetry.snapshot().stalls == Stalls(count=2, longest=0.5, total=0.75)


async def test_steps_of_several_tasks_add_up(
    autojump_clock: MockClock, telemetry: Telemetry, hand_clock: HandClock
) -> None:
    async def compute() -> None:
        hand_clock.now += 0.0625

    async with trio.open_nursery() as nursery:
        nursery.start_soon(compute)
        nursery.start_soon(compute)
    # They ran in one round of the loop, in which a timer would have been late by both.
    assert telemetry.snapshot().stalls == Stalls(count=1, longest=0.125, total=0.125)


async def test_virtual_time_is_no_stall(autojump_clock: MockClock, telemetry: Telemetry) -> None:
    await trio.sleep(1000)
    assert telemetry.snapshot().elapsed == 1000
    assert telemetry.snapshot().stalls.count == 0


@pytest.mark.parametrize(
    ("waited", "stalls"),
    [
        (10.0, Stalls(count=0, longest=0.0, total=0.0)),
        (10.05, Stalls(count=0, longest=0.0, total=0.0)),
        (10.5, Stalls(count=1, longest=0.5, total=0.5)),
        (3.0, Stalls(count=0, longest=0.0, total=0.0)),
    ],
)
def test_late_end_of_a_wait_is_a_stall(hand_clock: HandClock, waited: float, stalls: Stalls) -> None:
    # The wait itself is the operating system's, so the loop is played by hand here.
    watch = module._StallWatch(hand_clock)
    watch.before_io_wait(10.0)
    hand_clock.now += waited
    watch.after_io_wait(10.0)
    watch.before_io_wait(0.0)
    assert watch.stalls() == stalls


async def test_stalls_end_with_the_block(world: World, hand_clock: HandClock) -> None:
    async with open_telemetry(dataclasses.replace(world, stall_clock=hand_clock)) as telemetry:
        pass
    await trio.lowlevel.checkpoint()
    hand_clock.now += 10
    await trio.lowlevel.checkpoint()
    assert telemetry.snapshot().stalls.count == 0


async def test_virtual_clock_is_left_to_jump(world: World, autojump_clock: MockClock) -> None:
    rounds = 0

    class Rounds(trio.abc.Instrument):
        def before_io_wait(self, timeout: float) -> None:
            nonlocal rounds
            rounds += 1

    instrument = Rounds()
    async with open_telemetry(world):
        trio.lowlevel.add_instrument(instrument)
        await trio.sleep(24 * 60 * 60)
        trio.lowlevel.remove_instrument(instrument)
    # A simulated day costs as much as a simulated second.
    assert rounds < 10


# -- the block


async def test_block_exceptions_pass_unchanged(world: World) -> None:
    error = RuntimeError("the block's own")
    with pytest.raises(RuntimeError) as caught:
        async with open_telemetry(world):
            raise error
    assert caught.value is error


async def test_two_telemetries_do_not_mix(world: World) -> None:
    async with open_telemetry(world) as first, open_telemetry(world) as second:
        first.observe("download", "done", 1.0)
        assert second.snapshot().stages == {}
        assert list(first.snapshot().stages) == ["download"]


# -- memory


async def test_memory_is_read_by_default(world: World) -> None:
    async with open_telemetry(world) as telemetry:
        memory = telemetry.snapshot().memory
    assert memory.peak is not None
    assert memory.peak > 2**20  # an interpreter in less is a wrong unit


def test_memory_in_use_grows_with_what_is_held() -> None:
    before = read_memory_use()
    held = b"x" * 64 * 2**20
    after = read_memory_use()
    assert before.peak is not None
    assert after.peak is not None
    if before.resident is None or after.resident is None:
        pytest.skip("this system tells the peak alone")
    assert after.resident - before.resident > len(held) // 2
    assert after.peak >= after.resident


@pytest.mark.parametrize(
    ("status", "memory"),
    [
        ("Name:\tpython\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n", MemoryUse(2**20, 2**21)),
        ("Name:\ta:b\nVmRSS:\t1024 kB\n", MemoryUse(2**20, None)),
        ("", MemoryUse(None, None)),
    ],
)
def test_status_file_is_understood(status: str, memory: MemoryUse) -> None:
    assert memory_module._parse_status(status) == memory


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_peak_without_a_status_file(monkeypatch: pytest.MonkeyPatch, platform: str, unit: int) -> None:
    class Usage:
        ru_maxrss = 5000

    def missing(path: Path, **options: object) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(memory_module.sys, "platform", platform)
    monkeypatch.setattr(memory_module.resource, "getrusage", lambda who: Usage())
    assert read_memory_use() == MemoryUse(None, 5000 * unit)
