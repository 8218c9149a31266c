"""Text from outside, made harmless and visible before a person sees it on a terminal.

Pure: this file does not know where the text came from or where it is shown.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["quoted", "terminal_safe"]

_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


def terminal_safe(text: str) -> str:
    r"""The same text on one line, with everything that a terminal would obey made visible.

    Control characters, line breaks, characters that turn the direction of writing and lone surrogates are shown as
    `\x1b` or `\u202e`; a space of another width becomes a plain one.

    >>> terminal_safe("\x1b[2Jdiário")
    '\\x1b[2Jdiário'
    """
    return _NOT_PRINTABLE_ASCII.sub(_shown, text)


def quoted(value: object, *, longest: int = 60) -> str:
    """How an error message names a value that somebody else wrote.

    Args:
        value: Text is shown in quotation marks, a number as it is, everything else by the name of its type.
        longest: How many characters of a text to show.
    """
    match value:
        case str():
            shown = terminal_safe(value[:longest])
            return f"'{shown}…'" if len(value) > longest else f"'{shown}'"
        case bool() | int() | float() | None:
            return str(value)[:longest]
        case _:
            return f"a {type(value).__name__}"


def _shown(match: re.Match[str]) -> str:
    character = match.group()
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
