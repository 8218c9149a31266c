"""The ids of gazettes and of their items (contract)."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.identifiers import archive_item, gazette_id
from trio_pipeline.diario.model import Gazette

DATES = st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31))
NUMBERS = st.integers(1, 99_999)


@pytest.mark.parametrize(
    ("date", "number", "suffix", "identifier"),
    [
        ((2025, 6, 23), 112, "", "tjro-diario-2025-06-23-nr112"),
        ((2024, 8, 29), 162, "SUP", "tjro-diario-2024-08-29-nr162-sup"),
        ((2013, 8, 14), 149, ".", "tjro-diario-2013-08-14-nr149-x"),
        ((2013, 8, 14), 149, "Anexo-2", "tjro-diario-2013-08-14-nr149-anexo2"),
    ],
)
def test_id_is_known(date, number, suffix, identifier):
    assert gazette_id("tjro", datetime.date(*date), number, suffix) == identifier


@given(DATES, NUMBERS, st.text(st.characters(codec="ascii"), max_size=30))
def test_id_names_an_item(date, number, suffix):
    identifier = gazette_id("tjro", date, number, suffix)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{4,99}", identifier)


EDITIONS = st.tuples(DATES, NUMBERS, st.sampled_from(["", "SUP", "ANEXO", "."]))


@given(st.lists(EDITIONS, min_size=2, max_size=2, unique=True))
def test_different_editions_have_different_ids(editions):
    first, second = (gazette_id("tjro", *edition) for edition in editions)
    assert first != second


def gazette(date: datetime.date, number: int) -> Gazette:
    identifier = gazette_id("tjro", date, number, "")
    return Gazette(identifier, "tjro", date, number, "", "https://example.org/a.pdf", "a.pdf")


def test_year_shares_an_item():
    first, second = gazette(datetime.date(2025, 1, 7), 1), gazette(datetime.date(2025, 6, 23), 112)
    assert archive_item(first, "year") == archive_item(second, "year") == "tjro-diario-2025"


def test_edition_has_its_own_item():
    one = gazette(datetime.date(2025, 6, 23), 112)
    assert archive_item(one, "edition") == one.id
