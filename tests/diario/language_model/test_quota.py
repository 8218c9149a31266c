"""Contract tests: no limit is exceeded in any window, whatever requests take, and whatever was asked before."""

from __future__ import annotations

import datetime

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_world import EPOCH, make_world

from trio_pipeline.diario.language_model.quota import BudgetSpent, DayUsedUp, Limits, PastRequest, Quota, Spending

MINUTE = datetime.timedelta(minutes=1)


def quota(rpm=None, tpm=None, rpd=None, budget=10**9, *, spent=0, past=()):
    return Quota(Limits(rpm, tpm, rpd, budget), Spending(spent, tuple(past)), make_world(lambda: None))


async def ask(limits, tokens=10, *, cost=None, seconds=1.0, arrivals=None):
    async with limits.place(tokens) as place:
        await trio.sleep(seconds / 2)
        if arrivals is not None:
            arrivals.append((trio.current_time(), tokens if cost is None else cost))
        await trio.sleep(seconds / 2)
        if cost is not None:
            place.tokens = cost


def most_in_any_minute(arrivals):
    """The most requests, and the most tokens, of any window of 60 s."""
    windows = [[cost for time, cost in arrivals if begin <= time < begin + 60] for begin, _ in arrivals]
    return max(map(len, windows)), max(map(sum, windows))


@settings(max_examples=60)
@given(
    rpm=st.integers(1, 8),
    tpm=st.integers(60, 400),
    requests=st.lists(st.tuples(st.integers(1, 60), st.floats(0.001, 90)), min_size=1, max_size=30),
    at_once=st.integers(1, 5),
)
def test_no_minute_has_more_than_is_allowed(rpm, tpm, requests, at_once):
    arrivals = []

    async def main():
        limits = quota(rpm, tpm)
        workers = trio.CapacityLimiter(at_once)

        async def one(tokens, seconds):
            async with workers:
                await ask(limits, tokens, seconds=seconds, arrivals=arrivals)

        async with trio.open_nursery() as nursery:
            for tokens, seconds in requests:
                nursery.start_soon(one, tokens, seconds)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(arrivals) == len(requests)
    most_requests, most_tokens = most_in_any_minute(sorted(arrivals))
    assert most_requests <= rpm
    assert most_tokens <= tpm


async def test_limit_is_used(autojump_clock):
    limits = quota(rpm=10)
    for _ in range(30):
        await ask(limits, seconds=0.0)
    assert trio.current_time() == pytest.approx(120, abs=1)


async def test_real_cost_makes_room(autojump_clock):
    limits = quota(tpm=100)
    for _ in range(5):
        await ask(limits, 60, cost=10, seconds=0.0)
    assert trio.current_time() < 1


async def test_larger_than_a_minute_goes_alone(autojump_clock):
    limits = quota(tpm=100)
    await ask(limits, 500, seconds=0.0)
    assert trio.current_time() < 1
    await ask(limits, 10, seconds=0.0)
    assert trio.current_time() >= 60


async def test_order_is_that_of_coming(autojump_clock):
    limits = quota(rpm=1)
    order = []

    async def one(number):
        async with limits.place(1):
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(one, number)
            await trio.testing.wait_all_tasks_blocked()
    assert order == [0, 1, 2, 3, 4]


async def test_cancelled_wait_counts_nothing(autojump_clock):
    limits = quota(rpm=1)
    await ask(limits, 10, seconds=0.0)
    with trio.move_on_after(5):
        await ask(limits, 10)
    assert limits.spent == 10
    await ask(limits, 10, seconds=0.0)
    assert trio.current_time() == pytest.approx(60, abs=1)


async def test_budget_is_never_exceeded(autojump_clock):
    limits = quota(budget=100, spent=30)
    await ask(limits, 60)
    with pytest.raises(BudgetSpent, match="10 are left"):
        await ask(limits, 11)
    await ask(limits, 10)
    assert limits.spent == 100


async def test_day_ends_at_midnight_in_california(autojump_clock):
    limits = quota(rpd=2)
    await ask(limits)
    await ask(limits)
    with pytest.raises(DayUsedUp) as caught:
        await ask(limits)
    assert caught.value.until == datetime.datetime(2025, 7, 2, 7)  # noqa: DTZ001 -- UTC, as everywhere
    await trio.sleep((caught.value.until - EPOCH).total_seconds())
    await ask(limits)


async def test_day_that_the_provider_ended_ends_for_everybody(autojump_clock):
    limits = quota()
    with pytest.raises(DayUsedUp):
        limits.end_day()
    with pytest.raises(DayUsedUp):
        await ask(limits)
    await trio.sleep(86_400)
    await ask(limits)


def ago(seconds, *, ended=None, tokens=10):
    asked = EPOCH - datetime.timedelta(seconds=seconds)
    return PastRequest(asked, None if ended is None else EPOCH - datetime.timedelta(seconds=ended), tokens)


@pytest.mark.parametrize(
    ("past", "wait"),
    [
        (ago(30, ended=20), 40),
        (ago(80, ended=70), 0),
        # One whose end nobody knows was under way until the run before was killed.
        (ago(80), 60),
        (ago(7_200), 0),
    ],
)
async def test_minute_of_the_run_before_counts(autojump_clock, past, wait):
    limits = quota(rpm=1, past=[past])
    await ask(limits, seconds=0.0)
    assert trio.current_time() == pytest.approx(wait, abs=0.1)


async def test_day_of_the_run_before_counts(autojump_clock):
    yesterday, today = ago(3_700), ago(100, ended=90)
    limits = quota(rpd=1, past=[yesterday])
    await ask(limits)
    with pytest.raises(DayUsedUp):
        await ask(quota(rpd=1, past=[yesterday, today]))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 200))
def test_spending_is_the_sum_of_costs(costs, budget):
    async def main():
        limits = quota(budget=budget)
        spent = 0
        for cost in costs:
            try:
                await ask(limits, cost, seconds=0.0)
            except BudgetSpent:
                assert spent + cost > budget
            else:
                spent += cost
        assert limits.spent == spent <= budget

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
