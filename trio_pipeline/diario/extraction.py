"""What is done to a PDF in a worker process: its text, masked and packed, and the judgements in it.

The digits of CPF and CNPJ numbers are masked before anything leaves the process. This file does not know which gazette
it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trio_pipeline.diario.judgements import judgements_of
from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.masking import mask_personal_numbers
from trio_pipeline.diario.packed_readings import PackedReading, packed_reading
from trio_pipeline.diario.pdf import read_pages
from trio_pipeline.diario.stored_text import packed

__all__ = ["Extraction", "PackedText", "extract", "extract_text", "masked_pages"]


@dataclass(frozen=True, slots=True)
class PackedText:
    """The text of a gazette, as it is stored.

    Attributes:
        pages: How many there are.
        data: All of them, as `stored_text` packs them.
    """

    pages: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was got out of a PDF.

    Attributes:
        text: Its text.
        reading: The judgements found in it.
    """

    text: PackedText
    reading: PackedReading


def extract_text(path: str) -> PackedText:
    """Read a PDF's text.

    Raises:
        PdfUnreadable: There is none to be had.
    """
    return _packed_text(masked_pages(read_pages(path)))


def extract(path: str) -> Extraction:
    """Read a PDF's text, and the judgements in it by rules.

    Raises:
        PdfUnreadable: There is no text to be had.
    """
    pages = masked_pages(read_pages(path))
    return Extraction(_packed_text(pages), packed_reading(judgements_of(pages)))


def masked_pages(texts: Sequence[str]) -> Pages:
    """The pages of a gazette with asterisks for the digits of CPF and CNPJ numbers.

    Args:
        texts: The text of each page, in order.
    """
    pages = Pages(texts)
    # As a whole: a number may begin on one page and end on the next, with headers between that a reader leaves out.
    return pages.rewritten(mask_personal_numbers(pages.text, pages.gaps()))


def _packed_text(pages: Pages) -> PackedText:
    return PackedText(len(pages.texts), packed(pages.text))
