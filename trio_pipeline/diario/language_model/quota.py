"""The limits within which a model is asked: requests and tokens a minute, requests a day, tokens ever.

A request counts from when it takes its place until a minute after its end. So wherever a provider's minute begins, no
more than allowed has arrived in it: the first one in it ended after that, the last one took its place before.

What is spent is known from the ledger when a run begins, so that a crash lifts no limit. This file does not know what
is asked.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

import trio

from trio_pipeline.diario.language_model.pacific import day_began, day_ends
from trio_pipeline.world import World

__all__ = ["BudgetSpent", "DayUsedUp", "Limits", "PastRequest", "Place", "Quota", "Spending"]

_MINUTE = 60.0
_LONGEST = 3600.0  # seconds that no request is under way


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be asked for.

    Attributes:
        requests_a_minute: None for no limit, as the next two.
        tokens_a_minute: See there.
        requests_a_day: A day of California.
        tokens: In all runs together.
    """

    requests_a_minute: int | None
    tokens_a_minute: int | None
    requests_a_day: int | None
    tokens: int


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A request that the ledger knows.

    Attributes:
        asked_at: When; UTC.
        ended_at: When it was answered, if it was; UTC.
        tokens: What it cost; what it was expected to cost at most while nobody knows.
    """

    asked_at: datetime.datetime
    ended_at: datetime.datetime | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent until now.

    Attributes:
        tokens: By all models in all runs.
        recent: The requests to one model since a moment.
    """

    tokens: int
    recent: tuple[PastRequest, ...]


class BudgetSpent(Exception):
    """The token budget does not suffice for another request."""


class DayUsedUp(Exception):
    """No request is allowed before the next day.

    Attributes:
        until: When that begins; UTC.
    """

    def __init__(self, until: datetime.datetime) -> None:
        super().__init__(f"the requests of this day are used up; the next day begins at {until:%H:%M} UTC")
        self.until = until


@dataclass(slots=True, eq=False)
class Place:
    """A request's place among those that count.

    Attributes:
        tokens: What it costs, as far as is known: at first what it may cost at most.
        until: When it stops counting for the minute, in Trio's time.
    """

    tokens: int
    until: float = math.inf


class Quota:
    """Keeps the limits.

    Args:
        limits: The limits.
        spending: What all runs before have cost, and the requests of this day and of the last minute.
        world: For the time of day.
    """

    def __init__(self, limits: Limits, spending: Spending, world: World) -> None:
        self._limits = limits
        self._world = world
        self._spent = spending.tokens
        self._places: list[Place] = []
        self._today: list[datetime.datetime] = []
        self._closed_until: datetime.datetime | None = None
        self._turn = trio.Lock()
        self._ended = trio.Event()
        for request in spending.recent:
            self._remember(request)

    @property
    def spent(self) -> int:
        """Tokens spent in all, those included that requests under way may cost at most."""
        return self._spent

    def end_day(self) -> NoReturn:
        """The provider itself has said that the day's requests are used up.

        Raises:
            DayUsedUp: Always.
        """
        self._closed_until = day_ends(self._world.now())
        raise DayUsedUp(self._closed_until)

    @asynccontextmanager
    async def place(self, tokens: int) -> AsyncIterator[Place]:
        """Wait until another request is allowed, and count it.

        What it costs is to be written into the place as soon as it is known.

        Args:
            tokens: The most that it may cost.

        Raises:
            BudgetSpent: It may cost more than is left.
            DayUsedUp: No other request is allowed today.

        Cancellation: while it waits nothing is counted; afterwards the request is, with what it may cost at most.
        """
        async with self._turn:
            await self._wait_for_the_minute(tokens)
            self._check(tokens)
            place = Place(tokens)
            self._places.append(place)
            self._today.append(self._world.now())
            self._spent += tokens
        try:
            yield place
        finally:
            self._spent += place.tokens - tokens
            place.until = trio.current_time() + _MINUTE
            self._ended.set()
            self._ended = trio.Event()

    async def _wait_for_the_minute(self, tokens: int) -> None:
        while True:
            self._check(tokens)
            now = trio.current_time()
            self._places = [place for place in self._places if place.until > now]
            if self._fits(tokens):
                await trio.lowlevel.checkpoint()
                return
            next_end = min(place.until for place in self._places)
            with trio.move_on_at(next_end):
                await self._ended.wait()

    def _fits(self, tokens: int) -> bool:
        if not self._places:
            # One that is larger than a whole minute's tokens goes alone.
            return True
        limits = self._limits
        if limits.requests_a_minute is not None and len(self._places) >= limits.requests_a_minute:
            return False
        in_minute = sum(place.tokens for place in self._places)
        return limits.tokens_a_minute is None or in_minute + tokens <= limits.tokens_a_minute

    def _check(self, tokens: int) -> None:
        if self._spent + tokens > self._limits.tokens:
            raise BudgetSpent(
                f"the next question may cost {tokens:,} tokens, and of model.token_budget "
                f"{max(0, self._limits.tokens - self._spent):,} are left"
            )
        now = self._world.now()
        began = day_began(now)
        self._today = [asked for asked in self._today if asked >= began]
        is_closed = self._closed_until is not None and now < self._closed_until
        most = self._limits.requests_a_day
        if is_closed or (most is not None and len(self._today) >= most):
            raise DayUsedUp(day_ends(now))

    def _remember(self, request: PastRequest) -> None:
        self._today.append(request.asked_at)
        now = self._world.now()
        # One whose end nobody knows was cut off with its run, at this moment at the latest.
        ended = request.ended_at or (now if (now - request.asked_at).total_seconds() < _LONGEST else request.asked_at)
        left = _MINUTE - max(0.0, (now - ended).total_seconds())
        if left > 0:
            self._places.append(Place(request.tokens, trio.current_time() + left))
