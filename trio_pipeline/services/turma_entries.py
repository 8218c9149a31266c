"""Entries of a panel (*turma*): the number first, then a label on each line, with all the ways that clerks write them.

Pure.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence

from trio_pipeline.diario.cnj import is_valid
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.entries import Entry, case_number, earlier, lawyer, person
from trio_pipeline.services.vocabulary import BODIES, COMPANIES, DEFENDERS, JUDGES, TURMA_KINDS, Kind

__all__ = ["turma_entry"]


def turma_entry(rng: random.Random, date: datetime.date, ordinal: int | None, *, capitals: bool) -> Entry:
    """An entry of a panel: the number first, then a label on each line.

    Args:
        rng: Makes every choice.
        date: Of the gazette.
        ordinal: The place in the list, or None for an entry without.
        capitals: Whether labels and class are in capitals.
    """
    number = case_number(rng, date.year)
    kind = rng.choice(TURMA_KINDS)
    secret = rng.random() < 0.06
    ativo, passivo = _parties(rng, secret=secret), _parties(rng, secret=False)
    counsel = [_counsel(rng, ativo), _counsel(rng, passivo)]
    judge = rng.choice(JUDGES)
    decision, result = rng.choice(kind.outcomes)
    classe = kind.classe.upper() if capitals else kind.classe
    label = _Labels(rng, capitals=capitals)
    paragraphs = [
        number if ordinal is None else f"{ordinal:02d} - {number}",
        label.line("Classe", classe),
        *_sides(rng, kind, label, (ativo, passivo), counsel),
        label.line("Relator", _title("Juiz de Direito", judge.upper(), capitals=capitals)),
        label.line("Distribuição", f"{earlier(rng, date):%d/%m/%Y}"),
        f"DECISÃO: {decision}",
    ]
    if rng.random() < 0.1:
        paragraphs.append(f"IMPEDIMENTO: {rng.choice(JUDGES).upper()}")
    truth = Judgement(
        page=0,
        ordinal=None if ordinal is None else f"{ordinal:02d}",
        numero_processo=number,
        numero_valido=is_valid(number),
        classe=classe,
        polo_ativo=_unpointed(ativo),
        polo_passivo=_unpointed(passivo),
        advogados_polo_ativo=counsel[0],
        advogados_polo_passivo=counsel[1],
        relator=judge.upper(),
        decisao=decision,
        resultado=result,
        segredo=secret,
        span=(0, 0),
    )
    return Entry(tuple(paragraphs), truth)


class _Labels:
    """How one entry writes its labels: the court's clerks each have their own way."""

    def __init__(self, rng: random.Random, *, capitals: bool) -> None:
        self.capitals = capitals
        self._colon = rng.choice((": ", ": ", ": ", ": ", " : ", ":"))

    def line(self, label: str, value: str) -> str:
        return f"{label.upper() if self.capitals else label}{self._colon}{value}"

    def side(self, label: str, parties: Sequence[str]) -> str:
        if "/" in label:
            ending = ""
        elif len(parties) > 1:
            ending = "s"
        else:
            ending = "" if self.capitals or label.endswith("e") else "(a)"
        return self.line(f"{label}{ending}", ", ".join(parties))

    def counsel(self, counsel: Sequence[Advogado]) -> str:
        number = "OAB Nº" if self.capitals else "OAB nº"
        named = ", ".join(f"{one.nome}, {number} {one.oab}" if one.oab else one.nome for one in counsel)
        label = "Advogado" if self.capitals else "Advogado(a)"
        return self.line(label, named or "SEM ADVOGADO(S)")


def _sides(
    rng: random.Random,
    kind: Kind,
    label: _Labels,
    parties: tuple[Sequence[str], Sequence[str]],
    counsel: Sequence[Sequence[Advogado]],
) -> list[str]:
    names = (kind.ativo, kind.passivo)
    if rng.random() < 0.05:
        # Both sides appeal; the one printed first counts as the active one.
        names = (f"{kind.ativo}/{kind.passivo}", f"{kind.passivo}/{kind.ativo}")
    return [
        label.side(names[0], parties[0]),
        label.counsel(counsel[0]),
        label.side(names[1], parties[1]),
        label.counsel(counsel[1]),
    ]


def _parties(rng: random.Random, *, secret: bool) -> tuple[str, ...]:
    if secret:
        return (" ".join(f"{word[0].upper()}." for word in person(rng).split()),)
    if rng.random() < 0.4:
        return (rng.choice((*COMPANIES, *BODIES)),)
    return tuple(person(rng).upper() for _ in range(rng.choice((1, 1, 1, 2))))


def _counsel(rng: random.Random, parties: Sequence[str]) -> tuple[Advogado, ...]:
    if parties[0] in BODIES:
        return (Advogado(DEFENDERS[1], None),)
    match rng.randrange(10):
        case 0:
            return ()
        case 1:
            return (Advogado(DEFENDERS[0], None),)
        case _:
            count = rng.choice((1, 1, 2, 3))
            return tuple(lawyer(rng, suffixes=("A", "A", "", "S"), capitals=True) for _ in range(count))


def _unpointed(names: Sequence[str]) -> tuple[str, ...]:
    """Names as `Judgement` has them: each once, without punctuation at the end, even that of an abbreviation."""
    return tuple(dict.fromkeys(name.rstrip(".") for name in names))


def _title(title: str, name: str, *, capitals: bool) -> str:
    return f"{title.upper() if capitals else title} {name}"
