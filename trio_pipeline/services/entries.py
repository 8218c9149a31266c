"""Judgements as the court's lists print them, each with what a reader should find in it.

Pure: this file does not know on which page an entry comes to stand.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass

from trio_pipeline.diario.cnj import check_digits, is_valid
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.vocabulary import (
    BODIES,
    COMPANIES,
    DEFENDERS,
    GIVEN_NAMES,
    JUDGES,
    PLENARY_KINDS,
    STATES,
    SURNAMES,
    TURMA_KINDS,
    Kind,
)

__all__ = ["Entry", "case_number", "person", "plenary_entry", "prose_entry", "turma_entry"]

_PROSE_OUTCOMES = (
    ("negar provimento ao recurso", "nao_provido"),
    ("dar provimento ao recurso", "provido"),
    ("dar parcial provimento ao recurso", "parcialmente_provido"),
    ("não conhecer do recurso", "nao_conhecido"),
)

_FIRST_YEAR = 2010  # of the form that Resolução CNJ 65/2008 gave to case numbers
_ADIADO = "Julgamento adiado a pedido do relator."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list.

    Attributes:
        paragraphs: What is printed.
        truth: What a reader should find. Its page is 0 and its span (0, 0) as long as nobody has set it.
    """

    paragraphs: tuple[str, ...]
    truth: Judgement


def case_number(rng: random.Random, year: int, *, origin: int | None = None) -> str:
    """A case number of TJRO: with right check digits, or, of a case from before 2010, in the form of its time.

    Args:
        rng: Chooses it.
        year: The year the case began; the case may be up to two years older.
        origin: The last part; None chooses a district. From 8000 on it is an administrative file.
    """
    begun = year - rng.randrange(3)
    if begun < _FIRST_YEAR and (origin is None or origin < 8000):
        instance = rng.choice(("", "100.", "200."))
        return f"{instance}{rng.randrange(1, 24):03d}.{begun}.{rng.randrange(1_000_000):06d}-{rng.randrange(10)}"
    sequence = rng.randrange(7_000_000, 7_080_000)
    origin = rng.randrange(1, 24) if origin is None else origin
    return f"{sequence:07d}-{check_digits(sequence, begun, 8, 22, origin):02d}.{begun:04d}.8.22.{origin:04d}"


def person(rng: random.Random) -> str:
    """A made-up name in title case."""
    return " ".join([rng.choice(GIVEN_NAMES), *rng.sample(SURNAMES, rng.choice((1, 2, 2, 3)))])


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
        label.line("Distribuição", f"{_earlier(rng, date):%d/%m/%Y}"),
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
    counsel = tuple(_lawyer(rng, suffixes=("", "", "", "-S")) for _ in range(rng.choice((1, 1, 2, 3))))
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
        f"Distribuído por sorteio em {_earlier(rng, date):%d.%m.%Y}",
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


def prose_entry(rng: random.Random, date: datetime.date) -> Entry:
    """A judgement in running text, as acórdãos were published: rules do not read it, a person or a model can."""
    number = case_number(rng, date.year, origin=0)
    kind = rng.choice(PLENARY_KINDS)
    ativo, passivo, judge = person(rng), person(rng), rng.choice(JUDGES)
    decision, result = rng.choice(_PROSE_OUTCOMES)
    text = (
        f"Vistos, relatados e discutidos estes autos de {kind.classe} n. {number}, da comarca de Porto Velho, em que é "
        f"{kind.ativo.lower()} {ativo} e {kind.passivo.lower()} {passivo}, ACORDAM os Desembargadores do Tribunal de "
        f"Justiça do Estado de Rondônia, na conformidade da ata de julgamentos, em, por unanimidade, {decision}."
    )
    paragraphs = (text, f"Porto Velho, {_earlier(rng, date):%d/%m/%Y}.", f"Desembargador {judge}", "Relator")
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
            return tuple(_lawyer(rng, suffixes=("A", "A", "", "S"), capitals=True) for _ in range(count))


def _lawyer(rng: random.Random, *, suffixes: Sequence[str], capitals: bool = False) -> Advogado:
    name = person(rng)
    oab = f"{rng.choice(STATES)}{rng.randrange(200, 14_000)}{rng.choice(suffixes)}"
    return Advogado(name.upper() if capitals else name, oab)


def _unpointed(names: Sequence[str]) -> tuple[str, ...]:
    """Names as `Judgement` has them: without punctuation at the end, even that of an abbreviation."""
    return tuple(name.rstrip(".") for name in names)


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


def _title(title: str, name: str, *, capitals: bool) -> str:
    return f"{title.upper() if capitals else title} {name}"


def _earlier(rng: random.Random, date: datetime.date) -> datetime.date:
    return date - datetime.timedelta(days=rng.randrange(20, 400))
