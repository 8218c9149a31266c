"""The numbers of court cases: `NNNNNNN-DD.AAAA.J.TR.OOOO` (Resolução CNJ 65/2008).

Pure: this file knows what a number looks like and whether its check digits are right, not what it stands for in a text.
Cases from before 2010 were numbered otherwise; such numbers are not found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trio_pipeline.diario.occurrences import occurrences
from trio_pipeline.diario.shapes import shape_of

__all__ = ["CaseNumber", "check_digits", "find_numbers", "is_administrative", "is_valid", "normalise", "touches_number"]

# A number broken across lines keeps its dots and loses at most its hyphen: PDFium puts U+FFFE in its place, other
# programs U+00AD. White space may follow any separator.
_NUMBER = re.compile(
    r"(?<![\d.])([0-9]{7})[-\u2010\u2011\u2013\ufffe\u00ad]"
    r"\s?([0-9]{2})\.\s?([0-9]{4})\.\s?([0-9])\.\s?([0-9]{2})\.\s?([0-9]{4})(?!\d)"
)
_BEGINNING = b"0000000-"
_LONGEST = 31  # characters: twenty digits, five separators, and as many times white space, and some more
_SHORT = 1_000  # characters: in a text of fewer, to look for the form itself takes less than to make a shape first
_DIGITS = re.compile(r"\d{20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number that stands in a text.

    Attributes:
        number: In the official form, whatever line breaks the text has in it.
        start: Where it begins in the text.
        end: Where it ends, exclusive.
    """

    number: str
    start: int
    end: int


def find_numbers(text: str, shape: bytes | None = None) -> Iterator[CaseNumber]:
    """Give every case number in a text, from left to right, right or wrong check digits alike.

    Args:
        text: The text.
        shape: Its shape (`shapes.shape_of`), for who has it already.
    """
    if shape is None and len(text) < _SHORT:
        yield from map(_found, _NUMBER.finditer(text))
        return
    if shape is None:
        shape = shape_of(text)
    yield from map(_found, _matches(text, shape, 0, len(shape)))


def touches_number(text: str, shape: bytes, start: int, end: int) -> bool:
    """Whether a stretch of a text shares a character with a case number.

    Args:
        text: The text.
        shape: Its shape (`shapes.shape_of`).
        start: Where the stretch begins.
        end: Where it ends, exclusive.
    """
    begin = max(0, start - _LONGEST)
    # By far the most stretches have nothing near that could be one: for these, no generators are made.
    if shape.find(_BEGINNING, begin, end + len(_BEGINNING) - 1) < 0:
        return False
    return any(match.end() > start for match in _matches(text, shape, begin, end))


def _matches(text: str, shape: bytes, start: int, end: int) -> Iterator[re.Match[str]]:
    """The numbers that begin in a stretch of a text."""
    for position in occurrences(shape, _BEGINNING, start, end + len(_BEGINNING) - 1):
        match = _NUMBER.match(text, position)
        if match:
            yield match


def _found(match: re.Match[str]) -> CaseNumber:
    return CaseNumber(_written("".join(match.groups())), match.start(), match.end())


def normalise(text: str) -> str | None:
    """The official form of a case number.

    Args:
        text: The number alone: in the official form or as 20 digits, with or without white space around it.

    Returns:
        `NNNNNNN-DD.AAAA.J.TR.OOOO`, or None when the text is something else.
    """
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if match:
        return _written("".join(match.groups()))
    return _written(text) if _DIGITS.fullmatch(text) else None


def check_digits(sequence: int, year: int, segment: int, court: int, origin: int) -> int:
    """The two check digits that belong to the other parts of a number (ISO 7064, mod 97-10).

    >>> check_digits(7002770, 2024, 8, 22, 11)
    82
    """
    body = f"{sequence:07d}{year:04d}{segment:d}{court:02d}{origin:04d}"
    return 98 - int(body) * 100 % 97


def is_valid(number: str) -> bool:
    """Whether the text is a case number whose check digits are right."""
    official = normalise(number)
    if official is None:
        return False
    sequence, check, rest = official[:7], official[8:10], official[11:].replace(".", "")
    return int(sequence + rest + check) % 97 == 1


def is_administrative(number: str) -> bool:
    """Whether an official number names an administrative file: the court's SEI counts its own as origins from 8000."""
    return number[-4] == "8"


def _written(digits: str) -> str:
    return f"{digits[:7]}-{digits[7:9]}.{digits[9:13]}.{digits[13]}.{digits[14:16]}.{digits[16:]}"
