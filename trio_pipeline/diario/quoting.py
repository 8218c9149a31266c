"""Text from outside, made harmless and visible before a person sees it on a terminal.

Pure: this file does not know where the text came from or where it is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

__all__ = ["code_of", "quoted", "replace_unprintable", "terminal_safe"]

_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


def terminal_safe(text: str) -> str:
    r"""The same text on one line, with everything that a terminal would obey made visible.

    Control characters, line breaks, characters that turn the direction of writing and lone surrogates are shown as
    `\x1b` or `\u202e`; a space of another width becomes a plain one.

    >>> terminal_safe("\x1b[2Jdiário")
    '\\x1b[2Jdiário'
    """
    return replace_unprintable(text, _shown)


def replace_unprintable(text: str, shown: Callable[[str], str]) -> str:
    """The same text with each character that cannot be printed shown in another way; letters of all scripts can be.

    Args:
        text: The text.
        shown: What stands for such a character.
    """

    def replace(match: re.Match[str]) -> str:
        character = match.group()
        return character if character.isprintable() else shown(character)

    # Most texts have next to no character outside of ASCII, and a pattern finds that out faster than a loop.
    return _NOT_PRINTABLE_ASCII.sub(replace, text)


def code_of(character: str) -> str:
    r"""How a character is written in strings of TOML and Python by its code: `\u0085`, `\U000e0001`."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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


def _shown(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else code_of(character)
