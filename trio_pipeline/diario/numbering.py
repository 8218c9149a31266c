"""Which editions of a gazette must exist because of their numbers, though nobody has named them.

The court numbers its editions from 1 in every year and leaves no number out; supplements and annexes share the number
of their edition. So a number that is not known between two that are is an edition that is missing. After the last
known number of a year nothing can be said, nor before the first known number of the first known year.

Pure: this file does not know where the editions are known from.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Edition", "Gap", "gaps"]


@dataclass(frozen=True, slots=True, order=True)
class Edition:
    """An edition that is known, or something that shares its number.

    Attributes:
        tribunal: The court.
        year: The year that its number belongs to.
        number: The number, from 1.
        date: The day of publication.
    """

    tribunal: str
    year: int
    number: int
    date: datetime.date


@dataclass(frozen=True, slots=True)
class Gap:
    """Editions in a row that are missing.

    Attributes:
        tribunal: The court.
        year: The year of their numbers.
        numbers: The numbers; empty if the whole year is missing, since how many it had is not known then.
        published_after: The day of the last edition before them.
        published_before: The day of the first edition after them.
    """

    tribunal: str
    year: int
    numbers: range
    published_after: datetime.date
    published_before: datetime.date


def gaps(editions: Iterable[Edition]) -> Iterator[Gap]:
    """The editions that are missing between those that are known, court by court, oldest first.

    >>> day = datetime.date(2024, 8, 29)
    >>> [gap.numbers for gap in gaps([Edition("tjro", 2024, 162, day), Edition("tjro", 2024, 165, day)])]
    [range(163, 165)]
    """
    for _, known in itertools.groupby(sorted(editions), key=lambda edition: edition.tribunal):
        for before, after in itertools.pairwise(_one_each(known)):
            yield from _between(before, after)


def _one_each(editions: Iterable[Edition]) -> Sequence[Edition]:
    """Of those that share a number, the one that was published first."""
    return [next(same) for _, same in itertools.groupby(editions, key=lambda edition: (edition.year, edition.number))]


def _between(before: Edition, after: Edition) -> Iterator[Gap]:
    """What is missing between two that are known, and between which nothing is."""
    if before.year == after.year:
        yield from _gap(before, after, after.year, range(before.number + 1, after.number))
        return
    for year in range(before.year + 1, after.year):
        yield Gap(after.tribunal, year, range(0), before.date, after.date)
    yield from _gap(before, after, after.year, range(1, after.number))


def _gap(before: Edition, after: Edition, year: int, numbers: range) -> Iterator[Gap]:
    if numbers:
        yield Gap(after.tribunal, year, numbers, before.date, after.date)
