"""What PDFium tells about a PDF: how many pages it has, and the text of each.

To be called in a worker process: PDFium may crash on a hostile file, and is not thread-safe. What a file can make us
collect has limits. This file does not know which gazette it reads, nor what becomes of the text.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import pypdfium2
from pypdfium2 import raw

from trio_pipeline.diario.judgements.pages import PAGE_BREAK
from trio_pipeline.diario.plain_files import read_plain
from trio_pipeline.diario.stored_text import MOST_CHARACTERS, MOST_PAGES

__all__ = ["PdfUnreadable", "count_pages", "read_pages"]

_MOST_CHARACTERS_OF_A_PAGE = 1_000_000

_FEWEST_OF_A_TEXT = 100
"""Visible characters that make a page of text. A stamp or a signature on a scanned page has fewer."""

_PAGES_LOOKED_AT = 20
"""Pages without text that are looked at for the pictures of a scan."""


class PdfUnreadable(Exception):
    """No text can be had from the file, now or later.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def count_pages(path: str) -> int:
    """How many pages the PDF has.

    Raises:
        PdfUnreadable: It does not open, or has none.
        OSError: No regular file lies there.
    """
    with _open(path) as document:
        return _number_of_pages(document)


def read_pages(path: str) -> list[str]:
    """The text of each page; lines end with a line feed.

    Raises:
        PdfUnreadable: It does not open, or a page of it does not (half a gazette would pass for a whole one), it is
            larger than any gazette, or it is a scan.
        OSError: No regular file lies there.
    """
    with _open(path) as document:
        count = _number_of_pages(document)
        if count > MOST_PAGES:
            raise PdfUnreadable(f"the PDF has {count:,} pages, which is more than {MOST_PAGES:,}")
        pages = []
        room = MOST_CHARACTERS
        for number in range(count):
            pages.append(_page_text(document, number))
            room -= len(pages[-1])
            if room < 0:
                raise PdfUnreadable(f"the PDF has more than {MOST_CHARACTERS:,} characters by page {number + 1}")
        _check_text_layer(document, pages)
    return pages


def _open(path: str) -> pypdfium2.PdfDocument:
    # From memory: PDFium itself reads a file in pieces of 4 KB with a seek before each, 2,000 times for the sample.
    content = read_plain(path)
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise PdfUnreadable("the PDF does not open: it is encrypted, and asks for a password") from None
        raise PdfUnreadable(f"the PDF does not open: {error}") from None


def _number_of_pages(document: pypdfium2.PdfDocument) -> int:
    count = len(document)
    if count == 0:
        raise PdfUnreadable("the PDF has no page")
    return count


# The library's own functions, and not the objects that pypdfium2 wraps around them: those take a twentieth of the time
# of reading a gazette, and its get_text_range() recurses once for each character that a hostile page begins with.


def _page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    page = raw.FPDF_LoadPage(document.raw, number)
    if not page:
        raise PdfUnreadable(f"page {number + 1} of the PDF cannot be read")
    try:
        text_page = raw.FPDFText_LoadPage(page)
        if not text_page:
            raise PdfUnreadable(f"the text of page {number + 1} of the PDF cannot be read")
        try:
            text = _all_characters(text_page, number)
        finally:
            raw.FPDFText_ClosePage(text_page)
    finally:
        raw.FPDF_ClosePage(page)
    # A form feed of the court's own would count as the end of a page.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(PAGE_BREAK, " ")


def _all_characters(text_page: Any, number: int) -> str:
    """The text as pypdfium2's `get_text_range()` gives it.

    Not as FPDFText_GetBoundedText gives it, which drops the mark of a broken word, some spaces and a few whole lines.
    """
    count = raw.FPDFText_CountChars(text_page)
    if not 0 <= count <= _MOST_CHARACTERS_OF_A_PAGE:
        raise PdfUnreadable(
            f"page {number + 1} of the PDF has more than {_MOST_CHARACTERS_OF_A_PAGE:,} characters"
            if count > 0
            else f"the text of page {number + 1} of the PDF cannot be read"
        )
    # Characters at either end that are no part of the text would count as some of it (crbug.com/pdfium/2079).
    first, last = 0, count - 1
    while first <= last and (begin := raw.FPDFText_GetTextIndexFromCharIndex(text_page, first)) == -1:
        first += 1
    while first <= last and (end := raw.FPDFText_GetTextIndexFromCharIndex(text_page, last)) == -1:
        last -= 1
    if first > last:
        return ""
    # Of few sizes: for each one that is new ctypes makes a class, which takes as long as to fill the buffer.
    buffer = (ctypes.c_ushort * (1 << (end - begin + 2).bit_length()))()
    written = raw.FPDFText_GetText(text_page, first, last - first + 1, buffer)
    # What is written ends with a zero. Half a character, which no encoding can store, is left out.
    return str(memoryview(buffer)[: written - 1], "utf-16-le", "ignore")


def _check_text_layer(document: pypdfium2.PdfDocument, pages: Sequence[str]) -> None:
    """Refuse what has been scanned. A single page of text is enough: covers and annexes may be pictures."""
    if any(_visible(page) >= _FEWEST_OF_A_TEXT for page in pages):
        return
    if any(_is_picture(document, number) for number in range(min(len(pages), _PAGES_LOOKED_AT))):
        raise PdfUnreadable("the PDF has no text layer: it is a scan")
    if not any(_visible(page) for page in pages):
        raise PdfUnreadable("the PDF has no text layer: all its pages are empty")


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _is_picture(document: pypdfium2.PdfDocument, number: int) -> bool:
    """Whether pictures cover most of a page."""
    page = document[number]
    width, height = page.get_size()
    covered: float = 0
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = picture.get_bounds()
        covered += (right - left) * (top - bottom)
    return bool(covered > width * height / 2)
