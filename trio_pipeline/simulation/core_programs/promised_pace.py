"""What the documentation of a pacer promises about the interval in force and about pauses, as numbers.

A second, shorter way to the same numbers: the sentences in the docstring of `Pacer`, and in the corners that these
leave open what the code does. So it tells when the pacer changes, not whether those corners were meant as they are.

Pure: this file knows neither Trio nor a pacer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["PromisedPace", "PromisedPauses"]

_LONGEST = {"rejected": (3, 5.0, 300.0), "unreachable": (3, 5.0, 300.0), "blocked": (1, 600.0, 7200.0)}
"""For each verdict: how many in a row open the breaker, for how many seconds first, and at most."""


@dataclass
class PromisedPace:
    """The interval: cut by rejections, shortened by calm, lengthened by block pages."""

    own: float
    learned: float = 0.0
    floor: float = 0.0
    rate: float | None = None
    rejected_at: float = 0.0
    cut_at: float = -math.inf
    too_fast: float = 0.0
    answered: bool = True
    was_well: bool = False
    starts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin where the run before has ended."""
        if self.learned > max(self.own, self.floor):
            self.rate = 1 / self.learned
            cap = max(self.own, self.floor)
            self.rejected_at = 1 / cap if cap else self.rate / 0.7

    @property
    def interval(self) -> float:
        """Seconds between starts."""
        return max(self.own, self.floor, 1 / self.rate if self.rate else 0.0)

    @property
    def due(self) -> float:
        """When the next may start."""
        return self.starts[-1] + self.interval if self.starts else -math.inf

    def rejected(self, begun: float, now: float) -> None:
        """To 0.7, once a second at most, for what was begun since the last cut."""
        if begun < self.cut_at or now < self.cut_at + 1:
            return
        rate = 1 / self.interval if self.rate else self._in_use(now)
        self.rejected_at = max(self.rejected_at, rate) if self.rate else rate
        self.too_fast = rate if self.answered else self.too_fast
        self.answered = False
        self.rate = max(0.7 * rate, 1 / 60)
        self.cut_at = now

    def _in_use(self, now: float) -> float:
        """The first cut is one of what the last 5 s saw; under a cap, of what they saw since the first start."""
        lately = [start for start in self.starts if now - start < 5]
        if not self.interval:
            return max(1, len(lately)) / 5
        spell = now - lately[0] if lately else 5.0
        return min(1 / self.interval, max(1, len(lately)) / spell) if spell else 1 / self.interval

    def succeeded(self, begun: float) -> None:
        """Up to the limit in a minute of full use; without a cap, to twice what was rejected, also the measure.

        But from 0.7 of what was rejected to that, in 150 answers or twenty minutes.
        """
        self.was_well = True
        if self.rate is None or begun < self.cut_at:
            return
        slowest = max(self.own, self.floor)
        limit = 1 / slowest if slowest else 2 * self.rejected_at
        measure = min(limit, 2 * self.rejected_at)
        self.answered = True
        growth = min(self.rate, measure / (60 * self.rate))
        foot, top = 0.7 * self.too_fast, self.too_fast
        if self.rate < foot:
            growth = min(growth, foot - self.rate)
        elif self.rate < top:
            growth = min(growth, max((top - foot) / 150, (top - foot) / (1200 * self.rate)))
        self.rate += growth
        if self.rate >= limit:
            self.rate = None

    def blocked(self, least: float) -> None:
        """At least so slow from now on, or half as slow again as what was blocked, and a minute at most.

        A block that the run before has seen, and that still lasts, makes nothing slower.
        """
        stricter = min(1.5 * self.interval, 60.0) if self.was_well or not self.floor else 0.0
        self.floor = max(self.floor, least, stricter)


@dataclass
class PromisedPauses:
    """The breaker: opened by failures in a row, closed by a probe."""

    until: float | None = None
    since: float | None = None
    cause: str = ""
    era: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    rest_until: float = -math.inf

    def succeeded(self, *, probe: bool) -> None:
        """Only the probe's word counts while it is open."""
        if self.until is None or probe:
            self.rows.clear()
            self.rest_until = -math.inf
        if self.until is not None and probe:
            self.until = self.since = None
            self.era += 1

    def failed(self, kind: str, now: float, *, era: int, probe: bool, asked: float) -> bool:
        """Whether that is the first block page since the host was well."""
        asked = min(asked, 86_400.0)
        if era < self.era and kind != "blocked" and asked <= 30:
            return False
        self.rest_until = max(self.rest_until, now + asked)
        first_block = kind == "blocked" and "blocked" not in self.rows
        if self.until is not None and not probe:
            return self._lengthen(kind, now, self.until, first_block=first_block)
        if kind == "rejected" and "blocked" in self.rows:
            kind = "blocked"
        row = self.rows[kind] = self.rows.get(kind, 0) + 1
        in_a_row, shortest, longest = _LONGEST[kind]
        if probe or row >= in_a_row or asked > 30:
            self._open(kind, now, min(longest, shortest * 2 ** max(0, row - in_a_row)))
        return first_block

    def _lengthen(self, kind: str, now: float, until: float, *, first_block: bool) -> bool:
        if first_block:
            self.rows[kind] = 1
        length = 600.0 if first_block else 0.0
        if max(now + length, self.rest_until) <= until:
            return False
        self._open(kind, now, length)
        return first_block

    def _open(self, kind: str, now: float, length: float) -> None:
        self.until = max(now + length, self.rest_until)
        self.since = now if self.since is None else self.since
        self.cause = kind
