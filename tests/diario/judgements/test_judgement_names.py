"""Contract tests: parties and judges keep their names, whatever stands around and between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.names import clean_name, is_initials, read_parties, read_relator


def parties(text: str, *, several: bool = False) -> list[str]:
    return list(read_parties(text, several=several))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("MARIA DAS DORES", ["MARIA DAS DORES"]),
        ("MARIA DAS DORES,", ["MARIA DAS DORES"]),
        ("ESTADO DE RONDÔNIA, MUNICÍPIO DE CACOAL", ["ESTADO DE RONDÔNIA", "MUNICÍPIO DE CACOAL"]),
        ("MARIA DAS DORES,JOSE PEREIRA", ["MARIA DAS DORES", "JOSE PEREIRA"]),
        ("LOJAS REUNIDAS LTDA., JOSE PEREIRA", ["LOJAS REUNIDAS LTDA", "JOSE PEREIRA"]),
        ("MARIA, MARIA", ["MARIA"]),
        ("", []),
        (" , .", []),
    ],
)
def test_comma_parts_parties(text, names):
    assert parties(text) == names


@pytest.mark.parametrize(
    "name",
    [
        "SOL NASCENTE, SEGURANÇA ELETRÔNICA E RASTREAMENTO LTDA",
        "FINANCEIRA DO LUGAR S.A CRÉDITO, FINANCIAMENTO E INVESTIMENTO",
        "Casa S.A. - Crédito, Financiamento e Investimentos",
        "SINDICATO DOS APOSENTADOS, PENSIONISTAS E IDOSOS DO LUGAR",
        "OFICINA DE INDÚSTRIA, COMÉRCIO, SERVIÇOS E TRANSPORTES LTDA",
        "FEDERACAO DE COOPERATIVAS DO ACRE,AMAPA,PARA,RONDO E RORAIMA",
    ],
)
def test_comma_inside_a_name_stays(name):
    assert parties(name) == [name]
    assert parties(f"{name}, JOSE PEREIRA") == [name, "JOSE PEREIRA"]


def test_firm_named_after_its_trade_is_its_own():
    assert parties("LOJAS REUNIDAS LTDA., COMERCIO E SERVICOS DO LUGAR LTDA") == [
        "LOJAS REUNIDAS LTDA",
        "COMERCIO E SERVICOS DO LUGAR LTDA",
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SEGURADORA DO LUGAR S.A.BANCO DO LUGAR S/A", ["SEGURADORA DO LUGAR S.A", "BANCO DO LUGAR S/A"]),
        ("LOJAS REUNIDAS LTDA.MERCADO LTDA", ["LOJAS REUNIDAS LTDA", "MERCADO LTDA"]),
        ("LOJAS REUNIDAS LTDA BANCO DO LUGAR S.A.", ["LOJAS REUNIDAS LTDA", "BANCO DO LUGAR S.A"]),
        ("EBAZAR.COM.BR.LTDA.", ["EBAZAR.COM.BR.LTDA"]),
        ("LOJAS REUNIDAS LTDA - ME", ["LOJAS REUNIDAS LTDA - ME"]),
    ],
)
def test_glued_parties_are_parted(text, names):
    assert parties(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("W.C.G. e M. da C.C", ["W.C.G", "M. da C.C"]),
        ("E. da S.T., J.C. dos S e C. dos .S.B.", ["E. da S.T", "J.C. dos S", "C. dos .S.B"]),
        ("Fulano de Tal e Beltrano de Tal", ["Fulano de Tal", "Beltrano de Tal"]),
        ("Fulano de Tal e Beltrano de Tal e outros (3)", ["Fulano de Tal", "Beltrano de Tal"]),
        ("Fulano de Tal e outros (3)", ["Fulano de Tal"]),
        ("LIMA e HOLANDA CAVALCANTI LTDA", ["LIMA e HOLANDA CAVALCANTI LTDA"]),
    ],
)
def test_several_persons_are_joined_by_and(text, names):
    assert parties(text, several=True) == names


def test_and_of_a_single_party_stays():
    assert parties("Banco de Crédito e Fomento do Lugar") == ["Banco de Crédito e Fomento do Lugar"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A. C. D. C. REPRESENTADO POR FULANA DE TAL", "A. C. D. C"),
        ("MARIA DAS DORES, neste ato representada por FULANA DE TAL", "MARIA DAS DORES"),
        ("MARIA DAS DORES (assistida por sua mãe)", "MARIA DAS DORES"),
        ("MARIA DAS DORES E OUTROS", "MARIA DAS DORES"),
        ("MARIA DAS DORES e outro(s) (3)", "MARIA DAS DORES"),
        (f"FULANA DE TAL {'1' * 11}", "FULANA DE TAL"),
        (f"FULANA DE TAL {'*' * 11}", "FULANA DE TAL"),
        ("“Fulana de Tal”;", "Fulana de Tal"),
        ("BANCO DO LUGAR (BRASIL) S.A.", "BANCO DO LUGAR (BRASIL) S.A"),
    ],
)
def test_what_stands_around_a_name_goes(text, name):
    assert clean_name(text) == name


@pytest.mark.parametrize("name", ["C. R. D. S", "H. C. S.", "B.S.P", "M. da C.C", "C. dos .S.B", "J.C. dos S", "I.C"])
def test_initials_hide_a_name(name):
    assert is_initials(name)


@pytest.mark.parametrize(
    "name", ["MARIA", "V. DE CASTRO PEREIRA LTDA", "J B DOS SANTOS PEREIRA", "BANCO S.A", "S/A", ""]
)
def test_names_are_no_initials(name):
    assert not is_initials(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Juiz de Direito FULANO DE TAL", "FULANO DE TAL"),
        ("JUÍZA DE DIREITO FULANA DE TAL", "FULANA DE TAL"),
        ("Desembargador Fulano de Tal", "Fulano de Tal"),
        ("Desembargadora Fulana de Tal.", "Fulana de Tal"),
        ("Des. Fulano de Tal", "Fulano de Tal"),
        ("Juiz Fulano de Tal", "Fulano de Tal"),
        ("Juiz Convocado Fulano de Tal", "Fulano de Tal"),
        ("Excelentíssimo Senhor Desembargador Fulano", "Fulano"),
        ("Osny Augusto Desembargador", "Osny Augusto Desembargador"),
        ("Desembargador", "Desembargador"),
        ("", None),
    ],
)
def test_judge_loses_his_title(text, name):
    assert read_relator(text) == name


@given(st.text(), st.booleans())
def test_any_text_has_clean_parties(text, several):
    names = read_parties(" ".join(text.split()), several=several)

    assert all(name and name == name.strip() for name in names)
    assert len(set(names)) == len(names)


def test_others_go_before_a_full_stop_and_with_their_comma():
    assert clean_name("MARIA DAS DORES e outros.") == "MARIA DAS DORES"
    assert clean_name("MARIA DAS DORES, e outros") == "MARIA DAS DORES"


def test_dash_behind_a_title_goes():
    assert read_relator("Juiz – Fulano de Tal") == "Fulano de Tal"


def test_firm_named_after_a_state_is_its_own():
    assert parties("LOJA DO LUGAR, ACRE MOTOS LTDA") == ["LOJA DO LUGAR", "ACRE MOTOS LTDA"]


def test_persons_of_two_names_are_parted():
    assert parties("Ana Lima e Rui Melo", several=True) == ["Ana Lima", "Rui Melo"]


@pytest.mark.parametrize("end", ["", ",", " , "])
def test_comma_at_the_end_does_not_keep_two_persons_together(end):
    assert parties(f"Ana Lima e Rui Melo{end}", several=True) == ["Ana Lima", "Rui Melo"]
