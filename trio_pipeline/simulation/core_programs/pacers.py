"""Random programs around a pacer: what one host sees of us, whatever its users, its answers and the knobs do.

This file does not know what a request is, nor how the promised numbers come about.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import trio

from trio_pipeline.pacing import HostPaused, Learned, Pacer, Permit
from trio_pipeline.simulation.core_programs.promised_pace import PromisedPace, PromisedPauses
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["CalmProgram", "PacerProgram"]

_SPACED = "starts are never closer than the interval in force"
_INTERVAL = "the interval is what rejections, calm and blocks make of it"
_PAUSES = "a host is paused when and for as long as it has given cause"
_BREAKER = "nothing starts while the breaker is open, save one probe at a time when its pause is over"
_PLACES = "no more requests are under way than the concurrency allows"
_ORDER = "who waits at a pacer is served in the order of arrival"
_AT_ONCE = "who waits at a pacer goes as soon as the pace allows"
_TOLD = "who would have to wait too long for a host is told at once, and nobody else is"
_FIGURES = "a pacer's statistics are true"
_CANCELLED = "cancellation ends the wait at a pacer"
_RECOVERS = "calm brings the pace back"
_SLACK = 1e-6
"""Seconds. Two ways to add up the same numbers differ by less."""


@dataclass(frozen=True, slots=True)
class _Request:
    """Waits before it, connects, is written so often, takes a while; a cancellation; what the host says to it."""

    pause: float
    connects: float
    starts: int
    takes: float
    patience: float
    verdict: str
    asked: float


@dataclass(eq=False, slots=True)
class _Ticket:
    """What is seen of one permit."""

    begun: float
    era: int
    under_way: bool = False
    running: bool = False


class _WatchedPacer:
    """A pacer, every word to and from which is compared with what was promised."""

    def __init__(
        self,
        witness: Witness,
        interval: float,
        concurrency: int | None,
        patience: float,
        learned: Learned,
        blocked_interval: float,
    ) -> None:
        self.pacer = Pacer(
            "host",
            interval=interval,
            concurrency=concurrency,
            patience=patience,
            learned=learned,
            blocked_interval=blocked_interval,
        )
        self.pace = PromisedPace(interval, learned.interval or 0.0, learned.blocked_interval or 0.0)
        self.pauses = PromisedPauses()
        self.entering: dict[int, float] = {}
        self.starting: dict[int, float] = {}
        self.in_flight = 0
        self.probe: _Ticket | None = None
        self.tickets: list[_Ticket] = []
        self.counts = {"rejected": 0, "blocked": 0, "unreachable": 0}
        self._hold = witness.hold
        self._note = witness.note
        self._patience = patience
        self._blocked_interval = blocked_interval

    @property
    def running(self) -> int:
        """How many have started and not left."""
        return sum(ticket.running for ticket in self.tickets)

    async def ask(self, number: int, request: _Request) -> None:
        """Make a request."""
        self.entering[number] = trio.current_time()
        try:
            async with self.pacer.request() as permit:
                self._entered(number)
                ticket = _Ticket(trio.current_time(), self.pauses.era)
                self.tickets.append(ticket)
                if self.pauses.until is not None:
                    self.probe = ticket
                try:
                    await self._use(number, permit, ticket, request)
                finally:
                    self.in_flight -= 1
                    ticket.running = False
                    self._judged(ticket)
        except HostPaused as error:
            self._told(error)
        finally:
            self.entering.pop(number, None)

    async def _use(self, number: int, permit: Permit, ticket: _Ticket, request: _Request) -> None:
        await trio.sleep(request.connects)
        for _ in range(request.starts):
            await self._start(number, permit, ticket)
            await trio.sleep(request.takes)
        self._give(permit, ticket, request)
        self.compare()
        # The body of the answer.
        await trio.sleep(request.takes)

    async def _start(self, number: int, permit: Permit, ticket: _Ticket) -> None:
        ticket.under_way = ticket.running = False
        self.starting[number] = trio.current_time()
        try:
            await permit.start()
            self._started(number, ticket)
        except (HostPaused, trio.Cancelled):
            # Whoever leaves the line is not the probe.
            self._judged(ticket)
            raise
        finally:
            del self.starting[number]

    def _give(self, permit: Permit, ticket: _Ticket, request: _Request) -> None:
        now, verdict = trio.current_time(), request.verdict
        asked = request.asked if verdict == "rejected" else 0.0
        self._note("verdict", verdict, now)
        if verdict == "none":
            return
        if verdict == "succeeded":
            permit.succeeded()
            self.pace.succeeded(ticket.begun)
            self.pauses.succeeded(probe=self._judged(ticket))
            return
        match verdict:
            case "rejected":
                permit.rejected("429", asked or None)
                self.pace.rejected(ticket.begun, now)
            case "blocked":
                permit.blocked("block page")
            case "unreachable":
                permit.unreachable("refused")
        self.counts[verdict] += 1
        if self.pauses.failed(verdict, now, era=ticket.era, probe=self._judged(ticket), asked=asked):
            self.pace.blocked(self._blocked_interval)

    def _judged(self, ticket: _Ticket) -> bool:
        ticket.under_way = False
        if self.probe is not ticket:
            return False
        self.probe = None
        return True

    # What happens at the doors.

    def _entered(self, number: int) -> None:
        called, now = self.entering.pop(number), trio.current_time()
        self.in_flight += 1
        limit = self.pacer.concurrency
        self._hold(limit is None or self.in_flight <= limit, _PLACES, self.in_flight, "of", limit)
        self._hold(all(other >= called for other in self.entering.values()), _ORDER, number, self.entering)
        self._look_at_breaker(now, other_probe=self.probe is not None)
        in_line = self.pauses.until is not None and min(self.starting.values(), default=now) < now
        self._hold(not in_line, _BREAKER, "who waits for a turn goes before who comes from outside", self.starting)

    def _started(self, number: int, ticket: _Ticket) -> None:
        called, now = self.starting[number], trio.current_time()
        self._note("start", number, now)
        limit = self.pacer.concurrency
        self._hold(limit is None or self.running < limit, _PLACES, self.running, "are running of", limit)
        self._hold(now >= self.pace.due - _SLACK, _SPACED, "at", now, "not", self.pace.due)
        self._hold(now >= self.pace.due - self.pace.interval + self.pacer.interval - _SLACK, _SPACED, "at", now)
        self._hold(all(other >= called for other in self.starting.values()), _ORDER, number, self.starting)
        self._look_at_breaker(now, other_probe=self.probe is not None and self.probe.under_way)
        self.pace.starts.append(now)
        ticket.begun, ticket.era, ticket.under_way, ticket.running = now, self.pauses.era, True, True
        if self.pauses.until is not None:
            self.probe = ticket

    def _look_at_breaker(self, now: float, *, other_probe: bool) -> None:
        until = self.pauses.until
        self._hold(until is None or now >= until - _SLACK, _BREAKER, "at", now, "until", until)
        self._hold(until is None or not other_probe, _BREAKER, "two probes at", now)

    def _told(self, error: HostPaused) -> None:
        self._hold(self._is_too_long(trio.current_time()), _TOLD, error, self.pauses)
        self._hold(error.until == self.pauses.until, _TOLD, error.until, self.pauses)
        self._hold(error.unreachable == (self.pauses.cause == "unreachable"), _TOLD, error.unreachable, self.pauses)

    def _is_too_long(self, now: float) -> bool:
        until, since = self.pauses.until, self.pauses.since
        return until is not None and since is not None and until - since > self._patience and now < until

    # What must hold.

    def compare(self) -> None:
        """Compare the numbers."""
        statistics, pace, pauses = self.pacer.statistics(), self.pace, self.pauses
        same = math.isclose(statistics.interval, pace.interval, rel_tol=1e-9)
        self._hold(same, _INTERVAL, statistics.interval, "not", pace.interval)
        found = (statistics.paused_until, statistics.paused_since)
        self._hold(found == (pauses.until, pauses.since), _PAUSES, found, "not", (pauses.until, pauses.since))
        counts = {kind: getattr(statistics, kind) for kind in self.counts}
        self._hold(counts == self.counts, _FIGURES, counts, "not", self.counts)
        counted = (statistics.in_flight, statistics.started)
        self._hold(counted == (self.in_flight, len(pace.starts)), _FIGURES, counted, self.in_flight, len(pace.starts))
        learned = self.pacer.learned()
        slower = pace.interval if pace.interval > pace.own else None
        is_same = (learned.interval is None) == (slower is None) and learned.blocked_interval == (pace.floor or None)
        self._hold(is_same, "what was learned is kept", learned, "not", slower, pace.floor)

    def look_at_rest(self, moment: float, now: float) -> None:
        """Nothing could move from `moment` on until now."""
        waiting = self.pacer.statistics().waiting
        count = len(self.entering) + len(self.starting)
        self._hold(waiting == count, _FIGURES, waiting, "waiting, not", count)
        if not count:
            return
        self._hold(not self._is_too_long(moment), _TOLD, count, "wait at", moment, self.pauses)
        due = self._next_due()
        if self.pauses.until is None and self.entering:
            due = min(due, -math.inf if self._has_place() else math.inf)
        facts = (self.entering, self.starting, self.pauses, "at", moment, "next at", now)
        self._hold(moment < due + _SLACK and now <= due + _SLACK, _AT_ONCE, "due", due, *facts)

    def _has_place(self) -> bool:
        return self.pacer.concurrency is None or self.in_flight < self.pacer.concurrency

    def _next_due(self) -> float:
        """When somebody may go."""
        until = self.pauses.until
        limit = self.pacer.concurrency
        if self.starting and (limit is None or self.running < limit):
            if until is None:
                return self.pace.due
            return math.inf if self.probe is not None and self.probe.under_way else max(until, self.pace.due)
        if until is not None and self.entering and not self.starting and self.probe is None and self._has_place():
            return until
        return math.inf


class PacerProgram:
    """Users of one host whose answers get worse and better, while knobs are turned."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._draw = draw
        self._interval = draw.choice([0.0, 0.0, 0.25, 0.5, 1.0, 2.0])
        learned = Learned(draw.choice([None, None, 3.0]), draw.choice([None, None, None, 4.0]))
        patience = draw.choice([math.inf, math.inf, 20.0, 700.0])
        self._concurrency = draw.choice([None, 1, 2, 3])
        self._watched = _WatchedPacer(witness, self._interval, self._concurrency, patience, learned, 7.0)
        bad = draw.choice([0.0, 0.15, 0.4, 0.8])
        mixed = ["rejected", "unreachable", "blocked", "none"]
        kinds = draw.choice([["rejected"], ["rejected"], ["unreachable"], mixed])
        self._users = [
            [self._request(bad, kinds) for _ in range(draw.randrange(1, 6))] for _ in range(draw.randrange(1, 6))
        ]
        self._knobs = [
            (draw.choice([0.5, 1.0, 5.0]), draw.choice(["interval", "concurrency"]), draw.choice([0, 1, 2, 3]))
            for _ in range(draw.choice([0, 0, 1, 3]))
        ]

    def _request(self, bad: float, kinds: list[str]) -> _Request:
        draw = self._draw
        return _Request(
            pause=draw.choice([0.0, 0.0, 0.0, 1.0, 5.0]),
            connects=draw.choice([0.0, 0.0, 0.0, 0.5, 2.0]),
            starts=draw.choice([1, 1, 1, 1, 0, 2]),
            takes=draw.choice([0.0, 0.25, 0.5, 1.5]),
            patience=draw.choice([math.inf] * 5 + [0.5, 1.0, 6.0]),
            verdict=draw.choice(kinds) if draw.random() < bad else "succeeded",
            asked=draw.choice([0.0, 0.0, 3.0, 30.0, 31.0, 120.0]),
        )

    async def run(self) -> None:
        """As `Program`."""
        pacer = self._watched.pacer
        async with trio.open_nursery() as nursery:
            for number, requests in enumerate(self._users):
                nursery.start_soon(self._use, number, requests)
            for after, knob, value in self._knobs:
                await trio.sleep(after)
                if knob == "interval":
                    pacer.interval = self._watched.pace.own = value / 2
                else:
                    pacer.concurrency = value
                self._watched.compare()
            await trio.sleep(1)
            pacer.concurrency = pacer.concurrency if pacer.concurrency != 0 else 1
        self._watched.compare()

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        if moment is not None:
            self._watched.look_at_rest(moment, trio.current_time())

    def check(self) -> None:
        """As `Program`."""
        statistics = self._watched.pacer.statistics()
        self._witness.hold((statistics.in_flight, statistics.waiting) == (0, 0), _FIGURES, statistics, "at the end")

    async def _use(self, number: int, requests: list[_Request]) -> None:
        for request in requests:
            await trio.sleep(request.pause)
            deadline = trio.current_time() + request.patience
            began = len(self._watched.pace.starts)
            with trio.move_on_at(deadline):
                await self._watched.ask(number, request)
                self._witness.hold(trio.current_time() <= deadline, _CANCELLED, deadline, began)


class CalmProgram:
    """One user of a host that is ill for a while and then well: in the end everything is as fast as at first."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._interval = draw.choice([0.0, 2.0, 3.0])
        self._watched = _WatchedPacer(witness, self._interval, draw.choice([None, 1]), math.inf, Learned(), 5.0)
        kinds = draw.choice([["rejected"], ["rejected", "succeeded"], ["rejected", "unreachable", "blocked"]])
        self._ill = [(draw.choice(kinds), draw.choice([0.0, 0.0, 40.0, 3_600.0])) for _ in range(draw.randrange(1, 7))]

    async def run(self) -> None:
        """As `Program`."""
        for verdict, asked in self._ill:
            await self._watched.ask(0, _Request(0.0, 0.0, 1, 1.0, math.inf, verdict, asked))
        await self._watched.ask(0, _Request(0.0, 0.0, 1, 0.0, math.inf, "succeeded", 0.0))
        # From nothing to the limit in a minute; before that, it doubles with each answer, of which the first takes one.
        # Twenty minutes are the longest that the stretch up to what was rejected takes.
        calm = trio.current_time() + 60.0 + 2 * 60.0 + 1200.0 + 10.0
        while trio.current_time() < calm:
            await self._watched.ask(0, _Request(0.0, 0.0, 1, 0.5, math.inf, "succeeded", 0.0))

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        if moment is not None:
            self._watched.look_at_rest(moment, trio.current_time())

    def check(self) -> None:
        """As `Program`."""
        statistics, floor = self._watched.pacer.statistics(), self._watched.pace.floor
        self._witness.hold(statistics.paused_until is None, _RECOVERS, statistics)
        self._witness.hold(statistics.interval == max(self._interval, floor), _RECOVERS, statistics, "floor", floor)
