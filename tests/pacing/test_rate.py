"""Contract tests of the arithmetic under a pacer: no clock, no tasks."""

from __future__ import annotations

import pytest

from trio_pipeline._rate import Breaker, Failure, Rate

# The rate


def test_nothing_limits_at_first():
    assert Rate(0.0).interval == 0
    assert Rate(2.0).interval == 2


def test_slowest_of_the_three_is_in_force():
    assert Rate(2.0, learned=3.0, floor=7.0).interval == 7
    assert Rate(2.0, learned=9.0, floor=7.0).interval == pytest.approx(9)
    assert Rate(12.0, learned=9.0, floor=7.0).interval == 12


def test_learned_rate_grows_as_fast_as_its_cap_says():
    rate = Rate(0.5, learned=1.0)
    rate.succeeded(0.0)
    assert 1 / rate.interval == pytest.approx(1 + 2 / 60)


def test_learned_rate_without_cap_is_free_at_twice_what_was_cut():
    rate, fastest = Rate(0.0, learned=0.1), 0.1
    for _ in range(5000):
        rate.succeeded(0.0)
        fastest = rate.interval or fastest
    assert rate.interval == 0
    assert 1 / fastest == pytest.approx(2 * 10 / 0.7, rel=0.01)


def test_rate_whose_cap_is_lifted_is_free_at_twice_that_cap():
    rate, fastest = Rate(1.0, learned=4.0), 4.0
    rate.own = 0.0
    for _ in range(5000):
        rate.succeeded(0.0)
        fastest = rate.interval or fastest
    assert 1 / fastest == pytest.approx(2, rel=0.02)


def test_rate_back_at_its_cap_is_forgotten():
    rate = Rate(16.0, learned=32.0)
    rate.succeeded(0.0)  # so slow a rate doubles
    rate.own = 8.0
    assert rate.interval == 8


def test_rate_that_limits_nothing_does_not_grow():
    assert Rate(1.0).succeeded(0.0) is False


def test_answers_begun_at_the_cut_are_about_the_new_rate():
    rate = Rate(1.0)
    rate.rejected(0.0, 5.0)
    assert rate.succeeded(5.0)
    before = rate.interval
    rate.rejected(5.0, 6.0)
    assert rate.interval == pytest.approx(before / 0.7)


def test_start_five_seconds_ago_is_not_seen():
    rate = Rate(0.0)
    for moment in (0.0, 0.0, 2.0):
        rate.started(moment)
    rate.rejected(2.0, 5.0)
    assert rate.interval == pytest.approx(5 / 0.7)


def test_block_lowers_no_interval_that_is_longer_already():
    rate = Rate(0.0, floor=100.0)
    rate.blocked(7.0)
    assert rate.interval == 100


# The breaker


def fail(breaker: Breaker, failure: Failure, now: float, **more) -> bool:
    return breaker.failed(failure, str(now), now, **({"era": breaker.era, "probe": False} | more))


def opened() -> Breaker:
    """A breaker that three lost connections opened at 0, for 5 s."""
    breaker = Breaker()
    for _ in range(3):
        fail(breaker, Failure.UNREACHABLE, 0.0)
    return breaker


def test_host_is_taken_to_be_well():
    breaker = Breaker()
    assert (breaker.until, breaker.since, breaker.reason, breaker.cause) == (None, None, None, None)


def test_only_the_third_in_a_row_opens():
    breaker = Breaker()
    assert [fail(breaker, Failure.REJECTED, now) for now in (0.0, 1.0, 2.0)] == [False, False, True]
    assert (breaker.until, breaker.since, breaker.reason, breaker.cause) == (7, 2, "2.0", Failure.REJECTED)


def test_only_the_probe_closes():
    breaker = opened()
    assert breaker.succeeded(probe=False) is False
    assert breaker.until == 5
    assert breaker.succeeded(probe=True) is True
    assert breaker.until is None
    assert breaker.succeeded(probe=True) is False


def test_same_story_just_before_the_end_changes_nothing():
    breaker = opened()
    assert fail(breaker, Failure.UNREACHABLE, 4.5) is False
    assert fail(breaker, Failure.REJECTED, 4.5, asked=0.5) is False
    assert (breaker.until, breaker.reason) == (5, "0.0")


def test_worse_story_says_so():
    breaker = opened()
    assert fail(breaker, Failure.BLOCKED, 1.0) is True
    assert (breaker.until, breaker.since, breaker.reason, breaker.cause) == (601, 0, "1.0", Failure.BLOCKED)


def test_block_during_a_pause_is_the_first_of_its_row():
    breaker = opened()
    fail(breaker, Failure.BLOCKED, 1.0)
    fail(breaker, Failure.BLOCKED, 601.0, probe=True)
    assert breaker.until == 601 + 1200


def test_every_recovery_makes_what_went_before_old_news():
    breaker = Breaker()
    for era in range(3):
        for _ in range(3):
            fail(breaker, Failure.UNREACHABLE, 0.0)
        breaker.succeeded(probe=True)
        assert [fail(breaker, Failure.UNREACHABLE, 0.0, era=era) for _ in range(3)] == [False, False, False]


def test_late_rejections_with_a_short_wish_are_old_news():
    breaker = opened()
    breaker.succeeded(probe=True)
    assert [fail(breaker, Failure.REJECTED, 9.0, era=0, asked=30.0) for _ in range(3)] == [False, False, False]
    assert breaker.until is None


def test_longest_of_the_intervals_from_outside_holds():
    rate = Rate(2.0, floor=5.0)
    rate.asked = 3.0
    assert rate.interval == 5
    rate.asked = 10.0
    assert rate.interval == 10
    # A rejection goes from there, and calm leads back there.
    rate.started(0.0)
    rate.rejected(0.0, 0.0)
    assert rate.interval > 10
    for _ in range(5000):
        rate.succeeded(0.0)
    assert rate.interval == 10
