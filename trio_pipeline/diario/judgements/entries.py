"""Where the entries of a gazette begin: a case number at the head of a line, and the fields of a case under it.

Numbers that open no entry are told apart here: those of `Origem:`, of cases cited in a text, of administrative files,
and of lists of cases still to be judged (*pautas*). What the fields hold is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trio_pipeline.diario import cnj
from trio_pipeline.diario.cnj import CaseNumber
from trio_pipeline.diario.judgements.labels import Kind, plain, read_label
from trio_pipeline.diario.judgements.lines import Line, join_lines
from trio_pipeline.diario.judgements.stretches import is_planned
from trio_pipeline.diario.old_numbers import find_old_numbers

__all__ = ["Entry", "find_entries"]

_LONGEST_HEADING = 250
_LONGEST_TAIL = 60
_LINES_BEFORE_FIRST_LABEL = 4
_DOTS = 2  # of a case number at least
_WIDE = 60  # characters: a heading this long may go on in the next line

# What may stand before the number that opens an entry: "07 - ", "01. Mandado de Segurança n. ", "Processo: ".
_HEADING = re.compile(
    r"\s*(?:(?P<ordinal>\d{1,4})(?:\s*[-–—.)ºª]){0,3}\s*)?"
    r"(?:(?i:(?:n[uú]mero do )?(?:processo|autos)\s?:)|(?P<classe>[^\W\d_a-zà-ÿ][^:;]{2,200}?)?[\s,–—-]{0,3}"
    r"(?:\b(?:n|nº|n°|no|nr|núm|número)\b[.º°:]{0,2})?)[\s–—-]{0,3}"
)
_HEADING_BEGINS = re.compile(r"\s*(?:\d{1,4}\s*[-–—.)]{1,2}\s*)?[^\W\d_a-zà-ÿ][^:;]{2,200}")
_ORDINAL = re.compile(r"\s*\d{1,4}\s*[-–—.)]")
# A class may stand behind the number too; so may the comarca, so only known words count.
_CLASS_BEHIND = re.compile(
    r" ?[(–—-]? ?(?:acao|agravo|apelacao|conflito|direta|embargos|habeas|mandado|reclamacao|recurso|reexame|remessa"
    r"|revisao)\b[^:;,()]{0,50}\W{0,3}"
)
# Words before the number that name no class of cases.
_NO_CLASS = re.compile(r"(?:processo|autos|feito|proc\.?)(?: eletr[oô]nico| judicial| d[oe] pje)?", re.IGNORECASE)
_OPENING_KINDS = (Kind.CLASSE, Kind.PARTE, Kind.ADVOGADO, Kind.RELATOR, Kind.ORIGEM)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list of cases.

    Attributes:
        ordinal: Its number in the list, as printed, or None.
        number: The case number in the official form.
        classe: The class that the heading names, or None.
        heading: The lines with the number and what stands before it.
        body: The lines from there to the next entry, which may reach beyond the end of this one.
        planned: Whether it stands in a *pauta*, a list of cases still to be judged.
    """

    ordinal: str | None
    number: str
    classe: str | None
    heading: Sequence[Line]
    body: Sequence[Line]
    planned: bool


@dataclass(frozen=True, slots=True)
class _Opening:
    first: int
    last: int
    ordinal: str | None
    number: str
    classe: str | None
    planned: bool


def find_entries(lines: Sequence[Line], *, planned: bool = False) -> tuple[list[Entry], bool]:
    """The entries of a stretch of lines, in order, those of a *pauta* included.

    Args:
        lines: The lines.
        planned: Whether the stretch begins in a *pauta*.

    Returns:
        The entries, and whether the stretch ends in a *pauta*.
    """
    openings, planned = _openings(lines, planned=planned)
    borders = [*(opening.first for opening in openings), len(lines)]
    return [
        Entry(
            opening.ordinal,
            opening.number,
            opening.classe,
            lines[opening.first : opening.last + 1],
            lines[opening.last + 1 : end],
            opening.planned,
        )
        for opening, end in zip(openings, borders[1:], strict=True)
    ], planned


def _openings(lines: Sequence[Line], *, planned: bool) -> tuple[list[_Opening], bool]:
    openings: list[_Opening] = []
    for index, line in enumerate(lines):
        planned = is_planned(line.text, before=planned)
        opening = _opening(lines, index, planned=planned) if line.text.count(".") >= _DOTS else None
        if opening and _has_fields(lines, index + 1):
            openings.append(opening)
    return openings, planned


def _opening(lines: Sequence[Line], index: int, *, planned: bool) -> _Opening | None:
    text = lines[index].text
    found = _number(text)
    if found is None or len(text) - found.end > _LONGEST_TAIL:
        return None
    first = _first_line_of_heading(lines, index, text[: found.start])
    before = join_lines([*(line.text for line in lines[first:index]), text[: found.start]])
    heading = _HEADING.fullmatch(before[:_LONGEST_HEADING])
    if heading is None:
        return None
    classe = _class_name(heading["classe"]) or _class_behind(text[found.end :])
    return _Opening(first, index, heading["ordinal"], found.number, classe, planned)


def _number(line: str) -> CaseNumber | None:
    """The first case number of a line, unless it is that of an administrative file."""
    head = line[: _LONGEST_HEADING + _LONGEST_TAIL]
    found = next(cnj.find_numbers(head), None)
    if found is None:
        return next(find_old_numbers(head), None)
    return None if cnj.is_administrative(found.number) else found


def _first_line_of_heading(lines: Sequence[Line], index: int, before: str) -> int:
    """A long class is broken over two lines, or its number stands alone on the second."""
    if index == 0 or _ORDINAL.match(before):
        return index
    above = lines[index - 1]
    if not _HEADING_BEGINS.fullmatch(above.text) or _number(above.text):
        return index
    announces = re.search(r"\bn[.º°o]{1,2}$", above.text) is not None and not before.strip()
    goes_on = bool(before.strip()) and (above.folded or len(above.text) >= _WIDE) and _ORDINAL.match(above.text)
    return index - 1 if announces or goes_on else index


def _class_name(text: str | None) -> str | None:
    if text is None or _NO_CLASS.fullmatch(text.strip(" .,-–—")):
        return None
    return text.strip(" ,-–—")


def _class_behind(text: str) -> str | None:
    return text.strip(" .,-–—()") if _CLASS_BEHIND.fullmatch(plain(text)) else None


def _has_fields(lines: Sequence[Line], index: int) -> bool:
    """Whether the first label under a number is one that opens an entry, and no other number comes before it."""
    for line in lines[index : index + _LINES_BEFORE_FIRST_LABEL]:
        found = read_label(line.text)
        if found and found[0].kind is not Kind.UNKNOWN:
            return found[0].kind in _OPENING_KINDS
    return False
