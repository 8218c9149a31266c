"""What the readings of gazettes amount to, year by year.

Pure: this file does not know how the ledger is asked. What looks like no judgement at all is in no count, so a share
says nothing about a layout that nobody has looked at; a year with many gazettes without any entry is the sign of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trio_pipeline.diario.readers import PastReading

__all__ = ["Year", "by_year"]


@dataclass(slots=True)
class Year:
    """The readings of one year's gazettes.

    Attributes:
        year: The year.
        gazettes: How many were read.
        without_entries: In how many of them nothing looked like a judgement.
        by_older_rules: How many of them were read by other rules than today's, or by nobody knows which.
        entries_read: How many judgements were read.
        entries_unread: How many entries look like a judgement and could not be read.
    """

    year: int
    gazettes: int = 0
    without_entries: int = 0
    by_older_rules: int = 0
    entries_read: int = 0
    entries_unread: int = 0

    @property
    def share_read(self) -> float | None:
        """The share of what looks like a judgement that was read; None where nothing does."""
        total = self.entries_read + self.entries_unread
        return self.entries_read / total if total else None

    def add(self, group: Mapping[str, object], rules: str) -> None:
        """Count the gazettes of one row of readings.sql."""
        gazettes = _number(group, "gazettes")
        self.gazettes += gazettes
        self.without_entries += _number(group, "without_entries")
        self.entries_read += _number(group, "entries_read")
        self.entries_unread += _number(group, "entries_unread")
        past = PastReading(str(group["extractor"]), str(group["version"]), 0)
        if past.is_by_other_rules(rules):
            self.by_older_rules += gazettes


def by_year(groups: Iterable[Mapping[str, object]], rules: str) -> list[Year]:
    """Put the rows of readings.sql together, oldest year first.

    Args:
        groups: The rows.
        rules: The version of today's rules.
    """
    years: dict[int, Year] = {}
    for group in groups:
        year = _number(group, "year")
        years.setdefault(year, Year(year)).add(group, rules)
    return [years[year] for year in sorted(years)]


def _number(group: Mapping[str, object], name: str) -> int:
    value = group[name]
    assert isinstance(value, int)
    return value
