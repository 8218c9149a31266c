"""What is done to a PDF in a worker process: PDFium may crash on a hostile file, and is not thread-safe.

Nothing here runs in the pipeline's own process. This file does not know which gazette it reads.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.lines import PAGE_BREAK
from trio_pipeline.diario.masking import mask_personal_numbers
from trio_pipeline.diario.model import Reading

__all__ = ["Extraction", "PdfUnreadable", "count_pages", "extract", "read_pages"]


class PdfUnreadable(Exception):
    """PDFium cannot open the file, or one of its pages.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was got out of a PDF.

    Attributes:
        pages: The text of each page, with the digits of CPF and CNPJ numbers masked.
        reading: The judgements found in them.
    """

    pages: tuple[str, ...]
    reading: Reading


def count_pages(path: str) -> int:
    """How many pages the PDF has.

    Raises:
        PdfUnreadable: It does not open, or has none.
    """
    with _open(path) as document:
        pages = len(document)
    if pages == 0:
        raise PdfUnreadable("the PDF has no page")
    return pages


def read_pages(path: str) -> tuple[str, ...]:
    """The text of each page, masked.

    Raises:
        PdfUnreadable: It does not open, or a page of it does not. Half a gazette would pass for a whole one.
    """
    with _open(path) as document:
        return tuple(mask_personal_numbers(_page_text(document, number)) for number in range(len(document)))


def extract(path: str) -> Extraction:
    """Read a PDF's text, and the judgements in it by rules.

    Raises:
        PdfUnreadable: It does not open, or a page of it does not.
    """
    pages = read_pages(path)
    return Extraction(pages, read_judgements(pages))


def _open(path: str) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(Path(path))
    except pypdfium2.PdfiumError as error:
        raise PdfUnreadable(f"the PDF does not open: {error}") from None


def _page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        with closing(document[number]) as page, closing(page.get_textpage()) as text_page:
            # Not get_text_bounded(): it drops the mark of a broken word, some spaces and a few whole lines.
            text: str = text_page.get_text_range()
    except pypdfium2.PdfiumError as error:
        raise PdfUnreadable(f"page {number + 1} of the PDF cannot be read: {error}") from None
    # A form feed of the court's own would count as the end of a page.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(PAGE_BREAK, " ")
