"""Where the entries that a model speaks of stand in the text: each around a case number, up to its neighbours.

Pure: this file does not know what is said of them.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass

from trio_pipeline.diario import cnj
from trio_pipeline.diario.language_model.squeezed import Squeezed
from trio_pipeline.diario.old_numbers import find_old_numbers

__all__ = ["Place", "Places", "digits_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the entry of a case number stands in the squeezed text: from the border before it to the one after it.

    Attributes:
        printed: The number as the text has it.
        number: The first digit of the number.
        begin: The first character that may be the entry's own.
        end: The first one that may not.
    """

    printed: str
    number: int
    begin: int
    end: int


class Places:
    """The places of case numbers, all found in one pass.

    Args:
        text: The text.
        entries: The first character of each entry, as the rules see them.
        numbers: The digits of every case number that is spoken of: where it stands another entry ends.
    """

    def __init__(self, text: Squeezed, entries: Iterable[int], numbers: Iterable[str]) -> None:
        self._length = len(text.characters)
        self._entries = frozenset(entries)
        spoken_of = frozenset(numbers)
        self._standing: dict[str, list[tuple[int, str]]] = {}
        for found in (*cnj.find_numbers(text.text), *find_old_numbers(text.text)):
            if digits_of(found.number) in spoken_of:
                standing = self._standing.setdefault(digits_of(found.number), [])
                standing.append((text.at(found.start), found.number))
        self._owners = {index: digits for digits, found in self._standing.items() for index, _ in found}
        self._borders = sorted(self._entries | self._owners.keys())
        self._known: dict[str, list[Place]] = {}

    def of(self, digits: str) -> list[Place]:
        """Every place of a number in one of the two forms that courts print, from left to right."""
        if digits not in self._known:
            self._known[digits] = [self._place(digits, *found) for found in self._standing.get(digits, ())]
        return self._known[digits]

    def _place(self, digits: str, index: int, printed: str) -> Place:
        following = bisect.bisect_right(self._borders, index)
        before = following - 1
        while before >= 0 and self._is_own(self._borders[before], digits):
            before -= 1
        while following < len(self._borders) and self._is_own(self._borders[following], digits):
            following += 1
        begin = self._borders[before] if before >= 0 else 0
        return Place(
            printed, index, begin, self._borders[following] if following < len(self._borders) else self._length
        )

    def _is_own(self, border: int, digits: str) -> bool:
        """Whether nothing begins at a border but the number itself, named again within its entry."""
        return border not in self._entries and self._owners[border] == digits


def digits_of(number: str) -> str:
    """The digits of a number, which are the same in any writing."""
    return re.sub(r"\D", "", number)
