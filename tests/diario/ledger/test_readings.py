"""Contract tests: how much could be read, year by year, and by whom."""

from __future__ import annotations

import pytest
from made_gazettes import gazette

from trio_pipeline.diario.judgements import READER_VERSION
from trio_pipeline.diario.ledger.queries import readings
from trio_pipeline.diario.ledger.readings import Year, by_year


def read(
    book, edition, entries_read, entries_unread, *, extractor="rules", version=READER_VERSION, outcome="extracted"
):
    book.add(edition)
    detail = {"extraction": edition.id, "entries_read": entries_read, "entries_unread": entries_unread}
    if extractor:
        detail |= {"extractor": extractor, "extractor_version": version}
    book.tell("extract", outcome, diario_id=edition.id, detail=detail)


def years(book):
    return {row["year"]: tuple(row.values())[1:] for row in readings(book.connection, {})}


def test_share_is_by_year(book):
    read(book, gazette(1, "2004-07-30"), 0, 0)
    read(book, gazette(2, "2004-08-30"), 1, 3)
    read(book, gazette(3, "2025-06-23"), 159, 0)
    book.add(gazette(4, "2025-06-24"))
    assert years(book) == {2004: (2, 1, 0, 1, 3, 0.25), 2025: (1, 0, 0, 159, 0, 1.0)}


def test_year_without_entries_has_no_share(book):
    read(book, gazette(1, "2004-07-30"), 0, 0)
    assert years(book) == {2004: (1, 1, 0, 0, 0, None)}


@pytest.mark.parametrize(
    ("extractor", "version", "older"),
    [
        ("rules", READER_VERSION, 0),
        ("rules", "0", 1),
        ("", "", 1),
        ("rules+model", f"{READER_VERSION}+m1", 0),
        ("rules+model", "0+m1", 1),
        # What a model alone has read is read again only when somebody asks for it.
        ("model", "m1", 0),
    ],
)
def test_older_rules_are_counted(book, extractor, version, older):
    read(book, gazette(1), 1, 0, extractor=extractor, version=version)
    assert years(book)[2025][2] == older


def test_newest_reading_counts(book):
    read(book, gazette(1), 1, 9, version="0")
    read(book, gazette(1), 9, 1)
    assert years(book) == {2025: (1, 0, 0, 9, 1, 0.9)}


def test_reading_holds_while_it_is_to_be_read_again(book):
    read(book, gazette(1), 9, 1, version="0")
    book.tell("extract", "reset", diario_id=gazette(1).id)
    assert years(book) == {2025: (1, 0, 1, 9, 1, 0.9)}


def test_reading_counts_while_a_model_is_waited_for(book):
    read(book, gazette(1), 9, 1, outcome="read")
    assert years(book) == {2025: (1, 0, 0, 9, 1, 0.9)}


def test_groups_of_a_year_are_one():
    group = {"year": 2024, "gazettes": 2, "without_entries": 0, "entries_read": 3, "entries_unread": 1}
    old, new = ({"extractor": "rules", "version": version} for version in ("1", "2"))
    assert by_year([group | new, group | old], "2") == [Year(2024, 4, 0, 2, 6, 2)]
    assert by_year([], "2") == []
