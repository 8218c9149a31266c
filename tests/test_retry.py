"""Contract tests of the decisions about failures: no time, no network, random numbers handed in."""

from __future__ import annotations

import datetime
import email.utils
import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trio_pipeline.retry import (
    Backoff,
    Failed,
    GiveUp,
    ItemError,
    PutOff,
    Reject,
    Rejected,
    RetryPolicy,
    StopPipeline,
    StopStage,
    TryAgain,
    decide,
    retry_after_seconds,
)

NOW = datetime.datetime(2025, 6, 23, 12, 0, 0)  # noqa: DTZ001 -- the program's times are UTC without a zone


class Dice(random.Random):
    """A source that always throws the same."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def random(self) -> float:
        return self.value


LOW, HIGH = Dice(0.0), Dice(1.0)
POLICY = RetryPolicy(attempts=3, hold=30.0, backoff=Backoff(first=1.0, factor=2.0, longest=300.0))


def outcome(error: ItemError, *, attempt: int = 1, uncounted: int = 0) -> PutOff | Failed | Rejected:
    return decide(error, attempt=attempt, uncounted=uncounted, policy=POLICY, random_source=HIGH)


# Errors


def test_errors_carry_their_reason():
    for error in (TryAgain("slow"), GiveUp("slow"), Reject("slow"), StopStage("slow"), StopPipeline("slow")):
        assert error.reason == str(error) == "slow"


def test_stop_is_no_outcome_of_an_item():
    # A stage that catches ItemError must not take an order to stop for the failure of the item in hand.
    assert not isinstance(StopStage("refused"), ItemError)


# Backoff


@pytest.mark.parametrize(("attempt", "full"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300)])
def test_pauses_double_up_to_the_longest(attempt, full):
    backoff = Backoff(first=1.0, factor=2.0, longest=300.0)
    assert backoff.delay(attempt, LOW) == full / 2
    assert backoff.delay(attempt, HIGH) == full


def test_long_outage_overflows_nothing():
    assert Backoff(first=1.0, factor=3.0, longest=60.0).delay(100_000, HIGH) == 60


@given(attempt=st.integers(1, 10_000), throw=st.floats(0, 1, exclude_max=True))
def test_pause_stays_between_half_and_all(attempt, throw):
    backoff = Backoff(first=0.5, factor=1.7, longest=90.0)
    delay = backoff.delay(attempt, Dice(throw))
    assert 0.25 <= delay <= 90
    assert backoff.delay(attempt, LOW) <= delay <= backoff.delay(attempt, HIGH)


def test_clients_that_failed_together_return_apart():
    source = random.Random(1)
    assert len({Backoff().delay(5, source) for _ in range(100)}) == 100


# Decisions


def test_attempts_are_used_up():
    assert [type(outcome(TryAgain("reset"), attempt=attempt)) for attempt in (1, 2, 3, 4)] == [
        PutOff,
        PutOff,
        Failed,
        Failed,
    ]


def test_fault_of_the_host_uses_up_nothing():
    put_off = outcome(TryAgain("no route", counts=False), attempt=3, uncounted=2)
    assert put_off == PutOff("no route", delay=16.0, held=True, counts=False)


def test_uncounted_failures_lengthen_the_pause():
    delays = [
        outcome(TryAgain("no route", counts=False), attempt=1, uncounted=uncounted).delay for uncounted in range(4)
    ]
    assert delays == [1, 2, 4, 8]


@pytest.mark.parametrize(("after", "delay"), [(None, 4.0), (0.0, 4.0), (2.0, 4.0), (20.0, 20.0)])
def test_longer_wish_of_the_host_is_heeded(after, delay):
    policy = RetryPolicy(attempts=5)
    put_off = decide(TryAgain("429", after=after), attempt=3, uncounted=0, policy=policy, random_source=HIGH)
    assert put_off == PutOff("429", delay=delay, held=True, counts=True)


@pytest.mark.parametrize(("after", "held"), [(29.0, True), (30.0, True), (30.5, False)])
def test_long_pause_gives_the_place_back(after, held):
    assert outcome(TryAgain("429", after=after)).held is held


def test_wish_of_the_host_gives_no_extra_attempt():
    assert outcome(TryAgain("429", after=5.0), attempt=3) == Failed("429")


def test_give_up_fails_at_once():
    assert outcome(GiveUp("too large")) == Failed("too large")


def test_reject_is_for_good():
    assert outcome(Reject("not a gazette")) == Rejected("not a gazette")


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("0", 0),
        ("Mon, 23 Jun 2025 12:00:30 GMT", 30),
        ("Mon, 23 Jun 2025 12:00:30 -0000", 30),
        ("Mon, 23 Jun 2025 09:00:30 -0300", 30),
        ("Monday, 23-Jun-25 12:00:30 GMT", 30),
        ("Mon, 23 Jun 2025 11:00:00 GMT", 0),
    ],
)
def test_seconds_and_dates_are_read(value, seconds):
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "-5",
        "1.5",
        "1e3",
        "inf",
        "nan",
        "\u0661\u0662",  # digits, but not ASCII ones
        "9" * 10,
        "9" * 10_000,
        "Mon, 32 Jun 2025 12:00:30 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 23 Jun 2025 12:00:30 +99999999999999999999",
    ],
)
def test_nonsense_asks_for_nothing(value):
    assert retry_after_seconds(value, NOW) is None


@given(value=st.text(max_size=40))
@example("1 Jan 1 00:00:00 +99999999999")
def test_no_header_raises(value):
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 86_400))
def test_dates_come_back_as_seconds(seconds):
    moment = (NOW + datetime.timedelta(seconds=seconds)).replace(tzinfo=datetime.UTC)
    assert retry_after_seconds(email.utils.format_datetime(moment, usegmt=True), NOW) == seconds


@pytest.mark.parametrize("zone", ["UTC0", "PORTO+3", "TOKYO-9"])
def test_dates_mean_the_same_on_every_machine(monkeypatch, zone):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        seconds = retry_after_seconds("Mon, 23 Jun 2025 12:00:30 GMT", NOW)
    time.tzset()
    assert seconds == 30


@pytest.mark.parametrize("value", ["999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_is_waited_for_longer_than_a_day(value):
    assert retry_after_seconds(value, NOW) == 86_400
