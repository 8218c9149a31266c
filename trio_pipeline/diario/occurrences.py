"""Where something occurs in a text.

Pure: this file does not know what is looked for. A search for plain text takes a fraction of what a regular expression
does that begins with a choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import AnyStr

__all__ = ["occurrences"]


def occurrences(text: AnyStr, part: AnyStr, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Where a part of a text begins, from left to right; two that overlap count both.

    Args:
        text: The text.
        part: What is looked for, not empty.
        start: Where in the text the search begins.
        end: Where it ends, exclusive: what reaches beyond is not found.
    """
    position = text.find(part, start, end)
    while position >= 0:
        yield position
        position = text.find(part, position + 1, end)
