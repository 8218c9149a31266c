"""How a text is stored, and what is done to it in a worker process: it is read by rules again, without the PDF.

A stored text is the pages of a gazette joined by form feeds, in UTF-8, compressed by gzip.

This file does not know which gazette it reads.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.lines import PAGE_BREAK
from trio_pipeline.diario.packed_readings import PackedReading, packed_reading

__all__ = ["TextLost", "packed", "pages_of", "read_again", "unpacked"]


_EFFORT = 2
"""Of gzip, from 1 to 9: 6 saves a sixth of the bytes, and takes 3 % of the time in which a gazette is read."""


class TextLost(Exception):
    """A stored text is gone, or is not what was stored."""


def packed(text: str) -> bytes:
    """What is stored of a text. The same text is the same bytes."""
    # No time in the header.
    return gzip.compress(text.encode("utf-8", "replace"), compresslevel=_EFFORT, mtime=0)


def unpacked(data: bytes) -> str:
    """The text that was stored.

    Raises:
        TextLost: The bytes are not what was stored.
    """
    try:
        return gzip.decompress(data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TextLost(f"the stored text cannot be read: {type(error).__name__}") from None


def pages_of(path: str) -> tuple[str, ...]:
    """The pages of a stored text.

    Raises:
        TextLost: It cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TextLost(f"the stored text cannot be read: {type(error).__name__}") from None
    return tuple(unpacked(data).split(PAGE_BREAK))


def read_again(path: str) -> PackedReading:
    """Read the judgements in a stored text by rules.

    Raises:
        TextLost: It cannot be read.
    """
    return packed_reading(read_judgements(pages_of(path)))
