"""The gazette as one run of lines, without what every page repeats.

Joins the pages: leaves out page headers and footers, keeps for each line where it stands in the whole text, and puts
broken words together again. It knows of what the lines say only whether they begin with a label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from trio_pipeline.diario.judgements.labels import Kind, read_label

__all__ = ["FULL_WIDTH", "PAGE_BREAK", "Line", "join_lines", "read_lines", "width_of"]

PAGE_BREAK = "\f"
"""What stands between two pages in the gazette's text, which spans refer to."""

FULL_WIDTH = 125
"""Characters of a line that fills a page's width."""

_COLUMN = range(35, 80)  # characters that the lines of a column may have; with more they fill a page
_FEWEST_LINES = 40  # with fewer, that none is long says nothing
_LONGER = 50  # one line in as many may be longer than the others are at most, such as one of a table

_EDGE = 5  # lines at the top and at the bottom of a page that may be a header or a footer
_FEWEST_PAGES = 4  # with fewer, that a line comes again says nothing
_ENOUGH_PAGES = 40
_MOST_PAGES = 0.8  # of all pages carry a header that is one; covers and annexes may not
_LONGEST_KEY = 200

# The header that TJRO's gazettes carry, for a text too short to learn it from.
_HEADER = re.compile(
    r"\s*(?:Este di[aá]rio foi assinado digitalmente|Rond[oô]nia, endere[cç]o: ?http"
    r"|ANO [IVXLCDM]{1,9} N[UÚ]MERO \d{1,4} DI[AÁ]RIO DA JUSTI[CÇ]A)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
# The hyphen of a broken word, with what a line break left behind it. PDFium writes U+FFFE, other programs U+00AD.
_SOFT_HYPHEN = re.compile(r"[\ufffe\u00ad]+\s*")
# A word broken at a hyphen of its own: JI-PARANÁ. A dash has a space before it.
_HARD_HYPHEN = re.compile(r"(?<=\w-)\n")


class Line(NamedTuple):
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


class Gazette:
    """The pages of a gazette, of which any may be asked for by its lines.

    Args:
        pages: The text of each page, in order.
    """

    def __init__(self, pages: Sequence[str]) -> None:
        self.pages = pages
        self._starts = [0, *accumulate(len(page) + len(PAGE_BREAK) for page in pages)]
        self._furniture = _repeated(pages)

    def lines(self, first: int, last: int) -> list[Line]:
        """The lines of some pages in order, blank ones and those of page headers and footers left out.

        Args:
            first: The first page, from 1.
            last: The last one, itself included.
        """
        found: list[Line] = []
        for number in range(first, last + 1):
            content = self.content(number)
            if content:
                offset = self._starts[number - 1]
                page = self.pages[number - 1].replace("\r", "\n")
                # Whole lines, with the white space at either end.
                start, end = page.rfind("\n", 0, content[0] - offset) + 1, page.find("\n", content[1] - offset)
                found += _lines(page[start : end if end >= 0 else len(page)], number, offset + start)
        return found

    def content(self, number: int) -> tuple[int, int] | None:
        """Where a page's content stands in the gazette's text, the header and footer left out.

        Args:
            number: The page's, from 1.

        Returns:
            Where its first word begins and its last one ends; None if it has none.
        """
        found = _content(self.pages[number - 1].replace("\r", "\n"), self._furniture)
        offset = self._starts[number - 1]
        return None if found is None else (offset + found[0], offset + found[1])


def read_lines(pages: Sequence[str]) -> list[Line]:
    """The lines of all pages in order, blank ones and those of page headers and footers left out."""
    return Gazette(pages).lines(1, len(pages))


def width_of(lines: Sequence[Line]) -> int:
    """How many characters a full line has: `FULL_WIDTH`, or fewer where pages have columns."""
    # PDFium puts the line behind a broken word's hyphen on the same one.
    lengths = [len(line.text) for line in lines if "\ufffe" not in line.text]
    most = len(lengths) // _LONGER
    if len(lengths) < _FEWEST_LINES or sum([length >= _COLUMN.stop for length in lengths]) > most:
        return FULL_WIDTH
    longest = sorted(lengths)[-1 - most]
    return longest if longest in _COLUMN else FULL_WIDTH


def join_lines(texts: Sequence[str]) -> str:
    """One text out of broken lines: words put together again, every run of white space one space."""
    if len(texts) == 1:
        (whole,) = texts
    else:
        whole = "\n".join([text.strip() for text in texts])
        if "-\n" in whole:
            whole = _HARD_HYPHEN.sub("", whole)
    if "\ufffe" in whole or "\u00ad" in whole:
        whole = _SOFT_HYPHEN.sub("", whole)
    return " ".join(whole.split())


def _lines(page: str, number: int, offset: int) -> list[Line]:
    lines = []
    start = offset
    for whole in page.split("\n"):
        text = whole.rstrip()
        if text:
            end = start + len(text)
            following = start + len(whole) + 1
            lines.append(Line(text, number, start, end, end + 1 < following))
            start = following
        else:
            start += len(whole) + 1
    return lines


def _repeated(pages: Sequence[str]) -> frozenset[tuple[int, str]]:
    """What stands at the same place of nearly every page, counted from the top or from the bottom, numbers apart.

    Lists of judgements repeat themselves too, so a line that begins with a label is never meant.
    """
    if len(pages) < _FEWEST_PAGES:
        return frozenset()
    # As many as are needed to tell, from all over the gazette.
    some = pages[:: -(-len(pages) // _ENOUGH_PAGES)]
    counts = Counter(place for page in some for place in _edges(page))
    often = (place for place, count in counts.items() if count >= _MOST_PAGES * len(some))
    return frozenset(place for place in often if not _has_label(place[1]))


def _edges(page: str) -> Iterator[tuple[int, str]]:
    """The lines at the top of a page and, counted from -1 on, at its bottom, each with its place; numbers apart."""
    lines = page.replace("\r", "\n").split("\n")
    top = islice((line for line in lines if line and not line.isspace()), _EDGE)
    bottom = islice((line for line in reversed(lines) if line and not line.isspace()), _EDGE)
    yield from ((place, _key(line)) for place, line in enumerate(top))
    yield from ((-place, _key(line)) for place, line in enumerate(bottom, start=1))


def _content(page: str, furniture: frozenset[tuple[int, str]]) -> tuple[int, int] | None:
    """Where a page's header ends and its footer begins; only lines at the very edge can belong to these."""
    lines = page.split("\n")
    first, start, indent, place = 0, 0, 0, 0
    for whole in lines:
        text = whole.rstrip()
        if text:
            if place == _EDGE or not _is_furniture(text, place, furniture):
                indent = len(text) - len(text.lstrip())
                break
            place += 1
        start += len(whole) + 1
        first += 1
    end, place = len(page), -1
    for whole in reversed(lines[first:]):
        text = whole.rstrip()
        if text:
            if place < -_EDGE or not _is_furniture(text, place, furniture):
                return start + indent, end - len(whole) + len(text)
            place -= 1
        end -= len(whole) + 1
    return None


def _is_furniture(line: str, place: int, furniture: frozenset[tuple[int, str]]) -> bool:
    return _HEADER.match(line) is not None or (place, _key(line)) in furniture


def _has_label(line: str) -> bool:
    found = read_label(line)
    return found is not None and found[0].kind is not Kind.UNKNOWN


def _key(line: str) -> str:
    return _DIGITS.sub("0", line[:_LONGEST_KEY]).strip()
