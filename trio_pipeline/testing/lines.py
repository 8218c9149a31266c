"""The lines over which a connection in memory runs: when each byte arrives, and what becomes of it on the way.

Pure: this file does not know streams, nor whose connection it is. An exchange is to it what begins with bytes in one
direction and is answered in the other; it knows nothing of HTTP.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trio_pipeline.testing.weather import Forecast, Mishap, Weather

__all__ = ["DIRECT", "End", "Line", "Passage", "Route"]

GARBAGE = b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n"
"""A TLS alert, which is what a firewall likes to say to those who ask for HTTP."""


class End(enum.Enum):
    """How a connection ends."""

    CLOSE = "whoever reads finds the end"
    RESET = "whoever reads or writes finds it broken"


@dataclass(frozen=True, slots=True)
class Passage:
    """What becomes of bytes that are sent.

    Attributes:
        size: How many of them this is about; for the rest the line has to be asked again.
        data: What arrives instead of these bytes, mostly the same.
        arrives: When, on Trio's clock.
        end: How the connection ends behind them, in both directions; None if it does not.
    """

    size: int
    data: bytes
    arrives: float
    end: End | None = None


class Line(Protocol):
    """One direction of a connection."""

    def carry(self, data: bytes, now: float) -> Passage:
        """What becomes of bytes, of which there is at least one, that are sent now.

        Arrivals never go backwards.
        """


class _Direct:
    def carry(self, data: bytes, now: float) -> Passage:
        return Passage(len(data), data, now)


DIRECT: Line = _Direct()
"""The line on which everything arrives at once."""


_IN_ANSWER = {Mishap.TRUNCATED: End.CLOSE, Mishap.ANSWER_RESET: End.RESET, Mishap.STALLED: None}


class _Cable:
    """One direction's delay."""

    def __init__(self, weather: Weather, forecast: Forecast, source: random.Random) -> None:
        self._weather = weather
        self._forecast = forecast
        self._source = source
        self._is_free_at = -math.inf
        self._last_arrival = -math.inf

    def arrival(self, size: int, now: float, *, pause: float = 0.0) -> float:
        """When `size` bytes arrive that are sent now, and stopped for so many seconds on the way."""
        weather = self._weather
        self._is_free_at = max(now, self._is_free_at) + size / weather.bandwidth
        arrives = self._is_free_at + pause
        if weather.latency[1]:
            arrives += self._source.uniform(*weather.latency)
        self._last_arrival = self._forecast.contact_at(max(arrives, self._last_arrival))
        return self._last_arrival


class _Direction:
    def __init__(self, carry: Callable[[bytes, float], Passage]) -> None:
        self.carry = carry


class Route:
    """Both lines of a connection to a host.

    Attributes:
        there: The line on which requests travel.
        back: The line on which answers travel.

    Args:
        host: Where it leads.
        forecast: Says how slow it is, what goes wrong, and when the host is down: then whoever sends finds the
            connection reset. When our own network is down, bytes arrive once it is up again.
        source: Of all chances.
        note: Told of each mishap in a few words.
    """

    def __init__(self, host: str, forecast: Forecast, source: random.Random, note: Callable[[str], object]) -> None:
        self.there: Line = _Direction(self._carry_there)
        self.back: Line = _Direction(self._carry_back)
        self._host = host
        self._forecast = forecast
        self._weather = forecast.of(host)
        self._source = source
        self._note = note
        self._cable_there = _Cable(self._weather, forecast, source)
        self._cable_back = _Cable(self._weather, forecast, source)
        self._is_asking = False
        self._mishap: Mishap | None = None
        self._before_mishap = 0

    def _carry_there(self, data: bytes, now: float) -> Passage:
        if not self._is_asking:
            self._is_asking = True
            self._mishap = self._weather.draw_mishap(self._source)
            self._before_mishap = self._weather.draw_first_bytes(self._source) if self._mishap else 0
        if self._forecast.is_down(self._host, now):
            return self._lose(data, now, End.RESET, "host is down")
        if self._mishap is Mishap.REQUEST_RESET:
            return self._carry_until(self._cable_there, data, now, End.RESET)
        return Passage(len(data), data, self._cable_there.arrival(len(data), now))

    def _carry_back(self, data: bytes, now: float) -> Passage:
        begins, self._is_asking = self._is_asking, False
        if self._forecast.is_down(self._host, now):
            return self._lose(data, now, End.RESET, "host is down")
        if self._mishap is Mishap.ANSWER_LOST and begins:
            return self._lose(data, now, self._source.choice([End.CLOSE, End.RESET]), self._strike())
        if self._mishap is Mishap.GARBLED and begins:
            self._note(self._strike())
            return Passage(len(data), GARBAGE, self._cable_back.arrival(len(GARBAGE), now), End.CLOSE)
        if self._mishap in _IN_ANSWER:
            return self._carry_until(self._cable_back, data, now, _IN_ANSWER[self._mishap])
        return Passage(len(data), data, self._cable_back.arrival(len(data), now))

    def _carry_until(self, cable: _Cable, data: bytes, now: float, end: End | None) -> Passage:
        """Carry what comes before the mishap; then end the connection, or stop for a while."""
        if self._before_mishap >= len(data):
            self._before_mishap -= len(data)
            return Passage(len(data), data, cable.arrival(len(data), now))
        before, self._before_mishap = data[: self._before_mishap], 0
        if end is not None:
            self._note(self._strike())
            return Passage(len(before), before, cable.arrival(len(before), now), end)
        if before:
            return Passage(len(before), before, cable.arrival(len(before), now))
        self._note(self._strike())
        pause = self._source.uniform(*self._weather.stall)
        return Passage(len(data), data, cable.arrival(len(data), now, pause=pause))

    def _lose(self, data: bytes, now: float, end: End, why: str) -> Passage:
        self._note(why)
        return Passage(len(data), b"", now, end)

    def _strike(self) -> str:
        assert self._mishap is not None
        name, self._mishap = self._mishap.value, None
        return name
