"""Contract tests of a pacer, on virtual time: memory, patience, statistics, and errors of use."""

from __future__ import annotations

import math

import pytest
import trio
from pacing_scenes import Verdict, ask, ask_all, begin, blocked, open_breaker, rejected, unreachable

from trio_pipeline.pacing import HostPaused, Learned, Pacer, Permit

# What the next run starts from


async def test_block_is_remembered(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    await ask_all(pacer, 1, blocked)
    learned = pacer.learned()
    assert learned == Learned(interval=7.0, blocked_interval=7.0)
    again = Pacer("court", interval=2.0, learned=learned)
    assert await ask_all(again, 3) == [0, 7, 14]
    assert again.learned() == learned


async def test_lower_rate_is_remembered_until_calm(autojump_clock):
    pacer = Pacer("court", interval=1.0)
    await ask_all(pacer, 1, rejected)
    learned = pacer.learned()
    assert learned.interval == pytest.approx(1 / 0.7)
    assert learned.blocked_interval is None
    again = Pacer("court", interval=1.0, learned=learned)
    assert again.statistics().interval == learned.interval
    await ask_all(again, 30)
    assert again.learned() == Learned()


async def test_learned_rate_without_cap_is_lifted(autojump_clock):
    pacer = Pacer("court", learned=Learned(interval=0.1))
    assert await ask_all(pacer, 2) == [0, pytest.approx(0.1, rel=0.1)]
    await ask_all(pacer, 1000)
    assert pacer.learned() == Learned()


# Patience


async def fail_until_paused(pacer: Pacer, verdict: Verdict) -> None:
    while True:
        await open_breaker(pacer, verdict)


@pytest.mark.parametrize("start", [0, 5000])
async def test_patience_ends_when_the_next_try_is_too_late(autojump_clock, start):
    await trio.sleep(start)
    pacer = Pacer("court", patience=1800.0)
    with pytest.raises(HostPaused, match=r"^block page$") as caught:
        await fail_until_paused(pacer, blocked)
    # Tries at 0, 600 and 1800 s; the next one would be 2400 s later.
    now = trio.current_time() - start
    assert (now, caught.value.until - start, caught.value.unreachable) == (1800, 4200, False)


async def test_all_who_wait_or_come_are_told(autojump_clock):
    pacer, told = Pacer("court", interval=50.0, concurrency=3, patience=100.0), []

    async def ask_and_tell() -> None:
        try:
            await ask(pacer, [])
        except HostPaused as paused:
            told.append((trio.current_time(), paused.until, paused.reason, paused.unreachable))

    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, [], blocked, takes=1.0))
        for _ in range(4):  # two with a place, two without
            await begin(nursery, ask_and_tell)
        await trio.sleep(2)
        await ask_and_tell()
    assert told == [(1, 601, "block page", False)] * 4 + [(2, 601, "block page", False)]
    assert (pacer.statistics().in_flight, pacer.statistics().waiting) == (0, 0)


async def test_pause_within_patience_is_waited_for(autojump_clock):
    pacer = Pacer("court", patience=5.0)
    await open_breaker(pacer, unreachable, 3)
    assert await ask_all(pacer, 1) == [5]


async def test_short_pauses_add_up(autojump_clock):
    pacer = Pacer("court", patience=30.0)
    with pytest.raises(HostPaused) as caught:
        await fail_until_paused(pacer, unreachable)
    # Three tries at 0, then at 5 and 15 s; the next one would be 20 s later.
    assert (trio.current_time(), caught.value.until, caught.value.unreachable) == (15, 35, True)


async def test_host_is_tried_again_after_all(autojump_clock):
    pacer = Pacer("court", patience=60.0)
    await open_breaker(pacer, blocked)
    with pytest.raises(HostPaused) as caught:
        await open_breaker(pacer, Permit.succeeded)
    await trio.sleep_until(caught.value.until)
    assert await ask_all(pacer, 2) == [600, 607]
    assert pacer.statistics().reason is None


# The rest


async def test_statistics_show_who_is_where(autojump_clock):
    pacer = Pacer("court", interval=10.0, concurrency=2)
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            await begin(nursery, lambda: ask(pacer, [], takes=100.0))
        statistics = pacer.statistics()
        assert (statistics.in_flight, statistics.waiting, statistics.started) == (2, 3, 1)
        nursery.cancel_scope.cancel()
    statistics = pacer.statistics()
    assert (statistics.in_flight, statistics.waiting, statistics.started) == (0, 0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": -1.0},
        {"interval": math.nan},
        {"concurrency": -1},
        {"patience": -1.0},
        {"patience": math.nan},
        {"blocked_interval": -1.0},
        {"learned": Learned(interval=-1.0)},
        {"learned": Learned(interval=math.nan)},
        {"learned": Learned(blocked_interval=-1.0)},
    ],
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="negative"):
        Pacer("court", **wrong)


@pytest.mark.parametrize("wrong", [{"interval": math.inf}, {"blocked_interval": math.inf}])
def test_endless_intervals_are_refused(wrong):
    with pytest.raises(ValueError, match="set concurrency to 0"):
        Pacer("court", **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"interval": "2"}, "an interval is a number of seconds, not '2'"),
        ({"interval": None}, "an interval is a number of seconds, not None"),
        ({"interval": True}, "an interval is a number of seconds, not True"),
        ({"patience": None}, "patience is a number of seconds, not None"),
        ({"concurrency": 2.0}, "concurrency is a whole number or None, not 2.0"),
        ({"concurrency": True}, "concurrency is a whole number or None, not True"),
        ({"concurrency": "3"}, "concurrency is a whole number or None, not '3'"),
    ],
)
def test_what_is_no_number_is_refused(wrong, words):
    with pytest.raises(TypeError, match=words):
        Pacer("court", **wrong)


@pytest.mark.parametrize("asked", [-1.0, math.nan])
async def test_impossible_retry_after_is_refused(autojump_clock, asked):
    pacer = Pacer("court")
    async with pacer.request() as permit:
        with pytest.raises(ValueError, match=r"^retry_after is"):
            permit.rejected("503", asked)
    assert pacer.statistics().rejected == 0


async def test_permit_is_no_good_after_its_block(autojump_clock):
    pacer = Pacer("court", interval=10.0, concurrency=1)
    await ask(pacer, [])
    async with pacer.request() as permit:
        pass
    with pytest.raises(RuntimeError, match="ask for another one"):
        await permit.start()
    # Said at once, without waiting for a turn.
    assert trio.current_time() == 0
    assert pacer.statistics().started == 1


async def test_permit_whose_block_ends_in_the_meantime_starts_nothing(autojump_clock):
    pacer = Pacer("court", interval=10.0, concurrency=1)
    await ask(pacer, [])

    async def late(permit: Permit) -> None:
        with pytest.raises(RuntimeError, match="ask for another one"):
            await permit.start()

    async with trio.open_nursery() as nursery, pacer.request() as permit:
        await begin(nursery, lambda: late(permit))
    assert await ask_all(pacer, 2) == [10, 20]
    assert pacer.statistics().started == 3


async def test_permit_serves_one_request_at_a_time(autojump_clock):
    pacer = Pacer("court", interval=10.0)
    await ask(pacer, [])
    async with trio.open_nursery() as nursery, pacer.request() as permit:
        await begin(nursery, permit.start)
        with pytest.raises(trio.BusyResourceError, match="each request needs its own"):
            await permit.start()
        await trio.sleep(20)
    assert pacer.statistics().started == 2


def test_impossible_changes_are_refused():
    pacer = Pacer("court", interval=1.0, concurrency=1)
    with pytest.raises(ValueError, match="negative"):
        pacer.interval = -1.0
    with pytest.raises(ValueError, match="negative"):
        pacer.concurrency = -1
    assert (pacer.interval, pacer.concurrency) == (1.0, 1)
