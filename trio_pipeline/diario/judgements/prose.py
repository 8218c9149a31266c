"""Judgements in running text: `Vistos, relatados e discutidos estes autos … ACORDAM …`.

The rules do not read them, since they have no labels. They are found all the same, so that nothing that looks like a
judgement is lost without a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.lines import Line, join_lines
from trio_pipeline.diario.model import Unread
from trio_pipeline.diario.old_numbers import find_old_numbers

__all__ = ["find_prose"]

_BEGINS = re.compile(r"\s*(?:V\s?I\s?S\s?T\s?O\s?S|Vistos),? (?:e )?(?:relatad[oa]s|RELATAD[OA]S)\b")
_DECIDES = re.compile(r"\bac[oó]rda(?:m|ram)?\b|\bdecid(?:e|em|iu|iram)\b", re.IGNORECASE)
_ENDS = re.compile(r"\(?\brelator[a]?\)?[.\s]*$|^\s*(?:presidente|relator)[a]?\b", re.IGNORECASE)
_MOST_LINES = 60
_REASON = "a judgement in running text"


def find_prose(lines: Sequence[Line]) -> list[Unread]:
    """The judgements in running text, in the order of the document, those without a case number left out."""
    found = []
    behind = 0
    for index in [index for index, line in enumerate(lines) if "elatad" in line.text or "ELATAD" in line.text]:
        if index < behind or not _BEGINS.match(lines[index].text):
            continue
        end = _end(lines, index)
        if end is not None:
            found.append(_unread(lines[index:end]))
            behind = end
    return found


def _end(lines: Sequence[Line], first: int) -> int | None:
    """Where a judgement that begins here ends; None if it is none."""
    last = min(len(lines), first + _MOST_LINES)
    decides = False
    for index in range(first, last):
        text = lines[index].text
        if index > first and _BEGINS.match(text):
            last = index
            break
        decides = decides or _DECIDES.search(text) is not None
        if decides and _ENDS.search(text):
            last = index + 1
            break
    whole = join_lines([line.text for line in lines[first:last]])
    has_number = next(cnj.find_numbers(whole), None) or next(find_old_numbers(whole), None)
    return last if decides and has_number else None


def _unread(lines: Sequence[Line]) -> Unread:
    text = "\n".join(line.text.strip() for line in lines)
    return Unread(lines[0].page, (lines[0].start, lines[-1].end), text, _REASON)
