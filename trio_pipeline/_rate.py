"""How fast a host may be asked, and whether at all: the arithmetic under `pacing`.

`Rate` turns the user's interval and the host's rejections into the interval in force (additive increase, multiplicative
decrease, of the rate and not of the number in flight). `Breaker` turns failures into pauses.

Pure: this file knows neither Trio nor who waits. Times are handed in, in seconds of one monotonic clock.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from dataclasses import dataclass

__all__ = ["Breaker", "Failure", "Rate"]

# The rate is multiplied by this for a rejection, and at most once in so many seconds: what is rejected within a second
# are mostly requests that were under way already.
_CUT = 0.7
_CUT_SPACING = 1.0
# The first cut is one of the rate that the last so many seconds have seen. Without a cap the starts are divided by all
# of them even when the pacer is younger: too low a guess costs a moment, too high a one costs the host.
_SEEN = 5.0
# At full use, calm brings the rate from nothing to its limit in so many seconds: one cut of a cap is made good in 18 s.
_RECOVERY = 60.0
# The limit is the cap or, without one, so many times the highest rate that was cut. There the rate limits nothing more.
# Under a cap that nobody came near, growth is measured by that, too, else a moment of calm would make good for the cut.
_UNBOUND = 2.0
# The last stretch, from where it was cut to where it was rejected, takes so many answers, or so many seconds if that is
# sooner: a host that counts by the minute would else reject every tenth request for ever.
_CAREFUL_ANSWERS = 150
_CAREFUL_SECONDS = 1200.0
# No number of rejections makes the interval longer than this; beyond it the breaker is what spares the host.
_SLOWEST = 60.0
# A block page at an interval in force says that so many times that interval may be long enough.
_STRICTER = 1.5

_LONG_RETRY_AFTER = 30.0
# A header cannot switch a host off for a year.
_LONGEST_PAUSE = 86400.0


class Rate:
    """The interval between starts that is in force.

    Without rejections it is the user's, and 0 means that nothing is spaced. A rejection cuts the rate; each success
    adds to it, so much that a host that is asked at the full rate sees it grow linearly with time, and a rate that
    nobody uses does not grow.

    Attributes:
        own: The user's interval, seconds; 0 is none.
        asked: The interval, seconds, that the host has asked for beforehand; 0 is none.
        floor: The interval, seconds, that block pages have imposed; 0 is none. Calm does not lower it.
    """

    def __init__(self, own: float, *, learned: float = 0.0, floor: float = 0.0) -> None:
        self.own = own
        self.asked = 0.0
        self.floor = floor
        # Starts a second that rejections have left; None when they limit nothing.
        self._left: float | None = None
        # The highest rate that was cut: the measure of growth.
        self._highest = 0.0
        # The rate that was rejected last, while answers came at it: what the host can bear is known to be below.
        self._too_fast = 0.0
        self._was_answered = True
        # Whether the host has been well since this object was made.
        self._was_well = False
        slowest = max(own, floor)
        if learned > slowest:
            self._left = 1.0 / learned
            self._highest = 1.0 / slowest if slowest else self._left / _CUT
        self._last_cut = -math.inf
        self._last_start = -math.inf
        self._recent: deque[float] = deque()

    @property
    def interval(self) -> float:
        """Seconds between starts, in force."""
        slowest = self._slowest
        return slowest if self._left is None else max(slowest, 1.0 / self._left)

    @property
    def _slowest(self) -> float:
        """The longest interval that is imposed from outside."""
        return max(self.own, self.asked, self.floor)

    @property
    def due(self) -> float:
        """When the next request may start."""
        return self._last_start + self.interval

    def started(self, now: float) -> None:
        """A request starts."""
        self._last_start = now
        self._recent.append(now)
        self._forget(now)

    def begins_now(self, now: float) -> None:
        """The request that has started last, or one before it, begins only now."""
        self._last_start = max(self._last_start, now)

    def succeeded(self, begun: float) -> bool:
        """The host has answered a request, begun at that time, as it should; returns whether the rate has grown."""
        self._was_well = True
        if self._left is None or begun < self._last_cut:
            return False
        self._was_answered = True
        slowest = self._slowest
        twice = self._highest * _UNBOUND
        limit = 1.0 / slowest if slowest else twice
        self._left += self._growth(self._left, min(limit, twice))
        if self._left >= limit:
            self._left = None
        return True

    def _growth(self, left: float, measure: float) -> float:
        """What one answer adds to a rate."""
        # Linear in time at full use; but no single answer more than doubles a rate that has fallen far.
        growth = min(left, measure / _RECOVERY / left)
        careful = _CUT * self._too_fast
        if left < careful:
            return min(growth, careful - left)
        if left < self._too_fast:
            answers = min(_CAREFUL_ANSWERS, _CAREFUL_SECONDS * left)
            return min(growth, (self._too_fast - careful) / answers)
        return growth

    def rejected(self, begun: float, now: float) -> None:
        """The host has rejected a request that was begun at that time."""
        # What was begun before the last cut is an answer to the rate before it.
        if begun < self._last_cut or now - self._last_cut < _CUT_SPACING:
            return
        if self._left is None:
            rate = self._highest = self._in_use(now)
        else:
            rate = 1.0 / self.interval
            self._highest = max(self._highest, rate)
        if self._was_answered:
            self._too_fast = rate
            self._was_answered = False
        self._left = max(rate * _CUT, 1.0 / _SLOWEST)
        self._last_cut = now

    def blocked(self, least: float) -> None:
        """The host has shown a block page while it was taken to be well: the pace in force was too fast.

        Args:
            least: Seconds; the shortest interval that is tried after a block.
        """
        if self.floor and not self._was_well:
            # It is the block that the run before has seen: that it lasts says nothing new about the pace.
            self.floor = max(self.floor, least)
        else:
            self.floor = max(self.floor, least, min(self.interval * _STRICTER, _SLOWEST))

    def _in_use(self, now: float) -> float:
        """Starts a second, as they were lately and, under a cap, at most that.

        A cap that nobody comes near is no rate to cut: a host that rejects us would not notice.
        """
        self._forget(now)
        seen = max(1, len(self._recent))
        if not self.interval:
            return seen / _SEEN
        # Since the first of them: who made full use of the cap, if only for a moment, is cut from there.
        since = now - self._recent[0] if self._recent else _SEEN
        return min(1.0 / self.interval, seen / since) if since else 1.0 / self.interval

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - _SEEN:
            self._recent.popleft()


class Failure(enum.Enum):
    """What can be wrong with a host."""

    REJECTED = "it asks for fewer requests"
    UNREACHABLE = "there is no connection"
    BLOCKED = "it shows a block page"


@dataclass(frozen=True, slots=True)
class _Pauses:
    """What one kind of failure leads to: `in_a_row` of them open the breaker; lengths in seconds."""

    in_a_row: int
    first: float
    longest: float

    def length(self, row: int) -> float:
        # 64 doublings are beyond any pause; without the bound a long outage overflows the power.
        return min(self.longest, self.first * 2.0 ** min(max(0, row - self.in_a_row), 64))


_PAUSES = {
    Failure.REJECTED: _Pauses(in_a_row=3, first=5.0, longest=300.0),
    Failure.UNREACHABLE: _Pauses(in_a_row=3, first=5.0, longest=300.0),
    Failure.BLOCKED: _Pauses(in_a_row=1, first=600.0, longest=7200.0),
}


class Breaker:
    """Whether the host may be asked at all.

    It is closed while `until` is None. Failures open it until a moment; from then on it is half-open, which means
    that one request may go as a probe: its success closes the breaker, its failure opens it for longer. Who the probe
    is, the pacer knows.

    Attributes:
        until: When the next request may be tried; None while the host is well.
        since: When the breaker opened first, without a success since; None while the host is well.
        reason: What opened it last, for people; None while the host is well.
        cause: Likewise, as a kind.
        era: How often it has closed. What a request says that was begun in an earlier era is old news.
    """

    def __init__(self) -> None:
        self.until: float | None = None
        self.since: float | None = None
        self.reason: str | None = None
        self.cause: Failure | None = None
        self.era = 0
        # Failures in a row, without a success in between, by kind; and the end of the longest rest asked for in them.
        self._rows: dict[Failure, int] = {}
        self._asked_until = -math.inf

    @property
    def blocked(self) -> bool:
        """Whether a block page was seen since the last success."""
        return Failure.BLOCKED in self._rows

    def succeeded(self, *, probe: bool) -> bool:
        """The host has answered as it should; returns whether that closes the breaker.

        While it is open only the probe's answer counts: the others were under way before the trouble began.
        """
        if self.until is not None and not probe:
            return False
        self._rows.clear()
        self._asked_until = -math.inf
        if self.until is None:
            return False
        self.until = self.since = self.reason = self.cause = None
        self.era += 1
        return True

    def failed(self, failure: Failure, reason: str, now: float, *, era: int, probe: bool, asked: float = 0.0) -> bool:
        """A request has failed by the host's fault.

        Args:
            failure: The kind.
            reason: One line for people.
            now: The time.
            era: The era in which the request was begun.
            probe: Whether it was the probe.
            asked: Seconds of rest that the host has asked for.

        Returns:
            Whether the breaker has opened, or opened for longer.
        """
        asked = min(asked, _LONGEST_PAUSE)
        # A connection that is lost now tells of the trouble in which it was begun; a block page, or a long rest asked
        # for, is what the host says now.
        if era < self.era and failure is not Failure.BLOCKED and asked <= _LONG_RETRY_AFTER:
            return False
        self._asked_until = max(self._asked_until, now + asked)
        if self.until is not None and not probe:
            return self._worsened(failure, reason, now, self.until)
        if self.blocked and failure is Failure.REJECTED:
            # Until it answers well, a host that has blocked us is not tried more often because it now says so politely.
            failure = Failure.BLOCKED
        row = self._rows[failure] = self._rows.get(failure, 0) + 1
        pauses = _PAUSES[failure]
        if not probe and row < pauses.in_a_row and asked <= _LONG_RETRY_AFTER:
            return False
        self._open(failure, reason, now, pauses.length(row))
        return True

    def _worsened(self, failure: Failure, reason: str, now: float, until: float) -> bool:
        # What was under way when the breaker opened tells the same story again, and must not lengthen the pause once
        # more. New is only a first block page, or a longer rest asked for.
        length = 0.0
        if failure is Failure.BLOCKED and not self.blocked:
            self._rows[failure] = 1
            length = _PAUSES[failure].length(1)
        if max(now + length, self._asked_until) <= until:
            return False
        self._open(failure, reason, now, length)
        return True

    def _open(self, failure: Failure, reason: str, now: float, length: float) -> None:
        self.until = max(now + length, self._asked_until)
        self.since = now if self.since is None else self.since
        self.reason = reason
        self.cause = failure
