"""Contract tests: the day by which requests are counted ends at midnight in California."""

from __future__ import annotations

import datetime

import pytest

from trio_pipeline.diario.language_model.pacific import day_began, day_ends


@pytest.mark.parametrize(
    ("now", "began", "ends"),
    [
        ("2026-11-24T12:00", "2026-11-24T08:00", "2026-11-25T08:00"),
        ("2026-11-24T07:59", "2026-11-23T08:00", "2026-11-24T08:00"),
        ("2026-07-01T06:59", "2026-06-30T07:00", "2026-07-01T07:00"),
        # Summer time ends on 1 November 2026: that day has 25 hours. It begins on 8 March, which has 23.
        ("2026-11-01T07:00", "2026-11-01T07:00", "2026-11-02T08:00"),
        ("2026-03-08T09:00", "2026-03-08T08:00", "2026-03-09T07:00"),
    ],
)
def test_day_is_that_of_california(now, began, ends):
    moment = datetime.datetime.fromisoformat(now)
    assert day_began(moment) == datetime.datetime.fromisoformat(began)
    assert day_ends(moment) == datetime.datetime.fromisoformat(ends)
