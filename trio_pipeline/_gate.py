"""Which request may go when: the gate between the permits of a pacer and its host.

This file does not know what a request is, nor how its users learn what became of it. How fast is computed in `_rate`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import trio

from trio_pipeline._line import Line
from trio_pipeline._rate import Breaker, Failure, Rate
from trio_pipeline._reach import Network

__all__ = ["Gate", "HostPaused", "Ticket"]


class HostPaused(Exception):
    """The host is out of service, and nobody is to wait any longer for it.

    Attributes:
        until: When the host may be tried again, on Trio's clock. Requests made from then on are admitted, as a probe,
            unless it was let go.
        reason: What the host did last, one line for people.
        unreachable: Whether the last failure was of the connection, which may be our own network's.
        let_go: Whether the program lets go of all who wait, rather than that their patience is at its end.
    """

    def __init__(self, until: float, reason: str, *, unreachable: bool, let_go: bool = False) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason
        self.unreachable = unreachable
        self.let_go = let_go


@dataclass(eq=False, slots=True)
class Ticket:
    """What the gate knows of one permit.

    Attributes:
        begun: When it was admitted or, later, last started; Trio's clock.
        era: The breaker's era at that time.
        running: Whether it has started, and is neither given back nor in line for another start.
        in_line: Whether it is in line for its turn.
        given_back: Whether its holder has left.
    """

    begun: float
    era: int
    running: bool = False
    in_line: bool = False
    given_back: bool = False


class Gate:
    """What all requests of one pacer share: the rate, the breaker, and a line before each of two doors.

    The first door, `enter`, gives places and is narrow by concurrency; the second, `start`, gives turns and is narrow
    by the interval. An open breaker shuts both. When its pause is over, the first in the line for turns goes as the
    probe or, if nobody is there, the first in the line for places: it has to connect before it can start, and that may
    be what fails.

    Attributes:
        probe: The ticket that goes alone while the breaker is open. On its way from the first door to the second the
            part can be taken over by somebody admitted earlier who starts first; else a probe that is slow to connect
            would stand behind him in line while he waits for its verdict.
        let_go: Set when nobody is to wait any more for an open breaker to close.
    """

    def __init__(
        self, rate: Rate, concurrency: int | None, patience: float, blocked_interval: float, network: Network | None
    ) -> None:
        self.rate = rate
        self.network = network
        self.breaker = Breaker()
        self.concurrency = concurrency
        self.places = Line()
        self.turns = Line()
        self.probe: Ticket | None = None
        self.let_go = trio.Event()
        self.in_flight = 0
        self.running = 0
        self.started = 0
        self.failures: Counter[Failure] = Counter()
        self._patience = patience
        self._blocked_interval = blocked_interval

    def look(self) -> None:
        """Something has changed: those who are first may be able to go, or have to leave."""
        self.places.nudge()
        self.turns.nudge()

    async def enter(self) -> Ticket:
        await self.places.wait(self._place_due)
        self.in_flight += 1
        ticket = Ticket(trio.current_time(), self.breaker.era)
        if self.breaker.until is not None:
            self.probe = ticket
        return ticket

    def leave(self, ticket: Ticket) -> None:
        ticket.given_back = True
        self.in_flight -= 1
        self._rest(ticket)
        self._judged(ticket)
        self.look()

    async def start(self, ticket: Ticket) -> None:
        self._check_held(ticket)
        if ticket.in_line:
            raise trio.BusyResourceError("another task waits for the turn of this permit: each request needs its own")
        if ticket.running:
            # A redirect, say. It goes through the line again, and whoever is before it there must not wait for it.
            self._rest(ticket)
            self.turns.nudge()
        ticket.in_line = True
        try:
            await self.turns.wait(self._turn_due)
            self._check_held(ticket)
        finally:
            ticket.in_line = False
            self._step_down(ticket)
        ticket.begun = trio.current_time()
        ticket.era = self.breaker.era
        ticket.running = True
        self.running += 1
        self.started += 1
        self.rate.started(ticket.begun)
        if self.breaker.until is not None:
            self.probe = ticket

    def begins_now(self, ticket: Ticket) -> None:
        ticket.begun = trio.current_time()
        self.rate.begins_now(ticket.begun)

    def heard(self) -> None:
        if self.network is not None:
            self.network.heard(trio.current_time())

    def succeeded(self, ticket: Ticket) -> None:
        self.heard()
        if self.rate.succeeded(ticket.begun):
            self.turns.nudge()
        if self.breaker.succeeded(probe=self._judged(ticket)):
            self.look()

    def failed(
        self, ticket: Ticket, failure: Failure, reason: str, asked: float = 0.0, *, is_silent: bool = False
    ) -> None:
        now = trio.current_time()
        if not is_silent:
            self.heard()
        self.failures[failure] += 1
        if failure is Failure.REJECTED:
            self.rate.rejected(ticket.begun, now)
        was_blocked = self.breaker.blocked
        probe = self._judged(ticket)
        if self.breaker.failed(failure, reason, now, era=ticket.era, probe=probe, asked=asked):
            if self.breaker.blocked and not was_blocked:
                self.rate.blocked(self._blocked_interval)
            if is_silent and self.network is not None and self.breaker.since is not None:
                self.network.missed(self.breaker.since)
            # The pause may be beyond the patience of all who wait: the first leaves, and so nudges the next.
            self.look()

    def _check_held(self, ticket: Ticket) -> None:
        if ticket.given_back:
            raise RuntimeError("this permit was given back when its `request` block ended: ask for another one")

    def _rest(self, ticket: Ticket) -> None:
        """Nothing of this ticket runs any more."""
        self.running -= ticket.running
        ticket.running = False

    def _step_down(self, ticket: Ticket) -> None:
        """Whoever leaves the line for turns is not the probe, unless it starts now.

        With nobody left in that line, the next probe comes from the other one.
        """
        if self.breaker.until is not None:
            if self.probe is ticket:
                self.probe = None
            self.places.nudge()

    def _judged(self, ticket: Ticket) -> bool:
        """Nobody waits for this ticket's verdict any more; returns whether it was the probe."""
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
        # Those who have a place may be too many, since the cap was lowered.
        if self.concurrency is not None and self.running >= self.concurrency:
            return math.inf
        if until is None:
            return self.rate.due
        return math.inf if self.probe is not None and self.probe.running else max(until, self.rate.due)

    async def wait_until(self, moment: float, reason: str) -> None:
        """Wait until a moment; raises HostPaused when nobody is to wait any more."""
        with trio.move_on_at(max(moment, trio.current_time())):
            await self.let_go.wait()
            raise HostPaused(moment, reason, unreachable=False, let_go=True)

    def _next_try(self) -> float | None:
        """When the breaker lets a probe go, None if it is closed; raises HostPaused if nobody waits for that."""
        until, since = self.breaker.until, self.breaker.since
        if until is None or since is None:
            return None
        is_silent = self.breaker.cause is Failure.UNREACHABLE
        if self.network is not None and is_silent:
            since = self.network.accountable_since(since)
        let_go = self.let_go.is_set()
        if let_go or (until - since > self._patience and trio.current_time() < until):
            raise HostPaused(until, self.breaker.reason or "", unreachable=is_silent, let_go=let_go)
        return until
