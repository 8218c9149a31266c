"""Who is to appear nowhere: a list of names and numbers, and what it makes of a text.

Only letters and digits count, whatever their case and accents and whatever stands between them: a name is found with
other spacing, across line breaks and hyphens, and a number with and without its punctuation.

Pure: this file does not know where the list is kept or which outputs there are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trio_pipeline.diario.oab import read_oab
from trio_pipeline.diario.occurrences import occurrences

__all__ = ["MARK", "NOTHING_HIDDEN", "Suppression", "SuppressionError", "folded", "parse_suppression", "suppression_of"]

MARK = "[suprimido]"
"""What stands where a name or a number was."""

_PAGE_BREAK = "\f"
_FEWEST_LETTERS = 4
# Fewer digits are years, pages and days.
_FEWEST_DIGITS = 6
# The list goes along with every question to a running pipeline, which takes a megabyte at most.
_MOST_BYTES = 64 * 2**10


class SuppressionError(ValueError):
    """A list that cannot be used. The message names the line, and nothing of what stands in it."""


class _Folding(dict[int, str]):
    """What each character counts as, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        self[code] = "".join(
            str(unicodedata.decimal(part)) if part.isdecimal() else part for part in plain if part.isalnum()
        )
        return self[code]


_FOLDING = _Folding()


def folded(text: str) -> str:
    """What counts of a text: its letters in lower case and without accents, its digits, and nothing between them.

    >>> folded("José d'Ávila, nº 7")
    'josedavilano7'
    """
    return text.translate(_FOLDING)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Names and numbers that no output shows.

    Attributes:
        keys: Each as `folded` has it.
    """

    keys: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def __or__(self, other: Suppression) -> Suppression:
        return Suppression(self.keys | other.keys)

    def holds(self, text: str) -> bool:
        """Whether a name or a number of the list stands in a text."""
        return bool(self.keys) and next(self._places(text), None) is not None

    def holds_number(self, text: str) -> bool:
        """Whether a number of the list, such as that of a case, stands in a text."""
        return Suppression(frozenset(filter(str.isdigit, self.keys))).holds(text)

    def mask(self, text: str) -> str:
        """The text with `MARK` in the place of every name and number of the list, on both sides of a page break."""
        if not self.keys:
            return text
        while places := sorted(self._places(text)):
            # What goes may have been the end of a longer word: then a name begins where none did before.
            text = _replaced(text, places)
        return text

    def mask_across(self, text: str, gaps: Sequence[tuple[int, int]]) -> str:
        """The same, where what stands on both sides of a gap may be one name.

        Args:
            text: The text.
            gaps: Stretches with page breaks that a reader passes over, such as page headers, in order.
        """
        if not self.keys or not gaps:
            return self.mask(text)
        starts, ends = [0, *(end for _, end in gaps)], [*(start for start, _ in gaps), len(text)]
        pieces = (text[start:end] for start, end in zip(starts, ends, strict=True))
        # One page break for each gap, whatever it holds: between two gaps there is none.
        masked = self.mask(_PAGE_BREAK.join(pieces)).split(_PAGE_BREAK)
        between = [*(text[start:end] for start, end in gaps), ""]
        whole = "".join(part for pair in zip(masked, between, strict=True) for part in pair)
        # A name may stand in a header, or begin there.
        return self.mask(whole)

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """First and last-plus-one position of every occurrence."""
        stream = folded(text)
        found = [(key, start) for key in self.keys for start in occurrences(stream, key)]
        if not found:
            return
        origins = [position for position, letter in enumerate(text) for _ in _FOLDING[ord(letter)]]
        for key, start in found:
            first, end = origins[start], origins[start + len(key) - 1] + 1
            if not (_goes_on(key, text[first - 1 : first]) or _goes_on(key, text[end : end + 1])):
                yield first, end


NOTHING_HIDDEN = Suppression()
"""The empty list."""


def parse_suppression(data: bytes) -> Suppression:
    """Read a list: a name or a number a line, `#` before a comment, UTF-8.

    A name may be of one word or of many, and is found as a whole. Digits alone are a number, of a case for instance. An
    OAB number is written with its state, and found in every writing.

    Raises:
        SuppressionError: It is no such list, or a line is too short to mean anybody.
    """
    if len(data) > _MOST_BYTES:
        raise SuppressionError(f"is longer than {_MOST_BYTES // 2**10} KB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SuppressionError(f"line {line}: is not UTF-8") from None
    keys: set[str] = set()
    for number, written in enumerate(text.split("\n"), start=1):
        content = written.partition("#")[0].strip()
        if content:
            keys |= _keys(content, number)
    return Suppression(frozenset(keys))


def suppression_of(value: object) -> Suppression:
    """The list that another process has sent as its keys; the empty one for None.

    Raises:
        ValueError: It is none.
    """
    if value is None:
        return NOTHING_HIDDEN
    if not isinstance(value, list) or not all(isinstance(key, str) and key == folded(key) != "" for key in value):
        raise ValueError("the names and numbers to suppress must be a list of folded text")
    return Suppression(frozenset(value))


def _keys(content: str, line: int) -> set[str]:
    key = folded(content)
    oab = None if key.isdigit() else read_oab(content)
    if len(key) < (_FEWEST_DIGITS if key.isdigit() else _FEWEST_LETTERS):
        raise SuppressionError(
            f"line {line}: is too short: a name has {_FEWEST_LETTERS} letters or more, a number {_FEWEST_DIGITS} digits"
        )
    if folded(MARK) in key:
        raise SuppressionError(f"line {line}: is what is printed where something was suppressed")
    if oab is None:
        return {key}
    if oab.state is None:
        raise SuppressionError(f"line {line}: is an OAB number without its state, such as RO")
    state, rest = oab.state.lower(), oab.rest.lower()
    # As gazettes print it: RO7821A, OAB/RO nº 7.821-A, OAB nº RO 7821A, 7.821-A/RO.
    plain = (f"{state}{rest}", f"{state}n{rest}", f"{state}no{rest}", f"{rest}{state}")
    return {f"{before}{number}" for number in plain for before in ("", "oab")}


def _goes_on(key: str, neighbour: str) -> bool:
    """Whether a name or number goes on with the character beside it, and so is another one."""
    # An ordinal sign is a letter for Unicode: `nº7002770` begins with a number.
    if not neighbour or neighbour in "ºª" or not neighbour.isalnum():
        return False
    if key.isdigit():
        return neighbour.isdecimal()
    return any(map(str.isdigit, key)) or not neighbour.isdecimal()


def _replaced(text: str, places: list[tuple[int, int]]) -> str:
    """Put a mark in each place; the places are in order, and those that overlap are one."""
    parts, position = [], 0
    for start, end in places:
        if start >= position:
            # Who shows the text counts its pages.
            parts += [text[position:start], _PAGE_BREAK.join([MARK] * (text.count(_PAGE_BREAK, start, end) + 1))]
        position = max(position, end)
    return "".join([*parts, text[position:]])
