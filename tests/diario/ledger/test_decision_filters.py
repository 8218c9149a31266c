"""Contract tests: what the decisions and the unread entries can be searched by."""

from __future__ import annotations

import pytest
from made_gazettes import gazette

from trio_pipeline.diario.ledger.filters import decision_parameters, unread_parameters
from trio_pipeline.diario.ledger.queries import decisions, unread
from trio_pipeline.diario.model import RESULTADOS

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


def insert(book, table, row):
    marks = ", ".join("?" for _ in row)
    book.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@pytest.fixture
def shelf(book):
    """Three decisions in two gazettes, and two entries that could not be read."""
    book.add(OLD, NEW)
    for edition in (OLD, NEW):
        book.tell("extract", "extracted", diario_id=edition.id, detail={"extraction": edition.id})
    first = {
        "numero_processo": FIRST,
        "classe": "Apelação Cível",
        "relator": "Rowilson Teixeira",
        "decisao": "Recurso não provido.",
        "resultado": "nao_provido",
        "polo_ativo": ["Ana Lima Souza", "José Prado"],
        "advogados_polo_passivo": [{"nome": "Inês Brandão", "oab": "RO7821A"}, {"nome": "Caio Luz", "oab": "SP7821"}],
    }
    second = {"numero_processo": SECOND, "polo_passivo": ["Ana Prado"], "resultado": "provido", "span": [500, 600]}
    third = {"numero_processo": THIRD, "advogados_polo_ativo": [{"nome": "Defensoria Pública", "oab": None}]}
    for edition, row in ((OLD, first), (NEW, second), (NEW, third)):
        insert(book, "decision_rows", {"extraction": edition.id, "diario_id": edition.id} | ROW | row)
    for edition, text in ((OLD, f"Processo {FIRST}\nAgravante: João"), (NEW, "Apelação sem número")):
        row = {"extraction": edition.id, "diario_id": edition.id, "page": 3, "span": [7, 9], "text": text}
        insert(book, "unread_rows", row | {"reason": "no class"})
    return book


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"number": FIRST}, [FIRST]),
        ({"number": "70027708220248220011"}, [FIRST]),
        ({"number": "7002770-82.2024"}, [FIRST]),
        ({"number": " 0005268 "}, [THIRD]),
        ({"party": "lima ANA"}, [FIRST]),
        ({"party": "jose"}, [FIRST]),
        ({"party": "prado"}, [SECOND, FIRST]),
        # Both words stand in the row, and in no single name.
        ({"party": "jose lima"}, []),
        # A lawyer is no party.
        ({"party": "brandao"}, []),
        ({"lawyer": "brandao ines"}, [FIRST]),
        ({"lawyer": "ines luz"}, []),
        ({"lawyer": "defensoria"}, [THIRD]),
        ({"lawyer": "OAB/RO 7.821-A"}, [FIRST]),
        ({"lawyer": "RO7821A"}, [FIRST]),
        ({"lawyer": "7821-a"}, [FIRST]),
        ({"lawyer": "SP 7821"}, [FIRST]),
        # The same digits without the letter are another person's number.
        ({"lawyer": "RO7821"}, []),
        ({"class": "civel"}, [FIRST]),
        ({"judge": "rowilson"}, [FIRST]),
        ({"result": "nao_provido"}, [FIRST]),
        ({"result": "Não provido"}, [FIRST]),
        ({"result": "provido"}, [SECOND]),
        ({"from": "2024-08-30"}, [SECOND, THIRD]),
        ({"to": "2024-08-29"}, [FIRST]),
        ({"from": "2024-08-29", "to": "2025-06-23"}, [SECOND, THIRD, FIRST]),
        ({"query": "prado", "result": "provido"}, [SECOND]),
        ({"number": None, "party": None, "from": None}, [SECOND, THIRD, FIRST]),
    ],
)
def test_each_filter_narrows_the_search(shelf, arguments, expected):
    found = [row["numero_processo"] for row in decisions(shelf.connection, arguments)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [NEW, OLD]),
        ({"query": "JOAO agravante"}, [OLD]),
        ({"query": "no class"}, [NEW, OLD]),
        ({"number": FIRST}, [OLD]),
        ({"from": "2025-01-01"}, [NEW]),
        ({"to": "2025-01-01"}, [OLD]),
        ({"limit": 1}, [NEW]),
    ],
)
def test_unread_is_searched(shelf, arguments, expected):
    assert [row["diario_id"] for row in unread(shelf.connection, arguments)] == [edition.id for edition in expected]


def test_unread_has_the_views_names(shelf):
    row = unread(shelf.connection, {})[0]
    assert row.keys() == {*shelf.columns("unread"), "date", "url"}
    assert (row["date"], row["url"], row["span"]) == ("2025-06-23", NEW.url, [7, 9])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"result": "provdo"}, "there is no result 'provdo'; the nearest is provido"),
        ({"result": "parcial provido"}, "the nearest is parcialmente_provido"),
        ({"number": "abc"}, "'abc' is no case number such as"),
        ({"number": "1" * 21}, "is no case number such as"),
        ({"lawyer": "XX99999999999"}, "neither a lawyer's name nor an OAB number such as RO7821A"),
        ({"from": "23/06/2025"}, "'23/06/2025' is no day: write year, month and day, as in 2025-06-23"),
        ({"from": "2025-06-24", "to": "2025-06-23"}, "no day is from 2025-06-24 to 2025-06-23"),
        ({"party": 7}, "the party must be text"),
        ({"limit": "many"}, "the limit must be a number"),
    ],
)
def test_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        decision_parameters(arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize("result", RESULTADOS)
def test_every_result_can_be_asked_for(result):
    assert decision_parameters({"result": result.replace("_", " ").upper()})["result"] == result


def test_bytes_that_are_no_text_are_replaced():
    assert unread_parameters({"query": "silva\udcff"})["words"] == ["silva?"]
