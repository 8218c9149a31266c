"""The day by which Gemini counts requests: it ends at midnight in California, summer time included.

Pure: this file does not know what is counted.
"""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

__all__ = ["day_began", "day_ends"]

# "Requests per day (RPD) quotas reset at midnight Pacific time" (Gemini API, rate limits).
_PACIFIC = ZoneInfo("America/Los_Angeles")


def day_began(now: datetime.datetime) -> datetime.datetime:
    """When the day began.

    Args:
        now: UTC, without a time zone, as everything here.
    """
    return _midnight(now, days=0)


def day_ends(now: datetime.datetime) -> datetime.datetime:
    """When the next day begins; UTC."""
    return _midnight(now, days=1)


def _midnight(now: datetime.datetime, *, days: int) -> datetime.datetime:
    day = now.replace(tzinfo=datetime.UTC).astimezone(_PACIFIC).date() + datetime.timedelta(days=days)
    midnight = datetime.datetime.combine(day, datetime.time(), _PACIFIC)
    return midnight.astimezone(datetime.UTC).replace(tzinfo=None)
