"""How a text is stored, and what is done to it in a worker process: it is read by rules again, without the PDF.

A stored text is the pages of a gazette joined by form feeds, in UTF-8, compressed by gzip.

This file does not know which gazette it reads.
"""

from __future__ import annotations

import gzip
import zlib

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.judgements.pages import PAGE_BREAK
from trio_pipeline.diario.packed_readings import PackedReading, packed_reading
from trio_pipeline.diario.plain_files import read_plain

__all__ = ["MOST_CHARACTERS", "MOST_PAGES", "TextLost", "packed", "pages_of", "read_again", "unpacked"]

MOST_PAGES = 20_000
"""The gazettes known have less than 2,000 pages; a damaged or hostile file can claim any number."""

MOST_CHARACTERS = 40_000_000
"""Of all pages. The sample has 3,500 on a page; with all that is made of them, these fit a worker's memory."""

_LONGEST = MOST_CHARACTERS + MOST_PAGES  # with what stands between pages
_MOST_BYTES = 4 * _LONGEST  # in UTF-8

_EFFORT = 2
"""Of gzip, from 1 to 9: 6 saves a sixth of the bytes, and takes 3 % of the time in which a gazette is read."""


_MARK = b"\x1f\x8b"  # of gzip
_GZIP = 31  # what zlib calls its format, with the largest window
_TOO_LONG = "the stored text is not what was stored: it is longer than any"


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
        text = _unpacked_bytes(data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TextLost(f"the stored text cannot be read: {type(error).__name__}") from None
    if len(text) > _LONGEST:
        raise TextLost(_TOO_LONG)
    return text


def _unpacked_bytes(data: bytes) -> bytes:
    """What was compressed, and no more of it than any text has: a file of some kilobytes can hold a gigabyte."""
    if not data.startswith(_MARK):
        raise gzip.BadGzipFile
    unpacker = zlib.decompressobj(wbits=_GZIP)
    unpacked = unpacker.decompress(data, _MOST_BYTES + 1)
    if len(unpacked) > _MOST_BYTES:
        raise TextLost(_TOO_LONG)
    if not unpacker.eof:
        raise EOFError
    return unpacked


def pages_of(path: str) -> tuple[str, ...]:
    """The pages of a stored text.

    Raises:
        TextLost: It cannot be read.
    """
    try:
        data = read_plain(path)
    except OSError as error:
        raise TextLost(f"the stored text cannot be read: {type(error).__name__}") from None
    return tuple(unpacked(data).split(PAGE_BREAK))


def read_again(path: str) -> PackedReading:
    """Read the judgements in a stored text by rules.

    Raises:
        TextLost: It cannot be read.
    """
    return packed_reading(read_judgements(pages_of(path)))
