"""The shape of a text: its digits, hyphens and white space made alike, so that numbers of a form can be found fast.

A search for bytes in a shape takes a fraction of what a search for classes of characters takes in a text, and most
pages do not hold what is looked for. Every character has one byte, so that positions are the same.

Pure: this file does not know which numbers are looked for.
"""

from __future__ import annotations

__all__ = ["shape_of"]

# What stands where a hyphen did: PDFium writes U+FFFE for one at which a word was broken, other programs U+00AD.
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2212\ufffe\u00ad"
_SPACES = "\u2007\u2009\u202f"


def _alike(byte: int) -> int:
    character = chr(byte)
    if character.isascii() and character.isdigit():
        return ord("0")
    if character in "\t\v\f\r\xa0":
        return ord(" ")
    return ord(character.lower()) if character.isascii() else byte


_TABLE = bytes(map(_alike, range(256)))


def shape_of(text: str) -> bytes:
    """One byte for each character.

    ASCII digits are `0`, hyphens of all kinds `-`, white space but for line feeds a space, ASCII letters lower case;
    what Latin-1 lacks is `?`, and everything else is itself.
    """
    for hyphen in _HYPHENS:
        if hyphen in text:
            text = text.replace(hyphen, "-")
    for space in _SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text.encode("latin-1", "replace").translate(_TABLE)
