"""Contract tests of a pacer, on virtual time: how rejections lower the rate, and calm raises it."""

from __future__ import annotations

import math

import pytest
import trio
from pacing_scenes import ask, ask_all, open_breaker, rejected

from trio_pipeline.pacing import Learned, Pacer, Permit


async def test_rejection_cuts_the_rate(autojump_clock):
    pacer = Pacer("court", interval=1.0)
    await ask_all(pacer, 1, rejected)
    first, second = await ask_all(pacer, 2, takes=5.0)
    assert (first, second - first) == (pytest.approx(1 / 0.7), pytest.approx(1 / 0.7))
    assert pacer.statistics().rejected == 1


async def test_one_cut_a_second(autojump_clock):
    pacer = Pacer("court", interval=0.1)
    for expected in (0.1 / 0.7, 0.1 / 0.7, 0.1 / 0.49):
        await ask_all(pacer, 1, rejected)
        await open_breaker(pacer, Permit.succeeded)  # so that they are not in a row
        assert pacer.statistics().interval == pytest.approx(expected, rel=0.05)
        await trio.sleep(0.6)


async def test_answers_to_the_old_rate_cut_nothing(autojump_clock):
    # All were started before the first cut, and are rejected long after each other.
    pacer = Pacer("court", interval=0.1)
    async with trio.open_nursery() as nursery:
        for takes in (2.0, 4.0):
            nursery.start_soon(lambda takes=takes: ask(pacer, [], rejected, takes=takes))
    assert pacer.statistics().interval == pytest.approx(1 / 0.7, rel=0.06)  # 2 starts in 2 s or 2.1 s


async def test_first_cut_without_cap_starts_from_what_was_seen(autojump_clock):
    pacer = Pacer("court")
    for _ in range(80):
        await ask_all(pacer, 1)
        await trio.sleep(0.125)
    await open_breaker(pacer, rejected)
    assert pacer.statistics().interval == pytest.approx(1 / (0.7 * 8), rel=0.03)


async def test_first_cut_under_a_far_cap_starts_from_what_was_seen(autojump_clock):
    pacer = Pacer("court", interval=0.001)
    for _ in range(80):
        await ask_all(pacer, 1)
        await trio.sleep(0.125)
    await open_breaker(pacer, rejected)
    assert pacer.statistics().interval == pytest.approx(1 / (0.7 * 8), rel=0.03)


async def test_burst_under_a_cap_is_cut_from_the_cap(autojump_clock):
    # The seconds in which nobody asked say nothing about the pace.
    pacer = Pacer("court", interval=0.1)
    await trio.sleep(100)
    await ask_all(pacer, 5)
    await open_breaker(pacer, rejected)
    assert pacer.statistics().interval == pytest.approx(0.1 / 0.7)


async def test_slow_request_under_a_cap_counts_as_seen(autojump_clock):
    pacer = Pacer("court", interval=0.1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask(pacer, [], rejected, takes=10.0))
    assert pacer.statistics().interval == pytest.approx(5 / 0.7)


@pytest.mark.parametrize("interval", [0.0, 0.001, 0.05])
async def test_starts_are_fewer_within_a_second(autojump_clock, interval):
    # 20 a second until the tenth second; from then on half of them are rejected.
    pacer, starts = Pacer("court", interval=interval), []

    async def client(number: int) -> None:
        await trio.sleep(number / 20)
        while trio.current_time() < 12:
            verdict = rejected if trio.current_time() >= 10 and len(starts) % 2 else Permit.succeeded
            await ask(pacer, starts, verdict)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(client, number)
    before, after = (sum(second <= start < second + 1 for start in starts) for second in (8, 11))
    assert before == pytest.approx(20, abs=1)
    assert after <= 0.7 * 20 + 1


async def test_calm_under_a_far_cap_does_not_undo_the_cut_at_once(autojump_clock):
    pacer = Pacer("court", interval=0.001)
    for _ in range(80):
        await ask_all(pacer, 1)
        await trio.sleep(0.125)
    await open_breaker(pacer, rejected)
    since = trio.current_time()
    while pacer.statistics().interval > 1 / 8:
        await ask_all(pacer, 1)
    # From 0.7 to 1 of what was seen, which are 8 a second, in 150 answers: as without a cap.
    assert trio.current_time() - since == pytest.approx(22.3, abs=0.5)


async def test_lone_slow_request_counts_as_seen(autojump_clock):
    # Its start is longer ago than the 5 s that are looked at.
    pacer = Pacer("court")
    await open_breaker(pacer, Permit.succeeded)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask(pacer, [], rejected, takes=10.0))
    assert pacer.statistics().interval == pytest.approx(5 / 0.7)


async def test_answers_to_the_old_rate_raise_nothing(autojump_clock):
    pacer = Pacer("court", interval=1.0)
    async with pacer.request() as early:
        await early.start()
        await ask_all(pacer, 1, rejected)
        early.succeeded()
    assert pacer.statistics().interval == pytest.approx(1 / 0.7)


async def test_calm_brings_back_the_cap(autojump_clock):
    pacer = Pacer("court", interval=0.5)
    await ask_all(pacer, 1, rejected)
    intervals = []
    while pacer.statistics().interval > 0.5:
        await ask_all(pacer, 1)
        intervals.append(pacer.statistics().interval)
    assert intervals == sorted(intervals, reverse=True)
    # From 0.7 to 1 of the rate in 150 answers, 2 to 1.4 a second.
    assert len(intervals) == pytest.approx(150, abs=2)
    assert trio.current_time() == pytest.approx(90, abs=1)
    assert intervals[-1] == 0.5


async def test_calm_without_cap_lifts_the_limit(autojump_clock):
    pacer = Pacer("court")
    await ask_all(pacer, 50)
    await open_breaker(pacer, rejected)
    fastest = math.inf
    while interval := pacer.statistics().interval:
        fastest = min(fastest, interval)
        await ask_all(pacer, 1)
    # 10 a second were seen; the limit is gone at twice that, and not before.
    assert fastest == pytest.approx(1 / 20, rel=0.02)
    # To 10 in 150 answers, and from there by a third a second.
    assert trio.current_time() == pytest.approx(17.9 + 30, abs=1)


@pytest.mark.parametrize("quota", [9, 20, 25])
async def test_host_that_counts_by_the_minute_rejects_few(autojump_clock, quota):
    pacer, taken, rejections = Pacer("court", interval=2.0), [], 0
    for _ in range(1_500):
        async with pacer.request() as permit:
            await permit.start()
            now = trio.current_time()
            if sum(moment > now - 60 for moment in taken[-quota:]) == quota:
                rejections += 1
                permit.rejected("429")
            else:
                taken.append(now)
                permit.succeeded()
    assert rejections < 1_500 * 0.02
    # And not because it hardly asked.
    assert trio.current_time() < 1.3 * 1_500 / quota * 60


async def test_last_stretch_takes_twenty_minutes_at_most(autojump_clock):
    pacer = Pacer("court", interval=20.0)
    await ask_all(pacer, 1)
    await ask_all(pacer, 1, rejected)
    since = trio.current_time()
    while pacer.statistics().interval > 20:
        await ask_all(pacer, 1)
    assert trio.current_time() - since == pytest.approx(1200, rel=0.05)


async def test_beyond_what_was_rejected_it_goes_on_as_below(autojump_clock):
    # Cut at 1 a second and, after an answer, at 0.7: from there calm does not crawl.
    pacer = Pacer("court", interval=1.0)
    await ask_all(pacer, 1, rejected)
    await trio.sleep(1)
    await ask_all(pacer, 1)
    await ask_all(pacer, 1, rejected)
    answers = 0
    while pacer.statistics().interval > 1.0:
        await ask_all(pacer, 1)
        answers += pacer.statistics().interval < 1 / 0.71
    assert answers < 20


async def test_cuts_without_an_answer_are_one_story(autojump_clock):
    # Rejected at 1 a second and at nothing that was tried since: what it can bear is looked for below that 1 alone.
    pacer = Pacer("court", interval=1.0)
    for _ in range(2):
        await ask_all(pacer, 1, rejected)
    assert pacer.statistics().interval == pytest.approx(1 / 0.49)
    answers = 0
    while pacer.statistics().interval > 1 / 0.7:
        await ask_all(pacer, 1)
        answers += 1
    assert answers < 20


async def test_second_cut_keeps_the_goal(autojump_clock):
    # 10 a second were seen, then cut to 7 and to 4.9: it is still 20 at which the limit goes.
    pacer = Pacer("court")
    await ask_all(pacer, 50)
    await open_breaker(pacer, rejected)
    await trio.sleep(1)
    await ask_all(pacer, 1, rejected)
    intervals = []
    while interval := pacer.statistics().interval:
        intervals.append(interval)
        await ask_all(pacer, 1)
    assert intervals[0] == pytest.approx(1 / 4.9)
    assert intervals[-1] == pytest.approx(1 / 20, rel=0.02)


async def test_growing_rate_wakes_the_first_waiter(autojump_clock):
    pacer, starts = Pacer("court", interval=1.0, learned=Learned(interval=60.0)), []
    await ask(pacer, starts)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask(pacer, starts))
        await trio.sleep(1)
        async with pacer.request() as other:
            other.succeeded()
            await trio.sleep(100)  # it reads a long body
    # Twice 60 s halved: by the answer to the first start, and by that to nothing but a permit.
    assert starts == [0, 15]


async def test_rate_falls_to_one_a_minute_at_most(autojump_clock):
    pacer = Pacer("court", interval=5.0)
    for _ in range(12):
        await ask_all(pacer, 1, rejected)
    assert pacer.statistics().interval == 60


async def test_rate_of_a_slow_user_is_not_touched(autojump_clock):
    pacer = Pacer("court", interval=100.0)
    await ask_all(pacer, 1, rejected)
    assert pacer.statistics().interval == pytest.approx(100.0)


async def test_pause_does_not_freeze_the_rate(autojump_clock):
    pacer = Pacer("court", interval=1.0)
    await ask_all(pacer, 1, lambda permit: permit.rejected("503", 60.0))
    await ask_all(pacer, 1, lambda permit: permit.rejected("503", 60.0))
    assert trio.current_time() == 60
    assert pacer.statistics().interval == pytest.approx(1 / 0.49)
