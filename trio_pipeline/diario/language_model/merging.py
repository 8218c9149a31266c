"""Puts together what rules and a model have read of one gazette, and says what neither could read.

What the rules see as an entry and the model has no judgement for is unread, with the reason why: so nothing that looks
like a judgement is lost without a word, whoever reads.

Pure: this file does not know how either of them reads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from trio_pipeline.diario.language_model.answers import Asked
from trio_pipeline.diario.language_model.questions import Prepared
from trio_pipeline.diario.model import Judgement, Reading, Unread

__all__ = ["read_by_model"]

Span = tuple[int, int]

_SILENT = "it gave no judgement for it"


def read_by_model(prepared: Prepared, asked: Sequence[Asked], *, everything: bool) -> Reading:
    """What a model has read, and what is unread after it.

    Args:
        prepared: What it was asked about, and what the rules saw.
        asked: Its answers.
        everything: Whether it was asked about all; else about what the rules could not read.
    """
    found = _believed(asked)
    seen = [*_entries(prepared, asked)] if everything else prepared.reading.unread
    covered = _Covered(judgement.span for judgement in found)
    missed = (entry for entry in seen if not covered.touches(entry.span))
    return Reading(_distinct(found), tuple(_explained(entry, asked) for entry in missed))


class _Covered:
    """Tells in logarithmic time whether any of these spans overlaps another one."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touches(self, span: Span) -> bool:
        first = bisect_right(self._ends, span[0])
        return first < len(self._ends) and self._starts[first] < span[1]


def _believed(asked: Sequence[Asked]) -> list[Judgement]:
    """What the model has read, in order; of a piece that was halved, only what its halves did not bring."""
    found = sorted((judgement for one in asked if not one.was_halved for judgement in _judgements(one)), key=_start)
    # A half that was halved itself stands behind the whole, and goes before it.
    for halved in reversed([one for one in asked if one.was_halved]):
        begin, end = halved.question.owned
        first, last = bisect_left(found, begin, key=_start), bisect_left(found, end, key=_start)
        covered = _Covered(judgement.span for judgement in found[max(0, first - 1) : last])
        more = [judgement for judgement in _judgements(halved) if not covered.touches(judgement.span)]
        found[first:last] = sorted([*found[first:last], *more], key=_start)
    return found


def _judgements(asked: Asked) -> tuple[Judgement, ...]:
    return asked.verified.judgements if asked.verified else ()


def _start(judgement: Judgement) -> int:
    return judgement.span[0]


def _distinct(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """In order, and what is merely printed twice once, as the rules have it."""
    ordered = sorted(judgements, key=lambda one: one.span)
    keys = ((one.numero_processo, one.classe, one.relator, one.decisao) for one in ordered)
    different: dict[object, Judgement] = {}
    for key, one in zip(keys, ordered, strict=True):
        different.setdefault(key, one)
    return tuple(different.values())


def _entries(prepared: Prepared, asked: Sequence[Asked]) -> Iterator[Unread]:
    """Everything that the rules take for an entry, in order."""
    reading = prepared.reading
    for judgement in reading.judgements:
        yield Unread(judgement.page, judgement.span, _text(judgement.span, asked), "")
    yield from reading.unread


def _text(span: Span, asked: Sequence[Asked]) -> str:
    lines = {line.start: line for one in asked for line in one.question.lines if _overlap(span, (line.start, line.end))}
    return "\n".join(lines[start].text.strip() for start in sorted(lines))


def _explained(entry: Unread, asked: Sequence[Asked]) -> Unread:
    """An entry that is unread, with what the model had to say about it."""
    reasons = [reason for reason in (entry.reason, f"the model: {_reason(entry, asked)}") if reason]
    return Unread(entry.page, entry.span, entry.text, "; ".join(reasons))


def _reason(entry: Unread, asked: Sequence[Asked]) -> str:
    one = next((one for one in asked if not one.was_halved and one.question.owns(entry.span[0])), None)
    if one is None:
        return "it was not asked about it"
    if one.verified is None:
        return one.reason
    about = (reason for reason in one.verified.rejected if reason.partition(":")[0] in entry.text)
    return next(about, _SILENT)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
