"""What the attempts of a watched stage came to, and so what it has to record.

This file does not know where the items are meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from trio_pipeline.retry import Done, Failed, GiveUp, Outcome, PutOff, Reject, Rejected, RetryPolicy, TryAgain

__all__ = ["TOO_LONG", "StageOutcomes"]

_OUTCOME = "the record says what the attempt came to"
_ATTEMPT = "attempts are counted one by one"
TOO_LONG = "took too long"
"""The reason of an attempt that was cut off, in words that need not be those of the stage."""


class StageOutcomes:
    """What each item's last attempt came to, and how many came before it.

    Attributes:
        came_to: What the last attempt raised, if anything.
        lasted: How long it took, in seconds.
    """

    def __init__(self, policy: RetryPolicy, hold: Callable[..., None]) -> None:
        self._policy = policy
        self._hold = hold
        self.came_to: dict[Hashable, Exception | None] = {}
        self.lasted: dict[Hashable, float] = {}
        self._counted: dict[Hashable, int] = {}
        self._uncounted: dict[Hashable, int] = {}

    def expected(self, item: Hashable) -> Outcome[Any]:
        """What the attempt just made comes to; of a pause, the longest that it may be."""
        match error := self.came_to[item]:
            case None:
                return Done(item)
            case Reject():
                return Rejected(error.reason)
            case TryAgain() if not error.counts or self._counted.get(item, 0) + 1 < self._policy.attempts:
                return PutOff(error.reason, self.pause(item, error)[1], False, error.counts)
            case TryAgain() | GiveUp():
                return Failed(error.reason)
        raise AssertionError(error)

    def pause(self, item: Hashable, error: TryAgain) -> tuple[float, float]:
        """The shortest and the longest pause that may follow."""
        backoff = self._policy.backoff
        number = self._counted.get(item, 0) + self._uncounted.get(item, 0)
        full = min(backoff.longest, backoff.first * backoff.factor**number)
        after = error.after or 0.0
        return max(after, full / 2), max(after, full)

    def judge(self, item: Hashable, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        """Compare what is to be recorded with what happened."""
        expected, error = self.expected(item), self.came_to[item]
        if isinstance(outcome, PutOff) and isinstance(expected, PutOff) and isinstance(error, TryAgain):
            shortest, longest = self.pause(item, error)
            is_same_reason = TOO_LONG in (expected.reason, outcome.reason) or outcome.reason == expected.reason
            same = is_same_reason and outcome.counts == expected.counts
            held = outcome.held == (outcome.delay <= self._policy.hold)
            self._hold(same and held and shortest <= outcome.delay <= longest, _OUTCOME, outcome, "not", expected)
        elif isinstance(expected, Failed) and expected.reason == TOO_LONG:
            self._hold(isinstance(outcome, Failed), _OUTCOME, outcome, "not", expected)
        else:
            self._hold(outcome == expected, _OUTCOME, outcome, "not", expected)
        self._hold(elapsed == self.lasted[item], _OUTCOME, "after", elapsed, "s, not", self.lasted[item])
        self._hold(attempt == self._counted.get(item, 0) + 1, _ATTEMPT, item, attempt, self._counted.get(item, 0))
        self._hold(attempt <= self._policy.attempts, _ATTEMPT, item, attempt)

    def count(self, item: Hashable, *, counts: bool) -> None:
        """One more attempt of it was put off."""
        if counts:
            self._counted[item] = self._counted.get(item, 0) + 1
            self._uncounted[item] = 0
        else:
            self._uncounted[item] = self._uncounted.get(item, 0) + 1
