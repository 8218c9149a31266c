"""A text reduced to its letters and digits, in which what a model has copied is found again.

Case, accents, punctuation, white space and the marks of broken words do not count; every character knows where it
came from.

Pure: this file does not know what is looked for.
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from trio_pipeline.diario.judgements.lines import Line

__all__ = ["Squeezed", "squeeze", "squeezed_text"]


@dataclass(frozen=True, slots=True)
class Squeezed:
    """The letters and digits of some lines.

    Attributes:
        characters: They, in lower case without accents.
        lines: The lines.
        line_of: For each of the characters the index of its line.
        follows: For each of the characters whether it follows the one before without white space between.
    """

    characters: str
    lines: Sequence[Line]
    line_of: Sequence[int]
    follows: Sequence[bool]

    def line(self, index: int) -> Line:
        """The line that a character stands in."""
        return self.lines[self.line_of[index]]

    def first_of(self, position: int) -> int:
        """The index of the first character of the line that begins at or behind a position of the gazette's text."""
        line = bisect.bisect_left(self.lines, position, key=lambda one: one.start)
        return bisect.bisect_left(self.line_of, line)

    def find(self, words: str, begin: int, end: int) -> int | None:
        """Where words stand between two characters: the index of their last one, or None.

        Words without any letter or digit stand nowhere.
        """
        sought = squeezed_text(words)
        found = self.characters.find(sought, begin, end) if sought else -1
        return None if found < 0 else found + len(sought) - 1

    def numbers(self, digits: str) -> Iterator[int]:
        """Where a number stands whole, from left to right: the index of its first digit."""
        position = self.characters.find(digits)
        while position >= 0:
            if not (self._is_glued(position) or self._is_glued(position + len(digits))):
                yield position
            position = self.characters.find(digits, position + 1)

    def _is_glued(self, index: int) -> bool:
        """Whether a digit goes on with what the digit before it began."""
        if not 0 < index < len(self.characters):
            return False
        return self.follows[index] and self.characters[index - 1 : index + 1].isdigit()


def squeeze(lines: Sequence[Line]) -> Squeezed:
    """Reduce lines to their letters and digits."""
    characters: list[str] = []
    line_of: list[int] = []
    follows: list[bool] = []
    for index, line in enumerate(lines):
        goes_on = False
        for character in line.text:
            for kept in _kept(character):
                characters.append(kept)
                line_of.append(index)
                follows.append(goes_on)
                goes_on = True
            if character.isspace():
                goes_on = False
    return Squeezed("".join(characters), lines, line_of, follows)


def squeezed_text(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(kept for character in text for kept in _kept(character))


@cache
def _kept(character: str) -> str:
    # One character at a time, so that each knows its place; a mark of its own is dropped as it is from a letter.
    return "".join(one for one in unicodedata.normalize("NFKD", character).lower() if one.isalnum())
