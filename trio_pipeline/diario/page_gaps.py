"""What stands between the content of one page and that of the next: footers, page breaks, headers.

Pure: this file does not know what is looked for on both sides of a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from trio_pipeline.diario.judgements.lines import PAGE_BREAK, Gazette

__all__ = ["page_gaps"]

_EDGE = 9  # lines at either end of a page that are looked at: those of a header or footer, and some more
_ENOUGH = 7  # of these, how many must not be blank


def page_gaps(pages: Sequence[str], beginnings: frozenset[str] | None = None) -> Iterator[tuple[int, int]]:
    """Where the gaps are in the gazette's text, that is in the pages with `PAGE_BREAK` between them.

    Each is from the end of a page's last line to the beginning of the next one's first word, headers and footers left
    out. A page without any content is part of a gap.

    Args:
        pages: The text of each page, in order.
        beginnings: With what the text behind a gap is to begin, for who looks for something that begins so: others are
            left out.
    """
    edges = [_edges(page) for page in pages]
    numbers = [
        number
        for number, (page, (head, _)) in enumerate(zip(pages, edges, strict=True))
        if beginnings is None or any(line.lstrip()[:1] in beginnings for line in page[:head].split("\n"))
    ]
    if not numbers:
        return
    contents = _Contents(pages, edges)
    for number in numbers:
        here = contents.of(number)
        first = "" if here is None else pages[number][here[0] - contents.start(number)]
        if here and (beginnings is None or first in beginnings) and (before := contents.before(number)):
            yield before[1], here[0]


class _Contents:
    """Where the content of pages begins and ends in the gazette's text.

    Args:
        pages: The text of each page.
        edges: Of each, where its first lines end and its last ones begin.
    """

    def __init__(self, pages: Sequence[str], edges: Sequence[tuple[int, int]]) -> None:
        # Only the edges are read as lines: a page's middle takes most of the time and says nothing here.
        short = [page[:head] + page[tail:] for page, (head, tail) in zip(pages, edges, strict=True)]
        self._gazette = Gazette(short)
        self._edges = edges
        self._starts = [0, *accumulate(len(page) + len(PAGE_BREAK) for page in pages)]
        self._short_starts = [0, *accumulate(len(page) + len(PAGE_BREAK) for page in short)]
        self._known: dict[int, tuple[int, int] | None] = {}

    def start(self, number: int) -> int:
        """Where a page begins."""
        return self._starts[number]

    def of(self, number: int) -> tuple[int, int] | None:
        """The content of a page, counted from 0; None if it has none."""
        if number not in self._known:
            lines = self._gazette.lines(number + 1, number + 1)
            self._known[number] = None
            if lines:
                indent = len(lines[0].text) - len(lines[0].text.lstrip())
                # A line begins where the tail does, or ends where the head does.
                first = self._place(number, lines[0].start + indent, is_end=False)
                self._known[number] = first, self._place(number, lines[-1].end, is_end=True)
        return self._known[number]

    def before(self, number: int) -> tuple[int, int] | None:
        """The content of the last page before one that has any."""
        return next((found for one in range(number - 1, -1, -1) if (found := self.of(one))), None)

    def _place(self, number: int, place: int, *, is_end: bool) -> int:
        head, tail = self._edges[number]
        position = place - self._short_starts[number]
        is_in_head = position < head or (is_end and position == head)
        return self._starts[number] + (position if is_in_head else position + tail - head)


def _edges(page: str) -> tuple[int, int]:
    """Where a page's first lines end and its last ones begin, the same place if these are all it has."""
    above, below = page.split("\n", _EDGE), page.rsplit("\n", _EDGE)
    head, tail = len(page) - len(above[-1]), len(below[0]) + 1
    if head < tail and _are_enough(above[:-1]) and _are_enough(below[1:]):
        return head, tail
    return len(page), len(page)


def _are_enough(lines: Sequence[str]) -> bool:
    return len([line for line in lines if line and not line.isspace()]) >= _ENOUGH
