"""Contract tests of a pacer, on virtual time: what pauses a host for everybody, and how it is tried again."""

from __future__ import annotations

import itertools
import math
from functools import partial

import pytest
import trio
from pacing_scenes import ask, ask_all, begin, blocked, no_verdict, open_breaker, rejected, unreachable

from trio_pipeline.pacing import HostPaused, Learned, Pacer, Permit

# Rejections


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


async def test_pause_lasts_as_long_as_any_rejection_in_the_row_asked(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, lambda permit: permit.rejected("503", 20.0))
    await trio.sleep(1)
    await open_breaker(pacer, rejected, 2)
    assert pacer.statistics().paused_until == 20


async def test_what_was_asked_before_a_success_is_forgotten(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, lambda permit: permit.rejected("503", 20.0))
    await open_breaker(pacer, Permit.succeeded)
    await open_breaker(pacer, rejected, 3)
    assert pacer.statistics().paused_until == 5


async def test_retry_after_of_a_latecomer_extends_a_pause(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, rejected, 3)
        early.rejected("503", 4.0)
        assert pacer.statistics().paused_until == 5
        early.rejected("503", 20.0)
        assert pacer.statistics().paused_until == 20


async def test_rejected_probe_need_not_be_the_third(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, lambda permit: permit.rejected("503", 40.0))
    await open_breaker(pacer, rejected)
    assert pacer.statistics().paused_until == 45


# Pauses


async def test_block_page_pauses_everybody(autojump_clock):
    pacer, starts = Pacer("court", interval=2.0, concurrency=2), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, blocked, takes=1.0))
        for _ in range(3):
            await begin(nursery, lambda: ask(pacer, starts, takes=1.0))
    assert starts == [0, 601, 608, 615]


async def test_rejection_that_asks_for_nothing_extends_no_pause(autojump_clock):
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, rejected, 3)
        await trio.sleep(4.5)
        early.rejected("503")
        early.unreachable("reset")
    assert pacer.statistics().paused_until == 5


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(rejected, "429 Too Many Requests"), (blocked, "block page"), (unreachable, "connection refused")],
)
async def test_statistics_say_what_the_host_did(autojump_clock, verdict, reason):
    pacer = Pacer("court")
    await open_breaker(pacer, verdict, 3)
    statistics = pacer.statistics()
    assert statistics.reason == reason
    counts = {rejected: statistics.rejected, blocked: statistics.blocked, unreachable: statistics.unreachable}
    assert counts == dict.fromkeys(counts, 0) | {verdict: 3}


async def test_probe_goes_alone(autojump_clock):
    pacer = Pacer("court")
    await open_breaker(pacer, unreachable, 3)
    assert await ask_all(pacer, 4, takes=3.0) == [5, 8, 8, 8]


async def test_whoever_gives_up_its_turn_lets_nobody_past_the_probe(autojump_clock):
    pacer, starts = Pacer("court"), []
    async with trio.open_nursery() as nursery:
        for name, asks_at, leaves_at in (("probe", 1, math.inf), ("leaves", 2, 6), ("stays", 3, math.inf)):
            await begin(nursery, partial(start_between, pacer, asks_at, leaves_at, starts, name))
        await open_breaker(pacer, unreachable, 3)
    # The probe takes from 5 to 15; one of those behind it is gone from 6 on.
    assert starts == [("probe", 5), ("stays", 15)]


async def start_between(
    pacer: Pacer, asks_at: float, leaves_at: float, starts: list[tuple[str, float]], name: str
) -> None:
    """A request that has its place before the breaker opens, and asks for its turn after that."""
    async with pacer.request() as permit:
        await trio.sleep_until(asks_at)
        with trio.move_on_at(leaves_at):
            await permit.start()
            starts.append((name, trio.current_time()))
            await trio.sleep(10)
            permit.succeeded()


async def test_verdict_lets_the_others_go_before_the_body_is_read(autojump_clock):
    pacer, starts = Pacer("court"), []
    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery, pacer.request() as probe:
        await probe.start()
        nursery.start_soon(lambda: ask(pacer, starts))
        await trio.sleep(1)
        probe.succeeded()
        await trio.sleep(100)
    assert starts == [6]


async def test_verdict_tells_the_impatient_before_the_body_is_read(autojump_clock):
    pacer = Pacer("court", concurrency=1, patience=60.0)
    async with trio.open_nursery() as nursery, pacer.request() as permit:
        await begin(nursery, lambda: leave_at(pacer, 1.0))
        await trio.sleep(1)
        permit.blocked("block page")
        await trio.sleep(100)


async def leave_at(pacer: Pacer, moment: float) -> None:
    with pytest.raises(HostPaused):
        await ask(pacer, [])
    assert trio.current_time() == moment


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


@pytest.mark.parametrize(
    ("verdict", "paused_until"),
    [
        (blocked, 605),
        (lambda permit: permit.rejected("503", 100.0), 105),
        (lambda permit: permit.rejected("503", 30.0), None),
    ],
)
async def test_late_answer_counts_when_it_says_how_things_are(autojump_clock, verdict, paused_until):
    # The request was begun before a pause that is over by now; its answer was not.
    pacer = Pacer("court")
    async with pacer.request() as early:
        await open_breaker(pacer, unreachable, 3)
        await ask_all(pacer, 1)
        verdict(early)
    assert pacer.statistics().paused_until == paused_until


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


async def test_probe_that_gives_up_its_turn_lets_another_go(autojump_clock):
    # It keeps its place, and nobody can tell for how long.
    pacer, starts = Pacer("court", interval=8.0), []

    async def undecided() -> None:
        async with pacer.request() as permit:
            with trio.move_on_after(1):
                await permit.start()
            await trio.sleep(1000)

    await ask(pacer, starts)
    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery:
        await begin(nursery, undecided)
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [0, 8]


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


async def test_block_that_outlasts_a_run_slows_no_further(autojump_clock):
    pacer = Pacer("court", interval=2.0, learned=Learned(blocked_interval=7.0))
    await ask_all(pacer, 1, blocked)
    assert pacer.learned().blocked_interval == 7
    # Once it has been well, the next block is another one.
    await ask_all(pacer, 1)
    await ask_all(pacer, 1, blocked)
    assert pacer.learned().blocked_interval == 10.5


async def test_failing_probe_slows_no_further(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    await ask_all(pacer, 1, blocked)
    await ask_all(pacer, 1, blocked)
    assert pacer.statistics().interval == 7


# An end that does not wait for the host


async def test_who_waits_when_the_host_is_let_go_leaves_at_once(autojump_clock):
    pacer = Pacer("court", concurrency=2)
    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(leave_at, pacer, 1.0)
        await trio.sleep(1)
        pacer.let_go()
    # Nor does anybody who comes later, not even as the probe.
    await leave_at(pacer, 1.0)
    await trio.sleep(100)
    await leave_at(pacer, 101.0)


async def test_who_has_a_place_leaves_too_and_the_probe_goes_on(autojump_clock):
    pacer, starts = Pacer("court"), []
    await open_breaker(pacer, unreachable, 3)
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, takes=3.0))
        await begin(nursery, lambda: leave_at(pacer, 6.0))
        await trio.sleep_until(6)
        pacer.let_go()
    assert (starts, pacer.statistics().paused_until) == ([5], None)


async def test_host_that_is_well_is_asked_after_it_was_let_go(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    pacer.let_go()
    assert await ask_all(pacer, 3) == [0, 2, 4]
