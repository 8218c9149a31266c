"""Hides the numbers of persons (CPF) and firms (CNPJ) in a text.

Pure: this file does not know where the text comes from. Every digit becomes an asterisk and nothing else changes, so
that a position in the text before is the same position after.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from trio_pipeline.diario import cnj
from trio_pipeline.diario.personal_numbers import find_personal_numbers, is_personal
from trio_pipeline.diario.shapes import shape_of

__all__ = ["MASK", "mask_personal_numbers"]

MASK = "*"
"""What stands where a digit was."""

_PAGE_BREAK = "\f"
_MASKED = str.maketrans(dict.fromkeys("0123456789", MASK))

# What a reader of the text takes away: the marks of broken words, with the white space behind them.
_MARKS = "\ufffe\u00ad\u200b\u2060\ufeff"
_MARKED = re.compile(f"[{_MARKS}]+\\s*")
# What a part of a number may begin or end with.
_NUMBER_SIGNS = frozenset(f"0123456789./- \u2010\u2011\u2012\u2013\u2014\u2212{_MARKS}")

# A line break that may stand within a group of digits or before a separator: before it a part of a number, behind it
# what a group has left and what ends a group.
_BREAK = re.compile(rb"\n(?= ?[0./-])(?:(?<=[0./-]\n)|(?<=[0./-] \n)) ?(?=0{0,4}[./-]0|00?(?![0./-]))")

_BEFORE = 80  # characters before a seam in which a number's word and its first digits stand
_BEHIND = 40  # characters behind it in which its last ones stand
_NEAR = 20  # as many as a number in the official form has on either side of a line break, and some more
_APART = "\n\x00\n"  # between two seams: no number goes across, and no word for one


@dataclass(slots=True)
class _View:
    """Pieces of a text put together, which remember where they were."""

    parts: list[str] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, start: int, end: int) -> None:
        """A piece of the text."""
        if start < end:
            self.places.append((self.length, self.length + end - start, start))
            self.glue(text[start:end])

    def glue(self, between: str) -> None:
        """What stands between two pieces and in no text."""
        self.parts.append(between)
        self.length += len(between)

    def across(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Where the parts of those spans were that more pieces than one hold; the spans are in order."""
        first = 0
        for start, end in spans:
            while self.places[first][1] <= start:
                first += 1
            held = []
            for begin, finish, origin in islice(self.places, first, None):
                if begin >= end:
                    break
                held.append((origin + max(start - begin, 0), origin + min(end, finish) - begin))
            if len(held) > 1:
                yield from held


def mask_personal_numbers(text: str, gaps: Iterable[tuple[int, int]] = ()) -> str:
    """Put asterisks for the digits of CPF and CNPJ numbers.

    Masked are numbers in the official forms, broken lines within them or not; eleven or fourteen digits, with or
    without separators, after the word CPF or CNPJ; and others that have as many digits and the right check digits. The
    marks of broken words, page ends and `gaps` may stand anywhere within. The numbers of cases are left alone.

    Args:
        text: The text.
        gaps: Stretches that a reader passes over, such as page headers, in order: what stands on both sides of one is
            looked at together.

    Returns:
        A text of the same length.
    """
    shape = shape_of(text)
    plain, masks = text, _MASKED
    # Digits that are no ASCII ones are such signs in the shape.
    if b"???" in shape and (others := _other_digits(text)):
        plain = text.translate(others)
        masks = {**_MASKED, **dict.fromkeys(others, MASK)}
        shape = shape_of(plain)
    spans = {*find_personal_numbers(plain, shape), *_across_seams(plain, shape, gaps)}
    return _masked(text, sorted(_outside_cases(spans, plain, shape)), masks) if spans else text


def _other_digits(text: str) -> dict[int, str]:
    return {
        ord(letter): str(unicodedata.decimal(letter))
        for letter in set(text)
        if letter.isdecimal() and not letter.isascii()
    }


def _across_seams(text: str, shape: bytes, gaps: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of numbers that something breaks which a reader passes over."""
    yield from _found(_around_gaps(text, gaps), is_checked=False)
    yield from _found(_around_breaks(text, shape), is_checked=True)


def _found(view: _View, *, is_checked: bool) -> Iterator[tuple[int, int]]:
    """The parts of the numbers that stand across the pieces of a view."""
    text = "".join(view.parts)
    shape = shape_of(text)
    spans = {*find_personal_numbers(text, shape)}
    if is_checked:
        spans = {(start, end) for start, end in spans if is_personal(text[start:end])}
    return view.across(sorted(_outside_cases(spans, text, shape)))


def _around_gaps(text: str, gaps: Iterable[tuple[int, int]]) -> _View:
    """What stands around the marks of broken words and around the ends of pages."""
    view = _View()
    for start, end in _marks_in_numbers(text):
        _add_unmarked(view, text, start - _BEFORE, end + _BEHIND)
        view.glue(_APART)
    for start, end in {*_page_ends(text), *gaps}:
        if text[end : end + 1] not in _NUMBER_SIGNS:
            continue
        # A line break may stand for white space, or within a group of digits.
        for between in ("\n", ""):
            _add_unmarked(view, text, start - _BEFORE, start)
            view.glue(between)
            _add_unmarked(view, text, end, end + _BEHIND)
            view.glue(_APART)
    return view


def _marks_in_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The marks of broken words, with the white space behind them, that may stand in a number."""
    for mark in _MARKS:
        position = text.find(mark)
        while position >= 0:
            match = _MARKED.match(text, position)
            assert match is not None
            end = match.end()
            if text[position - 1 : position] in _NUMBER_SIGNS and text[end : end + 1] in _NUMBER_SIGNS:
                yield position, end
            position = text.find(mark, end)


def _page_ends(text: str) -> Iterator[tuple[int, int]]:
    """The page breaks, with the white space around them."""
    position = text.find(_PAGE_BREAK)
    while position >= 0:
        start, end = position, position + 1
        while start and text[start - 1].isspace():
            start -= 1
        while end < len(text) and text[end].isspace():
            end += 1
        yield start, end
        position = text.find(_PAGE_BREAK, end)


def _add_unmarked(view: _View, text: str, start: int, end: int) -> None:
    """A stretch of the text without the marks of broken words in it."""
    start, end = max(0, start), min(end, len(text))
    for match in _MARKED.finditer(text, start, end):
        view.add(text, start, match.start())
        start = match.end()
    view.add(text, start, end)


def _around_breaks(text: str, shape: bytes) -> _View:
    """What stands around line breaks within a group of digits or before a dot."""
    view = _View()
    for match in _BREAK.finditer(shape):
        start, end = match.span()
        if shape[start - 1 : start] == b" ":
            start -= 1
        view.add(text, max(0, start - _NEAR), start)
        view.add(text, end, min(end + _NEAR, len(text)))
        view.glue(_APART)
    return view


def _outside_cases(spans: Iterable[tuple[int, int]], text: str, shape: bytes) -> list[tuple[int, int]]:
    """The spans that touch no case number."""
    return [(start, end) for start, end in spans if not cnj.touches_number(text, shape, start, end)]


def _masked(text: str, spans: list[tuple[int, int]], masks: dict[int, str]) -> str:
    parts = []
    position = 0
    for start, end in spans:
        # Two forms may find the same number: what is masked already is passed over.
        begin = max(start, position)
        if begin < end:
            parts.append(text[position:begin])
            parts.append(text[begin:end].translate(masks))
            position = end
    parts.append(text[position:])
    return "".join(parts)
