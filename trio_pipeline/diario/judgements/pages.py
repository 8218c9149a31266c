"""The pages of a gazette, and what of them is content: all but the headers and footers that every page repeats.

Knows of what the lines say only whether they begin with a label. Pure: it does not know where the pages come from.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from trio_pipeline.diario.judgements.labels import Kind, read_label
from trio_pipeline.diario.judgements.lines import Line, lines_of

__all__ = ["PAGE_BREAK", "Pages"]

PAGE_BREAK = "\f"
"""What stands between two pages in the gazette's text, which spans refer to."""

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
_DIGITS = re.compile("[0-9*]+")  # masked ones too: a header is the same with and without


class Pages:
    """The pages of a gazette.

    Args:
        texts: The text of each page, in order.

    Attributes:
        texts: The same, with line feeds at the ends of lines.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [text.replace("\r", "\n") for text in texts]
        self._starts = [0, *accumulate(len(text) + len(PAGE_BREAK) for text in texts)]
        self._furniture = _repeated(self.texts)
        # Found out when it is asked for: most pages are of no interest to who reads judgements.
        self._contents: dict[int, tuple[int, int]] = {}

    @property
    def text(self) -> str:
        """The gazette's text: that of the pages, with `PAGE_BREAK` between them."""
        return PAGE_BREAK.join(self.texts)

    def rewritten(self, text: str) -> Pages:
        """The same pages with asterisks in the places of digits.

        Args:
            text: The gazette's text, as long as it is, with every `PAGE_BREAK` where it is.
        """
        other = copy.copy(self)
        other.texts = text.split(PAGE_BREAK)
        return other

    def lines(self) -> list[Line]:
        """All lines of content in order, blank ones left out."""
        return self.lines_between(1, len(self.texts))

    def lines_between(self, first: int, last: int) -> list[Line]:
        """The lines of content of some pages in order, blank ones left out.

        Args:
            first: The first page, from 1.
            last: The last one, itself included.
        """
        found: list[Line] = []
        for number in range(first, last + 1):
            start, content = self._content(number)
            found += lines_of(content, number, start)
        return found

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Where something stands in the gazette's text between the content of one page and that of the next.

        That is from the end of a page's last line to the beginning of the next one's first word. A page without any
        content is part of a gap.
        """
        before = None
        for number in range(1, len(self.texts) + 1):
            start, content = self._content(number)
            if content:
                if before is not None:
                    yield before, start + len(content) - len(content.lstrip())
                before = start + len(content.rstrip())

    def _content(self, number: int) -> tuple[int, str]:
        """The lines of a page between its header and its footer, and where they begin in the gazette's text."""
        text = self.texts[number - 1]
        if number not in self._contents:
            self._contents[number] = _between_furniture(text, self._furniture)
        start, end = self._contents[number]
        return self._starts[number - 1] + start, text[start:end]


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
    lines = page.split("\n")
    top = islice((line for line in lines if line and not line.isspace()), _EDGE)
    bottom = islice((line for line in reversed(lines) if line and not line.isspace()), _EDGE)
    yield from ((place, _key(line)) for place, line in enumerate(top))
    yield from ((-place, _key(line)) for place, line in enumerate(bottom, start=1))


def _between_furniture(page: str, furniture: frozenset[tuple[int, str]]) -> tuple[int, int]:
    """Where a page's first line of content begins and its last one ends; only lines at the edges can be none."""
    start = _end_of_header(page, furniture)
    end, place = len(page), -1
    while end > start:
        begin = max(page.rfind("\n", 0, end) + 1, start)
        line = page[begin:end].rstrip()
        if line:
            if place < -_EDGE or not _is_furniture(line, place, furniture):
                return start, end
            place -= 1
        end = begin - 1
    return start, start


def _end_of_header(page: str, furniture: frozenset[tuple[int, str]]) -> int:
    """Where the first line behind a page's header begins, or the page ends."""
    start, place = 0, 0
    while start < len(page):
        end = page.find("\n", start)
        end = len(page) if end < 0 else end
        line = page[start:end].rstrip()
        if line:
            if place == _EDGE or not _is_furniture(line, place, furniture):
                return start
            place += 1
        start = end + 1
    return len(page)


def _is_furniture(line: str, place: int, furniture: frozenset[tuple[int, str]]) -> bool:
    return _HEADER.match(line) is not None or (place, _key(line)) in furniture


def _has_label(line: str) -> bool:
    found = read_label(line)
    return found is not None and found[0].kind is not Kind.UNKNOWN


def _key(line: str) -> str:
    return _DIGITS.sub("0", line[:_LONGEST_KEY]).strip()
