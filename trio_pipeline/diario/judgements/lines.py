"""The gazette as one run of lines, without what every page repeats.

Joins the pages: leaves out page headers and footers, keeps for each line where it stands in the whole text, and puts
broken words together again. It knows of what the lines say only whether they begin with a label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trio_pipeline.diario.judgements.labels import Kind, read_label

__all__ = ["PAGE_BREAK", "Line", "join_lines", "read_lines"]

PAGE_BREAK = "\f"
"""What stands between two pages in the gazette's text, which spans refer to."""

_EDGE = 5  # lines at the top and at the bottom of a page that may be a header or a footer
_FEWEST_PAGES = 4  # with fewer, that a line comes again says nothing
_MOST_PAGES = 0.8  # of all pages carry a header that is one; covers and annexes may not
_LONGEST_KEY = 200

# The header that TJRO's gazettes carry, for a text too short to learn it from.
_HEADER = re.compile(
    r"\s*(?:Este di[aá]rio foi assinado digitalmente|Rond[oô]nia, endere[cç]o: ?http"
    r"|ANO [IVXLCDM]{1,9} N[UÚ]MERO \d{1,4} DI[AÁ]RIO DA JUSTI[CÇ]A)",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\r\n]+")
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")
# The hyphen of a broken word, with what a line break left behind it. PDFium writes U+FFFE, other programs U+00AD.
_SOFT_HYPHEN = re.compile(r"[\ufffe\u00ad]+\s*")
# A word broken at a hyphen of its own: JI-PARANÁ. A dash has a space before it.
_HARD_HYPHEN = re.compile(r"\w-$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the gazette that is not part of a page's header or footer.

    Attributes:
        text: As it stands there, without white space at the end.
        page: The page it is on, from 1.
        start: Where it begins in the gazette's text.
        end: Where it ends there, exclusive.
        folded: Whether white space stood at its end, which a line has that its paragraph continues, and some others.
    """

    text: str
    page: int
    start: int
    end: int
    folded: bool


def read_lines(pages: Sequence[str]) -> list[Line]:
    """The lines of all pages in order, blank ones and those of page headers and footers left out."""
    offset = 0
    by_page = []
    for number, page in enumerate(pages, start=1):
        by_page.append(list(_lines(page, number, offset)))
        offset += len(page) + len(PAGE_BREAK)
    furniture = _repeated(by_page)
    return [line for lines in by_page for line in _content(lines, furniture)]


def join_lines(texts: Iterable[str]) -> str:
    """One text out of broken lines: words put together again, every run of white space one space."""
    parts: list[str] = []
    for text in texts:
        if parts and not (_SOFT_HYPHEN.search(parts[-1][-2:]) or _HARD_HYPHEN.search(parts[-1][-2:])):
            parts.append(" ")
        parts.append(text.strip())
    return _SPACES.sub(" ", _SOFT_HYPHEN.sub("", "".join(parts))).strip()


def _lines(page: str, number: int, offset: int) -> Iterator[Line]:
    for match in _LINE.finditer(page):
        text = match.group().rstrip()
        if text:
            start = offset + match.start()
            yield Line(text, number, start, start + len(text), folded=len(text) < len(match.group()))


def _repeated(by_page: list[list[Line]]) -> frozenset[tuple[int, str]]:
    """What stands at the same place of nearly every page, counted from the top or from the bottom, numbers apart.

    Lists of judgements repeat themselves too, so a line that begins with a label is never meant.
    """
    if len(by_page) < _FEWEST_PAGES:
        return frozenset()
    places = (_places(len(lines)) for lines in by_page)
    pages = Counter(
        (place, _key(lines[place]))
        for lines, indices in zip(by_page, places, strict=True)
        for place in indices
        if not _has_label(lines[place])
    )
    return frozenset(line for line, count in pages.items() if count >= _MOST_PAGES * len(by_page))


def _places(count: int) -> Iterable[int]:
    """Indices of the lines at the edges of a page, those at its bottom from -1 on."""
    return [*range(min(_EDGE, count)), *range(-min(_EDGE, count), 0)]


def _content(lines: list[Line], furniture: frozenset[tuple[int, str]]) -> list[Line]:
    """A page's lines between its header and its footer; only lines at the very edge can belong to these."""
    first = 0
    last = len(lines)
    while first < min(last, _EDGE) and _is_furniture(lines[first], first, furniture):
        first += 1
    while last > max(first, len(lines) - _EDGE) and _is_furniture(lines[last - 1], last - 1 - len(lines), furniture):
        last -= 1
    return lines[first:last]


def _is_furniture(line: Line, place: int, furniture: frozenset[tuple[int, str]]) -> bool:
    return _HEADER.match(line.text) is not None or (place, _key(line)) in furniture


def _has_label(line: Line) -> bool:
    found = read_label(line.text)
    return found is not None and found[0].kind is not Kind.UNKNOWN


def _key(line: Line) -> str:
    return _DIGITS.sub("0", line.text[:_LONGEST_KEY]).strip()
