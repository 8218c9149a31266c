"""Gemini, through its public REST API (`models.generateContent` of v1beta).

The key is in this object and in what it sends, and nowhere else. This file does not know what is asked, what may be
spent, or what is believed of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from trio_pipeline.diario.exchange import Exchange, Stalled
from trio_pipeline.diario.http import Http, whole
from trio_pipeline.diario.language_model.gemini_errors import react, shown
from trio_pipeline.diario.language_model.prompt import instruction, schema
from trio_pipeline.diario.language_model.provider import Answer, End, Unreadable
from trio_pipeline.diario.language_model.questions import Question
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import TryAgain

__all__ = ["Gemini"]

_LARGEST_ANSWER = 4 * 1024 * 1024
_LONGEST_WORD = 60  # none that is known has more than half of that
# The only reason of `Candidate.finishReason` that stands for an answer. All others (MAX_TOKENS, RECITATION, SAFETY,
# SPII, BLOCKLIST, PROHIBITED_CONTENT, OTHER and what is yet to come) are about something in the piece.
_FINISHED = "STOP"


@dataclass(frozen=True, slots=True)
class _Credible:
    """The most that the host can count.

    Attributes:
        sent: Tokens of the question: as many as it has bytes.
        answered: Tokens of the answer: as many as were asked for.
    """

    sent: int
    answered: int


class Gemini:
    """One of Gemini's models.

    Args:
        http: The client.
        pacer: The pace of its host.
        base_url: The address of the API, without a slash at its end.
        name: Of the model.
        key: The API key.

    Attributes:
        name: See above.
        most_output: The most tokens that an answer may have.
    """

    most_output = 16_384

    def __init__(self, http: Http, pacer: Pacer, *, base_url: str, name: str, key: str) -> None:
        self.name = name
        self._http = http
        self._pacer = pacer
        self._url = f"{base_url}/v1beta/models/{quote(name.removeprefix('models/'), safe='')}:generateContent"
        self._key = key

    async def ask(self, question: Question) -> Answer:
        """Ask once; see `LanguageModel.ask`.

        Cancellation: as there.
        """
        body = json.dumps(self._request(question), ensure_ascii=False).encode("utf-8", "replace")

        headers = {"Content-Type": "application/json", "x-goog-api-key": self._key}
        async with self._http.send(
            "POST", self._url, pacer=self._pacer, headers=headers, content=whole(body), length=len(body)
        ) as exchange:
            told = await _json(exchange)
            if exchange.status != 200 or told is None:
                react(exchange, told, key=self._key)
            exchange.permit.succeeded()
            return _answer(told or {}, _Credible(len(body), self.most_output), self._key)

    def _request(self, question: Question) -> dict[str, object]:
        return {
            "systemInstruction": {"parts": [{"text": instruction()}]},
            "contents": [{"role": "user", "parts": [{"text": question.text}]}],
            "generationConfig": {
                "temperature": 0,
                "maxOutputTokens": self.most_output,
                "responseMimeType": "application/json",
                "responseSchema": schema(),
            },
        }


async def _json(exchange: Exchange) -> Mapping[str, Any] | None:
    """The answer's object, or None if it is no JSON object of a length to be read."""
    try:
        data = await exchange.body.peek(_LARGEST_ANSWER + 1)
    except Stalled:
        raise
    except TryAgain as error:  # it does not end
        if exchange.status == 200:
            raise Unreadable(error.reason) from error
        raise
    if len(data) > _LARGEST_ANSWER:
        return None
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):  # the latter from brackets within brackets, some thousand deep
        return None
    return told if isinstance(told, dict) else None


def _answer(told: Mapping[str, Any], credible: _Credible, key: str) -> Answer:
    spent = _spent(_object(told.get("usageMetadata")), credible)
    candidates = _list(told.get("candidates"))
    if not candidates:
        blocked = _object(told.get("promptFeedback")).get("blockReason")
        return Answer(End.UNUSABLE, _word(blocked, "no candidate", key), "", *spent)
    candidate = _object(candidates[0])
    reason = _word(candidate.get("finishReason"), "no finish reason", key)
    text = "".join(_texts(candidate))
    if reason != _FINISHED:
        return Answer(End.UNUSABLE, reason, "", *spent)
    if not text.strip():
        return Answer(End.UNUSABLE, f"{reason} without a text", "", *spent)
    return Answer(End.COMPLETE, reason, text, *spent)


def _texts(candidate: Mapping[str, Any]) -> list[str]:
    parts = map(_object, _list(_object(candidate.get("content")).get("parts")))
    said = [part for part in parts if part.get("thought") is not True]
    return [_storable(part["text"]) for part in said if isinstance(part.get("text"), str)]


def _storable(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can tell and neither UTF-8 nor the ledger can keep."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _spent(usage: Mapping[str, Any], credible: _Credible) -> tuple[int | None, int | None]:
    """Tokens of the question and of the answer; None for what is not told or cannot be."""
    sent = _count(usage, "promptTokenCount", credible.sent)
    in_all = _count(usage, "totalTokenCount", credible.sent + credible.answered)
    if not sent or in_all is None or in_all < sent:
        return sent or None, None
    # Thoughts are in the total alone.
    answered = max(in_all - sent, _count(usage, "candidatesTokenCount", credible.answered) or 0)
    return sent, answered if answered <= credible.answered else None


def _count(usage: Mapping[str, Any], name: str, most: int) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and 0 <= value <= most else None


def _word(value: object, otherwise: str, key: str) -> str:
    return shown(value, _LONGEST_WORD, key=key) if isinstance(value, str) and value else otherwise
