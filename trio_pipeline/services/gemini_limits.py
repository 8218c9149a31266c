"""The quotas of Gemini's stand-in: requests and input tokens a minute, and requests a day.

A minute is the one before each request, which is as strict as any way of counting can be; a day ends at midnight in
California. Pure: this file does not know the time, nor who asks.
"""

from __future__ import annotations

import datetime
from collections import deque
from dataclasses import dataclass

from trio_pipeline.diario.language_model.pacific import day_began, day_ends
from trio_pipeline.services.gemini_errors import GeminiError, quota_error

__all__ = ["GeminiLimits", "GeminiUse"]

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class GeminiLimits:
    """How much is allowed; None for any number.

    Attributes:
        requests_a_minute: Requests in any minute.
        tokens_a_minute: Tokens of questions in any minute.
        requests_a_day: Requests from midnight to midnight in California.
    """

    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    requests_a_day: int | None = None


class GeminiUse:
    """What was used of the quotas of each model.

    Args:
        limits: The quotas; the same for every model.
    """

    def __init__(self, limits: GeminiLimits) -> None:
        self._limits = limits
        self._minute: dict[str, deque[tuple[float, int]]] = {}
        self._today: dict[str, tuple[datetime.datetime, int]] = {}

    def use(self, model: str, tokens: int, clock: float, now: datetime.datetime) -> None:
        """Count a request.

        Args:
            model: Which model is asked.
            tokens: How many tokens the question has.
            clock: The time in seconds, by which minutes are counted.
            now: The time of day, by which days are counted; UTC, without a time zone.

        Raises:
            GeminiError: A quota is used up; the request is not counted.
        """
        minute = self._minute.setdefault(model, deque())
        while minute and minute[0][0] <= clock - _MINUTE:
            minute.popleft()
        day, count = self._today.get(model, (day_began(now), 0))
        if day != day_began(now):
            day, count = day_began(now), 0
        self._check(model, tokens, minute, count, clock, now)
        minute.append((clock, tokens))
        self._today[model] = (day, count + 1)

    def _check(
        self,
        model: str,
        tokens: int,
        minute: deque[tuple[float, int]],
        today: int,
        clock: float,
        now: datetime.datetime,
    ) -> None:
        limits = self._limits
        until = minute[0][0] + _MINUTE - clock if minute else _MINUTE
        if limits.requests_a_day is not None and today >= limits.requests_a_day:
            raise per_day(model, limits.requests_a_day, now)
        if limits.requests_a_minute is not None and len(minute) >= limits.requests_a_minute:
            raise per_minute(model, limits.requests_a_minute, until)
        used = sum(spent for _, spent in minute)
        if limits.tokens_a_minute is not None and used + tokens > limits.tokens_a_minute:
            quota = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
            metric = "generate_content_free_tier_input_token_count"
            raise quota_error(quota, metric, limits.tokens_a_minute, model, _seconds(until))


def per_minute(model: str, limit: int, seconds: float) -> GeminiError:
    """The refusal of a request too many in a minute."""
    quota = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
    return quota_error(quota, "generate_content_free_tier_requests", limit, model, _seconds(seconds))


def per_day(model: str, limit: int, now: datetime.datetime) -> GeminiError:
    """The refusal of a request too many in a day."""
    quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    seconds = (day_ends(now) - now).total_seconds()
    return quota_error(quota, "generate_content_free_tier_requests", limit, model, f"{seconds:.0f}s")


def _seconds(seconds: float) -> str:
    return f"{max(0.001, seconds):.9f}".rstrip("0").rstrip(".") + "s"
