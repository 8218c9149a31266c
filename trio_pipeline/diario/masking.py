"""Hides the numbers of persons (CPF) and firms (CNPJ) in a text.

Pure: this file does not know where the text comes from. Every digit becomes an asterisk and nothing else changes, so
that a position in the text before is the same position after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trio_pipeline.diario import cnj
from trio_pipeline.diario.shapes import shape_of

__all__ = ["MASK", "mask_personal_numbers"]

MASK = "*"
"""What stands where a digit was."""

# These are searched in the shape of a text. A number that a line break cuts has white space after a separator.
# Each begins with plain bytes, for which the search is fastest.
_FORMATTED_CPF = re.compile(rb"000\.[ \n]?000\.[ \n]?000[ \n]?-[ \n]?00(?!0)")
_FORMATTED_CNPJ = re.compile(rb"00\.[ \n]?000\.[ \n]?000[ \n]?/[ \n]?0000[ \n]?-[ \n]?00(?!0)")
_LOOSE = rb"[-./ \n]{0,2}"
_NAMED = re.compile(
    rb"(?:c\.?p\.?f\b|cnpj\b)[^0\n]{0,40}(?:\n[^0\n]{0,10})?"
    rb"(00" + _LOOSE + rb"000" + _LOOSE + rb"000" + _LOOSE + rb"0000" + _LOOSE + rb"00"
    rb"|000" + _LOOSE + rb"000" + _LOOSE + rb"000" + _LOOSE + rb"00)(?!0)"
)
_BARE = re.compile(rb"00000000000(?!0|[.,]0)")
_JOINTS = frozenset("/-")
_MASKED = str.maketrans(dict.fromkeys("0123456789", MASK))


def mask_personal_numbers(text: str) -> str:
    """Put asterisks for the digits of CPF and CNPJ numbers.

    Masked are numbers in the official forms, broken lines within them or not; eleven or fourteen digits, with or
    without separators, after the word CPF or CNPJ; and eleven digits alone whose check digits are those of a CPF, which
    firms of one person carry in their name. The numbers of cases are left alone.

    Returns:
        A text of the same length.
    """
    shape = shape_of(text)
    spans = sorted(set(_spans(text, shape)))
    if not spans:
        return text
    cases = [(number.start, number.end) for number in cnj.find_numbers(text, shape)]
    return _masked(text, _outside(spans, cases))


def _spans(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    """Where the numbers stand; two forms may find the same one."""
    # Most pages hold none, which a search for a few bytes tells.
    if b"000.000" in shape or b"000. 000" in shape or b"000.\n000" in shape:
        for form in (_FORMATTED_CPF, _FORMATTED_CNPJ):
            yield from (match.span() for match in form.finditer(shape) if _begins(shape, match.start(), b"0."))
    for named in _NAMED.finditer(shape):
        yield named.span(1)
    if b"00000000000" in shape:
        for match in _BARE.finditer(shape):
            start, end = match.span()
            # A hyphen here is the plain one: what broke a word is no part of a number.
            stands_alone = text[start - 1 : start] not in _JOINTS and text[end : end + 1] not in _JOINTS
            if stands_alone and _begins(shape, start, b"0.,") and _is_cpf(text[start:end]):
                yield start, end


def _begins(shape: bytes, position: int, others: bytes) -> bool:
    """Whether a number begins here rather than goes on: none of `others` stands before it."""
    return position == 0 or shape[position - 1] not in others


def _outside(spans: list[tuple[int, int]], cases: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that touch no case number; both lists are in order."""
    kept = []
    position = 0
    for start, end in spans:
        while position < len(cases) and cases[position][1] <= start:
            position += 1
        if position == len(cases) or end <= cases[position][0]:
            kept.append((start, end))
    return kept


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts = []
    position = 0
    for start, end in spans:
        # Two forms may find the same number: what is masked already is passed over.
        begin = max(start, position)
        parts += [text[position:begin], text[begin:end].translate(_MASKED)]
        position = max(position, end)
    return "".join([*parts, text[position:]])


def _is_cpf(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    return all(_check_digit(digits[:length]) == digits[length] for length in (9, 10))


def _check_digit(digits: str) -> str:
    """The digit that follows these in a CPF: a sum with falling weights, mod 11."""
    total = sum(weight * int(digit) for weight, digit in zip(range(len(digits) + 1, 1, -1), digits, strict=True))
    return str(total * 10 % 11 % 10)
