"""Where the entries of a gazette begin: a case number at the head of a line, and the fields of a case under it.

Numbers that open no entry are told apart here: those of `Origem:`, of cases cited in a text, of administrative files,
and of lists of cases still to be judged (*pautas*). What the fields hold is read elsewhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from trio_pipeline.diario import cnj
from trio_pipeline.diario.cnj import CaseNumber
from trio_pipeline.diario.judgements.labels import Kind, plain, read_label
from trio_pipeline.diario.judgements.lines import Line, join_lines
from trio_pipeline.diario.judgements.stretches import heading_places, is_planned
from trio_pipeline.diario.old_numbers import find_old_numbers
from trio_pipeline.diario.shapes import shape_of

__all__ = ["Entry", "find_entries"]

_LONGEST_HEADING = 250
_LONGEST_TAIL = 60
_FARTHEST = _LONGEST_HEADING + _LONGEST_TAIL  # that a line is looked at for a number
_LINES_BEFORE_FIRST_LABEL = 4
_SENTENCE_ENDS = ".;:”"
_DOTS = 2  # of a case number at least
_HYPHENS = "-\ufffe\u00ad"  # at which a case number may be broken
_WIDE = 60  # characters: a heading this long may go on in the next line
_LINES_ABOVE = 2  # that a heading may have above the one with the number

# What every case number holds, old or new, one also that a line break cuts at its hyphen.
_ANY_NUMBER = re.compile(r"[0-9]{6}[-\u2010\u2011\u2013\ufffe\u00ad]")
_SHAPE_OF_ANY_NUMBER = re.compile(rb"000000-")
# What may stand before the number that opens an entry: "07 - ", "01. Mandado de Segurança n. ", "Processo: ".
_HEADING = re.compile(
    r"\s*(?:(?P<ordinal>\d{1,4})(?:\s*[-–—.)ºª]){0,3}\s*)?"
    r"(?:(?i:(?:n[uú]mero do )?(?:processo|autos)\s?:)|(?P<classe>[^\W\d_a-zà-ÿ][^:;]{2,200}?)?[\s,–—-]{0,3}"
    r"(?:\b(?:n|nº|n°|no|nr|núm|número)\b[.º°:]{0,2})?)[\s–—-]{0,3}"
)
_HEADING_BEGINS = re.compile(r"\s*(?:\d{1,4}\s*[-–—.)]{1,2}\s*)?[^\W\d_a-zà-ÿ][^:;]{2,200}")
_ORDINAL = re.compile(r"\s*\d{1,4}\s*[-–—.)]")
_ANNOUNCES = re.compile(r"\bn[.º°o]{1,2}$", re.IGNORECASE)
# A text that cites a case goes on behind its number.
_RUNS_ON = re.compile(r", \w| ?[a-zà-ÿ]")
# A class may stand behind the number too; so may the comarca, so only known words count.
_CLASS = re.compile(
    r"(?:acao|agravo|apelacao|conflito|direta|embargos|habeas|mandado|reclamacao|recurso|reexame|remessa|revisao)\b"
)
_CLASS_BEHIND = re.compile(rf" ?[(–—-]? ?{_CLASS.pattern}[^:;,()]{{0,50}}\W{{0,3}}")
# Words before the number that name no class of cases.
_NO_CLASS = re.compile(r"(?:processo|autos|feito|proc\.?)(?: eletr[oô]nico| judicial| d[oe] pje)?", re.IGNORECASE)
_AROUND_CLASS = " .,-–—()"
_DIGIT = re.compile(r"\d")
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
    fields_before = None
    for index in _lines_of_interest(lines):
        text = lines[index].text
        planned = is_planned(text, before=planned)
        opening = _opening(lines, index, planned=planned) if _may_open(text) else None
        fields = opening and _first_field(lines, opening.last + 1)
        if opening is None or fields is None:
            continue
        if fields == fields_before:
            openings.pop()
        openings.append(opening)
        fields_before = fields
    return openings, planned


def _lines_of_interest(lines: Sequence[Line]) -> list[int]:
    """The lines that may open an entry, or say what the entries after them are; of all lines one in six."""
    texts = [line.text for line in lines]
    whole = "\n".join(texts)
    ends = [*accumulate(len(text) + 1 for text in texts)]
    # A search of everything for plain bytes takes less time than to look at each line.
    numbers = [number.start() for number in _SHAPE_OF_ANY_NUMBER.finditer(shape_of(whole))]
    return sorted({bisect_right(ends, place) for place in (*heading_places(whole), *numbers)})


def _may_open(text: str) -> bool:
    # Plain text first: one line in six has as many dots as a number.
    return (text.count(".") >= _DOTS or text[-1] in _HYPHENS) and _ANY_NUMBER.search(text, 0, _FARTHEST) is not None


def _opening(lines: Sequence[Line], index: int, *, planned: bool) -> _Opening | None:
    text = lines[index].text
    last, found = index, _number(text)
    if found is None and text[-1] in _HYPHENS and index + 1 < len(lines):
        last, following = index + 1, lines[index + 1].text.lstrip()
        found = _broken_number(text, following)
        text += following
    if found is None or len(text) - found.end > _LONGEST_TAIL or _RUNS_ON.match(text, found.end):
        return None
    first = _first_line_of_heading(lines, index, text[: found.start])
    if first == index > 0 and not text[: found.start].strip() and _ANNOUNCES.search(lines[index - 1].text):
        return None
    before = join_lines([*(line.text for line in lines[first:index]), text[: found.start]])
    heading = _HEADING.fullmatch(before[:_LONGEST_HEADING])
    if heading is None:
        return None
    classe = _class_name(heading["classe"])
    if classe is None:
        last, classe = _class_behind(lines, last, text[found.end :])
    return _Opening(first, last, heading["ordinal"], found.number, classe, planned)


def _number(line: str) -> CaseNumber | None:
    """The first case number of a line, unless it is that of an administrative file."""
    head = line[:_FARTHEST]
    found = next(cnj.find_numbers(head), None)
    if found is None:
        return next(find_old_numbers(head), None)
    return None if cnj.is_administrative(found.number) else found


def _broken_number(line: str, following: str) -> CaseNumber | None:
    """The case number that a line ends within and the following one goes on with."""
    found = _number(line + following)
    return found if found and found.start < len(line) else None


def _first_line_of_heading(lines: Sequence[Line], index: int, before: str) -> int:
    """A long class is broken over lines, or its number stands alone on the last."""
    if index == 0 or _ORDINAL.match(before):
        return index
    announced = _ANNOUNCES.search(lines[index - 1].text) is not None and not before.strip()
    if not announced and not before.strip():
        return index
    first = index
    for above in range(index - 1, max(0, index - _LINES_ABOVE) - 1, -1):
        text = lines[above].text
        announces = announced and above == index - 1
        goes_on = (lines[above].folded or len(text) >= _WIDE) and text[-1] not in _SENTENCE_ENDS
        if not (announces or goes_on) or _number(text):
            break
        if _HEADING_BEGINS.fullmatch(text):
            if _ORDINAL.match(text) or _CLASS.match(plain(text)):
                return above
            first = above if announces else first
    return first


def _class_name(text: str | None) -> str | None:
    if text is None or _NO_CLASS.fullmatch(text.strip(" .,-–—")):
        return None
    return text.strip(" ,-–—")


def _class_behind(lines: Sequence[Line], last: int, tail: str) -> tuple[int, str | None]:
    """The class that stands behind a number, and the line that it ends on: it may go on in the next one."""
    if not _CLASS_BEHIND.fullmatch(plain(tail)):
        return last, None
    following = lines[last + 1].text if lines[last].folded and last + 1 < len(lines) else ""
    if following and not _DIGIT.search(following) and read_label(following) is None:
        longer = join_lines([tail, following])
        if _CLASS_BEHIND.fullmatch(plain(longer)):
            return last + 1, longer.strip(_AROUND_CLASS)
    return last, join_lines([tail]).strip(_AROUND_CLASS)


def _first_field(lines: Sequence[Line], index: int) -> int | None:
    """Where the first label under a number stands, if it is one that opens an entry.

    Of several numbers above the same label, as in a table, only the last can open one.
    """
    for place, line in enumerate(lines[index : index + _LINES_BEFORE_FIRST_LABEL], start=index):
        found = read_label(line.text)
        if found and found[0].kind is not Kind.UNKNOWN:
            return place if found[0].kind in _OPENING_KINDS else None
    return None
