"""Paragraphs on pages: a PDF with a text layer, and the page each paragraph begins on.

To be imported only where the extra `demo` is installed. This file does not know what the paragraphs say.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

__all__ = ["Typeset", "typeset"]

# ReportLab has no annotations.
_new_canvas: Any = Canvas
_string_width: Any = stringWidth

_FONT = "Helvetica"
_SIZE = 8.0
_LEADING = 10.0
_MARGIN = 40.0
_LINES = int((A4[1] - 2 * _MARGIN) / _LEADING)
_WIDTH = A4[0] - 2 * _MARGIN
_GUTTER = 20.0  # between two columns

_OWN_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_HYPHENATED = 0.3  # the share of long words at a line's end that are broken rather than moved


@dataclass(frozen=True, slots=True)
class Typeset:
    """A finished document.

    Attributes:
        content: The PDF.
        pages: For each paragraph the page of its first line, from 1.
    """

    content: bytes
    pages: tuple[int, ...]


def typeset(
    paragraphs: Sequence[str],
    header: Callable[[int], Sequence[str]],
    *,
    title: str,
    rng: random.Random,
    columns: int = 1,
) -> Typeset:
    """Set paragraphs one below the other, with a header on each page, which may cut through any of them.

    The same arguments give the same bytes. In columns the text layer is that of a word processor: a line that its
    paragraph continues ends with a space, and words break at their own hyphens as well, those in case numbers included.

    Args:
        paragraphs: Of words with spaces between them.
        header: The lines at the top of a page, by its number, across all columns.
        title: Of the document.
        rng: Chooses which long words are broken at a line's end.
        columns: How many a page has, to be read one after the other.
    """
    measure = _Measure((_WIDTH - (columns - 1) * _GUTTER) / columns, processed=columns > 1)
    pages: list[_Page] = []
    begins: list[int] = []

    def hyphenate() -> bool:
        # PDFium leaves a hyphen alone that ends a page, so the word could not be put together again.
        ends_page = bool(pages) and pages[-1].room == 1
        return rng.random() < _HYPHENATED and not ends_page

    for paragraph in paragraphs:
        for index, line in enumerate(_broken(paragraph, measure, hyphenate)):
            if not pages or not pages[-1].room:
                pages.append(_Page(header(len(pages) + 1), columns))
            pages[-1].add(line)
            if index == 0:
                begins.append(len(pages))
    return Typeset(_drawn(pages, title), tuple(begins))


@dataclass(frozen=True, slots=True)
class _Measure:
    """How lines are broken.

    Attributes:
        width: Of a line.
        processed: Whether it is done as by a word processor, see `typeset`.
    """

    width: float
    processed: bool


class _Page:
    """A page while it is filled, column by column."""

    def __init__(self, header: Sequence[str], columns: int) -> None:
        self.header = header
        self.columns: list[list[str]] = [[] for _ in range(columns)]
        self.room = columns * (_LINES - len(header))  # for lines

    def add(self, line: str) -> None:
        height = _LINES - len(self.header)
        self.columns[-1 - (self.room - 1) // height].append(line)
        self.room -= 1


def _drawn(pages: Sequence[_Page], title: str) -> bytes:
    buffer = io.BytesIO()
    canvas = _new_canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    for page in pages:
        _draw(canvas, 0, 0, [*page.header, *page.columns[0]])
        for number, lines in enumerate(page.columns[1:], start=1):
            _draw(canvas, number / len(page.columns), len(page.header), lines)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw(canvas: Any, left: float, above: int, lines: Sequence[str]) -> None:
    """Draw lines from a place on: the share of the width that is left of it, and the lines above it."""
    text = canvas.beginText(_MARGIN + left * (_WIDTH + _GUTTER), A4[1] - _MARGIN - above * _LEADING)
    text.setFont(_FONT, _SIZE, _LEADING)
    for line in lines:
        text.textLine(line)
    canvas.drawText(text)


def _broken(paragraph: str, measure: _Measure, hyphenate: Callable[[], bool]) -> Iterator[str]:
    """The lines of a paragraph; `hyphenate` is asked for each long word that ends a line."""
    line: list[str] = []
    room = measure.width
    for word in paragraph.split(" "):
        rest = word
        if line and _width(rest) > room:
            head = _head(rest, room, measure, hyphenate)
            if head:
                line.append(head)
                rest = rest.removeprefix(head.removesuffix("-")).removeprefix("-")
            yield " ".join(line) + (" " if measure.processed and not head else "")
            line, room = [], measure.width
        line.append(rest)
        room -= _width(rest) + _width(" ")
    yield " ".join(line)


def _head(word: str, room: float, measure: _Measure, hyphenate: Callable[[], bool]) -> str:
    """What of a word stays on the line that is too short for all of it, with the hyphen; or nothing."""
    half = len(word) // 2
    if _breakable(word) and _width(f"{word[:half]}-") < room and hyphenate():
        return f"{word[:half]}-"
    ends = [match.end() for match in _OWN_HYPHEN.finditer(word)] if measure.processed else []
    return next((word[:end] for end in reversed(ends) if _width(word[:end]) < room), "")


def _breakable(word: str) -> bool:
    return len(word) >= 8 and word.isalpha()


@lru_cache(maxsize=20_000)
def _width(word: str) -> float:
    width: float = _string_width(word, _FONT, _SIZE)
    return width
