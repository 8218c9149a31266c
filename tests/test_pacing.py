"""Contract tests of a pacer, on virtual time: what one host may see of us, whatever its users do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import hypothesis
import pytest
import trio
from hypothesis import strategies as st
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

from trio_pipeline.pacing import HostPaused, Learned, Pacer, Permit

Verdict = Callable[[Permit], None]


def rejected(permit: Permit) -> None:
    permit.rejected("429 Too Many Requests")


def blocked(permit: Permit) -> None:
    permit.blocked("block page")


def unreachable(permit: Permit) -> None:
    permit.unreachable("connection refused")


def no_verdict(permit: Permit) -> None:
    pass


async def ask(
    pacer: Pacer, starts: list[float], verdict: Verdict = Permit.succeeded, *, connects: float = 0.0, takes: float = 0.0
) -> None:
    """One request, its start noted. Whoever waits for ever fails the test instead of hanging it."""
    with trio.fail_after(100_000):
        async with pacer.request() as permit:
            await trio.sleep(connects)
            await permit.start()
            starts.append(trio.current_time())
            await trio.sleep(takes)
            verdict(permit)


async def ask_all(pacer: Pacer, count: int, verdict: Verdict = Permit.succeeded, *, takes: float = 0.0) -> list[float]:
    """Requests made at the same time; returns when they started."""
    starts: list[float] = []
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(lambda: ask(pacer, starts, verdict, takes=takes))
    return starts


async def begin(nursery: trio.Nursery, function: Callable[[], Awaitable[object]]) -> None:
    """Start a task and let it come as far as it can now, so that the next one comes after it."""
    nursery.start_soon(function)
    await wait_all_tasks_blocked()


async def open_breaker(pacer: Pacer, verdict: Verdict, times: int = 1) -> None:
    """Have requests fail that have places already; without any spacing of starts."""
    async with pacer.request() as permit:
        for _ in range(times):
            verdict(permit)


# Spacing


async def test_starts_are_spaced_exactly(autojump_clock):
    assert await ask_all(Pacer("court", interval=2.0), 4) == [0, 2, 4, 6]


async def test_no_cap_spaces_nothing(autojump_clock):
    assert await ask_all(Pacer("court"), 4) == [0, 0, 0, 0]


async def test_first_byte_counts_not_admission(autojump_clock):
    pacer, starts = Pacer("court", interval=2.0), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask(pacer, starts, connects=5.0))
        nursery.start_soon(lambda: ask(pacer, starts, connects=6.0))
    assert starts == [5, 7]


async def test_idle_time_buys_no_burst(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    await ask_all(pacer, 1)
    await trio.sleep(10)
    assert await ask_all(pacer, 3) == [10, 12, 14]


async def test_redirect_takes_its_own_turn(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    async with pacer.request() as permit:
        await permit.start()
        await permit.start()
        assert trio.current_time() == 2
    assert pacer.statistics().started == 2


@pytest.mark.parametrize(("interval", "start"), [(0.0, 1), (3.0, 3), (15.0, 15)])
async def test_new_interval_holds_for_waiters(autojump_clock, interval, start):
    pacer, starts = Pacer("court", interval=10.0), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask_all(pacer, 1))
        await wait_all_tasks_blocked()
        nursery.start_soon(lambda: ask(pacer, starts))
        await trio.sleep(1)
        pacer.interval = interval
    assert starts == [start]
    assert pacer.interval == interval


async def test_turns_go_in_order_of_arrival(autojump_clock):
    pacer, order = Pacer("court", interval=1.0), []

    async def named(name: int) -> None:
        await ask(pacer, [])
        order.append(name)

    async with trio.open_nursery() as nursery:
        for name in range(6):
            await begin(nursery, lambda name=name: named(name))
    assert order == [0, 1, 2, 3, 4, 5]


# Concurrency


async def test_concurrency_bounds_what_is_under_way(autojump_clock):
    assert await ask_all(Pacer("court", concurrency=2), 5, takes=3.0) == [0, 0, 3, 3, 6]


async def test_places_go_in_order_of_arrival(autojump_clock):
    pacer, order = Pacer("court", concurrency=1), []

    async def named(name: int) -> None:
        async with pacer.request():
            order.append(name)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        for name in range(6):
            await begin(nursery, lambda name=name: named(name))
    assert order == [0, 1, 2, 3, 4, 5]


async def test_newcomer_does_not_overtake(autojump_clock):
    # A place is given back and asked for again in one breath, before the waiter has run: the waiter gets it.
    pacer, order = Pacer("court", concurrency=1), []

    async def again_and_again(name: str) -> None:
        for _ in range(20):
            async with pacer.request():
                order.append(name)
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(again_and_again, "a")
        nursery.start_soon(again_and_again, "b")
    assert order[::2] in (["a"] * 20, ["b"] * 20)


async def test_more_places_admit_waiters_at_once(autojump_clock):
    pacer, starts = Pacer("court", concurrency=1), []
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(lambda: ask(pacer, starts, takes=10.0))
        await trio.sleep(1)
        pacer.concurrency = 3
    assert starts == [0, 1, 1, 10]


async def test_fewer_places_admit_nobody_until_free(autojump_clock):
    pacer, starts = Pacer("court", concurrency=3), []
    async with trio.open_nursery() as nursery:
        for takes in (1.0, 2.0, 3.0):
            await begin(nursery, lambda takes=takes: ask(pacer, starts, takes=takes))
        await begin(nursery, lambda: ask(pacer, starts))
        pacer.concurrency = 1
    assert starts == [0, 0, 0, 3]


async def test_no_places_hold_even_the_admitted(autojump_clock):
    pacer, starts = Pacer("court", interval=1.0), []
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            await begin(nursery, lambda: ask(pacer, starts))
        pacer.concurrency = 0
        await begin(nursery, lambda: ask(pacer, starts))
        await trio.sleep(100)
        assert starts == [0]
        pacer.concurrency = None
    assert starts == [0, 100, 101, 102]


async def test_failed_user_frees_its_place(autojump_clock):
    pacer = Pacer("court", concurrency=1)
    with pytest.raises(KeyError):
        async with pacer.request():
            raise KeyError
    assert await ask_all(pacer, 1) == [0]


# Cancellation


async def test_request_and_start_are_checkpoints(autojump_clock):
    pacer = Pacer("court")
    with assert_checkpoints():
        async with pacer.request() as permit:
            pass
    with assert_checkpoints():
        await permit.start()


async def test_cancelled_entry_takes_no_place(autojump_clock):
    pacer = Pacer("court", concurrency=1)
    with trio.CancelScope() as scope:
        scope.cancel()
        async with pacer.request():
            pytest.fail("was admitted")
    assert pacer.statistics().in_flight == 0


async def test_cancelled_first_lets_the_next_go(autojump_clock):
    pacer, starts = Pacer("court", interval=10.0, concurrency=3), []
    await ask(pacer, starts)
    scope = trio.CancelScope()

    async def cancelled() -> None:
        with scope:
            await ask(pacer, starts)

    async with trio.open_nursery() as nursery:
        await begin(nursery, cancelled)
        await begin(nursery, lambda: ask(pacer, starts))
        await trio.sleep(4)
        scope.cancel()
    assert starts == [0, 10]


async def test_cancelled_waiter_for_a_place_is_skipped(autojump_clock):
    pacer, starts = Pacer("court", concurrency=1), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, takes=10.0))
        with trio.move_on_after(1):
            await ask(pacer, starts)
        assert pacer.statistics().waiting == 0
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [0, 10]


async def test_cancellation_and_free_place_together(autojump_clock):
    # The place is freed at the very instant at which the first waiter is cancelled; whichever comes first, the second
    # one must not be forgotten.
    pacer, starts = Pacer("court", concurrency=1), []

    async def impatient() -> None:
        with trio.move_on_after(5):
            await ask(pacer, [])

    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, takes=5.0))
        await begin(nursery, impatient)
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [0, 5]


# Rejections


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
    assert pacer.statistics().interval == pytest.approx(0.1 / 0.7)


async def test_first_cut_without_cap_starts_from_what_was_seen(autojump_clock):
    pacer = Pacer("court")
    for _ in range(80):
        await ask_all(pacer, 1)
        await trio.sleep(0.125)
    await open_breaker(pacer, rejected)
    assert pacer.statistics().interval == pytest.approx(1 / (0.7 * 8), rel=0.03)


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
    # From 0.7 to 1 of the rate by a sixtieth a second.
    assert trio.current_time() == pytest.approx(18, abs=1)
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
    assert trio.current_time() == pytest.approx(0.65 * 60, abs=1)


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
        await open_breaker(pacer, Permit.succeeded)
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


async def test_two_rejections_pause_nothing(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, rejected, 2)
    await open_breaker(pacer, Permit.succeeded)
    await open_breaker(pacer, rejected, 2)
    assert pacer.statistics().paused_until is None


async def test_three_rejections_in_a_row_pause_all(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, rejected, 3)
    assert await ask_all(pacer, 1) == [5]


@pytest.mark.parametrize(("asked", "start"), [(30.0, 0), (31.0, 31), (1e9, 86400)])
async def test_long_retry_after_pauses_all(autojump_clock, asked, start):
    pacer = Pacer("court")
    await open_breaker(pacer, lambda permit: permit.rejected("503", asked))
    assert await ask_all(pacer, 1) == [start]


async def test_longer_retry_after_extends_a_pause(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, lambda permit: permit.rejected("503", 40.0))
        early.rejected("503", 20.0)
        assert pacer.statistics().paused_until == 40
        early.rejected("503", 90.0)
        assert pacer.statistics().paused_until == 90


async def test_shorter_retry_after_extends_no_pause(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, rejected, 3)
        early.rejected("503", 20.0)
    assert pacer.statistics().paused_until == 5


async def test_rejected_probe_need_not_be_the_third(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, lambda permit: permit.rejected("503", 40.0))
    await open_breaker(pacer, rejected)
    assert pacer.statistics().paused_until == 45


async def test_pause_does_not_freeze_the_rate(autojump_clock):
    pacer = Pacer("court", interval=1.0)
    await ask_all(pacer, 1, lambda permit: permit.rejected("503", 60.0))
    await ask_all(pacer, 1, lambda permit: permit.rejected("503", 60.0))
    assert trio.current_time() == 60
    assert pacer.statistics().interval == pytest.approx(1 / 0.49)


# The breaker


async def test_block_page_pauses_everybody(autojump_clock):
    pacer, starts = Pacer("court", interval=2.0, concurrency=2), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, blocked, takes=1.0))
        for _ in range(3):
            await begin(nursery, lambda: ask(pacer, starts, takes=1.0))
    assert starts == [0, 601, 608, 615]


async def test_probe_goes_alone(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, unreachable, 3)
    assert await ask_all(pacer, 4, takes=3.0) == [5, 8, 8, 8]


async def test_only_the_probe_may_connect(autojump_clock):
    pacer, entered = Pacer("court"), []

    async def enter() -> None:
        async with pacer.request() as permit:
            entered.append(trio.current_time())
            await trio.sleep(3)
            permit.succeeded()

    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(enter)
    assert entered == [5, 8, 8]


@pytest.mark.parametrize(
    ("verdict", "pauses"),
    [
        (blocked, [600, 1200, 2400, 4800, 7200, 7200]),
        (unreachable, [5, 10, 20, 40, 80, 160, 300, 300]),
        (rejected, [5, 10, 20, 40, 80, 160, 300, 300]),
    ],
)
async def test_failing_probes_lengthen_the_pause(autojump_clock, verdict, pauses):
    pacer = Pacer("court", blocked_interval=0.1)
    await open_breaker(pacer, verdict, 1 if verdict is blocked else 3)
    moments = [0.0]
    for _ in pauses:
        async with pacer.request() as permit:  # as the probe, which need not start to fail
            moments.append(trio.current_time())
            verdict(permit)
    assert [after - before for before, after in itertools.pairwise(moments)] == pauses


async def test_success_forgets_the_growth(autojump_clock):
    pacer = Pacer("court")
    for _ in range(2):
        await open_breaker(pacer, unreachable, 3)
        since = trio.current_time()
        assert pacer.statistics().paused_until == since + 5
        await ask_all(pacer, 1)
    assert pacer.statistics().paused_since is None


async def test_same_story_lengthens_nothing(autojump_clock):
    # What was under way when the block page came sees it too.
    pacer = Pacer("court")
    async with trio.open_nursery() as nursery:
        for takes in (1.0, 2.0, 3.0):
            nursery.start_soon(lambda takes=takes: ask(pacer, [], blocked, takes=takes))
    statistics = pacer.statistics()
    assert (statistics.paused_until, statistics.blocked, statistics.interval) == (601, 3, 7)


async def test_late_success_closes_nothing(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await early.start()
        await open_breaker(pacer, blocked)
        early.succeeded()
        assert pacer.statistics().paused_until == 600


async def test_late_failure_opens_nothing(autojump_clock):
    # Connections that were being made before the pause time out when the host is well again.
    pacer = Pacer("court")
    async with pacer.request() as first, pacer.request() as second:
        await open_breaker(pacer, unreachable, 3)
        await ask_all(pacer, 1)
        for permit in (first, second):
            unreachable(permit)
            unreachable(permit)
    assert pacer.statistics().paused_until is None


async def test_admission_before_a_pause_excuses_no_later_start(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, unreachable, 3)
        await ask_all(pacer, 1)
        await early.start()
        blocked(early)
    assert pacer.statistics().paused_until == 5 + 600


async def test_block_page_outlasts_a_short_pause(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, unreachable, 3)
        await trio.sleep(1)
        blocked(early)
    statistics = pacer.statistics()
    assert (statistics.paused_until, statistics.paused_since, statistics.interval) == (601, 0, 7)


async def test_rejected_probe_keeps_a_block(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, blocked)
    await ask_all(pacer, 1, rejected)
    assert pacer.statistics().paused_until == 600 + 1200


@pytest.mark.parametrize("verdict", [no_verdict, Permit.succeeded])
async def test_probe_without_verdict_hands_over(autojump_clock, verdict):
    pacer, starts = Pacer("court"), []
    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, no_verdict, takes=2.0))
        await begin(nursery, lambda: ask(pacer, starts, verdict, takes=2.0))
        await begin(nursery, lambda: ask(pacer, starts, takes=2.0))
    assert starts == [5, 7, 9]
    assert pacer.statistics().paused_until is None


async def test_admitted_waiter_probes_first(autojump_clock):
    # It has its place since before the trouble; a newcomer must not be let in beside it.
    pacer, entered = Pacer("court"), []

    async def admitted() -> None:
        async with pacer.request() as permit:
            await trio.sleep(1)
            await permit.start()
            entered.append(("admitted", trio.current_time()))
            await trio.sleep(2)
            permit.succeeded()

    async def newcomer() -> None:
        async with pacer.request():
            entered.append(("newcomer", trio.current_time()))

    async with trio.open_nursery() as nursery:
        await begin(nursery, admitted)
        await open_breaker(pacer, unreachable, 3)
        await begin(nursery, newcomer)
    assert entered == [("admitted", 5), ("newcomer", 7)]


async def test_slow_probe_is_overtaken(autojump_clock):
    # The probe still connects when somebody admitted before the trouble is ready to start. Behind him in line it would
    # wait for him, and he for its verdict.
    pacer, starts = Pacer("court"), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, connects=6.0, takes=1.0))
        await open_breaker(pacer, unreachable, 3)
        await begin(nursery, lambda: ask(pacer, starts, connects=1.5))
    assert starts == [6, 7]


async def test_redirected_probe_waits_for_nobody(autojump_clock):
    # It goes through the line again, behind one that waits for its verdict.
    pacer, starts = Pacer("court"), []

    async def redirected() -> None:
        async with pacer.request() as permit:
            await permit.start()
            await trio.sleep(2)
            await permit.start()
            starts.append(trio.current_time())
            permit.succeeded()

    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, connects=6.0, takes=1.0))
        await open_breaker(pacer, unreachable, 3)
        await begin(nursery, redirected)
    assert starts == [7, 8]


async def test_waiter_cancelled_inside_lets_another_probe(autojump_clock):
    # It gives up its turn but keeps its place: the probe must come from those without one.
    pacer, starts = Pacer("court"), []

    async def undecided() -> None:
        async with pacer.request() as permit:
            await trio.sleep(1)
            with trio.move_on_after(2):
                await permit.start()
            await trio.sleep(1000)

    async with trio.open_nursery() as nursery:
        await begin(nursery, undecided)
        await open_breaker(pacer, unreachable, 3)
        await trio.sleep(2)
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [5]


async def test_probe_without_verdict_hands_over_to_the_admitted(autojump_clock):
    pacer, starts = Pacer("court"), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, connects=6.0))
        await open_breaker(pacer, unreachable, 3)
        await begin(nursery, lambda: ask(pacer, starts, no_verdict, takes=2.0))
    assert starts == [5, 7]


async def test_block_at_the_blocked_interval_slows_further(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    for interval in (7.0, 10.5, 15.75, 23.625, 35.4375, 53.15625, 60.0, 60.0):
        await ask_all(pacer, 1, blocked)
        assert pacer.statistics().interval == interval
        await ask_all(pacer, 1)


async def test_failing_probe_slows_no_further(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    await ask_all(pacer, 1, blocked)
    await ask_all(pacer, 1, blocked)
    assert pacer.statistics().interval == 7


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


async def test_patience_ends_when_the_next_try_is_too_late(autojump_clock):
    pacer = Pacer("court", patience=1800.0)
    with pytest.raises(HostPaused, match="block page") as caught:
        await fail_until_paused(pacer, blocked)
    # Tries at 0, 600 and 1800 s; the next one would be 2400 s later.
    assert (trio.current_time(), caught.value.until, caught.value.unreachable) == (1800, 4200, False)


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
        {"interval": math.inf},
        {"concurrency": -1},
        {"patience": -1.0},
        {"blocked_interval": -1.0},
        {"learned": Learned(interval=-1.0)},
    ],
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="negative"):
        Pacer("court", **wrong)


def test_impossible_changes_are_refused():
    pacer = Pacer("court", interval=1.0, concurrency=1)
    with pytest.raises(ValueError, match="negative"):
        pacer.interval = -1.0
    with pytest.raises(ValueError, match="negative"):
        pacer.concurrency = -1
    assert (pacer.interval, pacer.concurrency) == (1.0, 1)


# Random programs

DURATIONS = st.sampled_from([0.0, 0.25, 1.0, 2.0, 7.0])
VERDICTS = st.sampled_from(["succeeded", "succeeded", "rejected", "long", "blocked", "unreachable", "none"])


@dataclass(frozen=True)
class Request:
    """One request of a program; all in seconds."""

    comes: float
    connects: float
    takes: float
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

    def admitted(self) -> None:
        concurrency = self.pacer.concurrency
        assert concurrency is None or self.pacer.statistics().in_flight <= concurrency

    def started(self, permit: Permit) -> None:
        now, statistics = trio.current_time(), self.pacer.statistics()
        assert now >= self.last_start + statistics.interval >= self.last_start + self.pacer.interval
        assert self.pacer.concurrency != 0
        self.last_start = now
        if statistics.paused_until is not None:
            assert now >= statistics.paused_until
            assert not self.probes
            self.probes.add(permit)

    def judged(self, permit: Permit) -> None:
        self.probes.discard(permit)


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
                    watcher.judged(permit)  # a redirect: it waits for its turn like everybody else
                    await permit.start()
                    watcher.started(permit)
                    await trio.sleep(request.takes)
                judge(permit, request.verdict)
            finally:
                watcher.judged(permit)


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


def run_seeded(seed: int, function: Callable[[], Awaitable[None]]) -> None:
    trio._core._run._r.seed(seed)  # another order of the tasks that are ready together
    trio.run(function, clock=MockClock(autojump_threshold=0))


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(
    requests=st.lists(REQUESTS, min_size=1, max_size=12), changes=st.lists(CHANGES, max_size=4), seed=st.integers(0, 99)
)
def test_any_program_keeps_the_contract(requests, changes, seed):
    pacer = Pacer("court", interval=0.5, concurrency=3)
    run_seeded(seed, lambda: run_program(pacer, requests, changes))


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(
    ends=st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 5.0, 5.5]), min_size=5, max_size=40),
    verdict=st.sampled_from(["succeeded", "unreachable", "rejected", "none"]),
    interval=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 99),
)
def test_storm_of_cancellations_leaves_it_usable(ends, verdict, interval, seed):
    # Many end at the instants at which places and turns are handed on.
    requests = [Request(0.0, 0.0, 0.5, verdict, 1, end) for end in ends]
    pacer = Pacer("court", interval=interval, concurrency=2)
    run_seeded(seed, lambda: run_program(pacer, requests, []))


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(requests=st.lists(REQUESTS, min_size=1, max_size=12), seed=st.integers(0, 99))
def test_impatient_program_ends_early(requests, seed):
    pacer = Pacer("court", concurrency=3, patience=50.0)
    told: list[tuple[float, float]] = []

    async def run() -> None:
        watcher = Watcher(pacer)

        async def give_up(request: Request) -> None:
            try:
                await perform(pacer, watcher, request)
            except HostPaused as paused:
                told.append((paused.until - trio.current_time(), paused.until - pacer.statistics().paused_since))

        # Nobody waits through a pause of ten minutes; 12 requests of 28 s each, and the last may come at 600 s.
        with trio.fail_after(600 + 12 * 28 + 12 * 50):
            async with trio.open_nursery() as nursery:
                for request in requests:
                    nursery.start_soon(give_up, request)
        assert (pacer.statistics().in_flight, pacer.statistics().waiting) == (0, 0)

    run_seeded(seed, run)
    assert all(still > 0 and out_of_service > 50 for still, out_of_service in told)
