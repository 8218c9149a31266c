"""What is done to a PDF in a worker process: its text, masked and packed, and the judgements in it.

The digits of CPF and CNPJ numbers are masked before anything leaves the process. This file does not know which gazette
it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.lines import PAGE_BREAK
from trio_pipeline.diario.masking import mask_personal_numbers
from trio_pipeline.diario.packed_readings import PackedReading, packed_reading
from trio_pipeline.diario.page_gaps import page_gaps
from trio_pipeline.diario.pdf import read_pages
from trio_pipeline.diario.stored_text import packed

__all__ = ["Extraction", "PackedText", "extract", "extract_text"]


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
    text, count = _masked_text(path)
    return PackedText(count, packed(text))


def extract(path: str) -> Extraction:
    """Read a PDF's text, and the judgements in it by rules.

    Raises:
        PdfUnreadable: There is no text to be had.
    """
    text, count = _masked_text(path)
    reading = packed_reading(read_judgements(text.split(PAGE_BREAK)))
    return Extraction(PackedText(count, packed(text)), reading)


def _masked_text(path: str) -> tuple[str, int]:
    pages = read_pages(path)
    return _masked(pages), len(pages)


def _masked(pages: Sequence[str]) -> str:
    # As a whole: a number may begin on one page and end on the next, with headers between that a reader leaves out.
    return mask_personal_numbers(PAGE_BREAK.join(pages), page_gaps(pages))
