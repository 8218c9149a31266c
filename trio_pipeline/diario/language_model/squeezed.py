"""A text reduced to its letters and digits, in which what a model has copied is found again.

Case, accents, punctuation, white space and the marks of broken words do not count; every character knows where it
came from. What is found begins and ends with a word, for a part of one may say the contrary: IMPROVIDO, PROVIDO.

Pure: this file does not know what is looked for.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from trio_pipeline.diario.judgements.lines import Line
from trio_pipeline.diario.occurrences import occurrences

__all__ = ["Squeezed", "squeeze", "squeezed_text"]

_MARKS = "\ufffe\u00ad"
"""The hyphens of broken words: PDFium writes the first, other programs the second."""

# A dash has a space before it; a hyphen may be the word's own, or that of a break.
_BROKEN = re.compile(r"(?:\w[-\u2010\u2011]|[\ufffe\u00ad])$")
_UNSEEN = frozenset({"Mn", "Me", "Mc", "Cc", "Cf"})


@dataclass(frozen=True, slots=True)
class Squeezed:
    """The letters and digits of some lines.

    Attributes:
        characters: They, in lower case without accents.
        lines: The lines.
        line_of: For each of the characters the index of its line.
        text: The lines in one text; one that ends within a word runs on in the next.
        positions: For each of the characters its position in that text.
        starts: For each of the characters whether a word can begin with it.
    """

    characters: str
    lines: Sequence[Line]
    line_of: Sequence[int]
    text: str
    positions: Sequence[int]
    starts: Sequence[bool]

    def line(self, index: int) -> Line:
        """The line that a character stands in."""
        return self.lines[self.line_of[index]]

    def first_of(self, position: int) -> int:
        """The index of the first character of the line that begins at or behind a position of the gazette's text."""
        line = bisect.bisect_left(self.lines, position, key=lambda one: one.start)
        return bisect.bisect_left(self.line_of, line)

    def at(self, position: int) -> int:
        """The index of the first character at or behind a position of `text`."""
        return bisect.bisect_left(self.positions, position)

    def printed(self, begin: int, end: int) -> str:
        """What `text` has from one character on and before another, whatever stands between them included."""
        first = self.positions[begin] if begin < len(self.positions) else len(self.text)
        return self.text[first : self.positions[end] if end < len(self.positions) else len(self.text)]

    def find(self, words: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Where whole words stand between two characters, from left to right: first character and last plus one.

        Words without any letter or digit stand nowhere.
        """
        sought = squeezed_text(words)
        for first in occurrences(self.characters, sought, begin, end) if sought else ():
            last = first + len(sought)
            if self.starts[first] and (last == len(self.characters) or self.starts[last]):
                yield first, last


def squeeze(lines: Sequence[Line]) -> Squeezed:
    """Reduce lines to their letters and digits."""
    characters: list[str] = []
    line_of: list[int] = []
    positions: list[int] = []
    starts: list[bool] = []
    texts: list[str] = []
    length = 0
    before = ""
    for index, line in enumerate(lines):
        broken = _BROKEN.search(before[-2:]) is not None
        text = line.text.lstrip() if broken else f"\n{line.text}"
        for position, kept, begins in _squeezed(text, begins=not broken):
            characters.append(kept)
            line_of.append(index)
            positions.append(length + position)
            starts.append(begins)
        texts.append(text)
        length += len(text)
        before = line.text
    return Squeezed("".join(characters), lines, line_of, "".join(texts), positions, starts)


def _squeezed(text: str, *, begins: bool) -> Iterator[tuple[int, str, bool]]:
    """The letters and digits of a text: where each stands, and whether a word can begin with it."""
    marked = not begins  # by a hyphen, behind which white space is none of the text's own
    before = ""
    for position, character in enumerate(text):
        for kept in _kept(character):
            # Old gazettes have a class and a number without a space between.
            changes = before != "" and before.isdigit() != kept.isdigit()
            yield position, kept, begins or changes
            before, begins, marked = kept, False, False
        if not _kept(character):
            marked = marked or character in _MARKS
            begins = begins or not (marked if character.isspace() else _is_unseen(character))


def squeezed_text(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(kept for character in text for kept in _kept(character))


@cache
def _kept(character: str) -> str:
    # One character at a time, so that each knows its place; a mark of its own is dropped as it is from a letter.
    return "".join(one for one in unicodedata.normalize("NFKD", character).lower() if one.isalnum())


@cache
def _is_unseen(character: str) -> bool:
    """Whether a character other than white space parts no words."""
    return character in _MARKS or unicodedata.category(character) in _UNSEEN
