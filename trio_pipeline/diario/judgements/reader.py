"""Reads the judgements of a gazette: from pages of text to entries with their fields.

Brings together what the other files of this package know. Pure: it does not know where the text comes from, nor what
becomes of what it read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.counsel import read_counsel
from trio_pipeline.diario.judgements.entries import Entry, find_entries
from trio_pipeline.diario.judgements.fields import Field, split_fields
from trio_pipeline.diario.judgements.labels import Kind, Label, Side
from trio_pipeline.diario.judgements.lines import width_of
from trio_pipeline.diario.judgements.names import clean_name, is_initials, read_parties, read_relator
from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.judgements.prose import find_prose
from trio_pipeline.diario.judgements.result import read_result
from trio_pipeline.diario.judgements.stretches import is_planned_after, stretches
from trio_pipeline.diario.model import Advogado, Judgement, Reading, Unread

__all__ = ["READER_VERSION", "judgements_of", "read_judgements"]

READER_VERSION = "3"
"""Changes whenever the same text may be read otherwise, so that old extractions can be told and done again."""

_QUOTES = str.maketrans("", "", "“”")
_SECRET = re.compile(r"segredo de justiça|em segredo|sob sigilo|\bsigilos[oa]", re.IGNORECASE)
_NO_DECISION = "no decision stands under this case number"
_NO_PARTIES = "neither parties nor the reporting judge stand under this case number"


def read_judgements(texts: Sequence[str]) -> Reading:
    """Read every judgement of a gazette, as `judgements_of` does.

    Args:
        texts: The text of each page, in order.
    """
    return judgements_of(Pages(texts))


def judgements_of(pages: Pages) -> Reading:
    """Read every judgement of a gazette.

    Any text at all is read without an error, in time that grows with its length alone. The same case may be judged
    twice in a gazette; what is merely printed twice is given once.

    Args:
        pages: Its pages.

    Returns:
        The judgements, and what looks like one and could not be read, each with the page where it begins and its span
        in the pages joined by form feeds.
    """
    judgements: dict[tuple[object, ...], Judgement] = {}
    unread: list[Unread] = []
    planned, seen = False, 0
    for first, last in stretches(pages.texts):
        lines = pages.lines_between(first, last)
        planned = is_planned_after(pages.texts[seen : first - 1], before=planned)
        entries, planned = find_entries(lines, planned=planned)
        width = width_of(lines)
        read = [_read_entry(entry, width) for entry in entries]
        for one in read:
            if isinstance(one, Judgement):
                judgements.setdefault((one.numero_processo, one.classe, one.relator, one.decisao), one)
        # A number at the head of a line of running text looks like an entry, of which nothing more can be read.
        prose = _without(find_prose(lines), [one for one in read if isinstance(one, Judgement)])
        missed = _without([one for one in read if isinstance(one, Unread)], prose)
        unread += sorted((*prose, *missed), key=lambda one: one.span)
        seen = last
    return Reading(tuple(judgements.values()), tuple(unread))


def _without(entries: Iterable[Unread], others: Sequence[Judgement | Unread]) -> list[Unread]:
    """The entries that share no text with any of the others; both are in order."""
    kept = []
    position = 0
    for one in entries:
        while position < len(others) and others[position].span[1] <= one.span[0]:
            position += 1
        if position == len(others) or one.span[1] <= others[position].span[0]:
            kept.append(one)
    return kept


@dataclass(slots=True)
class _Party:
    """One of the two sides of a case: its names and its counsel."""

    names: list[str] = field(default_factory=list)
    counsel: list[Advogado] = field(default_factory=list)


@dataclass(slots=True)
class _Sides:
    ativo: _Party = field(default_factory=_Party)
    passivo: _Party = field(default_factory=_Party)

    def of(self, side: Side) -> _Party:
        return self.ativo if side is Side.ATIVO else self.passivo


def _read_entry(entry: Entry, width: int) -> Judgement | Unread | None:
    fields = split_fields(entry.body, width)
    sides = _read_sides(fields)
    relator = _first(fields, Kind.RELATOR)
    decision = _decision(fields)
    if decision is None:
        # A list of cases still to be judged has no decisions, and nothing in it is amiss.
        return None if entry.planned else _unread(entry, fields, _NO_DECISION)
    if not relator and not sides.ativo.names and not sides.passivo.names:
        return _unread(entry, fields, _NO_PARTIES)
    return Judgement(
        page=entry.heading[0].page,
        ordinal=entry.ordinal,
        numero_processo=entry.number,
        numero_valido=cnj.is_valid(entry.number),
        classe=clean_name(_first(fields, Kind.CLASSE) or entry.classe or "") or None,
        polo_ativo=tuple(dict.fromkeys(sides.ativo.names)),
        polo_passivo=tuple(dict.fromkeys(sides.passivo.names)),
        advogados_polo_ativo=tuple(dict.fromkeys(sides.ativo.counsel)),
        advogados_polo_passivo=tuple(dict.fromkeys(sides.passivo.counsel)),
        relator=read_relator(relator) if relator else None,
        decisao=decision,
        resultado=read_result(decision),
        segredo=_is_secret(fields, sides),
        span=_span(entry, fields),
    )


def _read_sides(fields: Sequence[Field]) -> _Sides:
    sides = _Sides()
    of_parties = _sides_of_parties([item.label for item in fields if item.label.kind is Kind.PARTE])
    side = None
    for item in fields:
        label = item.label
        if label.kind is Kind.ADVOGADO:
            if side:
                sides.of(side).counsel += read_counsel(item.text)
            continue
        # Whose counsel follows an amicus curiae is on neither side.
        side = of_parties.side(label)
        if side:
            sides.of(side).names += read_parties(item.text, several=label.name.split("/")[0].endswith("s"))
    return sides


@dataclass(frozen=True, slots=True)
class _SidesOfParties:
    """Who is on which side of a case.

    Attributes:
        by_name: The side in this appeal, by the name of a label.
        in_case: The same, by the side that somebody has in the case.
    """

    by_name: dict[str, Side]
    in_case: dict[Side, Side]

    def side(self, label: Label) -> Side | None:
        """The side of those whom a label announces, None if they are on neither."""
        if label.kind is Kind.PARTE:
            return self.by_name[label.name]
        return self.in_case.get(label.sides[0], label.sides[0]) if label.kind is Kind.INTERESSADO else None


def _sides_of_parties(labels: Sequence[Label]) -> _SidesOfParties:
    """The sides of parties, by the labels that announce them.

    Of the roles in a label such as `Embargado/Requerente` the first says the side in this appeal, the last the side in
    the case; who is interested in the outcome is on the side that he has in the case. Where both sides appeal
    (`RECORRENTE/RECORRIDO`), the one printed first is the active one.
    """
    sides = _SidesOfParties({}, {})
    taken: set[Side] = set()
    for label in labels:
        if label.name not in sides.by_name:
            sides.by_name[label.name] = side = _side(label, taken)
            taken.add(side)
            sides.in_case.setdefault(label.sides[-1], side)
    return sides


def _side(label: Label, taken: set[Side]) -> Side:
    if len(set(label.sides)) == 1:
        return label.sides[0]
    return Side.PASSIVO if Side.ATIVO in taken else Side.ATIVO


def _first(fields: Sequence[Field], kind: Kind) -> str | None:
    return next((item.text for item in fields if item.label.kind is kind and item.text), None)


def _decision(fields: Sequence[Field]) -> str | None:
    """The text of the decision; of an entry without one, a remark that says why (`Julgamento adiado …`)."""
    decisions = [item.text for item in fields if item.label.kind is Kind.DECISAO]
    remarks = [item.text for item in fields if item.label.kind is Kind.OBSERVACAO]
    texts = decisions[-1:] or [remark for remark in remarks if read_result(remark) in ("adiado", "retirado_de_pauta")]
    text = texts[0] if texts else ""
    if "“" in text or "”" in text:
        text = text.translate(_QUOTES)
    return text.strip(" '\"") or None


def _is_secret(fields: Sequence[Field], sides: _Sides) -> bool:
    if any(map(is_initials, (*sides.ativo.names, *sides.passivo.names))):
        return True
    text = "\n".join([item.text for item in fields])
    # What every form of the words holds: a search for plain text costs next to nothing.
    may_be = "gredo" in text or "GREDO" in text or "gilo" in text or "GILO" in text
    return may_be and any(_SECRET.search(item.text) for item in fields)


def _span(entry: Entry, fields: Sequence[Field]) -> tuple[int, int]:
    last = fields[-1].lines[-1] if fields else entry.heading[-1]
    return entry.heading[0].start, last.end


def _unread(entry: Entry, fields: Sequence[Field], reason: str) -> Unread:
    lines = [*entry.heading, *(line for item in fields for line in item.lines)]
    text = "\n".join(line.text.strip() for line in lines)
    return Unread(entry.heading[0].page, _span(entry, fields), text, reason)
