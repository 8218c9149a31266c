"""The shape of a text: its digits, hyphens and white space made alike, so that numbers of a form can be found fast.

A search for bytes in a shape takes a fraction of what a search for classes of characters takes in a text, and most
pages do not hold what is looked for. Every character has one byte, so that positions are the same.

Pure: this file does not know which numbers are looked for. It registers an error handler of codecs, under its own name.
"""

from __future__ import annotations

import codecs

__all__ = ["shape_of"]

# What stands where a hyphen did: PDFium writes U+FFFE for one at which a word was broken, other programs U+00AD.
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2212\ufffe"
_SPACES = "\u2007\u2009\u202f"
_BEYOND_LATIN_1 = {**dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_SPACES, " ")}


def _alike(byte: int) -> int:
    character = chr(byte)
    if character.isascii() and character.isdigit():
        return ord("0")
    if character in "\t\v\f\r\xa0":
        return ord(" ")
    if character == "\xad":
        return ord("-")
    return ord(character.lower()) if character.isascii() else byte


_TABLE = bytes(map(_alike, range(256)))


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """What is encoded for characters that Latin-1 lacks: called for each run of them, and few pages have one."""
    assert isinstance(error, UnicodeEncodeError)
    run = error.object[error.start : error.end]
    return "".join([_BEYOND_LATIN_1.get(character, "?") for character in run]), error.end


_ERRORS = "trio_pipeline.shape"
codecs.register_error(_ERRORS, _stand_in)


def shape_of(text: str) -> bytes:
    """One byte for each character.

    ASCII digits are `0`, hyphens of all kinds `-`, white space but for line feeds a space, ASCII letters lower case;
    what Latin-1 lacks is `?`, and everything else is itself.
    """
    return text.encode("latin-1", _ERRORS).translate(_TABLE)
