"""What each of Gemini's refusals means.

429 comes without a Retry-After header: what is used up and for how long stands in the error's details (QuotaFailure
and RetryInfo of google.rpc).

This file does not know what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.language_model.provider import DayIsOver, Unreadable
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.retry import LONGEST_RETRY_AFTER, StopStage, TryAgain

__all__ = ["react", "shown"]

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_LONGEST_REASON = 200


def react(exchange: Exchange, told: Mapping[str, Any] | None, *, key: str) -> NoReturn:
    """Give the pacer its verdict on an answer that is none, and raise what it means.

    Args:
        exchange: The answer.
        told: Its JSON object; None if it is none.
        key: What was sent to prove who asks; some refusals quote it.

    Raises:
        DayIsOver: The requests of this day are used up.
        StopStage: 400, 401, 403, 404: the same would come of every other request.
        Unreadable: It is a success.
        TryAgain: Everything else.
    """
    error = told.get("error") if told is not None else None
    error = error if isinstance(error, dict) else {}
    status = exchange.status
    reason = f"the model answered with status {status}{_said(error, key)}"
    if status == 429:
        if any("PerDay" in quota for quota in _quotas(error)):
            # Nobody asks again before the day is over, so that there is no pause to be kept.
            exchange.permit.rejected(reason)
            raise DayIsOver(reason)
        after = _retry_delay(error) or exchange.retry_after
        exchange.permit.rejected(reason, after)
        raise TryAgain(reason, after=after, counts=False)
    if status in {400, 401, 403, 404}:
        exchange.permit.succeeded()
        raise StopStage(reason)
    if status >= 500:
        exchange.permit.rejected(reason, exchange.retry_after)
        # Overloaded is the host's doing. What else goes wrong there may be this very piece's.
        raise TryAgain(reason, after=exchange.retry_after, counts=status != 503)
    exchange.permit.succeeded()
    raise (Unreadable if 200 <= status < 300 else TryAgain)(f"{reason}: no answer that can be read")


def shown(text: str, longest: int, *, key: str) -> str:
    """What a person is shown of the host's words: on one line, no longer than so many characters, without the key."""
    # The key is replaced while it is whole: a cut through its middle would leave half of it.
    hidden = text.replace(key, "«hidden»") if key else text
    return terminal_safe(hidden[:longest])[:longest]


def _said(error: Mapping[str, Any], key: str) -> str:
    words = [error[name] for name in ("status", "message") if isinstance(error.get(name), str)]
    return f": {shown(' '.join(words), _LONGEST_REASON, key=key)}" if words else ""


def _details(error: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and _text(detail, "@type").endswith(kind):
            yield detail


def _quotas(error: Mapping[str, Any]) -> Iterator[str]:
    for detail in _details(error, "QuotaFailure"):
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            if isinstance(violation, dict):
                yield _text(violation, "quotaId")


def _retry_delay(error: Mapping[str, Any]) -> float | None:
    """The seconds of RetryInfo (`45.837906927s`), a day at most, or None."""
    for detail in _details(error, "RetryInfo"):
        match = _DURATION.fullmatch(_text(detail, "retryDelay"))
        if match:
            return min(float(match[1]), LONGEST_RETRY_AFTER)
    return None


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""
