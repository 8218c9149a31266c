"""Finds the numbers of persons (CPF) and firms (CNPJ) in a text, in all forms in which they are printed.

Pure: this file does not know where the text comes from, nor what becomes of the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["find_personal_numbers", "is_personal"]

# These are searched in the shape of a text. A number that a line break cuts has white space after a separator.
# Each begins with plain bytes, for which the search is fastest, and forms that begin alike are looked for at once. The
# end of a CPF is only looked at: where it turns out to be none, a CNPJ may begin there.
_PUNCTUATED = re.compile(
    rb"00\.[ \n]?000\.[ \n]?000(?:[ \n]?/[ \n]?0000[ \n]?-[ \n]?00(?!0)"
    rb"|(?=(?P<cpf>(?:[ \n]?(?P<hyphen>-)[ \n]?|[./ ]?[ \n]?)00)(?!0)))"
)

_LOOSE = rb"[-./ \n]{0,2}"
# CIC and CGC are what CPF and CNPJ were called before. Plurals and signs for "number" are written at the word. What
# follows a `c` rules most of them out before anything else is looked at.
_NAMED = re.compile(
    rb"c(?=[. pnig])(?<![a-z]c)(?:\.? ?p\.? ?f|npj|ic|gc)(?:s|n[o\xba\xb0]?|_)?(?![a-z])[^0\n]{0,40}(?:\n[^0\n]{0,10})?"
    rb"(00" + _LOOSE + rb"000" + _LOOSE + rb"000" + _LOOSE + rb"0000" + _LOOSE + rb"00"
    rb"|000" + _LOOSE + rb"000" + _LOOSE + rb"000" + _LOOSE + rb"00)(?!0)"
)

# Forms that other numbers have too, of which the check digits tell.
_SPACED = re.compile(rb"000 000 000[- ]?00(?!0)")
_UNPUNCTUATED = re.compile(rb"00000000(?:(?:/[ \n]?0000|0)[ \n]?-[ \n]?00(?!0)|(?P<bare>000(?:000)?)(?!0|[.,]0))")
_JOINTS = frozenset("/-")

# The CNPJ of firms founded from 2026 on may have letters in all places but those of the check digits.
_BRANCH = re.compile(rb"/[0a-z]{4}-00(?!0)")
_LETTERED = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/[0-9A-Z]{4}", re.ASCII)
_HAS_LETTER = re.compile(rb"[a-z]")
_LONGEST_ROOT = 10  # characters before the slash
_NAMED_LETTERED = re.compile(rb"cnpj\W{0,4}(?:n\W{0,3})?(?<![0a-z])([0a-z]{12}00)(?![0a-z])")

_BETWEEN = re.compile(r"[\W_]+")
_CPF_DIGITS = 11
_CNPJ_DIGITS = 14
_HEAVIEST = 9  # weight of a place in a CNPJ, after which the weights begin at 2 again


def find_personal_numbers(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    """Where the numbers stand, in no order; two forms may find the same one.

    Args:
        text: The text.
        shape: Its shape (`shapes.shape_of`).
    """
    yield from _punctuated(text, shape)
    for named in _NAMED.finditer(shape):
        yield named.span(1)
    for spaced in _SPACED.finditer(shape):
        start, end = spaced.span()
        if _begins(shape, start, b"0") and is_personal(text[start:end]):
            yield start, end
    yield from _unpunctuated(text, shape)
    yield from _lettered(text, shape)


def is_personal(text: str) -> bool:
    """Whether what a text has of letters and digits is a CPF or CNPJ with right check digits."""
    places = _BETWEEN.sub("", text)
    if len(set(places)) == 1:
        return False
    if len(places) == _CPF_DIGITS and places.isdecimal():
        return all(_check_digit(places[:length], _CPF_DIGITS) == places[length] for length in (9, 10))
    if len(places) == _CNPJ_DIGITS and places.isascii() and places == places.upper():
        return all(_check_digit(places[:length], _HEAVIEST) == places[length] for length in (12, 13))
    return False


def _punctuated(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    """In the official form or nearly."""
    for match in _PUNCTUATED.finditer(shape):
        start, end = match.span()
        is_cpf = match["cpf"] is not None
        if is_cpf:
            # Its first group has a digit more.
            start, end = start - 1, match.end("cpf")
            if shape[start : start + 1] != b"0":
                continue
        is_official = not is_cpf or match["hyphen"] is not None
        # What a list numbers is no part of it, as `1.` would be.
        if (is_official and _begins(shape, start, b"0.")) or (
            _begins(shape, start, b"0") and is_personal(text[start:end])
        ):
            yield start, end


def _unpunctuated(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    """With all but the last separators left out, or these too, as firms of one person carry them in their name."""
    for match in _UNPUNCTUATED.finditer(shape):
        start, end = match.span()
        if match["bare"] is None:
            begins = _begins(shape, start, b"0")
        else:
            # A hyphen here is the plain one: what broke a word is no part of a number.
            stands_alone = text[start - 1 : start] not in _JOINTS and text[end : end + 1] not in _JOINTS
            begins = stands_alone and _begins(shape, start, b"0.,")
        if begins and is_personal(text[start:end]):
            yield start, end


def _lettered(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    for branch in _BRANCH.finditer(shape):
        begin, end = max(0, branch.start() - _LONGEST_ROOT), branch.end()
        # Of digits alone, it is one of the forms above.
        if _HAS_LETTER.search(shape, begin, end):
            match = _LETTERED.search(text, begin, end)
            if match and is_personal(text[match.start() : end]):
                yield match.start(), end
    for named in _NAMED_LETTERED.finditer(shape):
        start, end = named.span(1)
        if is_personal(text[start:end]):
            yield start, end


def _begins(shape: bytes, position: int, others: bytes) -> bool:
    """Whether a number begins here rather than goes on: none of `others` stands before it."""
    return position == 0 or shape[position - 1] not in others


def _check_digit(places: str, heaviest: int) -> str:
    """The digit that follows these: a sum with weights that rise from 2 on, beginning at the end, mod 11."""
    weights = [2 + place % (heaviest - 1) for place in range(len(places))]
    # A letter counts as its code less that of the zero.
    total = sum(weight * (ord(place) - ord("0")) for weight, place in zip(weights, reversed(places), strict=True))
    return str(total * 10 % 11 % 10)
