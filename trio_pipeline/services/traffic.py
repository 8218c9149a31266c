"""What a stand-in saw: how many requests, how many at once, how close together.

Pure: this file does not know what was asked for.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Traffic", "Visit"]


class Visit:
    """One request while it is being answered."""

    def __init__(self, traffic: Traffic, kind: str) -> None:
        self.kind = kind
        self._traffic: Traffic | None = traffic

    def leave(self) -> None:
        """The request counts no longer as in flight; a second call does nothing."""
        if self._traffic is not None:
            self._traffic.left(self.kind)
            self._traffic = None


class Traffic:
    """Counts the requests of one stand-in by kind.

    Attributes:
        answers: Answers by status code.
        faults: Requests that a fault has hit, by its name.
        bytes_in: Bytes of request bodies.
        bytes_out: Bytes of answers' bodies.
    """

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.bytes_in = 0
        self.bytes_out = 0
        self._requests: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._most: Counter[str] = Counter()
        self._last: dict[str, float] = {}
        self._spacing: dict[str, float] = {}

    def arrived(self, kind: str, now: float) -> Visit:
        """Count a request at time `now` in seconds. Leave the visit when it is answered."""
        self._requests[kind] += 1
        for name in ("all", kind):
            self._in_flight[name] += 1
            self._most[name] = max(self._most[name], self._in_flight[name])
            if name in self._last:
                gap = now - self._last[name]
                self._spacing[name] = min(gap, self._spacing.get(name, gap))
            self._last[name] = now
        return Visit(self, kind)

    def left(self, kind: str) -> None:
        """Count a request out again."""
        self._in_flight["all"] -= 1
        self._in_flight[kind] -= 1

    def statistics(self) -> dict[str, object]:
        """Everything as JSON values; `spacing_min` is in seconds between two arrivals."""
        return {
            "requests": dict(sorted(self._requests.items())),
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
            "faults": dict(sorted(self.faults.items())),
            "in_flight": self._in_flight["all"],
            "in_flight_max": dict(sorted(self._most.items())),
            "spacing_min": dict(sorted(self._spacing.items())),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }
