"""Pieces of a gazette for tests, and what a model would say of them."""

from __future__ import annotations

import json

from trio_pipeline.diario.language_model.questions import Question, ask_about

FIRST = "7002770-82.2024.8.22.0011"
SECOND = "7000001-09.2025.8.22.0001"

TEXT = f"""\
07 - {FIRST}
Classe: Recurso Inominado Cível
Recorrente: JOSÉ DA CONCEI\ufffe
ÇÃO
Advogado(a): INÊS BRANDÃO, OAB nº RO7821A
Recorrido(a): ESTADO DE RONDÔNIA
Advogado(a): PROCURADORIA GERAL DO ESTADO
Relator: Juiz de Direito PAULO LIMA
DECISÃO: RECURSO CONHECIDO E NÃO PROVIDO À UNANIMIDADE,
NOS TERMOS DO VOTO DO RELATOR.
08 - {SECOND}
Classe: Embargos de Declaração Cível
Embargante: MARIA SOUZA
Advogado(a): RUI CASTRO (OAB/RO 6.227)
Embargado(a): BANCO DO SUL S.A.
Relator: Juiz de Direito ANA REIS
DECISÃO: EMBARGOS REJEITADOS."""


def piece(text: str = TEXT) -> Question:
    """The only piece of a gazette of one page."""
    (question,) = ask_about([text], everything=True).questions
    return question


def first(**changes):
    """What a careful model says of the first entry, but for what is changed."""
    return {
        "numero_processo": FIRST,
        "ordinal": "07",
        "classe": "Recurso Inominado Cível",
        "polo_ativo": ["JOSÉ DA CONCEIÇÃO"],
        "polo_passivo": ["ESTADO DE RONDÔNIA"],
        "advogados_polo_ativo": [{"nome": "INÊS BRANDÃO", "oab": "RO7821A"}],
        "advogados_polo_passivo": [{"nome": "PROCURADORIA GERAL DO ESTADO", "oab": None}],
        "relator": "PAULO LIMA",
        "decisao": "RECURSO CONHECIDO E NÃO PROVIDO À UNANIMIDADE, NOS TERMOS DO VOTO DO RELATOR.",
        "resultado": "nao_provido",
    } | changes


def second(**changes):
    """What a careful model says of the second entry, but for what is changed."""
    return {
        "numero_processo": SECOND,
        "ordinal": "08",
        "classe": "Embargos de Declaração Cível",
        "polo_ativo": ["MARIA SOUZA"],
        "polo_passivo": ["BANCO DO SUL S.A"],
        "advogados_polo_ativo": [{"nome": "RUI CASTRO", "oab": "RO6227"}],
        "advogados_polo_passivo": [],
        "relator": "ANA REIS",
        "decisao": "EMBARGOS REJEITADOS.",
        "resultado": "rejeitado",
    } | changes


def said(*judgements):
    """An answer with these judgements."""
    return json.dumps({"judgements": judgements})
