"""What the pipeline did: counts, times, stalls of the event loop, memory.

Counts and times are Trio's, so that a simulated run gives the same ones each time. Stalls and memory are the process's
own; in a simulated world, where they mean nothing, they are fixed.

This file does not know which stages there are, nor which of their outcomes are good ones.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from trio_pipeline._memory import MemoryUse, read_memory_use
from trio_pipeline.world import World

__all__ = [
    "MemoryUse",
    "StageTelemetry",
    "Stalls",
    "Telemetry",
    "TelemetrySnapshot",
    "open_telemetry",
    "read_memory_use",
]

# Seconds over which a rate is taken, in slots of one second.
_WINDOW = 60

# Fewer than this many in the window say little about what is to come.
_ENOUGH = 10

# Seconds that the loop may work without looking at the network or the clock; from there on it is called a stall.
_STALL = 0.1

# The histogram has four buckets an octave, so that the middle of a bucket is within 2 ** (1/8), 9 %, of all that lies
# in it, from one millisecond (everything shorter is one bucket) to 2 ** 28 of them, three days.
_SHORTEST = 0.001
_BUCKETS_AN_OCTAVE = 4
_BUCKETS = 28 * _BUCKETS_AN_OCTAVE + 1


@dataclass(frozen=True, slots=True)
class Stalls:
    """How often, and how long, the event loop was held up by something that should have been elsewhere.

    Attributes:
        count: How many times.
        longest: Seconds of the longest.
        total: Seconds of all.
    """

    count: int
    longest: float
    total: float


@dataclass(frozen=True, slots=True)
class StageTelemetry:
    """What one stage did.

    Attributes:
        counts: How many there were of each outcome.
        rates: How many a second of each outcome, over the last minute.
        total: Seconds that all took together.
        mean: Seconds.
        longest: Seconds.
        median: Seconds; an estimate, within 9 %.
        p95: Seconds that 95 of 100 did not exceed; likewise.
    """

    counts: dict[str, int]
    rates: dict[str, float]
    total: float
    mean: float
    longest: float
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class TelemetrySnapshot:
    """Everything at one moment. `dataclasses.asdict` makes it what JSON can hold.

    Attributes:
        started_at: Wall-clock time of opening, UTC, ISO 8601.
        elapsed: Seconds since.
        stages: By name, in the order in which they were first heard of.
        stalls: Of the event loop.
        memory: Of this process.
    """

    started_at: str
    elapsed: float
    stages: dict[str, StageTelemetry]
    stalls: Stalls
    memory: MemoryUse


@asynccontextmanager
async def open_telemetry(world: World) -> AsyncIterator[Telemetry]:
    """Measure while the block runs. The result can be read longer, as long as Trio does.

    Args:
        world: For the time of day, the clock of stalls and the memory.

    Cancellation: there is no checkpoint here, and the block's exceptions pass unchanged.
    """
    watch = _StallWatch(world.stall_clock)
    telemetry = Telemetry(world.now().isoformat(), watch.stalls, world.memory)
    trio.lowlevel.add_instrument(watch)
    try:
        yield telemetry
    finally:
        trio.lowlevel.remove_instrument(watch)


class Telemetry:
    """Counts and times by stage and outcome. From `open_telemetry`; used in Trio's thread only."""

    def __init__(self, started_at: str, stalls: Callable[[], Stalls], memory: Callable[[], MemoryUse]) -> None:
        self._started_at = started_at
        self._opened = trio.current_time()
        self._stalls = stalls
        self._memory = memory
        self._stages: dict[str, _Stage] = {}

    def observe(self, stage: str, outcome: str, elapsed: float) -> None:
        """Count something that a stage did. Costs about two microseconds.

        Args:
            stage: The stage. There are to be few names, for each is kept.
            outcome: What became of the item; likewise.
            elapsed: Seconds that it took.

        Raises:
            ValueError: `elapsed` is negative or not a number.
        """
        if not 0 <= elapsed < math.inf:
            raise ValueError(f"no duration: {elapsed}")
        known = self._stages.get(stage)
        if known is None:
            known = self._stages[stage] = _Stage()
        known.observe(outcome, elapsed, trio.current_time())

    def time_left(self, stage: str, remaining: int, *, outcomes: Collection[str] | None = None) -> float | None:
        """Seconds until a stage will be done, if it goes on as it does.

        From the rate of the last minute, or from that since the beginning while the minute holds too few to go by: in
        a pause of the host, or where each item takes long.

        Args:
            stage: The stage.
            remaining: How many items it still has to do.
            outcomes: Those that leave less to do; None means all.

        Returns:
            The estimate, or None while there is nothing to make it from.
        """
        if remaining == 0:
            return 0.0
        known = self._stages.get(stage)
        rate = 0.0 if known is None else known.progress(outcomes, self._opened, trio.current_time())
        return remaining / rate if rate else None

    def snapshot(self) -> TelemetrySnapshot:
        """Everything as it stands. Reads a small file of the operating system's, which does not block."""
        now = trio.current_time()
        return TelemetrySnapshot(
            started_at=self._started_at,
            elapsed=now - self._opened,
            stages={name: stage.snapshot(self._opened, now) for name, stage in self._stages.items()},
            stalls=self._stalls(),
            memory=self._memory(),
        )


class _Stage:
    def __init__(self) -> None:
        self._outcomes: dict[str, _Count] = {}
        self._times = _Histogram()

    def observe(self, outcome: str, elapsed: float, now: float) -> None:
        self._times.add(elapsed)
        count = self._outcomes.get(outcome)
        if count is None:
            count = self._outcomes[outcome] = _Count()
        count.add(now)

    def progress(self, outcomes: Collection[str] | None, opened: float, now: float) -> float:
        counts = [count for name, count in self._outcomes.items() if outcomes is None or name in outcomes]
        if sum(count.recent(now) for count in counts) >= _ENOUGH:
            return sum(count.rate(opened, now) for count in counts)
        return sum(count.total for count in counts) / max(1.0, now - opened)

    def snapshot(self, opened: float, now: float) -> StageTelemetry:
        times = self._times
        return StageTelemetry(
            counts={name: count.total for name, count in self._outcomes.items()},
            rates={name: count.rate(opened, now) for name, count in self._outcomes.items()},
            total=times.total,
            mean=times.total / times.count,
            longest=times.longest,
            median=times.quantile(0.5),
            p95=times.quantile(0.95),
        )


class _Count:
    """A number, and how much of it is of the last minute: a ring of one slot for each second."""

    __slots__ = ("_newest", "_slots", "total")

    def __init__(self) -> None:
        self.total = 0
        self._slots = [0] * _WINDOW
        self._newest = 0

    def add(self, now: float) -> None:
        second = int(now)
        if second != self._newest:
            self._advance(second)
        self._slots[second % _WINDOW] += 1
        self.total += 1

    def recent(self, now: float) -> int:
        """How many in the second that has begun and the 59 before it."""
        self._advance(int(now))
        return sum(self._slots)

    def rate(self, opened: float, now: float) -> float:
        """How many a second; in the first second, how many."""
        return self.recent(now) / max(1.0, now - max(opened, int(now) - _WINDOW + 1))

    def _advance(self, second: int) -> None:
        for passed in range(max(self._newest, second - _WINDOW) + 1, second + 1):
            self._slots[passed % _WINDOW] = 0
        self._newest = second


class _Histogram:
    """Durations in logarithmic buckets: any number of them in fixed memory."""

    __slots__ = ("_buckets", "count", "longest", "shortest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.shortest = math.inf
        self.longest = 0.0
        self._buckets = [0] * _BUCKETS

    def add(self, elapsed: float) -> None:
        self.count += 1
        self.total += elapsed
        self.shortest = min(self.shortest, elapsed)
        self.longest = max(self.longest, elapsed)
        bucket = 0
        if elapsed >= _SHORTEST:
            bucket = min(int(math.log2(elapsed / _SHORTEST) * _BUCKETS_AN_OCTAVE) + 1, _BUCKETS - 1)
        self._buckets[bucket] += 1

    def quantile(self, fraction: float) -> float:
        """The duration that this fraction did not exceed: the middle of the bucket where it lies."""
        rank = math.ceil(fraction * self.count)
        bucket = 0
        below = self._buckets[0]
        while below < rank:
            bucket += 1
            below += self._buckets[bucket]
        middle = _SHORTEST * 2 ** ((bucket - 0.5) / _BUCKETS_AN_OCTAVE)
        return min(max(middle, self.shortest), self.longest)


class _StallWatch(trio.abc.Instrument):
    """Times each round of the event loop from where the wait for the network ends to where the next one begins.

    In between no timer fires and no new message is seen. A task that sleeps and looks how late it wakes would see a
    part of that, cost twenty wakings a second, and in virtual time keep the clock from ever jumping far.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._count = 0
        self._longest = 0.0
        self._total = 0.0

    def stalls(self) -> Stalls:
        return Stalls(self._count, self._longest, self._total)

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 -- Trio's signature
        now = self._clock()
        self._judge(now - self._since)
        self._since = now

    def after_io_wait(self, timeout: float) -> None:
        now = self._clock()
        # A wait longer than it was to be: another thread kept the interpreter, or other processes the machine.
        self._judge(now - self._since - timeout)
        self._since = now

    def _judge(self, late: float) -> None:
        if late >= _STALL:
            self._count += 1
            self._longest = max(self._longest, late)
            self._total += late
