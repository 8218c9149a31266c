"""Which failure means what, and when to try again.

A handler says what went wrong by raising one of the five errors below; every other exception is a defect. `decide`
turns the error into an outcome, which the stage records and then acts on.

Pure: this file does not know the time, the network or what an item is. Random numbers are handed in.
"""

from __future__ import annotations

import datetime
import email.utils
import math
import random
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

__all__ = [
    "Backoff",
    "Done",
    "Failed",
    "GiveUp",
    "ItemError",
    "Outcome",
    "PutOff",
    "Reject",
    "Rejected",
    "RetryPolicy",
    "StopPipeline",
    "StopStage",
    "TryAgain",
    "decide",
    "retry_after_seconds",
]

ResultT_co = TypeVar("ResultT_co", covariant=True)


class ItemError(Exception):
    """What became of one item; never raised itself.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryAgain(ItemError):
    """This attempt failed, another may succeed.

    Attributes:
        after: Seconds that the other side asked us to wait, or None.
        counts: Whether it uses up an attempt. What a host or our own network did wrong does not.
    """

    def __init__(self, reason: str, *, after: float | None = None, counts: bool = True) -> None:
        super().__init__(reason)
        self.after = after
        self.counts = counts


class GiveUp(ItemError):
    """No other attempt makes sense in this run."""


class Reject(ItemError):
    """No other attempt makes sense at all, until a person asks for one."""


class StopStage(Exception):
    """No item of this stage can succeed now: refused credentials, say. The item in hand is let go untouched.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StopPipeline(StopStage):
    """No item of any stage can succeed now: the disk is full, say. The item in hand is let go untouched.

    The whole pipeline is drained: no stage takes up anything new.

    Attributes:
        grace: Seconds that what other workers hold may still take.
    """

    def __init__(self, reason: str, *, grace: float = math.inf) -> None:
        super().__init__(reason)
        self.grace = grace


@dataclass(frozen=True, slots=True)
class Done(Generic[ResultT_co]):
    """The handler returned.

    Attributes:
        result: What it returned.
    """

    result: ResultT_co


@dataclass(frozen=True, slots=True)
class PutOff:
    """The item is to be tried again.

    Attributes:
        reason: Why the attempt failed.
        delay: Seconds to wait first.
        held: Whether the worker waits with the item in hand; else the item goes back to where it came from.
        counts: Whether an attempt was used up.
    """

    reason: str
    delay: float
    held: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The item is given up for this run.

    Attributes:
        reason: Why the last attempt failed.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The item is given up for good.

    Attributes:
        reason: Why.
    """

    reason: str


Outcome: TypeAlias = Done[ResultT_co] | PutOff | Failed | Rejected
"""What one attempt came to."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait after the nth failed attempt: exponential, with "equal" jitter.

    Half of each pause is fixed, so that a server that is down gets its rest; the other half is random, so that clients
    that failed together do not return together (M. Brooker, "Exponential Backoff and Jitter", 2015).

    Attributes:
        first: Seconds after the first failure.
        factor: By how much each pause is longer than the one before.
        longest: Seconds that no pause exceeds.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 300.0

    def delay(self, attempt: int, random_source: random.Random) -> float:
        """Seconds to wait after attempt number `attempt` (from 1) has failed."""
        # 64 doublings are beyond any pause; without the bound a long outage overflows the power.
        full = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        return full / 2 + random_source.random() * full / 2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What a stage does about failures.

    Attributes:
        attempts: How many attempts an item gets in a run.
        hold: Seconds; an item that has to wait longer gives its place back.
        patience: Seconds; an item that has to wait longer is left to another run.
        backoff: The pauses.
    """

    attempts: int = 5
    hold: float = 30.0
    patience: float = math.inf
    backoff: Backoff = field(default_factory=Backoff)


def decide(
    error: ItemError, *, attempt: int, uncounted: int, policy: RetryPolicy, random_source: random.Random
) -> PutOff | Failed | Rejected:
    """What becomes of an item after an attempt that raised `error`.

    Args:
        error: What the handler raised.
        attempt: The number of this attempt among those that count, from 1.
        uncounted: How many failures that do not count the item has had in a row; they lengthen the pause all the same.
        policy: The stage's policy.
        random_source: For the jitter.
    """
    match error:
        case Reject():
            return Rejected(error.reason)
        case TryAgain() if not error.counts or attempt < policy.attempts:
            own = policy.backoff.delay(attempt + uncounted, random_source)
            delay = own if error.after is None else max(own, error.after)
            return PutOff(error.reason, delay, held=delay <= policy.hold, counts=error.counts)
        case _:
            return Failed(error.reason)


LONGEST_RETRY_AFTER = 86_400.0
"""Seconds. Nobody who means it asks for more than a day, and an absurd date would put an item off for centuries."""


def retry_after_seconds(value: str | None, now: datetime.datetime) -> float | None:
    """What a Retry-After header asks for, in seconds from now, a day at most; None if it asks for nothing.

    Args:
        value: The header: whole seconds or an HTTP date (RFC 9110, section 10.2.3).
        now: Wall-clock time, UTC, without a time zone.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        # A longer number is no waiting time but an error or an attack; float() of it could be infinite.
        return min(float(text), LONGEST_RETRY_AFTER) if len(text) <= 9 else None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # the latter from absurd years and time zones
        return None
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_RETRY_AFTER)
