"""Hides the numbers of persons (CPF) and firms (CNPJ) in a text.

Pure: this file does not know where the text comes from. Every digit becomes an asterisk and nothing else changes, so
that a position in the text before is the same position after.
"""

from __future__ import annotations

import re

from trio_pipeline.diario import cnj

__all__ = ["MASK", "mask_personal_numbers"]

MASK = "*"
"""What stands where a digit was."""

# A number that a line break cuts has white space after a separator, and U+FFFE or U+00AD where its hyphen was.
_HYPHEN = r"\s?[-\u2010-\u2013\ufffe\u00ad]\s?"
_FORMATTED_CPF = re.compile(rf"(?<![\d.])\d{{3}}\.\s?\d{{3}}\.\s?\d{{3}}{_HYPHEN}\d{{2}}(?!\d)", re.ASCII)
_FORMATTED_CNPJ = re.compile(
    rf"(?<![\d.])\d{{2}}\.\s?\d{{3}}\.\s?\d{{3}}\s?/\s?\d{{4}}{_HYPHEN}\d{{2}}(?!\d)", re.ASCII
)
_LOOSE = r"[-./\s\ufffe\u00ad]{0,2}"
_NAMED = re.compile(
    r"(?:C\.?P\.?F\b|CNPJ\b)[^\d\n]{0,40}(?:\n[^\d\n]{0,10})?"
    rf"(\d{{2}}{_LOOSE}\d{{3}}{_LOOSE}\d{{3}}{_LOOSE}\d{{4}}{_LOOSE}\d{{2}}"
    rf"|\d{{3}}{_LOOSE}\d{{3}}{_LOOSE}\d{{3}}{_LOOSE}\d{{2}})(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_BARE = re.compile(r"(?<![\d.,/-])\d{11}(?![\d/-]|[.,]\d)", re.ASCII)
_DIGIT = re.compile(r"\d", re.ASCII)


def mask_personal_numbers(text: str) -> str:
    """Put asterisks for the digits of CPF and CNPJ numbers.

    Masked are numbers in the official forms, broken lines within them or not; eleven or fourteen digits, with or
    without separators, after the word CPF or CNPJ; and eleven digits alone whose check digits are those of a CPF, which
    firms of one person carry in their name. The numbers of cases are left alone.

    Returns:
        A text of the same length.
    """
    cases = [(number.start, number.end) for number in cnj.find_numbers(text)]
    spans = [match.span() for match in _FORMATTED_CPF.finditer(text)]
    spans += [match.span() for match in _FORMATTED_CNPJ.finditer(text)]
    spans += [match.span(1) for match in _NAMED.finditer(text)]
    spans += [match.span() for match in _BARE.finditer(text) if _is_cpf(match.group())]
    return _masked(text, _outside(sorted(set(spans)), cases))


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
        parts += [text[position:begin], _DIGIT.sub(MASK, text[begin:end])]
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
