"""Which years of the listing are read, and when (contract)."""

from __future__ import annotations

import datetime

import pytest

from trio_pipeline.diario.listing_years import DAY, court_day, seconds_until_due, years_to_read
from trio_pipeline.diario.selection import Selection

TODAY = datetime.date(2025, 7, 1)


def at(text):
    return datetime.datetime.fromisoformat(text)


def asked(since=None, until=None):
    return Selection(*(None if day is None else datetime.date.fromisoformat(day) for day in (since, until)))


@pytest.mark.parametrize(
    ("selection", "years"),
    [
        (asked(), [2025]),
        (asked("2023-12-31"), [2023, 2024, 2025]),
        (asked("2025-01-01"), [2025]),
        (asked("2004-01-01", "2005-01-01"), [2004, 2005]),
        (asked(until="2010-05-05"), [2010]),
        (asked(until="2030-01-01"), [2025]),
        (asked("2026-01-01"), []),
        (asked("2010-01-01", "2009-01-01"), []),
    ],
)
def test_years_are_those_asked_for_up_to_this_one(selection, years):
    assert list(years_to_read(selection, TODAY, {})) == years


@pytest.mark.parametrize(
    ("today", "read_at", "years"),
    [
        ("2026-01-02", "2025-12-30T10:00", [2025, 2026]),
        ("2026-01-05", "2026-01-04T10:00", [2025, 2026]),
        # After a long pause, too; and then never again.
        ("2026-08-02", "2025-12-30T10:00", [2025, 2026]),
        ("2026-08-02", "2026-01-11T10:00", [2026]),
        ("2026-01-02", None, [2026]),
    ],
)
def test_year_before_is_read_until_it_is_complete(today, read_at, years):
    known = {} if read_at is None else {2025: at(read_at)}
    assert list(years_to_read(Selection(), datetime.date.fromisoformat(today), known)) == years


@pytest.mark.parametrize(
    ("year", "read_at", "seconds"),
    [
        (2025, None, 0.0),
        (2025, "2025-07-01T11:50", 3_000.0),
        (2025, "2025-07-01T11:30:01", 1_801.0),
        (2025, "2025-07-01T11:30", 0.0),
        (2025, "2025-06-01T11:30", 0.0),
        (2024, "2025-07-01T06:00", DAY - 6 * 3_600),
        (2024, "2025-06-30T12:00", 0.0),
        # The clock was set back.
        (2025, "2025-07-01T12:01", 0.0),
    ],
)
def test_listing_is_not_read_again_too_soon(year, read_at, seconds):
    known = None if read_at is None else at(read_at)
    assert seconds_until_due(year, at("2025-07-01T12:00"), known, refresh=3_600.0) == seconds


def test_day_at_the_court_begins_four_hours_later():
    assert court_day(at("2026-01-01T03:59")) == datetime.date(2025, 12, 31)
    assert court_day(at("2026-01-01T04:00")) == datetime.date(2026, 1, 1)
