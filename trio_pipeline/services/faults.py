"""Which requests go wrong, and how: what `--fault` means.

A rule hits a share of the requests, the first so many of them, all of them for a time, or those beyond so many a
minute. A share is drawn from the seed, the path and how often that path was asked for, so the same requests are hit
whatever order they arrive in.

Pure: this file does not know how a fault is done, nor what time it is.
"""

from __future__ import annotations

import difflib
import random
import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from trio_pipeline.services.fault_names import FAULTS

__all__ = ["SYNTAX", "Fault", "FaultPlan", "FaultSyntaxError", "parse_fault"]

SYNTAX = (
    "WHERE:FAULT=AMOUNT[@AFTER][,retry-after=SECONDS]; AMOUNT is a share (0.1), a count (3x), a time (600s) or, for "
    "what goes beyond it, a pace (20/min)"
)
"""One line on what `parse_fault` understands."""

_FORM = re.compile(
    r"(?P<where>[a-z-]+):(?P<name>[a-z-]+)=(?P<amount>\d+(?:\.\d+)?)(?P<unit>x|s|/min|)(?:@(?P<after>\d+))?"
    r"(?:,retry-after=(?P<retry>\d+(?:\.\d+)?))?"
)


class FaultSyntaxError(ValueError):
    """A text that is not a fault. The message says what would be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    Attributes:
        where: The kind of request, a key of `FAULTS`.
        name: What happens, a key of `FAULTS[where]`.
        amount: How much of it, in `unit`.
        unit: `share` (0 to 1, of the requests), `count` (requests), `seconds` (from the first request hit), or `pace`
            (requests in any minute that go by unharmed).
        after: How many requests of that kind go by unharmed before.
        retry_after: The value of a Retry-After header in seconds; None for none.
    """

    where: str
    name: str
    amount: float
    unit: str
    after: int = 0
    retry_after: float | None = None

    def __str__(self) -> str:
        """As `parse_fault` reads it."""
        unit = {"share": "", "count": "x", "seconds": "s", "pace": "/min"}[self.unit]
        after = f"@{self.after}" if self.after else ""
        wait = "" if self.retry_after is None else f",retry-after={_plain(self.retry_after)}"
        return f"{self.where}:{self.name}={_plain(self.amount)}{unit}{after}{wait}"


def _plain(number: float) -> str:
    """Without an exponent, which the form does not know."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def parse_fault(text: str) -> Fault:
    """Read a rule such as `tjro:reset=0.1`, `archive:answer-lost=2x` or `tjro:block-page=600s@35`.

    Raises:
        FaultSyntaxError: It is none.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise FaultSyntaxError(f"{text!r} is not {SYNTAX}")
    where, name = match["where"], match["name"]
    _known(where, FAULTS, "a kind of request")
    _known(name, FAULTS[where], f"a fault of {where}")
    unit = {"": "share", "x": "count", "s": "seconds", "/min": "pace"}[match["unit"]]
    amount = float(match["amount"])
    if unit == "share" and amount > 1:
        raise FaultSyntaxError(f"{text!r}: a share is at most 1; a count is written {match['amount']}x")
    if unit in {"count", "pace"} and not amount.is_integer():
        raise FaultSyntaxError(f"{text!r}: a count is a whole number")
    retry_after = None if match["retry"] is None else float(match["retry"])
    return Fault(where, name, amount, unit, int(match["after"] or 0), retry_after)


def _known(word: str, words: Iterable[str], kind: str) -> None:
    known = sorted(words)
    if word not in known:
        near = difflib.get_close_matches(word, known, 1)
        hint = f"; did you mean {near[0]}?" if near else f": {', '.join(known)}"
        raise FaultSyntaxError(f"{word!r} is not {kind}{hint}")


class FaultPlan:
    """Decides for each request which fault it has, if any. One plan serves one life of the stand-ins.

    Attributes:
        faults: In order: the first that hits a request is the one it gets.
        seed: Of the shares.

    Args:
        faults: See above.
        seed: See above.
    """

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self.faults = tuple(faults)
        self.seed = seed
        self._rules = [_Rule(fault) for fault in self.faults]
        self._seen: Counter[tuple[str, str]] = Counter()

    def draw(self, where: str, path: str, now: float) -> Fault | None:
        """The fault of the next request, or None.

        Args:
            where: The kind of request, a key of `FAULTS`.
            path: What it asks for.
            now: Any clock's time in seconds that does not go backwards.
        """
        self._seen[where, path] += 1
        lot = f"{self.seed} {where} {path} {self._seen[where, path]}"
        chosen: Fault | None = None
        for rule in self._rules:
            # Every rule counts every request of its kind, those included that another rule has hit already.
            if rule.fault.where == where and rule.hits(lot, now, free=chosen is None):
                chosen = rule.fault
        return chosen


class _Rule:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0
        self._hit = 0
        self._until: float | None = None
        self._let_go: deque[float] = deque()

    def hits(self, lot: str, now: float, *, free: bool) -> bool:
        self._seen += 1
        if self._seen <= self.fault.after or not free or not self._due(lot, now):
            return False
        self._hit += 1
        return True

    def _due(self, lot: str, now: float) -> bool:
        match self.fault.unit:
            case "share":
                return random.Random(f"{lot} {self.fault.name}").random() < self.fault.amount
            case "count":
                return self._hit < self.fault.amount
            case "pace":
                return self._beyond_pace(now)
            case _:
                if self._until is None:
                    self._until = now + self.fault.amount
                return now < self._until

    def _beyond_pace(self, now: float) -> bool:
        while self._let_go and self._let_go[0] <= now - 60.0:
            self._let_go.popleft()
        if len(self._let_go) >= self.fault.amount:
            return True
        self._let_go.append(now)
        return False
