"""Judgements in running text, as *acórdãos* were published: rules do not read them, a person or a model can.

Pure.
"""

from __future__ import annotations

import datetime
import random

from trio_pipeline.diario.cnj import is_valid
from trio_pipeline.diario.model import Judgement
from trio_pipeline.services.entries import Entry, case_number, earlier, person
from trio_pipeline.services.vocabulary import JUDGES, PLENARY_KINDS

__all__ = ["prose_entry"]

_OUTCOMES = (
    ("negar provimento ao recurso", "nao_provido"),
    ("dar provimento ao recurso", "provido"),
    ("dar parcial provimento ao recurso", "parcialmente_provido"),
    ("não conhecer do recurso", "nao_conhecido"),
)


def prose_entry(rng: random.Random, date: datetime.date) -> Entry:
    """A judgement in running text, as acórdãos were published: rules do not read it, a person or a model can."""
    number = case_number(rng, date.year, origin=0)
    kind = rng.choice(PLENARY_KINDS)
    ativo, passivo, judge = person(rng), person(rng), rng.choice(JUDGES)
    decision, result = rng.choice(_OUTCOMES)
    text = (
        f"Vistos, relatados e discutidos estes autos de {kind.classe} n. {number}, da comarca de Porto Velho, em que é "
        f"{kind.ativo.lower()} {ativo} e {kind.passivo.lower()} {passivo}, ACORDAM os Desembargadores do Tribunal de "
        f"Justiça do Estado de Rondônia, na conformidade da ata de julgamentos, em, por unanimidade, {decision}."
    )
    paragraphs = (text, f"Porto Velho, {earlier(rng, date):%d/%m/%Y}.", f"Desembargador {judge}", "Relator")
    truth = Judgement(
        page=0,
        ordinal=None,
        numero_processo=number,
        numero_valido=is_valid(number),
        classe=kind.classe,
        polo_ativo=(ativo,),
        polo_passivo=(passivo,),
        advogados_polo_ativo=(),
        advogados_polo_passivo=(),
        relator=judge,
        decisao=decision,
        resultado=result,
        segredo=False,
        span=(0, 0),
    )
    return Entry(paragraphs, truth)
