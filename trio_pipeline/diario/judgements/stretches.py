"""The stretches of a gazette in which judgements can stand: the pages with case numbers, and those around them.

Most pages of a gazette hold none, and a search of their shapes tells that in no time. Also tells whether the list that
a page goes on with is one of cases still to be judged (*pauta*) or of cases judged (*ata*).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from trio_pipeline.diario import cnj
from trio_pipeline.diario.occurrences import occurrences
from trio_pipeline.diario.old_numbers import SHAPE as OLD_NUMBER
from trio_pipeline.diario.shapes import shape_of

__all__ = ["heading_places", "is_planned", "is_planned_after", "stretches"]

_BEFORE = 1  # a heading may begin at the end of the page before
_BEHIND = 2  # pages that an entry goes on for; the longest of the real gazette fills half a page

_PAUTA = re.compile(r"\s*(?:[IVX]{1,4} ?[-–.] ?)?P(?:AUTA|auta)\b.{0,90}$")
_ATA = re.compile(r".{0,40}\b(?:ATAS?|Ata|ACÓRDÃOS|Acórdãos)\b.{0,90}$")
# With one of these a word of every such heading begins.
_HEADING_WORDS = ("PAUTA", "Pauta", "ATA", "Ata", "ACÓRDÃOS", "Acórdãos")


def stretches(pages: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of pages, first and last, from 1; no two of them touch."""
    run: tuple[int, int] | None = None
    for number, page in enumerate(pages, start=1):
        if not _has_case_number(page):
            continue
        first, last = max(1, number - _BEFORE), min(len(pages), number + _BEHIND)
        if run is not None and first > run[1] + 1:
            yield run
            run = None
        run = (first if run is None else run[0], last)
    if run is not None:
        yield run


def is_planned_after(pages: Iterable[str], *, before: bool) -> bool:
    """Whether what follows some pages are cases still to be judged.

    Args:
        pages: The pages.
        before: Whether what they begin with are.
    """
    planned = before
    for page in pages:
        for place in heading_places(page):
            begin, end = page.rfind("\n", 0, place) + 1, page.find("\n", place)
            planned = is_planned(page[begin : end if end >= 0 else len(page)].rstrip(), before=planned)
    return planned


def heading_places(text: str) -> list[int]:
    """Where a word begins that says what the cases of a list are, in order; not all of them stand in a heading."""
    places = (place for word in _HEADING_WORDS for place in occurrences(text, word))
    return sorted(place for place in places if _begins_word(text, place))


def _begins_word(text: str, place: int) -> bool:
    before = text[place - 1 : place]
    return not (before.isalnum() or before == "_")


def is_planned(line: str, *, before: bool) -> bool:
    """Whether what follows a line are cases still to be judged; `before` says whether what it follows are."""
    if _PAUTA.match(line):
        return True
    return before and not _ATA.match(line)


def _has_case_number(page: str) -> bool:
    # A hyphen at which the line broke is followed by white space.
    shape = shape_of(page)
    if OLD_NUMBER in shape:
        return True
    if b"0000000-00." not in shape and b"0000000- 00." not in shape and b"0000000-\n00." not in shape:
        return False
    return any(not cnj.is_administrative(found.number) for found in cnj.find_numbers(page, shape))
