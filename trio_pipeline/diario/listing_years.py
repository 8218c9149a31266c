"""Which years of the court's listing a run reads, and when it is time to read one again.

Pure: this file does not read anything, nor know what a listing holds.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from trio_pipeline.diario.selection import Selection

__all__ = ["DAY", "court_day", "seconds_until_due", "years_to_read"]

DAY = 86_400.0
"""Seconds after which the listing of a year that is over may be read again, at the earliest."""

# Rondônia has had no summer time since 1988.
_LOCAL = datetime.timedelta(hours=-4)
# What is published on New Year's Eve may be listed some days later.
_STRAGGLING = datetime.timedelta(days=10)


def court_day(now: datetime.datetime) -> datetime.date:
    """Which day it is at the court.

    Args:
        now: The time, UTC.
    """
    return (now + _LOCAL).date()


def years_to_read(
    selection: Selection, today: datetime.date, read_at: Mapping[int, datetime.datetime]
) -> tuple[int, ...]:
    """The years that a run looks after: this one, or all that `--from` and `--to` name, save those to come.

    A run that follows the court from day to day goes on with the year before until that is sure to be complete: else
    its last editions would be missed by everybody whose runs pause over New Year.

    Args:
        selection: What the user asked for.
        today: The day at the court.
        read_at: When the listing of each year was last read well; UTC.
    """
    last = min(today, selection.until or today).year
    first = last if selection.since is None else selection.since.year
    if selection.since is None and last == today.year:
        before = read_at.get(last - 1)
        if before is not None and before < datetime.datetime(last, 1, 1) + _STRAGGLING:  # noqa: DTZ001 -- UTC, as all
            first = last - 1
    return tuple(range(first, last + 1))


def seconds_until_due(year: int, now: datetime.datetime, read_at: datetime.datetime | None, *, refresh: float) -> float:
    """How long a run that begins now has to wait before it reads the listing of a year; 0 if it may at once.

    Args:
        year: The year.
        now: The time, UTC.
        read_at: When it was last read well, by whatever run; UTC, or None.
        refresh: Seconds between two readings of the year that is under way.
    """
    if read_at is None or read_at > now:  # the clock was set back
        return 0.0
    age = (now - read_at).total_seconds()
    if year < court_day(now).year:
        return max(0.0, DAY - age)
    return 0.0 if age >= refresh / 2 else refresh - age
