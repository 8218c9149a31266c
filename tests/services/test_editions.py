"""Which gazettes a made-up court has published (contract)."""

from __future__ import annotations

import datetime
import re
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.editions import editions

NEWEST = datetime.date(2025, 6, 23)
days = st.dates(datetime.date(2004, 1, 1), datetime.date(2030, 12, 31))


def test_newest_first_on_working_days():
    dates = [gazette.date for gazette in editions(60, NEWEST, seed=1)]
    assert dates[0] == NEWEST
    assert dates == sorted(dates, reverse=True)
    assert all(date.weekday() < 5 for date in dates)


def test_weekend_has_no_edition():
    (gazette,) = editions(1, datetime.date(2025, 6, 22), seed=1)
    assert gazette.date == datetime.date(2025, 6, 20)


def test_names_have_the_real_form():
    for gazette in editions(200, NEWEST, seed=1):
        form = rf"{gazette.date:%Y%m%d}\d{{2,4}}-NR{gazette.number}(-{gazette.suffix})?\.pdf"
        assert re.fullmatch(form, gazette.file_name)
        assert gazette.url == f"https://www.tjro.jus.br/novodiario/{gazette.date.year}/{gazette.file_name}"


def test_supplement_shares_date_and_number():
    by_day = [list(group) for _, group in groupby(editions(400, NEWEST, seed=1), lambda one: one.date)]
    pairs = [pair for pair in by_day if len(pair) > 1]
    assert pairs
    for pair in pairs:
        assert [one.suffix for one in pair] == ["SUP", ""]
        assert pair[0].number == pair[1].number


@given(days, st.integers(0, 5))
def test_numbers_run_without_gaps_from_one(newest, seed):
    gazettes = [one for one in editions(300, newest, seed=seed) if not one.suffix]
    for later, earlier in pairwise(gazettes):
        if later.date.year == earlier.date.year:
            assert later.number == earlier.number + 1
        else:
            assert later.number == 1


@given(days, st.integers(0, 5))
def test_ids_and_urls_are_different(newest, seed):
    gazettes = editions(300, newest, seed=seed)
    assert len({one.id for one in gazettes}) == len({one.url for one in gazettes}) == 300


@given(days, st.integers())
def test_a_day_is_the_same_whatever_is_newest(newest, seed):
    later = editions(30, newest + datetime.timedelta(days=7), seed=seed)
    earlier = editions(5, newest, seed=seed)
    assert set(earlier) <= set(later)


def test_none_wanted_none_given():
    assert editions(0, NEWEST, seed=1) == ()
