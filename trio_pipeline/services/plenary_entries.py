"""Entries of the full court: the class before the number, names in title case, the decision in quotation marks.

Pure.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence

from trio_pipeline.diario.cnj import is_valid
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.entries import Entry, case_number, earlier, lawyer, person
from trio_pipeline.services.vocabulary import JUDGES, PLENARY_KINDS

__all__ = ["plenary_entry"]

_ADIADO = "Julgamento adiado a pedido do relator."


def plenary_entry(rng: random.Random, date: datetime.date, ordinal: int | None) -> Entry:
    """An entry of the full court: the class before the number, names in title case, the decision in quotation marks.

    Args:
        rng: Makes every choice.
        date: Of the gazette.
        ordinal: The place in the list, or None for an entry without.
    """
    number = case_number(rng, date.year, origin=0)
    kind = rng.choice(PLENARY_KINDS)
    ativo, passivo = (person(rng),), ("Estado de Rondônia",)
    counsel = tuple(lawyer(rng, suffixes=("", "", "", "-S")) for _ in range(rng.choice((1, 1, 2, 3))))
    judge = rng.choice(JUDGES)
    postponed = rng.random() < 0.15
    decision, result = (_ADIADO, "adiado") if postponed else rng.choice(kind.outcomes)
    heading = f"{kind.classe} n. {number}"
    paragraphs = [
        heading if ordinal is None else f"{ordinal:02d}. {heading}",
        f"{kind.ativo}: {ativo[0]}",
        f"{'Advogados (as)' if len(counsel) > 1 else 'Advogado (a)'}: {_enumerated(counsel)}",
        f"{kind.passivo}: {passivo[0]}",
        f"Relator: Desembargador {judge}",
        f"Distribuído por sorteio em {earlier(rng, date):%d.%m.%Y}",
        *_matter(rng, date.year),
        f"Observação: {decision}" if postponed else f"Decisão: “{decision}”",
    ]
    truth = Judgement(
        page=0,
        ordinal=None if ordinal is None else f"{ordinal:02d}",
        numero_processo=number,
        numero_valido=is_valid(number),
        classe=kind.classe,
        polo_ativo=ativo,
        polo_passivo=passivo,
        advogados_polo_ativo=tuple(_plain(lawyer) for lawyer in counsel),
        advogados_polo_passivo=(),
        relator=judge,
        decisao=decision,
        resultado=result,
        segredo=False,
        span=(0, 0),
    )
    return Entry(tuple(paragraphs), truth)


def _plain(lawyer: Advogado) -> Advogado:
    return Advogado(lawyer.nome, (lawyer.oab or "").replace("-", ""))


def _enumerated(counsel: Sequence[Advogado]) -> str:
    """`A (OAB/RO 1.234), B (OAB/SP 56-S) e C (OAB/RO 7)`."""
    printed = [f"{one.nome} (OAB/{(one.oab or '')[:2]} {_dotted((one.oab or '')[2:])})" for one in counsel]
    return " e ".join([", ".join(printed[:-1]), printed[-1]]) if len(printed) > 1 else printed[0]


def _dotted(number: str) -> str:
    digits, dash, letter = number.partition("-")
    return number if dash or len(digits) < 4 else f"{int(digits):,}".replace(",", ".") + letter


def _matter(rng: random.Random, year: int) -> list[str]:
    """Lines with numbers of other cases, which open no entry."""
    lines = [f"Objeto: Busca anular ato praticado nos autos n. {case_number(rng, year)}, entre as mesmas partes."]
    if rng.random() < 0.5:
        lines.append(f"Origem: {case_number(rng, year)} - {rng.randrange(1, 9)}ª Vara Cível")
    return lines
