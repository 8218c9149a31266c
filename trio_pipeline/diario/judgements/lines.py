"""Lines of a gazette's text, each with its place there, and what several of them say when they are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["FULL_WIDTH", "Line", "join_lines", "lines_of", "width_of"]

FULL_WIDTH = 125
"""Characters of a line that fills a page's width."""

_COLUMN = range(35, 80)  # characters that the lines of a column may have; with more they fill a page
_FEWEST_LINES = 40  # with fewer, that none is long says nothing
_LONGER = 50  # one line in as many may be longer than the others are at most, such as one of a table

# The hyphen of a broken word, with what a line break left behind it. PDFium writes U+FFFE, other programs U+00AD.
_SOFT_HYPHEN = re.compile(r"[\ufffe\u00ad]+\s*")
# A word broken at a hyphen of its own: JI-PARANÁ. A dash has a space before it.
_HARD_HYPHEN = re.compile(r"(?<=\w-)\n")


class Line(NamedTuple):
    """One line of a gazette.

    Attributes:
        text: As it stands there, without white space at the end.
        page: The page it is on, from 1.
        start: Where it begins in the gazette's text.
        end: Where it ends there, exclusive.
        folded: Whether white space stood at its end, which a line has that its paragraph continues, and some others.
    """

    text: str
    page: int
    start: int
    end: int
    folded: bool


def lines_of(text: str, page: int, offset: int) -> list[Line]:
    """The lines of a part of a page, blank ones left out.

    Args:
        text: The part, which begins with a line.
        page: The page's number, from 1.
        offset: Where the part begins in the gazette's text.
    """
    lines = []
    start = offset
    for whole in text.split("\n"):
        line = whole.rstrip()
        following = start + len(whole) + 1
        if line:
            end = start + len(line)
            lines.append(Line(line, page, start, end, end + 1 < following))
        start = following
    return lines


def width_of(lines: Sequence[Line]) -> int:
    """How many characters a full line has: `FULL_WIDTH`, or fewer where pages have columns."""
    # PDFium puts the line behind a broken word's hyphen on the same one.
    lengths = [len(line.text) for line in lines if "\ufffe" not in line.text]
    most = len(lengths) // _LONGER
    if len(lengths) < _FEWEST_LINES or sum([length >= _COLUMN.stop for length in lengths]) > most:
        return FULL_WIDTH
    longest = sorted(lengths)[-1 - most]
    return longest if longest in _COLUMN else FULL_WIDTH


def join_lines(texts: Sequence[str]) -> str:
    """One text out of broken lines: words put together again, every run of white space one space."""
    if len(texts) == 1:
        (whole,) = texts
    else:
        whole = "\n".join([text.strip() for text in texts])
        if "-\n" in whole:
            whole = _HARD_HYPHEN.sub("", whole)
    if "\ufffe" in whole or "\u00ad" in whole:
        whole = _SOFT_HYPHEN.sub("", whole)
    return " ".join(whole.split())
