"""Contract tests: which pages of a gazette are read line by line, and what kind of list they go on with."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.judgements.stretches import is_planned, is_planned_after, stretches

CASE = "07 - 7002770-82.2024.8.22.0011"
ACT = "Processo SEI n. 0001234-56.2025.8.22.8000"


def gazette(*numbers, pages=20):
    """Pages of which some hold a case number."""
    return [CASE if number in numbers else "Art. 1º Designar alguém." for number in range(1, pages + 1)]


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (gazette(), []),
        (gazette(1), [(1, 3)]),
        (gazette(20), [(19, 20)]),
        (gazette(5), [(4, 7)]),
        (gazette(5, 9), [(4, 11)]),
        (gazette(5, 10), [(4, 7), (9, 12)]),
        ([ACT, ACT], []),
        ([], []),
        (["7002770\ufffe\n82.2024.8.22.0011"], [(1, 1)]),
    ],
)
def test_pages_around_case_numbers_are_read(pages, expected):
    assert list(stretches(pages)) == expected


@pytest.mark.parametrize("heading", ["PAUTA DE JULGAMENTO", "  Pauta da sessão", "II - PAUTA"])
def test_heading_of_a_list_of_cases_to_be_judged(heading):
    assert is_planned(heading, before=False)


@pytest.mark.parametrize("heading", ["ATA DE JULGAMENTO", "Ata da sessão", "PUBLICAÇÃO DE ACÓRDÃOS"])
def test_heading_of_a_list_of_cases_judged(heading):
    assert not is_planned(heading, before=True)


@pytest.mark.parametrize("line", ["", "RETIRADO DE PAUTA", "Recorrente: ANA", "DATA: 12/3/2025"])
@pytest.mark.parametrize("before", [False, True])
def test_other_lines_change_nothing(line, before):
    assert is_planned(line, before=before) is before


def test_last_heading_of_the_pages_passed_over_counts():
    assert is_planned_after(["Ata\nde nada", "x\nPAUTA DE JULGAMENTO\ny"], before=False)
    assert not is_planned_after(["PAUTA\nx", "nada", "ATA DE JULGAMENTO"], before=False)
    assert is_planned_after(["nada"], before=True)
