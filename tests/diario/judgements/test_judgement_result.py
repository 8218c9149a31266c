"""Contract tests: the result is that of the main request, in all the words that courts have for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.result import read_result
from trio_pipeline.diario.model import RESULTADOS

END = " À UNANIMIDADE, NOS TERMOS DO VOTO DO RELATOR."


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("RECURSO CONHECIDO E PROVIDO", "provido"),
        ("RECURSOS CONHECIDOS E PROVIDOS", "provido"),
        ("DEU-SE PROVIMENTO AO RECURSO", "provido"),
        ("RECURSO CONHECIDO E PARCIALMENTE PROVIDO", "parcialmente_provido"),
        ("RECURSO PROVIDO EM PARTE", "parcialmente_provido"),
        ("DEU-SE PROVIMENTO PARCIAL AO RECURSO", "parcialmente_provido"),
        ("DADO PARCIAL PROVIMENTO AO RECURSO", "parcialmente_provido"),
        ("RECURSO CONHECIDO E NÃO PROVIDO", "nao_provido"),
        ("RECURSO CONHECIDO EM PARTE E, NESTA, NÃO PROVIDO", "nao_provido"),
        ("RECURSO DESPROVIDO", "nao_provido"),
        ("NEGOU-SE PROVIMENTO AO RECURSO", "nao_provido"),
        ("EMBARGOS DE DECLARAÇÃO ACOLHIDOS", "acolhido"),
        ("CONFLITO ACOLHIDO, PARA DECLARAR COMPETENTE O JUÍZO", "acolhido"),
        ("EMBARGOS CONHECIDOS E PARCIALMENTE ACOLHIDOS", "parcialmente_acolhido"),
        ("EMBARGOS DE DECLARAÇÃO CONHECIDOS E REJEITADOS", "rejeitado"),
        ("EMBARGOS NÃO ACOLHIDOS", "rejeitado"),
        ("DIRETA DE INCONSTITUCIONALIDADE JULGADA PROCEDENTE", "procedente"),
        ("AÇÃO JULGADA PARCIALMENTE PROCEDENTE", "parcialmente_procedente"),
        ("PEDIDO JULGADO IMPROCEDENTE", "improcedente"),
        ("SEGURANÇA CONCEDIDA", "concedido"),
        ("CONCEDIDA A ORDEM", "concedido"),
        ("ORDEM DENEGADA", "denegado"),
        ("MANDADO DE SEGURANÇA INDEFERIDO", "denegado"),
        ("RECURSO NÃO CONHECIDO", "nao_conhecido"),
        ("NÃO SE CONHECEU DO RECURSO", "nao_conhecido"),
        ("PROCESSO EXTINTO SEM RESOLUÇÃO DO MÉRITO", "extinto"),
        ("HOMOLOGADA A DESISTÊNCIA DO RECURSO", "homologado"),
        ("RECURSO PREJUDICADO", "prejudicado"),
        ("RETIRADO DE PAUTA", "retirado_de_pauta"),
        ("Julgamento adiado a pedido do relator.", "adiado"),
        ("APÓS O VOTO DO RELATOR PROVENDO O RECURSO, PEDIU VISTA O DES. FULANO. OS DEMAIS AGUARDAM", "adiado"),
        ("CAUTELARES RATIFICADAS", "outro"),
        ("INDEFERIDO O PEDIDO DE REVOGAÇÃO DAS MEDIDAS", "outro"),
        ("RECONHECIDA DE OFÍCIO A INCOMPETÊNCIA DOS JUIZADOS", "outro"),
    ],
)
def test_words_of_the_result(text, result):
    assert read_result(text) == result
    assert read_result(text + END) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("PRELIMINAR REJEITADA. NO MÉRITO, RECURSO CONHECIDO E NÃO PROVIDO. TUDO", "nao_provido"),
        ("PRELIMINAR ACOLHIDA. NO MÉRITO, RECURSO CONHECIDO E PARCIALMENTE PROVIDO. TUDO", "parcialmente_provido"),
        ("PRELIMINAR REJEITADA. NO MÉRITO, RECURSO NÃO CONHECIDO. TUDO", "nao_conhecido"),
        ("PRELIMINARES REJEITADAS. RECURSO PROVIDO", "provido"),
        ("REJEITADA A PRELIMINAR, À UNANIMIDADE. NO MÉRITO, EMBARGOS ACOLHIDOS", "acolhido"),
        ("REJEITADA A PRELIMINAR E DESPROVIDO O RECURSO", "nao_provido"),
        ("RECONHECIDA DE OFÍCIO A ILEGITIMIDADE DE FULANO. NO MÉRITO, RECURSO PROVIDO", "provido"),
        ("PRELIMINAR DE INTEMPESTIVIDADE ACOLHIDA", "nao_conhecido"),
        ("PRELIMINAR DE OFENSA À DIALETICIDADE ACOLHIDA", "nao_conhecido"),
        ("PRELIMINAR DE INCOMPETÊNCIA REJEITADA. RECONHECIDA DE OFÍCIO A NULIDADE", "outro"),
    ],
)
def test_preliminary_point_is_not_the_result(text, result):
    assert read_result(text + END) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("RECURSO DA PARTE AUTORA NÃO PROVIDO. RECURSO DO REQUERIDO PROVIDO. TUDO", "outro"),
        ("RECURSO DO AUTOR NÃO PROVIDO E RECURSO DO RÉU PARCIALMENTE PROVIDO", "outro"),
        ("RECURSO DO AUTOR NÃO PROVIDO. RECURSO DO RÉU NÃO PROVIDO", "nao_provido"),
        ("AGRAVO DE INSTRUMENTO PROVIDO. AGRAVO INTERNO PREJUDICADO", "provido"),
    ],
)
def test_two_appeals_need_one_result(text, result):
    assert read_result(text + END) == result


@pytest.mark.parametrize(
    "text",
    [
        "RECURSO PROVIDO, POR MAIORIA, VENCIDO O RELATOR, QUE NEGAVA PROVIMENTO E REJEITAVA A AÇÃO IMPROCEDENTE",
        "RECURSO PROVIDO PARA JULGAR IMPROCEDENTE O PEDIDO",
        "POR MAIORIA, VENCIDO O RELATOR, RECURSO PROVIDO",
    ],
)
def test_votes_and_purpose_are_beside_the_result(text):
    assert read_result(text) == "provido"


def test_empty_text_has_no_result():
    assert read_result(" ") is None


@given(
    st.text(min_size=1)
    | st.lists(st.sampled_from([*RESULTADOS, "NO MÉRITO", "PRELIMINAR", ".", "NÃO", "PROVIDO"])).map(" ".join)
)
def test_any_text_has_a_known_result(text):
    assert read_result(text) in (None, *RESULTADOS)


def test_accepted_preliminary_alone_says_no_result():
    assert read_result("PRELIMINAR DE NULIDADE ACOLHIDA.") == "outro"


def test_first_counts_when_all_are_secondary():
    assert read_result("PROCESSO EXTINTO E RECURSO PREJUDICADO.") == "extinto"
