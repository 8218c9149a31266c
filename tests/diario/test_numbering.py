"""Which editions the numbers say are missing (contract, pure)."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.numbering import Edition, gaps
from trio_pipeline.services.editions import editions

# As many as the real court has published, and as far back.
PUBLISHED = editions(5_800, datetime.date(2025, 6, 26), seed=1)


def edition(year, number, tribunal="tjro"):
    """An edition on a day of its own for each number."""
    return Edition(tribunal, year, number, datetime.date(year, 1, 1) + datetime.timedelta(days=number))


def known(*pairs, tribunal="tjro"):
    return [edition(year, number, tribunal) for year, number in pairs]


def missing(editions):
    """Year and number of what is missing; None for a whole year."""
    return [(gap.year, number) for gap in gaps(editions) for number in gap.numbers or (None,)]


def of_catalog(gazettes):
    return [Edition(gazette.tribunal, gazette.date.year, gazette.number, gazette.date) for gazette in gazettes]


def test_catalog_without_gaps_has_none():
    assert PUBLISHED[-1].date.year == 2004
    assert list(gaps(of_catalog(PUBLISHED))) == []


def test_two_that_a_catalog_lacks_are_found():
    """The real catalog lacks these two, of 5,058."""
    lacked = {(2004, 201), (2005, 227)}
    catalog = [gazette for gazette in PUBLISHED if (gazette.date.year, gazette.number) not in lacked]
    first, second = gaps(of_catalog(catalog))
    assert ((first.year, first.numbers), (second.year, second.numbers)) == (
        (2004, range(201, 202)),
        (2005, range(227, 228)),
    )
    around = {gazette.number: gazette.date for gazette in PUBLISHED if gazette.date.year == 2004}
    assert (first.published_after, first.published_before) == (around[200], around[202])


def test_first_year_counts_from_its_lowest_number():
    assert missing(known((2004, 142), (2004, 144))) == [(2004, 143)]


def test_later_years_count_from_one():
    [gap] = gaps(known((2004, 240), (2005, 3)))
    assert gap.numbers == range(1, 3)
    assert (gap.published_after, gap.published_before) == (edition(2004, 240).date, edition(2005, 3).date)


def test_year_ends_with_its_highest_number():
    assert missing(known((2024, 1), (2025, 1), (2025, 2))) == []


def test_years_without_any_are_told_as_such():
    assert missing(known((2004, 1), (2007, 2))) == [(2005, None), (2006, None), (2007, 1)]
    gap, *_ = gaps(known((2004, 1), (2007, 2)))
    assert (gap.published_after, gap.published_before) == (edition(2004, 1).date, edition(2007, 2).date)


def test_supplement_alone_is_the_edition_s_number():
    assert missing(known((2013, 148), (2013, 149), (2013, 149), (2013, 150))) == []


def test_courts_are_counted_apart():
    ours, theirs = known((2024, 1), (2024, 2)), known((2023, 7), (2023, 9), tribunal="tjac")
    assert [(gap.tribunal, gap.year, gap.numbers) for gap in gaps([*ours, *theirs])] == [
        ("tjac", 2023, range(8, 9)),
    ]


def test_nothing_is_known_about_nothing():
    assert list(gaps([])) == []
    assert list(gaps(known((2024, 100)))) == []


def test_long_gap_costs_no_more_than_a_short_one():
    [gap] = gaps(known((2024, 1), (2024, 365)))
    assert len(gap.numbers) == 363
    assert len(list(gaps([*known((2024, 1)), Edition("tjro", 2024, 10**9, datetime.date(2024, 12, 31))]))) == 1


@given(st.sets(st.tuples(st.integers(2020, 2022), st.integers(1, 9))), st.randoms())
def test_every_number_is_known_or_missing_or_beyond(pairs, random_source):
    """Whatever the order: the known and the missing of a year are 1 to its highest number."""
    shuffled = known(*pairs)
    random_source.shuffle(shuffled)
    found = set(missing(shuffled))
    assert not found & pairs
    for year in {year for year, _ in pairs}:
        of_year = {number for other, number in pairs if other == year}
        lowest = min(of_year) if year == min(pairs)[0] else 1
        told = {number for other, number in found if other == year}
        assert of_year | told == set(range(lowest, max(of_year) + 1))
