"""What a model is asked about: pieces of a gazette, small enough for an answer, cut so that no entry falls between two.

Neighbouring pieces overlap, and each owns the case numbers of its own part: an entry that begins there is in it whole
unless it is longer than the overlap. Every line knows where it stands in the gazette's text.

Pure: this file does not know how a piece is asked about.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from trio_pipeline.diario.judgements import judgements_of
from trio_pipeline.diario.judgements.lines import Line
from trio_pipeline.diario.judgements.pages import PAGE_BREAK, Pages
from trio_pipeline.diario.language_model.notaries import notices_begin
from trio_pipeline.diario.model import Reading, Unread

__all__ = ["Prepared", "Question", "TooMuchToAsk", "ask_about", "split"]

_LONGEST = 12_000
"""Characters of a piece; some 4,000 tokens, whose answer is not much longer."""

_OVERLAP = 3_000
"""Characters that neighbouring pieces share; the longest entry of the real gazette has 2,100."""

_SHORTEST = 1_000
"""Characters of a piece that is not split any further."""

_MOST_PIECES = 2_000
_MOST_LINES = 300_000
"""Of a gazette. The one that was measured has 37 pieces and some 10,000 lines; no gazette known has ten times as much.
What is cut is handed to the one process of the run, so it must not be as much as a worker can hold."""


class TooMuchToAsk(Exception):
    """There is more to ask about than in any gazette; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Question:
    """A piece of a gazette.

    Attributes:
        lines: Its lines, in order, without headers and footers of pages.
        owned: First and last-plus-one position, in the gazette's text, at which an entry that it is asked about begins.
        entries: Where what the rules take for an entry begins, in the gazette's text, in order.
    """

    lines: tuple[Line, ...]
    owned: tuple[int, int]
    entries: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """What is sent."""
        return "\n".join(line.text for line in self.lines)

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()

    def owns(self, position: int) -> bool:
        """Whether an entry that begins at this position of the gazette's text is this piece's."""
        return self.owned[0] <= position < self.owned[1]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A gazette made ready for a model.

    Attributes:
        reading: What the rules read in it.
        questions: What the model is to be asked about.
    """

    reading: Reading
    questions: tuple[Question, ...]


def ask_about(pages: Sequence[str], *, everything: bool) -> Prepared:
    """Cut a gazette into pieces to ask about.

    Args:
        pages: The text of each page, with the digits of personal numbers masked.
        everything: Whether the model reads all but notaries' pages; else only what the rules could not read.

    Raises:
        TooMuchToAsk: There is more than in any gazette.
    """
    ends = notices_begin(pages) if everything else []
    if everything:
        # Before anything is made of it.
        _check_size(sum(ends), sum(page.count("\n", 0, end) for page, end in zip(pages, ends, strict=True)))
    whole = Pages(pages)
    reading = judgements_of(whole)
    lines = whole.lines()
    if everything:
        starts = [0, *accumulate(len(page) + len(PAGE_BREAK) for page in pages)]
        chosen = [line for line in lines if line.start < starts[line.page - 1] + ends[line.page - 1]]
    else:
        chosen = _lines_of(reading.unread, lines)
        _check_size(sum(len(line.text) + 1 for line in chosen), len(chosen))
    length = sum(map(len, pages)) + len(PAGE_BREAK) * max(0, len(pages) - 1)
    pieces = _cut([*_short(chosen)], (0, length))
    spans = [judgement.span for judgement in reading.judgements] + [entry.span for entry in reading.unread]
    entries = sorted(start for start, _ in spans)
    return Prepared(reading, tuple(replace(piece, entries=_within(entries, piece)) for piece in pieces))


def split(question: Question) -> tuple[Question, ...]:
    """A piece in two halves, or nothing if it is too short for that."""
    if len(question.text) < 2 * _SHORTEST or len(question.lines) < 2:
        return ()
    ends = _ends(question.lines)
    middle = min(_first_beyond(ends, 0, len(question.text) / 2), len(question.lines) - 1)
    border = question.lines[middle].start
    if not question.owns(border):
        return ()
    overlap = min(_OVERLAP, len(question.text) // 4)
    end = _first_beyond(ends, middle, overlap)
    first, last = question.owned
    halves = (
        Question(question.lines[:end], (first, border)),
        Question(question.lines[middle:], (border, last)),
    )
    return tuple(replace(half, entries=_within(question.entries, half)) for half in halves)


def _within(entries: Sequence[int], piece: Question) -> tuple[int, ...]:
    """The entries that begin in a piece."""
    return tuple(entry for entry in entries if piece.lines[0].start <= entry < piece.lines[-1].end)


def _check_size(characters: int, lines: int) -> None:
    if characters > _MOST_PIECES * (_LONGEST - _OVERLAP) or lines > _MOST_LINES:
        raise TooMuchToAsk(
            f"there is more to ask a model about than in any gazette: {characters:,} characters in {lines:,} lines"
        )


def _lines_of(unread: Iterable[Unread], lines: Sequence[Line]) -> list[Line]:
    """The lines that nobody could read, in order."""
    spans = sorted(entry.span for entry in unread)
    chosen = []
    position = 0
    for line in lines:
        while position < len(spans) and spans[position][1] <= line.start:
            position += 1
        if position < len(spans) and spans[position][0] < line.end:
            chosen.append(line)
    return chosen


def _short(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, of which those that no piece could hold are cut; no court writes such lines."""
    for line in lines:
        if len(line.text) <= _LONGEST:
            yield line
            continue
        for first in range(0, len(line.text), _LONGEST):
            text = line.text[first : first + _LONGEST]
            start = line.start + first
            yield line._replace(text=text, start=start, end=start + len(text))


def _cut(lines: Sequence[Line], owned: tuple[int, int]) -> list[Question]:
    """Pieces of about the longest length; the next begins before the last has ended."""
    pieces = []
    ends = _ends(lines)
    first, begin = 0, owned[0]
    while first < len(lines):
        end = _first_beyond(ends, first, _LONGEST)
        if end == len(lines):
            pieces.append(Question(tuple(lines[first:]), (begin, owned[1])))
            break
        following = _first_beyond(ends, first, _LONGEST - _OVERLAP)
        border = lines[following].start
        pieces.append(Question(tuple(lines[first:end]), (begin, border)))
        first, begin = following, border
    return pieces


def _ends(lines: Iterable[Line]) -> list[int]:
    """How many characters there are before each line, and in all."""
    return [0, *accumulate(len(line.text) + 1 for line in lines)]


def _first_beyond(ends: Sequence[int], first: int, length: float) -> int:
    """The first line that no longer fits into so many characters from the line `first` on; at least the next one."""
    return max(first + 1, bisect_right(ends, ends[first] + length, lo=first) - 1)
