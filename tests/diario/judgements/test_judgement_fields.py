"""Contract tests: the text of a field goes over line and page breaks, and an entry ends where its decision ends."""

from __future__ import annotations

import pytest
from judgement_texts import HEADER

from trio_pipeline.diario.judgements.fields import split_fields
from trio_pipeline.diario.judgements.labels import Kind
from trio_pipeline.diario.judgements.pages import Pages

WIDE = "RECURSO CONHECIDO E PROVIDO À UNANIMIDADE DOS MEMBROS PRESENTES, PRELIMINAR REJEITADA PELOS MESMOS,"


def fields(*pages: str) -> list[tuple[str, str]]:
    return [(field.label.name, field.text) for field in split_fields(Pages(pages).lines())]


def decision(*pages: str) -> str:
    return next(field.text for field in split_fields(Pages(pages).lines()) if field.label.kind is Kind.DECISAO)


def test_each_label_begins_a_field():
    assert fields("Classe: A\nRecorrente: B\nDECISÃO: C.") == [("classe", "A"), ("recorrente", "B"), ("decisao", "C.")]


def test_broken_lines_belong_to_their_field():
    assert fields("Recorrido(a): MARIA DAS\nDORES\nRelator: X") == [("recorrido", "MARIA DAS DORES"), ("relator", "X")]


def test_lines_before_the_first_label_are_left_out():
    assert fields("(processo físico)\nRelator: X") == [("relator", "X")]


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("Recorrente: MARIA DAS", "DORES\nRelator: X", ("recorrente", "MARIA DAS DORES")),
        ("Advogado(a): JOSE PEREIRA, OAB", "nº RO1\nRelator: X", ("advogado", "JOSE PEREIRA, OAB nº RO1")),
        (f"DECISÃO: {WIDE} ", "NOS TERMOS DO VOTO.\nx", ("decisao", f"{WIDE} NOS TERMOS DO VOTO.")),
    ],
)
def test_page_header_in_the_middle_is_skipped(first, second, whole):
    pages = (HEADER.format(page=1) + first, HEADER.format(page=2) + second)

    assert fields(*pages)[0] == whole


def test_sentence_end_ends_the_entry():
    assert fields("DECISÃO: RECURSO PROVIDO.\nÀ tarde, a sessão foi encerrada.") == [("decisao", "RECURSO PROVIDO.")]


def test_short_line_ends_the_entry():
    assert decision("DECISÃO: RETIRADO DE PAUTA \nPROCESSO COM VISTA - SESSÃO 67") == "RETIRADO DE PAUTA"


@pytest.mark.parametrize(
    "follows", ["Às 14 horas, encerrou-se.", "Encerrado o julgamento, x", "Porto Velho, 16 de junho"]
)
def test_closing_words_end_the_entry(follows):
    assert decision(f"DECISÃO: {WIDE} \n{follows}") == WIDE


def test_wide_line_goes_on():
    assert decision(f"DECISÃO: {WIDE} \nNOS TERMOS DO VOTO.\nx") == f"{WIDE} NOS TERMOS DO VOTO."


def test_sentence_within_a_wide_line_goes_on():
    sentence = WIDE.rstrip(",") + "."

    assert decision(f"DECISÃO: {sentence} \nTUDO À UNANIMIDADE.\nx") == f"{sentence} TUDO À UNANIMIDADE."
    assert decision(f"DECISÃO: {sentence}\nOutro assunto.") == sentence


def test_decision_may_begin_under_its_label():
    assert decision("DECISÃO:\nRECURSO PROVIDO.\nx") == "RECURSO PROVIDO."


def test_quotation_goes_on_to_its_end():
    assert decision("Decisão: “PROVIDO.\nÀ UNANIMIDADE.”\nx") == "“PROVIDO. À UNANIMIDADE.”"


def test_quotation_without_end_does_not_swallow_the_rest():
    assert len(decision("Decisão: “PROVIDO\n" + "linha\n" * 1000).split()) < 100


def test_lines_after_the_decision_with_a_label_belong_to_the_entry():
    assert fields(
        "DECISÃO: RETIRADO DE PAUTA\nIMPEDIMENTO: JUIZ FULANO\nPROCESSO COM VISTA\nIMPEDIMENTO: JUIZ BELTRANO"
    ) == [
        ("decisao", "RETIRADO DE PAUTA"),
        ("impedimento", "JUIZ FULANO"),
    ]


def test_unlisted_label_ends_a_name():
    assert fields("Recorrente: A\nPrevenção: B\nRelator: C") == [
        ("recorrente", "A"),
        ("prevencao", "B"),
        ("relator", "C"),
    ]


def test_unlisted_label_in_a_running_text_is_text():
    assert fields("Objeto: saber\nIsto: se cabe\nRelator: C")[0] == ("objeto", "saber Isto: se cabe")


def test_distribution_without_colon_ends_a_name():
    assert fields("Relator: Desembargador X\nDistribuído por sorteio em 21.02.2025")[0] == (
        "relator",
        "Desembargador X",
    )


def test_label_without_colon_begins_a_field():
    assert fields("RECORRIDO: A\nADVOGADO SEM ADVOGADO(S)\nRELATOR: C")[1] == ("advogado", "SEM ADVOGADO(S)")


def test_label_word_in_a_decision_is_text():
    assert decision(f"DECISÃO: {WIDE} \nRECORRIDO BANCO DO LUGAR VENCIDO.\nx").endswith(
        "RECORRIDO BANCO DO LUGAR VENCIDO."
    )


def test_last_entry_does_not_swallow_the_gazette():
    assert len(fields("Relator: X\n" + "linha\n" * 5000)[0][1].split()) < 1000


def test_unlisted_label_after_the_decision_is_no_field():
    assert fields("DECISÃO: PROVIDO.\nRelator: X\nSala: 2") == [("decisao", "PROVIDO."), ("relator", "X")]


@pytest.mark.parametrize("quoted", ["“RECURSO PROVIDO”.", f"“{WIDE} DECISÃO UNÂNIME.”"])
def test_end_of_a_quotation_ends_the_entry(quoted):
    assert decision(f"DECISÃO: {quoted} \nÀ tarde, nada mais houve.") == quoted


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "DECISÃO: RECURSO CONHECIDO E NÃO \nPROVIDO, NOS TERMOS DO VOTO.\nx",
            "RECURSO CONHECIDO E NÃO PROVIDO, NOS TERMOS DO VOTO.",
        ),
        (
            "DECISÃO: PRELIMINAR REJEITADA, RECURSO PROVIDO. \nÀ UNANIMIDADE.\nx",
            "PRELIMINAR REJEITADA, RECURSO PROVIDO. À UNANIMIDADE.",
        ),
        ("DECISÃO: RECURSO NÃO PROVIDO. \nx", "RECURSO NÃO PROVIDO."),
        ("DECISÃO: RETIRADO\nx", "RETIRADO"),
    ],
)
def test_line_that_fills_a_column_goes_on(text, whole):
    assert split_fields(Pages([text]).lines(), width=60)[0].text == whole


@pytest.mark.parametrize("abbreviation", ["N.", "n.", "art.", "FLS.", "Dr."])
def test_abbreviation_ends_no_sentence(abbreviation):
    text = f"DECISÃO: {WIDE} COMO NO {abbreviation}\n12, À UNANIMIDADE.\nx"

    assert decision(text) == f"{WIDE} COMO NO {abbreviation} 12, À UNANIMIDADE."


def test_counsel_without_colon_may_go_on_in_the_next_line():
    assert fields("RECORRIDO: A\nADVOGADO MARIA DAS DORES,\nOAB nº RO1\nRELATOR: C")[1] == (
        "advogado",
        "MARIA DAS DORES, OAB nº RO1",
    )
