"""Contract tests: judgements in running text are found, and said to be unread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.judgements.prose import find_prose

NUMBER = "7002770-82.2024.8.22.0011"
TEXT = f"""\
Vistos, relatados e discutidos estes autos de Apelação Cível n. {NUMBER}, em que é apelante
Ana Lima e apelado Rui Castro, ACORDAM os Desembargadores em, por unanimidade, negar provimento
ao recurso.
Porto Velho, 12/03/2025.
Desembargador Paulo Lima
Relator"""


def found(text):
    return [(entry.page, entry.text) for entry in find_prose(Pages([text]).lines())]


def test_whole_paragraph_is_unread_up_to_who_reported_it():
    assert found(f"ACÓRDÃOS\n{TEXT}\nOutra coisa.") == [(1, TEXT)]


def test_reader_tells_it():
    reading = read_judgements([f"Ato 1\n{TEXT}"])
    assert reading.judgements == ()
    assert [(entry.text, entry.reason) for entry in reading.unread] == [(TEXT, "a judgement in running text")]


def test_each_begins_where_the_last_one_has_ended():
    other = TEXT.replace(NUMBER, "001.2006.001234-5")
    assert found(f"{TEXT}\n{other}") == [(1, TEXT), (1, other)]


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace(NUMBER, "sem número"),
        TEXT.replace("ACORDAM", "reunidos"),
        TEXT.replace("Vistos, relatados", "Relatados"),
        "",
    ],
)
def test_what_lacks_a_number_or_a_decision_is_none(text):
    assert found(text) == []


def test_what_the_rules_have_read_is_not_told_twice():
    entry = f"07 - {NUMBER}\nRecorrente: ANA\nRelator: RUI\nDECISÃO: Vistos, relatados e discutidos, ACORDAM prover."
    reading = read_judgements([entry])
    assert len(reading.judgements) == 1
    assert reading.unread == ()


@given(st.lists(st.sampled_from([*TEXT.split("\n"), "", "x" * 90, f"07 - {NUMBER}", "Relator: RUI"]), max_size=30))
def test_any_order_of_lines_is_searched(lines):
    text = "\n".join(lines)
    for entry in find_prose(Pages([text]).lines()):
        first, last = entry.span
        assert " ".join(text[first:last].split()) == " ".join(entry.text.split())
