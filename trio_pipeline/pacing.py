"""One polite host: pace, concurrency and breaker.

A `Pacer` serves one group of hosts that share a limit, and every stage that talks to them:

    async with pacer.request() as permit:  # waits for a place
        ...                                # connect
        await permit.start()               # waits for the turn; write the request's first byte now
        ...                                # read the answer
        permit.succeeded()                 # or what else the answer was

Nothing starts sooner after the request before it than the interval in force, and no more than `concurrency` requests
have a place. Both can be set while the pacer is in use, and hold for those who already wait. By itself the pacer only
becomes slower than that: rejections lower the rate, block pages raise the interval for good, and a host that is ill is
paused for everybody until one probe has found it well.

This file does not know what a request or a block page is: its users say so by their verdicts. Who goes when is decided
in `_gate`.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from trio_pipeline._gate import Gate, HostPaused, Ticket
from trio_pipeline._rate import Failure, Rate
from trio_pipeline._reach import Network

__all__ = ["HostPaused", "Learned", "Network", "Pacer", "PacerStatistics", "Permit"]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a run has found out about a host's limits, for the next run to start from.

    Attributes:
        interval: The interval in force, seconds, if it is longer than the user's; else None. Calm shortens it again.
        blocked_interval: The interval, seconds, that block pages have imposed; None if there was none. It stays.
    """

    interval: float | None = None
    blocked_interval: float | None = None


@dataclass(frozen=True, slots=True)
class PacerStatistics:
    """The state of a pacer.

    Attributes:
        interval: Seconds between starts, in force.
        waiting: Tasks that wait for a place or for their turn; the latter are in flight too.
        in_flight: Permits that have a place.
        started: Starts so far.
        rejected: Verdicts of that kind so far; likewise the next two.
        blocked: See there.
        unreachable: See there.
        paused_until: When the host may be tried again, on Trio's clock, which is past while a probe is on its way; None
            while the host is well.
        paused_since: Since when nothing has succeeded, on Trio's clock; None while the host is well.
        reason: What the host did last; None while it is well.
    """

    interval: float
    waiting: int
    in_flight: int
    started: int
    rejected: int
    blocked: int
    unreachable: int
    paused_until: float | None
    paused_since: float | None
    reason: str | None


class Pacer:
    """The pace of one group of hosts that share a limit.

    Waiters are served in the order in which they came. A cancelled one leaves as if it had never come.

    - **Rejections** (`Permit.rejected`) lower the rate to 0.7, at most once a second. Without a user's interval the
      first one sets it to 0.7 of what the last 5 s saw. Successes raise it again, linearly, by a cap's whole rate in
      a minute, up to the cap; without a cap until it is twice as high as the highest rate that was rejected, and limits
      nothing from then on. The last stretch, from 0.7 of the rate that was rejected up to that, takes 150 answers, or
      twenty minutes if that is sooner: so a host that counts by the minute rejects one request in a hundred.
    - **The breaker** opens for everybody after 3 rejections in a row or one that asks for more than 30 s (for 5 s,
      doubling up to 5 min, or as long as was asked), after 3 lost connections in a row (likewise), and after one block
      page (10 min, doubling up to 2 h; and from then on the interval is at least `blocked_interval`, and grows by half
      when a host that was well is blocked again). When the pause is over, one probe goes alone: its success closes the
      breaker, its failure lengthens the pause.

    Args:
        name: Of the group of hosts, for people.
        interval: The user's cap: seconds between starts; 0 is no cap.
        concurrency: The user's cap: how many requests may be under way; None is no cap, 0 lets nothing start.
        patience: Seconds. When the host is out of service and the next try would come later than this after the first
            failure, everybody who waits, and who comes before that try, gets `HostPaused`.
        learned: What the run before has found out.
        blocked_interval: The shortest interval, seconds, after a block page.
        network: Shared with the pacers of other hosts: while it is gone, nobody gets `HostPaused` because of a host
            that does not answer. They wait, and probes go on. None holds each host to account for itself.

    Raises:
        TypeError: What should be a number is none.
        ValueError: A number is negative, not a number or, other than `patience`, not finite.
    """

    def __init__(
        self,
        name: str,
        *,
        interval: float = 0.0,
        concurrency: int | None = None,
        patience: float = math.inf,
        learned: Learned | None = None,
        blocked_interval: float = 7.0,
        network: Network | None = None,
    ) -> None:
        learned = learned or Learned()
        rate = Rate(
            _checked_interval(interval),
            learned=_checked_interval(learned.interval or 0.0),
            floor=_checked_interval(learned.blocked_interval or 0.0),
        )
        self.name = name
        self._gate = Gate(
            rate,
            _checked_concurrency(concurrency),
            _checked_seconds("patience", patience),
            _checked_interval(blocked_interval),
            network,
        )

    @property
    def interval(self) -> float:
        """The user's cap: seconds between starts, 0 for none. Setting it holds for those who already wait."""
        return self._gate.rate.own

    @interval.setter
    def interval(self, interval: float) -> None:
        self._gate.rate.own = _checked_interval(interval)
        self._gate.look()

    @property
    def asked_interval(self) -> float:
        """Seconds between starts that the host has asked for beforehand, in a robots.txt say; 0 for none.

        The longer one of it and the user's holds. It is not what was learned: the next run has to hear it anew. Setting
        it holds for those who already wait.

        Raises:
            TypeError: Set to what is no number.
            ValueError: Set to a number that is negative, not a number or not finite.
        """
        return self._gate.rate.asked

    @asked_interval.setter
    def asked_interval(self, interval: float) -> None:
        self._gate.rate.asked = _checked_interval(interval)
        self._gate.look()

    @property
    def concurrency(self) -> int | None:
        """The user's cap: how many requests may be under way, None for no cap.

        Setting it holds for those who already wait. Fewer take nobody's place away, but let nothing start, not even
        what has a place, until fewer than that are under way.
        """
        return self._gate.concurrency

    @concurrency.setter
    def concurrency(self, concurrency: int | None) -> None:
        self._gate.concurrency = _checked_concurrency(concurrency)
        self._gate.look()

    @asynccontextmanager
    async def request(self) -> AsyncIterator[Permit]:
        """Take a place among `concurrency` for as long as the context lasts.

        Raises:
            HostPaused: The host is out of service for longer than `patience`, or was let go.

        Cancellation: entering is a checkpoint; cancelled, no place is taken. Leaving is none, frees the place, and lets
        the next probe go if the permit was the probe and has no verdict.
        """
        ticket = await self._gate.enter()
        try:
            yield Permit(self._gate, ticket)
        finally:
            self._gate.leave(ticket)

    def let_go(self) -> None:
        """From now on nobody waits while the host is out of service: who does, and who comes, gets `HostPaused`.

        For a program that is ending. Requests that have started are not touched.
        """
        self._gate.let_go.set()
        self._gate.look()

    async def wait_until(self, moment: float, reason: str) -> None:
        """Wait for the host elsewhere than in a request.

        Args:
            moment: Until when, on Trio's clock; one that is past is now.
            reason: What the host did, one line for people.

        Raises:
            HostPaused: `let_go` was called.

        Cancellation: a checkpoint.
        """
        await self._gate.wait_until(moment, reason)

    def statistics(self) -> PacerStatistics:
        """The state at this moment."""
        gate = self._gate
        return PacerStatistics(
            interval=gate.rate.interval,
            waiting=len(gate.places) + len(gate.turns),
            in_flight=gate.in_flight,
            started=gate.started,
            rejected=gate.failures[Failure.REJECTED],
            blocked=gate.failures[Failure.BLOCKED],
            unreachable=gate.failures[Failure.UNREACHABLE],
            paused_until=gate.breaker.until,
            paused_since=gate.breaker.since,
            reason=gate.breaker.reason,
        )

    def learned(self) -> Learned:
        """What the next run should start from."""
        rate = self._gate.rate
        return Learned(
            interval=rate.interval if rate.interval > max(rate.own, rate.asked) else None,
            blocked_interval=rate.floor or None,
        )


class Permit:
    """A place among the requests under way.

    Give a verdict as soon as the answer shows what it is, not after its body: while the breaker is open everybody waits
    for the probe's. Every answer of a healthy host is a success, a 404 too.
    """

    __slots__ = ("_gate", "_ticket")

    def __init__(self, gate: Gate, ticket: Ticket) -> None:
        self._gate = gate
        self._ticket = ticket

    async def start(self) -> None:
        """Wait for the turn. To be called right before the first byte of a request is written.

        When it returns, the request counts as started at that instant. A repetition or a redirect under the same permit
        is a request of its own, and calls it again.

        Raises:
            HostPaused: The host is out of service for longer than the pacer's `patience`.
            RuntimeError: The `request` block has ended.
            trio.BusyResourceError: Another task waits for this permit's turn.

        Cancellation: a checkpoint; cancelled, no turn is used.
        """
        await self._gate.start(self._ticket)

    def begins_now(self) -> None:
        """The first byte of the request whose turn had come is written only now, its connection had to be replaced say.

        The next request keeps its distance from this moment.
        """
        self._gate.begins_now(self._ticket)

    def succeeded(self) -> None:
        """The host has answered as it should."""
        self._gate.succeeded(self._ticket)

    def rejected(self, reason: str, retry_after: float | None = None) -> None:
        """The host wants fewer requests (429, 503).

        Args:
            reason: One line for people.
            retry_after: Seconds that the host asked to wait. The caller heeds it for its item. The pacer does for the
                host, for a day at most, only when it is longer than 30 s or the rejection is one of several in a row.

        Raises:
            ValueError: `retry_after` is negative or not a number.
        """
        asked = _checked_seconds("retry_after", retry_after or 0.0)
        self._gate.failed(self._ticket, Failure.REJECTED, reason, asked)

    def blocked(self, reason: str) -> None:
        """The host has shown a block page, of which `reason` tells in one line."""
        self._gate.failed(self._ticket, Failure.BLOCKED, reason)

    def unreachable(self, reason: str, *, silent: bool = False) -> None:
        """There was no connection, or it was lost.

        Args:
            reason: How, in one line for people.
            silent: Whether nobody has answered at all, which may be our own network's doing. A connection that was
                refused or reset is an answer.
        """
        self._gate.failed(self._ticket, Failure.UNREACHABLE, reason, is_silent=silent)

    def heard(self) -> None:
        """Something has come from the host, a part of an answer say. It is no verdict."""
        self._gate.heard()


def _checked_seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number of seconds, not {value!r}")
    if not value >= 0:
        raise ValueError(f"{name} is a number of seconds and not negative: {value}")
    return value


def _checked_interval(value: object) -> float:
    interval = _checked_seconds("an interval", value)
    if interval == math.inf:
        raise ValueError("an interval must be finite: to let nothing start, set concurrency to 0")
    return interval


def _checked_concurrency(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"concurrency is a whole number or None, not {value!r}")
    if value < 0:
        raise ValueError(f"concurrency must not be negative: {value}")
    return value
