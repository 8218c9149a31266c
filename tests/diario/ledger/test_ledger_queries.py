"""Contract tests: the questions of the commands, their arguments and their rows."""

from __future__ import annotations

import datetime

import pytest
from book import NOON
from made_gazettes import gazette

from trio_pipeline.diario.copies import held_copy
from trio_pipeline.diario.ledger.queries import (
    QUERIES,
    decisions,
    editions,
    failures,
    held_copies,
    learned_paces,
    resettable,
    standing_counts,
)
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.paces import learned_pace
from trio_pipeline.pacing import Learned

OLD, NEW = gazette(1, "2024-08-29"), gazette(2, "2025-06-23")
FIRST, SECOND, THIRD = "7002770-82.2024.8.22.0011", "7000001-09.2025.8.22.0001", "0005268-75.2013.8.26.0100"

ROW = {
    "page": 1,
    "numero_valido": True,
    "polo_ativo": [],
    "polo_passivo": [],
    "advogados_polo_ativo": [],
    "advogados_polo_passivo": [],
    "segredo": False,
    "span": [0, 10],
    "extractor": "rules",
    "extractor_version": "3",
}


def judge(book, edition, numero_processo, **fields):
    extraction = f"extraction of {edition.id}"
    row = {"extraction": extraction, "diario_id": edition.id, "numero_processo": numero_processo} | ROW | fields
    book.tell("extract", "extracted", diario_id=edition.id, detail={"extraction": extraction})
    marks = ", ".join("?" for _ in row)
    book.connection.execute(f"INSERT INTO decision_rows ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@pytest.fixture
def archive_of_decisions(book):
    book.add(OLD, NEW)
    judge(
        book,
        OLD,
        FIRST,
        classe="Apelação Cível",
        relator="Rowilson Teixeira",
        decisao="Recurso não provido, à unanimidade.",
        resultado="nao_provido",
        polo_ativo=["Município de Vilhena", "José Conceição"],
        advogados_polo_passivo=[{"nome": "Inês Brandão", "oab": "RO7821A"}],
    )
    judge(
        book,
        NEW,
        SECOND,
        span=[500, 600],
        polo_passivo=["Jose Conceicao"],
        decisao="1ª Turma: 100% provido_",
        advogados_polo_ativo=[{"nome": "Defensoria Pública", "oab": None}],
    )
    judge(book, NEW, THIRD, span=[20, 90], classe="Habeas Corpus", segredo=True)
    return book


def found(book, query, **arguments):
    return [row["numero_processo"] for row in decisions(book.connection, {"query": query, **arguments})]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("vilhena", [FIRST]),
        ("VILHENA MUNICÍPIO", [FIRST]),
        ("jose conceicao", [SECOND, FIRST]),
        ("José Conceição", [SECOND, FIRST]),
        ("apelação", [FIRST]),
        ("rowilson", [FIRST]),
        ("unânime", []),
        ("unanimidade", [FIRST]),
        ("nao_provido", [FIRST]),
        ("ro7821a", [FIRST]),
        ("7821", [FIRST]),
        ("brandao", [FIRST]),
        ("defensoria", [SECOND]),
        ("1ª turma", [SECOND]),
        ("100%", [SECOND]),
        ("provido_", [SECOND]),
        ("vilhena habeas", []),
        (FIRST, [FIRST]),
        ("70027708220248220011", [FIRST]),
        ("0005268752013", [THIRD]),
        (NEW.id, [THIRD, SECOND]),
        ("", [THIRD, SECOND, FIRST]),
        ("  \t ", [THIRD, SECOND, FIRST]),
        ("'; DROP TABLE events; --", []),
    ],
)
def test_every_word_must_occur(archive_of_decisions, query, expected):
    assert found(archive_of_decisions, query) == expected


def test_letters_of_any_form_match(archive_of_decisions):
    # The same name as one character each, and as letters with their accents apart.
    assert found(archive_of_decisions, "Inês Brandão") == [FIRST]
    assert found(archive_of_decisions, "Ine\u0302s Branda\u0303o") == [FIRST]


def test_bytes_that_are_no_text_find_nothing(troubled):
    assert decisions(troubled.connection, {"query": "silva\udcff"}) == []
    assert resettable(troubled.connection, {"ids": ["silva\udcff"]}) == []


def test_printed_sharp_s_is_found(archive_of_decisions):
    judge(archive_of_decisions, OLD, "7000002-91.2025.8.22.0001", relator="Franz Strauß")
    assert found(archive_of_decisions, "Strauß") == ["7000002-91.2025.8.22.0001"]


def test_edition_is_known_once_by_its_first_day(book):
    book.add(gazette(149, "2013-08-13", "SUP"), gazette(149, "2013-08-12"), gazette(149, "2013-08-12"), NEW)
    assert editions(book.connection, {}) == [
        {"tribunal": "tjro", "year": 2013, "number": 149, "date": "2013-08-12"},
        {"tribunal": "tjro", "year": 2025, "number": 2, "date": "2025-06-23"},
    ]


def test_copies_are_held_with_what_they_must_be(book):
    detail = {"size": 7, "sha256": "s", "md5": "m"}
    book.add(OLD, NEW)
    for one in (OLD, NEW):
        book.tell("download", "downloaded", diario_id=one.id, detail=detail)
        book.tell("archive", "started", diario_id=one.id)
    book.tell("archive", "submitted", diario_id=NEW.id, detail={"url": "u", "acknowledged": True})
    book.tell("archive", "confirmed", diario_id=NEW.id, target="folder:/a", detail={"url": "file:///a"})
    rows = held_copies(book.connection, {})
    assert [(row["id"], row["archive"], row["state"], row["copy_url"], row["acknowledged"]) for row in rows] == [
        (NEW.id, "folder:/a", "confirmed", "file:///a", False),
        (NEW.id, "internet-archive", "submitted", "u", True),
        (OLD.id, "internet-archive", "submitted", None, False),
    ]
    copy = held_copy(rows[2])
    assert (copy.gazette, copy.checksums) == (OLD, Checksums(7, "s", "m"))
    assert copy.submitted_at == NOON
    assert held_copies(book.connection, {"ids": [OLD.id]}) == rows[2:]
    assert held_copies(book.connection, {"archive": "folder:/a"}) == rows[:1]
    assert held_copies(book.connection, {"limit": 2}) == rows[:2]


def test_copy_that_failed_is_not_held(book):
    book.add(NEW)
    book.tell("download", "downloaded", diario_id=NEW.id, detail={"size": 7, "sha256": "s", "md5": "m"})
    book.tell("archive", "failed", diario_id=NEW.id)
    assert held_copies(book.connection, {}) == []


def test_pace_is_what_was_learned_last(book):
    for hosts, learned in [("a", '{"interval": 2.5}'), ("b", "{}"), ("a", '{"interval": 3, "blocked_interval": 7}')]:
        book.connection.execute("INSERT INTO paces (hosts, learned) VALUES (?, ?)", [hosts, learned])
    first, second = learned_paces(book.connection, {})
    assert learned_pace(first) == Learned(interval=3.0, blocked_interval=7.0)
    assert learned_pace(second) == learned_pace(None) == Learned()


def test_limit_keeps_the_newest(archive_of_decisions):
    assert found(archive_of_decisions, "", limit=2) == [THIRD, SECOND]
    assert found(archive_of_decisions, "", limit=0) == []
    assert len(found(archive_of_decisions, "", limit=10**30)) == 3


def test_decision_has_the_views_names(archive_of_decisions):
    (row,) = decisions(archive_of_decisions.connection, {"query": "habeas"})
    assert row.keys() == {*archive_of_decisions.columns("decisions"), "date", "url"}
    assert (row["date"], row["diario_id"], row["segredo"]) == ("2025-06-23", NEW.id, True)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        (decisions, {"query": 7}),
        (decisions, {"limit": -1}),
        (failures, {"limit": "many"}),
        (resettable, {"ids": "tjro-diario-2025-06-23-nr112"}),
        (resettable, {"ids": [7]}),
        (resettable, {"stage": 7}),
    ],
)
def test_arguments_that_make_no_sense(book, query, arguments):
    with pytest.raises(ValueError, match="must be"):
        query(book.connection, arguments)


@pytest.fixture
def troubled(book):
    book.add(OLD, NEW, gazette(3))
    book.begin_run()
    later = NOON + datetime.timedelta(microseconds=1)
    book.tell("download", "rejected", diario_id=OLD.id, attempt=3, happened_at=later, detail={"reason": "not a PDF"})
    book.tell("download", "downloaded", diario_id=NEW.id)
    book.tell("archive", "failed", diario_id=NEW.id, detail={"reason": "400 BadContent"})
    book.tell("extract", "failed", diario_id=NEW.id, detail={"reason": "the worker died"})
    book.tell("download", "asked", diario_id=gazette(3).id)
    return book


def test_failures_are_newest_first(troubled):
    rows = failures(troubled.connection, {})
    assert [row["id"] for row in rows] == [NEW.id, OLD.id]
    assert rows[1] == {
        "id": OLD.id,
        "date": "2024-08-29",
        "number": 1,
        "error_stage": "download",
        "error": "not a PDF",
        "attempts": 1,
        "download_state": "rejected",
        "archive_state": "not_asked",
        "extract_state": "not_asked",
        "updated_at": "2026-11-23T12:00:00Z",
        "url": OLD.url,
    }
    assert rows[1].keys() <= troubled.columns("diarios").keys()


def test_failures_can_be_limited(troubled):
    assert [row["id"] for row in failures(troubled.connection, {"limit": 1})] == [NEW.id]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [(OLD, "download"), (NEW, "archive"), (NEW, "extract")]),
        ({"ids": [], "stage": None}, [(OLD, "download"), (NEW, "archive"), (NEW, "extract")]),
        ({"ids": [NEW.id]}, [(NEW, "archive"), (NEW, "extract")]),
        ({"ids": [NEW.id, OLD.id], "stage": "download"}, [(OLD, "download")]),
        ({"stage": "extract"}, [(NEW, "extract")]),
        ({"ids": [gazette(3).id]}, []),
        ({"ids": ["tjro-diario-1999-01-01-nr1"]}, []),
    ],
)
def test_what_failed_can_be_reset(troubled, arguments, expected):
    rows = resettable(troubled.connection, arguments)
    assert rows == [
        {"diario_id": edition.id, "life": life, "target": "internet-archive" if life == "archive" else None}
        for edition, life in expected
    ]


def test_counts_are_by_stage_and_state(troubled):
    troubled.tell("download", "downloaded", diario_id=NEW.id, detail={"size": 2_500_000})
    assert standing_counts(troubled.connection, {}) == [
        {"stage": "download", "state": "downloaded", "gazettes": 1, "size": 2_500_000},
        {"stage": "download", "state": "pending", "gazettes": 1, "size": None},
        {"stage": "download", "state": "rejected", "gazettes": 1, "size": None},
        {"stage": "archive", "state": "failed", "gazettes": 1, "size": 2_500_000},
        {"stage": "archive", "state": "not_asked", "gazettes": 2, "size": None},
        {"stage": "extract", "state": "failed", "gazettes": 1, "size": 2_500_000},
        {"stage": "extract", "state": "not_asked", "gazettes": 2, "size": None},
    ]


@pytest.mark.parametrize("name", QUERIES)
def test_empty_ledger_has_no_rows(book, name):
    assert QUERIES[name](book.connection, {}) == []
