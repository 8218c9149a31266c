"""What is done to a stored text in a worker process: it is read by rules again, without the PDF.

This file does not know which gazette it reads.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.lines import PAGE_BREAK
from trio_pipeline.diario.model import Reading

__all__ = ["TextLost", "pages_of", "read_again"]


class TextLost(Exception):
    """A stored text is gone, or is not what was stored."""


def pages_of(path: str) -> tuple[str, ...]:
    """The pages of a stored text.

    Raises:
        TextLost: It cannot be read.
    """
    try:
        text = gzip.decompress(Path(path).read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TextLost(f"the stored text cannot be read: {type(error).__name__}") from None
    return tuple(text.split(PAGE_BREAK))


def read_again(path: str) -> Reading:
    """Read the judgements in a stored text by rules.

    Raises:
        TextLost: It cannot be read.
    """
    return read_judgements(pages_of(path))
