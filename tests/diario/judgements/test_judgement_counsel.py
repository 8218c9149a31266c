"""Contract tests: lawyers and bodies are read in every form of OAB number that the gazettes print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.counsel import read_counsel


def counsel(text: str) -> list[tuple[str, str | None]]:
    return [(lawyer.nome, lawyer.oab) for lawyer in read_counsel(text)]


@pytest.mark.parametrize(
    ("printed", "oab"),
    [
        (", OAB nº RO7821A", "RO7821A"),
        (", OAB Nº RO7821A", "RO7821A"),
        (", OAB NºRO10059S", "RO10059S"),
        (",OAB Nº RJ125212A", "RJ125212A"),
        (", OAB nº AC4788", "AC4788"),
        (", OAB nº RJ 258387", "RJ258387"),
        (", OAB Nº SP 117.417", "SP117417"),
        (", OAB Nº AL1829510", "AL1829510"),
        (", OAB Nº RO10977AA", "RO10977AA"),
        (" OAB/ES 9173", "ES9173"),
        (" OAB Nº SP 21.348", "SP21348"),
        (" (OAB/RO 6.227)", "RO6227"),
        (" (OAB/RO n. 8.992)", "RO8992"),
        (" (OAB/RO 6558-S)", "RO6558S"),
        (" (OAB/R 12.369)", "R12369"),
        (" (OAB/ RO 14.554)", "RO14554"),
        (" (OAB n. 1.234/RO)", "RO1234"),
        (" (OAB 1234-RO)", "RO1234"),
        (" (OAB/RO nº 1234-A)", "RO1234A"),
        (" (OAB/RO nº 1234-AM)", "RO1234AM"),
        (" (OAB 1234-A)", "1234A"),
    ],
)
def test_number_is_state_digits_letters(printed, oab):
    assert counsel(f"JOSE PEREIRA{printed}") == [("JOSE PEREIRA", oab)]
    assert counsel(f"MARIA SOUZA, OAB nº RO1, JOSE PEREIRA{printed}")[1] == ("JOSE PEREIRA", oab)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("JOSE PEREIRA, OAB nº RO1A, MARIA SOUZA, OAB nº RO2", [("JOSE PEREIRA", "RO1A"), ("MARIA SOUZA", "RO2")]),
        ("JOSE PEREIRA, OAB nº RO1A,", [("JOSE PEREIRA", "RO1A")]),
        ("José Pereira (OAB/RO 1) e Maria Souza (OAB/RO 2)", [("José Pereira", "RO1"), ("Maria Souza", "RO2")]),
        ("Ana Clara O. e Souza (OAB/RO 1)", [("Ana Clara O. e Souza", "RO1")]),
        ("Dr. José Pereira (OAB/RO 1)", [("José Pereira", "RO1")]),
    ],
)
def test_lawyers_are_parted(text, expected):
    assert counsel(text) == expected


def test_first_of_four_numbers_counts():
    text = "José Pereira (OAB/GO 31.757, OAB/MS 8.125, OAB/MT 8.194 e OAB/TO 4.562)"

    assert counsel(text) == [("José Pereira", "GO31757")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DEFENSORIA PÚBLICA DE RONDÔNIA", [("DEFENSORIA PÚBLICA DE RONDÔNIA", None)]),
        (
            "PROCURADORIA GERAL DO ESTADO, PROCURADORIA GERAL DO MUNICÍPIO",
            [("PROCURADORIA GERAL DO ESTADO", None), ("PROCURADORIA GERAL DO MUNICÍPIO", None)],
        ),
        (
            "PROCURADORIA DO ESTADO E DEFENSORIA PÚBLICA",
            [("PROCURADORIA DO ESTADO", None), ("DEFENSORIA PÚBLICA", None)],
        ),
        ("JOSE PEREIRA, OAB nº RO1, PROCURADORIA DO LUGAR", [("JOSE PEREIRA", "RO1"), ("PROCURADORIA DO LUGAR", None)]),
        ("PROCURADORIA DO LUGAR, JOSE PEREIRA, OAB nº RO1", [("PROCURADORIA DO LUGAR", None), ("JOSE PEREIRA", "RO1")]),
        ("JOSE PEREIRA, OAB nº RO1, BANCO", [("JOSE PEREIRA", "RO1"), ("BANCO", None)]),
    ],
)
def test_bodies_have_no_number(text, expected):
    assert counsel(text) == expected


@pytest.mark.parametrize(
    "text", ["SEM ADVOGADO(S)", "SEM ADVOGADO", "Sem advogado constituído.", "NÃO INFORMADO", "", ","]
)
def test_nobody_is_an_empty_list(text):
    assert counsel(text) == []


def test_lawyer_printed_twice_counts_once():
    assert counsel("JOSE PEREIRA, OAB nº RO1, JOSE PEREIRA, OAB nº RO1") == [("JOSE PEREIRA", "RO1")]


@given(st.text(alphabet=st.sampled_from("OAB nº/RO123.,()e-") | st.characters()))
def test_any_text_has_named_counsel(text):
    assert all(lawyer.nome for lawyer in read_counsel(text))


def test_body_in_brackets_loses_them():
    assert counsel("(Procuradoria do Lugar)") == [("Procuradoria do Lugar", None)]


def test_name_keeps_its_last_letter():
    assert counsel("ANA FELIX, OAB nº RO1") == [("ANA FELIX", "RO1")]
