"""Contract tests: every case that opens an entry is found, and no number that opens none."""

from __future__ import annotations

import pytest
from judgement_texts import case_number, entry

from trio_pipeline.diario.judgements.entries import find_entries
from trio_pipeline.diario.judgements.pages import Pages

ONE, TWO = case_number(1), case_number(2)
LONG_CLASS = (
    "Embargos de Declaração em Agravo Interno em Recurso Especial em Apelação Cível " * 2 + "em Ação Civil Pública"
)
FIELDS = "\nImpetrante: Fulano de Tal\nRelator: Desembargador Beltrano\nDecisão: “SEGURANÇA CONCEDIDA.”\n"


def found(*pages: str) -> list[tuple[str | None, str, str | None]]:
    return [(entry.ordinal, entry.number, entry.classe) for entry in find_entries(Pages(pages).lines())[0]]


@pytest.mark.parametrize(
    ("heading", "ordinal", "classe"),
    [
        (f"07 - {ONE}", "07", None),
        (f"307 - {ONE} ", "307", None),
        (f"01. Mandado de Segurança n. {ONE}", "01", "Mandado de Segurança"),
        (f"01. Mandado de Segurança nº {ONE}", "01", "Mandado de Segurança"),
        (f"1) Apelação Cível - {ONE}", "1", "Apelação Cível"),
        (f"Mandado de Segurança n. {ONE}", None, "Mandado de Segurança"),
        (ONE, None, None),
        (f"Processo n. {ONE}", None, None),
        (f"Processo. {ONE}", None, None),
        (f"01. {LONG_CLASS} n. {ONE}", "01", LONG_CLASS),
        (f"Processo: {ONE}", None, None),
        (f"Número do Processo :{ONE}", None, None),
        (f"02 – Autos nº {ONE} (PJe)", "02", None),
        (f"{ONE} - Apelação Cível", None, "Apelação Cível"),
        (f"{ONE} (Embargos de Declaração)", None, "Embargos de Declaração"),
        (
            f"{ONE} (Embargos de Declaração em \nMandado de Segurança)",
            None,
            "Embargos de Declaração em Mandado de Segurança",
        ),
        (f"{ONE} - Embargos de Declara\ufffeção", None, "Embargos de Declaração"),
        (f"{ONE} - Apelação Cível \n1ª Câmara", None, "Apelação Cível"),
        (f"{ONE} - Apelação Cível\nPorto Velho", None, "Apelação Cível"),
        (f"{ONE} - Apelação Cível ", None, "Apelação Cível"),
        (f"{ONE} - Porto Velho", None, None),
        (f"03. Agravo Interno em Mandado de Segurança n. \n{ONE}", "03", "Agravo Interno em Mandado de Segurança"),
        (
            f"04. Embargos de Declaração em Agravo Interno em \nApelação Cível n. {ONE}",
            "04",
            "Embargos de Declaração em Agravo Interno em Apelação Cível",
        ),
        (f"05 - {ONE[:7]}\ufffe{ONE[8:]}", "05", None),
        (f"05 - {ONE[:8]}\n{ONE[8:]}", "05", None),
        (f"05 - {ONE[:7]}\ufffe\n{ONE[8:]}", "05", None),
        (f"06. Mandado de Segurança n. {ONE[:8]}\n{ONE[8:]}", "06", "Mandado de Segurança"),
        (f"{ONE[:8]}\n{ONE[8:]} - Apelação Cível", None, "Apelação Cível"),
        (
            f"Embargos de Declaração em Mandado de \nSegurança n. {ONE}",
            None,
            "Embargos de Declaração em Mandado de Segurança",
        ),
        (f"07. Embargos em Mandado de \nSegurança n. \n{ONE}", "07", "Embargos em Mandado de Segurança"),
        (
            f"08. Agravo em Recurso em Mandado \nde Segurança n. {ONE[:8]}\n{ONE[8:]}",
            "08",
            "Agravo em Recurso em Mandado de Segurança",
        ),
    ],
)
def test_heading_is_understood(heading, ordinal, classe):
    assert found(heading + FIELDS) == [(ordinal, ONE, classe)]


@pytest.mark.parametrize(
    ("above", "heading", "ordinal", "classe"),
    [
        ("NOS TERMOS DO VOTO DO RELATOR, QUE FOI LIDO NA SESSÃO PASSADA.", f"Recurso n. {ONE}", None, "Recurso"),
        (f"Agravo Interno, como o do processo n. {TWO}, ", f"Recurso n. {ONE}", None, "Recurso"),
        ("Sessão de Julgamento -", f"Recurso n. {ONE}", None, "Recurso"),
        (f"07 - {TWO}", f"08 - {ONE}", "08", None),
        (f"Processo\n{TWO}\n001.2008.001234-5", f"07 - {ONE}", "07", None),
        ("Sessão de Julgamento", ONE, None, None),
        ("Sessão de Julgamento", f"Apelação Cível n. {ONE}", None, "Apelação Cível"),
        ("04. Aviso", f"Apelação Cível n. {ONE}", None, "Apelação Cível"),
        (f"04. {LONG_CLASS[:80]} ", f"05. Apelação Cível n. {ONE}", "05", "Apelação Cível"),
    ],
)
def test_line_above_is_no_part_of_a_whole_heading(above, heading, ordinal, classe):
    assert found(f"{above}\n{heading}{FIELDS}") == [(ordinal, ONE, classe)]


def test_ordinals_may_start_again():
    assert [ordinal for ordinal, _, _ in found(entry(ONE, ordinal="01") + entry(TWO, ordinal="01"))] == ["01", "01"]


def test_entry_may_begin_on_a_page_and_go_on_on_the_next():
    assert found(f"07 - {ONE}", FIELDS) == [("07", ONE, None)]


def test_number_of_origin_opens_no_entry():
    text = (
        f"10. Conflito de Competência n. {ONE}\nOrigem: {TWO}/Vilhena\nSuscitante: Juízo de Vilhena\nDecisão: ACOLHIDO."
    )

    assert [number for _, number, _ in found(text)] == [ONE]


def test_cited_case_opens_no_entry():
    cited = (
        f"Objeto: Reformar o que se decidiu na longa e demorada\nAção n. {TWO}. (Feito extinto)\nDecisão: “PROVIDO.”\n"
    )

    assert [number for _, number, _ in found(f"01. Mandado de Segurança n. {ONE}\nAutor: Fulano\n{cited}")] == [ONE]


@pytest.mark.parametrize(
    "cited",
    [
        f"conforme o acórdão n.\n{TWO}",
        f"CONFORME O ACÓRDÃO N.\n{TWO}, DE IGUAL TEOR.",
        f"CONFORME O QUE SE DECIDIU EM\n{TWO}, DE IGUAL TEOR.",
        f"Objeto: Anular o que se decidiu nos autos n. \n{TWO}.",
        f"Objeto: Anular o que se decidiu nos autos\n{TWO}, entre as mesmas partes.",
        f"Objeto: Anular o que se decidiu nos autos\n{TWO} e nos que lhes seguem.",
        f"Objeto: Anular o que se decidiu nos autos\nde n. {TWO[:8]}\n{TWO[8:]}",
    ],
)
def test_case_cited_at_the_head_of_a_line_opens_no_entry(cited):
    text = f"01. Mandado de Segurança n. {ONE}\nAutor: Fulano\n{cited}\nOrigem: Vilhena\nDecisão: “PROVIDO.”\n"

    assert [number for _, number, _ in found(text)] == [ONE]


def test_old_number_may_be_broken():
    assert found(f"09 - 001.2006.001234-\n5{FIELDS}") == [("09", "001.2006.001234-5", None)]
    assert found(f"09 - 001.2006.008234-5{FIELDS}") == [("09", "001.2006.008234-5", None)]


def test_hyphen_at_the_end_of_the_text_breaks_no_number():
    assert found(f"07 - {ONE[:8]}") == []


@pytest.mark.parametrize("origin", [8000, 8700])
def test_administrative_file_opens_no_entry(origin):
    assert found(f"2 - PROCESSO: {case_number(5, origin)}{FIELDS}") == []
    assert found(f"Ausentes (Folga - SEI n. {case_number(5, origin)}){FIELDS}") == []


@pytest.mark.parametrize(
    "text",
    [
        f"EDITAL\nProcesso n. {ONE}\nFaço saber a quantos este edital virem.\n",
        f"Protocolo: 123456\nDevedor: FULANO\nProcesso {ONE}\n",
        f"{ONE}\n{TWO}\n",
        f"Nos autos de {ONE}, em que é autor Fulano de Tal e que tramitam perante a comarca de Vilhena, decidiu-se\n",
        "",
    ],
)
def test_number_without_fields_opens_no_entry(text):
    assert found(text) == []


def test_list_of_cases_to_be_judged_is_planned():
    planned = f"PAUTA DE JULGAMENTO\n{entry(ONE)}ATA DE JULGAMENTO\n{entry(TWO)}"

    assert [entry.planned for entry in find_entries(Pages([planned]).lines())[0]] == [True, False]


@pytest.mark.parametrize("heading", [f"01. Ação Rescisória XX n. {ONE}", f"{ONE} - Ação Rescisória XX"])
def test_class_keeps_its_last_letter(heading):
    assert [classe for _, _, classe in found(heading + FIELDS)] == ["Ação Rescisória XX"]
