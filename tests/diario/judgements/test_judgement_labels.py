"""Contract tests: a label means the same in every form in which the court prints it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.labels import Kind, Side, plain, read_label

ATIVO, PASSIVO = (Side.ATIVO,), (Side.PASSIVO,)


@pytest.mark.parametrize(
    ("line", "kind", "sides", "rest"),
    [
        ("Classe: Recurso", Kind.CLASSE, (), " Recurso"),
        ("CLASSE: RECURSO", Kind.CLASSE, (), " RECURSO"),
        ("Recorrente: A", Kind.PARTE, ATIVO, " A"),
        ("RECORRENTES: A", Kind.PARTE, ATIVO, " A"),
        ("Recorrido(a): A", Kind.PARTE, PASSIVO, " A"),
        ("RECORRIDO/RECORRENTE:A", Kind.PARTE, (Side.PASSIVO, Side.ATIVO), "A"),
        ("Recorrido(a)/Recorrente: A", Kind.PARTE, (Side.PASSIVO, Side.ATIVO), " A"),
        ("Agravado (a): A", Kind.PARTE, PASSIVO, " A"),
        ("Embargante/Impetrante: A", Kind.PARTE, (Side.ATIVO, Side.ATIVO), " A"),
        ("Autor: A", Kind.PARTE, ATIVO, " A"),
        ("Autores: A", Kind.PARTE, ATIVO, " A"),
        ("Réu: A", Kind.PARTE, PASSIVO, " A"),
        ("Ré: A", Kind.PARTE, PASSIVO, " A"),
        ("Réus: A", Kind.PARTE, PASSIVO, " A"),
        ("Suscitante: A", Kind.PARTE, ATIVO, " A"),
        ("Suscitado: A", Kind.PARTE, PASSIVO, " A"),
        ("1º Apelante: A", Kind.PARTE, ATIVO, " A"),
        ("Apelante (2): A", Kind.PARTE, ATIVO, " A"),
        ("Recorrente Adesivo: A", Kind.PARTE, ATIVO, " A"),
        ("Apelante e Apelado: A", Kind.PARTE, (Side.ATIVO, Side.PASSIVO), " A"),
        ("Interessado (Ativo): A", Kind.INTERESSADO, ATIVO, " A"),
        ("Interessada (Parte Passiva): A", Kind.INTERESSADO, PASSIVO, " A"),
        ("Interessado: A", Kind.OTHER, (), " A"),
        ("Amicus Curiae: A", Kind.OTHER, (), " A"),
        ("Advogado(a): A", Kind.ADVOGADO, (), " A"),
        ("Advogados (as) : A", Kind.ADVOGADO, (), " A"),
        ("ADVOGADAS: A", Kind.ADVOGADO, (), " A"),
        ("ADVOGADOS:A", Kind.ADVOGADO, (), "A"),
        ("Procuradores (as): A", Kind.ADVOGADO, (), " A"),
        ("Defensor (a) Público (a): A", Kind.ADVOGADO, (), " A"),
        ("Procurador de Justiça: A", Kind.OTHER, (), " A"),
        ("Relator: A", Kind.RELATOR, (), " A"),
        ("Relatora: A", Kind.RELATOR, (), " A"),
        ("Relator Originário: A", Kind.RELATOR, (), " A"),
        ("Relator p/ Acórdão: A", Kind.OTHER, (), " A"),
        ("Decisão: A", Kind.DECISAO, (), " A"),
        ("DECISÃO : A", Kind.DECISAO, (), " A"),
        ("Decisão parcial: A", Kind.DECISAO, (), " A"),
        ("Observação: A", Kind.OBSERVACAO, (), " A"),
        ("Origem: A", Kind.ORIGEM, (), " A"),
        ("IMPEDIMENTO: A", Kind.OTHER, (), " A"),
        ("Impedidos: A", Kind.OTHER, (), " A"),
        ("Objeto dos Embargos: A", Kind.OTHER, (), " A"),
        ("Data da distribuição: A", Kind.OTHER, (), " A"),
        ("Distribuído por sorteio em 21.02.2025", Kind.OTHER, (), "Distribuído por sorteio em 21.02.2025"),
        ("Prevenção: A", Kind.UNKNOWN, (), " A"),
    ],
)
def test_label_is_understood(line, kind, sides, rest):
    label, position = read_label(line)

    assert (label.kind, label.sides, line[position:]) == (kind, sides, rest)
    assert not label.bare


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ADVOGADO SEM ADVOGADO(S)", Kind.ADVOGADO),
        ("ADVOGADO JOSE PEREIRA, OAB nº RO1", Kind.ADVOGADO),
        ("RECORRIDO BANCO DO LUGAR", Kind.PARTE),
        ("Recorrido(a) Banco do Lugar", Kind.PARTE),
        ("RELATOR JUIZ DE DIREITO", Kind.RELATOR),
        ("CLASSE RECURSO INOMINADO", Kind.CLASSE),
    ],
)
def test_label_without_colon_is_bare(line, kind):
    label, _ = read_label(line)

    assert (label.kind, label.bare) == (kind, True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "MARIA DAS DORES, OAB nº RO1",
        "ADVOGADOS ASSOCIADOS",
        "relator e vencidos os demais",
        "recorrido não tem razão",
        "às 14:52 (horário de Rondônia)",
        "O que se disse aqui, em mais de quatro palavras: nada",
    ],
)
def test_running_text_has_no_label(line):
    assert read_label(line) is None


def test_plain_text_has_no_accents():
    assert plain("  DECISÃO\n Não  PROVIDA º") == "decisao nao provida o"


@given(st.text())
def test_any_line_is_looked_at(line):
    found = read_label(line)

    assert found is None or 0 <= found[1] <= len(line)


@pytest.mark.parametrize(("line", "sides"), [("RECORRENTE MARIA", ATIVO), ("RECORRIDOS LOJAS", PASSIVO)])
def test_party_without_colon_has_its_side(line, sides):
    found = read_label(line)

    assert found is not None
    assert found[0].sides == sides


def test_distribution_without_colon_has_a_name():
    found = read_label("Distribuído por sorteio em 21.02.2025")

    assert found is not None
    assert found[0].name == "distribuicao"


@pytest.mark.parametrize(
    ("line", "following", "is_label"),
    [
        ("ADVOGADO MARIA DAS DORES,", "OAB nº RO1", True),
        ("ADVOGADOS MARIA DAS", "DORES (OAB/RO 1) E OUTRA", True),
        ("ADVOGADO SEM", "ADVOGADO(S)", True),
        ("ADVOGADOS ASSOCIADOS", "ADVOGADO: MARIA, OAB nº RO1", False),
        ("ADVOGADOS ASSOCIADOS", "ADVOGADO MARIA, OAB nº RO1", False),
        ("ADVOGADOS ASSOCIADOS", "RELATOR: JUIZ DE DIREITO", False),
        ("ADVOGADOS ASSOCIADOS", "", False),
    ],
)
def test_counsel_without_colon_is_known_by_the_next_line(line, following, is_label):
    assert (read_label(line, following) is not None) == is_label
