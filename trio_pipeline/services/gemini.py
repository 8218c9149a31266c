"""A stand-in for Gemini: the methods of its API that answer a text by a text.

It knows beforehand what stands in the gazettes, keeps quotas, and errs when a fault asks for it. This file does not
know how a request is read or what makes an answer true.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import trio

from trio_pipeline.diario.model import Judgement
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.gemini_answers import Truths, said
from trio_pipeline.services.gemini_errors import FAULT_ERRORS, INVALID_KEY, NO_KEY, GeminiError, unknown_model
from trio_pipeline.services.gemini_limits import GeminiLimits, GeminiUse, per_day, per_minute
from trio_pipeline.services.gemini_requests import (
    INPUT_LIMIT,
    OUTPUT_LIMIT,
    Prompt,
    count_prompt,
    read_prompt,
    tokens_of,
)
from trio_pipeline.services.service import Service

__all__ = ["Gemini", "GeminiLimits"]

_PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^/:]+)(?::(?P<method>[A-Za-z]+))?")
_MODEL = re.compile(r"gemini-[a-z0-9.-]{1,60}")
_LARGEST_REQUEST = 20 * 1024 * 1024
_FINISH_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "safety": "SAFETY",
        "recitation": "RECITATION",
        "spii": "SPII",
        "blocklist": "BLOCKLIST",
        "prohibited": "PROHIBITED_CONTENT",
        "other": "OTHER",
    }
)
_THOUGHT = "Let me read the entries one by one."


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was answered or refused.

    Attributes:
        at: When, in Trio's time.
        sha256: Of its body.
        outcome: The finish reason, the block reason or the status of the error.
        tokens: What it cost.
    """

    at: float
    sha256: str
    outcome: str
    tokens: int


class Gemini(Service):
    """Gemini.

    Args:
        truths: The judgements that can be found.
        now: The time of day, UTC, without a time zone; days of quotas follow it.
        key: The only API key that is valid; None for any.
        limits: The quotas.
        latency: Seconds from the beginning of a question to its answer.
        plan: Which requests go wrong.
    """

    def __init__(
        self,
        truths: Iterable[Judgement],
        *,
        now: Callable[[], datetime.datetime],
        key: str | None = None,
        limits: GeminiLimits | None = None,
        latency: float = 0.0,
        plan: FaultPlan | None = None,
    ) -> None:
        super().__init__(latency=latency, plan=plan)
        self._truths = Truths(truths)
        self._now = now
        self._key = key
        self._use = GeminiUse(limits or GeminiLimits())
        self._limits = limits or GeminiLimits()
        self.asked: list[_Asked] = []

    def statistics(self) -> dict[str, object]:
        """What was counted, and what every question came to."""
        outcomes = Counter(one.outcome for one in self.asked)
        return {
            **super().statistics(),
            "outcomes": dict(sorted(outcomes.items())),
            "tokens": sum(one.tokens for one in self.asked),
            "asked": [{"at": one.at, "sha256": one.sha256, "outcome": one.outcome} for one in self.asked],
        }

    async def _serve(self, exchange: Exchange) -> None:
        path = _PATH.fullmatch(exchange.path)
        method = path["method"] if path is not None else None
        match exchange.method, method:
            case "POST", "generateContent":
                await exchange.admit("question", "gemini", self.plan)
            case "POST", "countTokens":
                await exchange.admit("count")
            case "GET", None if path is not None:
                await exchange.admit("model")
            case _:
                await exchange.admit("missing")
                await exchange.answer(404)
                return
        assert path is not None
        await exchange.wait(self._latency)
        if await answered_by_fault(exchange):
            return
        body = await exchange.read_all(_LARGEST_REQUEST) or b""
        try:
            value = self._answer(exchange, path["model"], method, body)
        except GeminiError as error:
            self._note(body, error.status, 0)
            await exchange.answer_json(error.body(), status=error.code)
            return
        if exchange.fault is not None and exchange.fault.name == "answer-lost":
            await exchange.cut(reset=False)
        await exchange.answer_json(value)

    def _answer(self, exchange: Exchange, model: str, method: str | None, body: bytes) -> object:
        self._check_key(exchange)
        if _MODEL.fullmatch(model) is None:
            raise unknown_model(model, method or "get")
        match method:
            case "countTokens":
                return {"totalTokens": count_prompt(body, model)}
            case "generateContent":
                return self._generated(exchange, model, body)
            case _:
                return _described(model)

    def _check_key(self, exchange: Exchange) -> None:
        key = exchange.headers.get("x-goog-api-key") or exchange.query.get("key")
        if not key:
            raise NO_KEY
        if self._key is not None and key != self._key:
            raise INVALID_KEY

    def _generated(self, exchange: Exchange, model: str, body: bytes) -> dict[str, object]:
        prompt = read_prompt(body, model)
        fault = "" if exchange.fault is None else exchange.fault.name
        self._refuse(fault, model)
        self._use.use(model, prompt.tokens, trio.current_time(), self._now())
        answer = _wrapped(prompt, self._text(prompt, fault), fault, model)
        self._note(body, _outcome(answer), _cost(answer))
        return answer

    def _refuse(self, fault: str, model: str) -> None:
        if fault in FAULT_ERRORS:
            raise FAULT_ERRORS[fault]
        if fault == "per-minute":
            raise per_minute(model, self._limits.requests_a_minute or 10, 19.0)
        if fault == "per-day":
            raise per_day(model, self._limits.requests_a_day or 250, self._now())

    def _text(self, prompt: Prompt, fault: str) -> str:
        return said(self._truths.in_text(prompt.text), prompt.text, prompt.shape, fault)

    def _note(self, body: bytes, outcome: str, tokens: int) -> None:
        self.asked.append(_Asked(trio.current_time(), hashlib.sha256(body).hexdigest(), outcome, tokens))


def _wrapped(prompt: Prompt, text: str, fault: str, model: str) -> dict[str, object]:
    """An answer around what is said."""
    if fault == "blocked-prompt":
        usage = {"promptTokenCount": prompt.tokens, "totalTokenCount": prompt.tokens}
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage, "modelVersion": model}
    reason = _FINISH_REASONS.get(fault, "STOP")
    if reason != "STOP" or fault == "empty-answer":
        text = ""
    if fault == "max-tokens" or tokens_of(text) > prompt.most:
        reason, text = "MAX_TOKENS", text[: min(4 * prompt.most, len(text) // 2 if fault else len(text))]
    parts = _parts(text, fault)
    candidate: dict[str, object] = {"finishReason": reason, "index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": parts}
    thoughts = tokens_of(_THOUGHT) if fault == "thoughts" else 0
    usage = {
        "promptTokenCount": prompt.tokens,
        "candidatesTokenCount": tokens_of(text),
        "totalTokenCount": prompt.tokens + tokens_of(text) + thoughts,
    }
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}


def _parts(text: str, fault: str) -> list[dict[str, object]]:
    if not text:
        return []
    if fault == "split-text":
        third = len(text) // 3
        return [{"text": piece} for piece in (text[:third], text[third : 2 * third], text[2 * third :]) if piece]
    thoughts: list[dict[str, object]] = [{"text": _THOUGHT, "thought": True}] if fault == "thoughts" else []
    return [*thoughts, {"text": text}]


def _outcome(answer: Mapping[str, object]) -> str:
    candidates = answer.get("candidates")
    if isinstance(candidates, list):
        return str(candidates[0]["finishReason"])
    return "BLOCKED"


def _cost(answer: Mapping[str, object]) -> int:
    usage = answer["usageMetadata"]
    assert isinstance(usage, dict)
    return int(usage["totalTokenCount"])


def _described(model: str) -> dict[str, object]:
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": model,
        "inputTokenLimit": INPUT_LIMIT,
        "outputTokenLimit": OUTPUT_LIMIT,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
