"""Paragraphs on pages: a PDF with a text layer, and the page each paragraph begins on.

To be imported only where the extra `demo` is installed. This file does not know what the paragraphs say.
"""

from __future__ import annotations

import io
import random
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
    paragraphs: Sequence[str], header: Callable[[int], Sequence[str]], *, title: str, rng: random.Random
) -> Typeset:
    """Set paragraphs one below the other, with a header on each page, which may cut through any of them.

    The same arguments give the same bytes.

    Args:
        paragraphs: Of words with spaces between them.
        header: The lines at the top of a page, by its number.
        title: Of the document.
        rng: Chooses which long words are broken at a line's end.
    """
    pages: list[list[str]] = []
    begins: list[int] = []

    def hyphenate() -> bool:
        # PDFium leaves a hyphen alone that ends a page, so the word could not be put together again.
        ends_page = bool(pages) and len(pages[-1]) == _LINES - 1
        return rng.random() < _HYPHENATED and not ends_page

    for paragraph in paragraphs:
        for index, line in enumerate(_broken(paragraph, hyphenate)):
            if not pages or len(pages[-1]) >= _LINES:
                pages.append(list(header(len(pages) + 1)))
            pages[-1].append(line)
            if index == 0:
                begins.append(len(pages))
    return Typeset(_drawn(pages, title), tuple(begins))


def _drawn(pages: Sequence[Sequence[str]], title: str) -> bytes:
    buffer = io.BytesIO()
    canvas = _new_canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    for lines in pages:
        text = canvas.beginText(_MARGIN, A4[1] - _MARGIN)
        text.setFont(_FONT, _SIZE, _LEADING)
        for line in lines:
            text.textLine(line)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _broken(paragraph: str, hyphenate: Callable[[], bool]) -> Iterator[str]:
    """The lines of a paragraph; `hyphenate` is asked for each long word that ends a line."""
    line: list[str] = []
    room = _WIDTH
    for word in paragraph.split(" "):
        rest = word
        if line and _width(rest) > room:
            half = len(rest) // 2
            if _breakable(rest) and _width(f"{rest[:half]}-") < room and hyphenate():
                line.append(f"{rest[:half]}-")
                rest = rest[half:]
            yield " ".join(line)
            line, room = [], _WIDTH
        line.append(rest)
        room -= _width(rest) + _width(" ")
    yield " ".join(line)


def _breakable(word: str) -> bool:
    return len(word) >= 8 and word.isalpha()


@lru_cache(maxsize=20_000)
def _width(word: str) -> float:
    width: float = _string_width(word, _FONT, _SIZE)
    return width
