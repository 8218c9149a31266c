"""What the network is like: how slow each host is, how often what goes wrong, and when it cannot be reached at all.

Pure: this file does not know how bytes travel, nor what becomes of them.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

__all__ = ["Forecast", "Mishap", "Outage", "Weather"]


class Mishap(enum.Enum):
    """What can happen to an exchange of a request and an answer. Each is named as its chance in `Weather`."""

    REQUEST_RESET = "request_reset"
    ANSWER_RESET = "answer_reset"
    TRUNCATED = "truncated"
    GARBLED = "garbled"
    STALLED = "stalled"
    ANSWER_LOST = "answer_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a host is reached. Without arguments: at once and without fail.

    Ranges are the least and the most, both included. Chances are from 0 to 1. Those from `request_reset` on are for
    each exchange; they exclude each other and add up to 1 at most, as do those for a connection.

    Attributes:
        latency: Seconds that bytes are under way, one way.
        bandwidth: Bytes a second, each way.
        splits: Chance that a read gets only a part of what has come.
        refused: Chance that a connection is refused.
        unreachable: Chance that a connection is never answered.
        request_reset: Chance of a reset after the first bytes of the request.
        answer_reset: Chance of a reset after the first bytes of the answer.
        truncated: Chance that the connection is closed after the first bytes of the answer.
        garbled: Chance that something that is not HTTP comes instead of the answer, and then the end.
        stalled: Chance that the answer stops after its first bytes, for a while.
        answer_lost: Chance that the connection ends before the answer, though the server has seen the request.
        first_bytes: How many first bytes are meant above. Small numbers are as likely as large ones (even in their
            logarithm); what is shorter goes unharmed.
        stall: Seconds that a stalled answer stops.
    """

    latency: tuple[float, float] = (0.0, 0.0)
    bandwidth: float = math.inf
    splits: float = 0.2
    refused: float = 0.0
    unreachable: float = 0.0
    request_reset: float = 0.0
    answer_reset: float = 0.0
    truncated: float = 0.0
    garbled: float = 0.0
    stalled: float = 0.0
    answer_lost: float = 0.0
    first_bytes: tuple[int, int] = (1, 100_000)
    stall: tuple[float, float] = (1.0, 300.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                least = 1 if field.name == "first_bytes" else 0
                if not least <= value[0] <= value[1] < math.inf:
                    raise ValueError(f"{field.name} is {value}, but must be two rising numbers from {least} on")
            elif field.name == "bandwidth":
                if not value > 0:
                    raise ValueError(f"bandwidth is {value}, but nothing would ever arrive")
            elif not 0 <= value <= 1:
                raise ValueError(f"{field.name} is {value}, but a chance is from 0 to 1")
        exchange = sum(getattr(self, mishap.value) for mishap in Mishap)
        for of, total in (("an exchange", exchange), ("a connection", self.refused + self.unreachable)):
            if total > 1 + 1e-9:
                raise ValueError(f"the chances of {of} add up to {total:g}, but only one thing happens to it")

    def draw_mishap(self, source: random.Random) -> Mishap | None:
        """What happens to the next exchange; None for nothing."""
        lot = source.random()
        for mishap in Mishap:
            chance: float = getattr(self, mishap.value)
            if lot < chance:
                return mishap
            lot -= chance
        return None

    def draw_first_bytes(self, source: random.Random) -> int:
        """How many bytes go by before something happens."""
        least, most = self.first_bytes
        return min(most, int(least * (most / least) ** source.random()))


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a host, or everything, cannot be reached.

    Attributes:
        begins: On Trio's clock, in seconds.
        ends: The first moment that is no longer part of it.
        host: Pattern (`*`, `?`, `[…]`) of the hosts that are down; None if it is our own network.
    """

    begins: float
    ends: float
    host: str | None = None

    def __post_init__(self) -> None:
        if not self.begins < self.ends < math.inf:
            raise ValueError(f"an outage from {self.begins} to {self.ends} has no end or no length")


class Forecast:
    """The weather of every host, and every outage.

    Args:
        weather: For all hosts, or by patterns of their names, of which the first that matches counts. Where none does,
            the weather is fine.
        outages: In any order; they may overlap.
    """

    def __init__(self, weather: Weather | Mapping[str, Weather], outages: Iterable[Outage] = ()) -> None:
        self._patterns = {"*": weather} if isinstance(weather, Weather) else dict(weather)
        self._ours = sorted((outage.begins, outage.ends) for outage in outages if outage.host is None)
        self._others = [outage for outage in outages if outage.host is not None]
        self._fine = Weather()

    def of(self, host: str) -> Weather:
        """The weather of a host."""
        matching = (weather for pattern, weather in self._patterns.items() if fnmatchcase(host, pattern))
        return next(matching, self._fine)

    def is_down(self, host: str, now: float) -> bool:
        """Whether that host is down."""
        return any(
            outage.begins <= now < outage.ends and fnmatchcase(host, outage.host or "*") for outage in self._others
        )

    def contact_at(self, now: float) -> float:
        """The first moment from `now` on at which our own network is up."""
        for begins, ends in self._ours:
            if begins <= now < ends:
                now = ends
        return now
