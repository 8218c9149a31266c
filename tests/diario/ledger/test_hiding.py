"""Contract and property tests: nothing is shown of whom a list names, and nothing is found by the name."""

from __future__ import annotations

import re

import pytest
from book import Book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_gazettes import gazette

from trio_pipeline.diario.ledger.queries import decisions, failures, left_out, unread
from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.diario.suppression import MARK, Suppression, folded, parse_suppression

EDITION = gazette(1)
FIRST, SECOND, THIRD = "7002770-82.2024.8.22.0011", "7000001-09.2025.8.22.0001", "0005268-75.2013.8.26.0100"

ROW = {
    "extraction": "one",
    "diario_id": EDITION.id,
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


def insert(book, table, row):
    marks = ", ".join("?" for _ in row)
    book.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def judge(book, number, **fields):
    insert(book, "decision_rows", ROW | {"numero_processo": number} | fields)


def leave_unread(book, text):
    row = {"extraction": "one", "diario_id": EDITION.id, "page": 3, "span": [7, 9], "text": text, "reason": "no class"}
    insert(book, "unread_rows", row)


def hiding(*lines):
    return {"suppress": sorted(parse_suppression("\n".join(lines).encode()).keys)}


@pytest.fixture
def shelf(book):
    book.add(EDITION)
    book.tell("extract", "extracted", detail={"extraction": "one"})
    judge(
        book,
        FIRST,
        relator="Rowilson Teixeira",
        decisao=f"Recurso de ANA LIMA não provido; veja {SECOND}.",
        polo_ativo=["Ana\u00a0Líma", "Mariana Lima", "Beatriz Sá"],
        advogados_polo_ativo=[{"nome": "Inês Brandão", "oab": "RO7821A"}, {"nome": "Defensoria Pública", "oab": None}],
        advogados_polo_passivo=[{"nome": "Caio Luz", "oab": "RO7821"}],
        span=[0, 10],
    )
    judge(book, SECOND, polo_passivo=["José Prado"], span=[20, 30])
    judge(book, THIRD, span=[40, 50])
    leave_unread(book, f"Processo {SECOND} Agravante: João")
    leave_unread(book, "Apelante: Ana Li\ufffe\nma")
    return book


def numbers(book, **arguments):
    return [row["numero_processo"] for row in decisions(book.connection, arguments)]


def test_suppressed_name_stands_in_no_text(shelf):
    row = decisions(shelf.connection, hiding("ana lima"))[0]
    assert row["decisao"] == f"Recurso de {MARK} não provido; veja {SECOND}."
    assert row["polo_ativo"] == [MARK, "Mariana Lima", "Beatriz Sá"]
    assert (row["relator"], row["span"], row["date"]) == ("Rowilson Teixeira", [0, 10], "2025-06-23")


def test_suppressed_case_is_left_out(shelf):
    assert numbers(shelf, **hiding(SECOND)) == [FIRST, THIRD]
    assert numbers(shelf, **hiding("70000010920258220001")) == [FIRST, THIRD]
    assert f"veja {MARK}." in decisions(shelf.connection, hiding(SECOND))[0]["decisao"]


@pytest.mark.parametrize("line", ["Inês Brandão", "OAB/RO 7.821-A"])
def test_suppressed_lawyer_keeps_neither_name_nor_number(shelf, line):
    row = decisions(shelf.connection, hiding(line))[0]
    assert row["advogados_polo_ativo"] == [{"nome": MARK, "oab": MARK}, {"nome": "Defensoria Pública", "oab": None}]
    assert row["advogados_polo_passivo"] == [{"nome": "Caio Luz", "oab": "RO7821"}]


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("Beatriz Sá", {"query": "beatriz"}),
        ("Beatriz Sá", {"query": "não BEATRIZ"}),
        ("Beatriz Sá", {"party": "sa"}),
        ("Inês Brandão", {"lawyer": "ines"}),
        ("Inês Brandão", {"lawyer": "RO7821A"}),
        ("RO7821A", {"lawyer": "brandao"}),
        ("RO7821A", {"query": "ro7821a"}),
        ("Rowilson Teixeira", {"judge": "rowilson"}),
        (SECOND, {"number": SECOND}),
        (SECOND, {"number": "7000001"}),
        (SECOND, {"query": SECOND}),
        (SECOND, {"query": "prado"}),
    ],
)
def test_nothing_is_found_by_what_is_suppressed(shelf, line, arguments):
    assert numbers(shelf, **arguments) != []
    assert numbers(shelf, **arguments, **hiding(line)) == []


def test_others_are_found_as_before(shelf):
    assert numbers(shelf, query="mariana", **hiding("Ana Lima")) == [FIRST]
    assert numbers(shelf, lawyer="RO7821", **hiding("RO7821A")) == [FIRST]


def test_limit_counts_what_is_shown(shelf):
    assert numbers(shelf, limit=2, **hiding(FIRST)) == [SECOND, THIRD]
    assert numbers(shelf, limit=1, **hiding("Ana Lima")) == [FIRST]


def test_unread_entry_of_a_suppressed_case_is_left_out(shelf):
    (row,) = unread(shelf.connection, hiding(SECOND, "Ana Lima"))
    assert row["text"] == f"Apelante: {MARK}"
    assert unread(shelf.connection, {"query": "joao"} | hiding(SECOND)) == []
    assert unread(shelf.connection, {"number": "7000001"} | hiding(SECOND)) == []


def test_number_of_what_is_left_out_hangs_on_no_search(shelf):
    assert left_out(shelf.connection, hiding(SECOND, THIRD, "Ana Lima")) == [
        {"view": "decisions", "rows": 2},
        {"view": "unread", "rows": 1},
    ]
    assert left_out(shelf.connection, hiding("Ana Lima")) == left_out(shelf.connection, {}) == []


def test_errors_name_nobody_either(shelf):
    shelf.tell("download", "failed", detail={"reason": "no page of Ana Lima"})
    (row,) = failures(shelf.connection, hiding("Ana Lima"))
    assert (row["error"], row["id"]) == (f"no page of {MARK}", EDITION.id)


@pytest.mark.parametrize("query", [decisions, unread, left_out, failures])
def test_list_that_is_none_is_refused(book, query):
    with pytest.raises(ValueError, match="must be a list"):
        query(book.connection, {"suppress": "ana"})


def test_database_folds_as_the_list_does():
    """What touched_decisions.sql takes for the same, character by character."""
    (known,) = set(re.findall(r"'(\[\^\\x00[^']+\])'", statement("touched_decisions") + statement("touched_unread")))
    characters = [chr(code) for code in range(1, 0x11000) if not 0xD800 <= code < 0xE000]
    sql = """
        SELECT c, regexp_replace(strip_accents(lower(translate(c, 'ºª', 'oa'))), '[^a-z0-9]', '', 'g')
        FROM (SELECT unnest($characters::VARCHAR[]) AS c) WHERE NOT regexp_matches(c, $known)
    """
    with Book() as book:
        rows = book.connection.execute(sql, {"characters": characters, "known": known}).fetchall()
    assert len(rows) > 250
    assert [character for character, fold in rows if fold != folded(character)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(st.text("aábcº1２ﬁß ", min_size=1, max_size=5).filter(folded), min_size=1, max_size=3),
    st.lists(st.text("aAábcº1２ﬁß -\n,", max_size=14), min_size=1, max_size=4),
)
def test_no_row_shows_anything_of_the_list(keys, texts):
    hidden = Suppression(frozenset(map(folded, keys)))
    with Book() as book:
        book.add(EDITION)
        book.tell("extract", "extracted", detail={"extraction": "one"})
        for text in texts:
            judge(book, FIRST, decisao=text, polo_ativo=[text], advogados_polo_ativo=[{"nome": text, "oab": None}])
            leave_unread(book, text)
        arguments = {"suppress": sorted(hidden.keys)}
        shown = decisions(book.connection, arguments) + unread(book.connection, arguments)
    told = [row["text"] if "text" in row else row["decisao"] for row in shown]
    told += [name for row in shown for name in row.get("polo_ativo", [])]
    told += [one["nome"] for row in shown for one in row.get("advogados_polo_ativo", [])]
    assert not any(map(hidden.holds, told))
