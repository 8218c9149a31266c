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

This file does not know what a request or a block page is: its users say so by their verdicts. How fast is computed in
`_rate`.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from trio_pipeline._rate import Breaker, Failure, Rate

__all__ = ["HostPaused", "Learned", "Pacer", "PacerStatistics", "Permit"]


class HostPaused(Exception):
    """The host has been out of service, and will be, for longer than anybody wants to wait.

    Attributes:
        until: When the host may be tried again, on Trio's clock. Requests made from then on are admitted, as a probe.
        reason: What the host did last, one line for people.
        unreachable: Whether the last failure was of the connection, which may be our own network's.
    """

    def __init__(self, until: float, reason: str, *, unreachable: bool) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason
        self.unreachable = unreachable


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
      nothing from then on.
    - **The breaker** opens for everybody after 3 rejections in a row or one that asks for more than 30 s (for 5 s,
      doubling up to 5 min, or as long as was asked), after 3 lost connections in a row (likewise), and after one block
      page (10 min, doubling up to 2 h; and from then on the interval is at least `blocked_interval`, and grows by half
      when that is blocked too). When the pause is over, one probe goes alone: its success closes the breaker, its
      failure lengthens the pause.

    Args:
        name: Of the group of hosts, for people.
        interval: The user's cap: seconds between starts; 0 is no cap.
        concurrency: The user's cap: how many requests may be under way; None is no cap, 0 lets nothing start.
        patience: Seconds. When the host is out of service and the next try would come later than this after the first
            failure, everybody who waits, and who comes before that try, gets `HostPaused`.
        learned: What the run before has found out.
        blocked_interval: The shortest interval, seconds, after a block page.

    Raises:
        ValueError: A number is negative or not finite.
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
    ) -> None:
        if not patience >= 0:
            raise ValueError(f"patience must not be negative: {patience}")
        learned = learned or Learned()
        rate = Rate(
            _checked_interval(interval),
            learned=_checked_interval(learned.interval or 0.0),
            floor=_checked_interval(learned.blocked_interval or 0.0),
        )
        self.name = name
        self._gate = _Gate(rate, _checked_concurrency(concurrency), patience, _checked_interval(blocked_interval))

    @property
    def interval(self) -> float:
        """The user's cap: seconds between starts, 0 for none. Setting it holds for those who already wait."""
        return self._gate.rate.own

    @interval.setter
    def interval(self, interval: float) -> None:
        self._gate.rate.own = _checked_interval(interval)
        self._gate.look()

    @property
    def concurrency(self) -> int | None:
        """The user's cap: how many requests may be under way, None for no cap.

        Setting it holds for those who already wait. Fewer take nobody's place away; 0 lets nothing start, not even what
        has a place.
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
            HostPaused: The host is out of service for longer than `patience`.

        Cancellation: entering is a checkpoint; cancelled, no place is taken. Leaving is none, frees the place, and lets
        the next probe go if the permit was the probe and has no verdict.
        """
        ticket = await self._gate.enter()
        try:
            yield Permit(self._gate, ticket)
        finally:
            self._gate.leave(ticket)

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
            interval=rate.interval if rate.interval > rate.own else None,
            blocked_interval=rate.floor or None,
        )


class Permit:
    """A place among the requests under way.

    Give a verdict as soon as the answer shows what it is, not after its body: while the breaker is open everybody waits
    for the probe's. Every answer of a healthy host is a success, a 404 too.
    """

    __slots__ = ("_gate", "_ticket")

    def __init__(self, gate: _Gate, ticket: _Ticket) -> None:
        self._gate = gate
        self._ticket = ticket

    async def start(self) -> None:
        """Wait for the turn. To be called right before the first byte of a request is written.

        When it returns, the request counts as started at that instant. A repetition or a redirect under the same permit
        is a request of its own, and calls it again.

        Raises:
            HostPaused: The host is out of service for longer than the pacer's `patience`.

        Cancellation: a checkpoint; cancelled, no turn is used.
        """
        await self._gate.start(self._ticket)

    def succeeded(self) -> None:
        """The host has answered as it should."""
        self._gate.succeeded(self._ticket)

    def rejected(self, reason: str, retry_after: float | None = None) -> None:
        """The host wants fewer requests (429, 503).

        Args:
            reason: One line for people.
            retry_after: Seconds that the host asked to wait. The caller heeds it for its item; the pacer does for the
                host only when it is longer than 30 s or the rejection is one of several in a row.
        """
        self._gate.failed(self._ticket, Failure.REJECTED, reason, retry_after or 0.0)

    def blocked(self, reason: str) -> None:
        """The host has shown a block page, of which `reason` tells in one line."""
        self._gate.failed(self._ticket, Failure.BLOCKED, reason)

    def unreachable(self, reason: str) -> None:
        """There was no connection, or it was lost; `reason` says how in one line."""
        self._gate.failed(self._ticket, Failure.UNREACHABLE, reason)


@dataclass(eq=False, slots=True)
class _Ticket:
    """What the gate knows of one permit.

    Attributes:
        begun: When it was admitted or, later, last started; Trio's clock.
        era: The breaker's era at that time.
        under_way: Whether it has started and has no verdict yet.
    """

    begun: float
    era: int
    under_way: bool = False


class _Line:
    """Waiters in the order of their arrival, of whom only the first looks whether it may go.

    There is no lock: the first sleeps until the moment that it was told, and looks again whenever it is nudged. Whoever
    leaves, served or cancelled, nudges the one who is first then.
    """

    def __init__(self) -> None:
        # An ordered set. Not a dict: there, finding the first gets slow when many have left from the front.
        self._waiters: OrderedDict[trio.lowlevel.ParkingLot, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiters)

    def nudge(self) -> None:
        """Have the first look again. Nothing is lost if it has been woken already: it looks when it runs."""
        if self._waiters:
            self._first().unpark()

    async def wait(self, due: Callable[[], float]) -> None:
        """Return when this waiter is first and `due()` is not in the future.

        No checkpoint lies between that moment and the return, so the caller can count on it.

        Args:
            due: The moment at which the first may go, as things stand; infinite while only a nudge can tell. What it
                raises is raised to the waiter.
        """
        await trio.lowlevel.checkpoint()
        if not self._waiters and due() <= trio.current_time():
            return
        waiter = trio.lowlevel.ParkingLot()
        self._waiters[waiter] = None
        try:
            while (moment := due()) > trio.current_time() or self._first() is not waiter:
                with trio.move_on_at(moment if self._first() is waiter else math.inf):
                    await waiter.park()
        finally:
            del self._waiters[waiter]
            self.nudge()

    def _first(self) -> trio.lowlevel.ParkingLot:
        return next(iter(self._waiters))


class _Gate:
    """What all requests of one pacer share: the rate, the breaker, and a line before each of two doors.

    The first door, `enter`, gives places and is narrow by concurrency; the second, `start`, gives turns and is narrow
    by the interval. An open breaker shuts both. When its pause is over, the first in the line for turns goes as the
    probe or, if nobody is there, the first in the line for places: it has to connect before it can start, and that may
    be what fails.

    Attributes:
        probe: The ticket that goes alone while the breaker is open. On its way from the first door to the second the
            part can be taken over by somebody admitted earlier who starts first; else a probe that is slow to connect
            would stand behind him in line while he waits for its verdict.
    """

    def __init__(self, rate: Rate, concurrency: int | None, patience: float, blocked_interval: float) -> None:
        self.rate = rate
        self.breaker = Breaker()
        self.concurrency = concurrency
        self.places = _Line()
        self.turns = _Line()
        self.probe: _Ticket | None = None
        self.in_flight = 0
        self.started = 0
        self.failures: Counter[Failure] = Counter()
        self._patience = patience
        self._blocked_interval = blocked_interval

    def look(self) -> None:
        """Something has changed: those who are first may be able to go, or have to leave."""
        self.places.nudge()
        self.turns.nudge()

    async def enter(self) -> _Ticket:
        await self.places.wait(self._place_due)
        self.in_flight += 1
        ticket = _Ticket(trio.current_time(), self.breaker.era)
        if self.breaker.until is not None:
            self.probe = ticket
        return ticket

    def leave(self, ticket: _Ticket) -> None:
        self.in_flight -= 1
        if self._judged(ticket):
            self.turns.nudge()
        self.places.nudge()

    async def start(self, ticket: _Ticket) -> None:
        if self.probe is ticket and ticket.under_way:
            # A redirect, say. It goes through the line again, and whoever is before it there must not wait for it.
            ticket.under_way = False
            self.turns.nudge()
        try:
            await self.turns.wait(self._turn_due)
        finally:
            # With nobody left in the line for turns, the next probe comes from the other one.
            if self.breaker.until is not None:
                self.places.nudge()
        ticket.begun = trio.current_time()
        ticket.era = self.breaker.era
        ticket.under_way = True
        self.started += 1
        self.rate.started(ticket.begun)
        if self.breaker.until is not None:
            self.probe = ticket

    def succeeded(self, ticket: _Ticket) -> None:
        if self.rate.succeeded(ticket.begun):
            self.turns.nudge()
        if self.breaker.succeeded(probe=self._judged(ticket)):
            self.look()

    def failed(self, ticket: _Ticket, failure: Failure, reason: str, asked: float = 0.0) -> None:
        now = trio.current_time()
        self.failures[failure] += 1
        if failure is Failure.REJECTED:
            self.rate.rejected(ticket.begun, now)
        was_blocked = self.breaker.blocked
        probe = self._judged(ticket)
        if self.breaker.failed(failure, reason, now, era=ticket.era, probe=probe, asked=asked):
            if self.breaker.blocked and not was_blocked:
                self.rate.blocked(self._blocked_interval)
            # The pause may be beyond the patience of all who wait: the first leaves, and so nudges the next.
            self.look()

    def _judged(self, ticket: _Ticket) -> bool:
        """Nobody waits for this ticket's verdict any more; returns whether it was the probe."""
        ticket.under_way = False
        if self.probe is not ticket:
            return False
        self.probe = None
        return True

    def _place_due(self) -> float:
        until = self._next_try()
        if self.concurrency is not None and self.in_flight >= self.concurrency:
            return math.inf
        if until is None:
            return -math.inf
        return math.inf if self.probe is not None or self.turns else until

    def _turn_due(self) -> float:
        until = self._next_try()
        if self.concurrency == 0:
            return math.inf
        if until is None:
            return self.rate.due
        return math.inf if self.probe is not None and self.probe.under_way else max(until, self.rate.due)

    def _next_try(self) -> float | None:
        """When the breaker lets a probe go, None if it is closed; raises HostPaused if that is too late."""
        until, since = self.breaker.until, self.breaker.since
        if until is None or since is None:
            return None
        if until - since > self._patience and trio.current_time() < until:
            unreachable = self.breaker.cause is Failure.UNREACHABLE
            raise HostPaused(until, self.breaker.reason or "", unreachable=unreachable)
        return until


def _checked_interval(interval: float) -> float:
    if not 0 <= interval < math.inf:
        raise ValueError(f"an interval must be a number of seconds, not negative: {interval}")
    return interval


def _checked_concurrency(concurrency: int | None) -> int | None:
    if concurrency is not None and concurrency < 0:
        raise ValueError(f"concurrency must not be negative: {concurrency}")
    return concurrency
