"""The text of a PDF's pages, as a run of the application has it."""

from __future__ import annotations

import pypdfium2

__all__ = ["pages_of"]


def pages_of(content: bytes) -> list[str]:
    """The text of each page."""
    document = pypdfium2.PdfDocument(content)
    try:
        pages = []
        for index in range(len(document)):
            page = document[index]
            text = page.get_textpage()
            pages.append(text.get_text_range().replace("\r\n", "\n"))
            text.close()
            page.close()
    finally:
        document.close()
    return pages
