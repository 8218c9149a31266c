"""Asks a model about the pieces of a gazette: from the ledger if it has answered before, else within the limits.

A piece that is too much for one answer, or whose answer is not to be believed, is asked about in halves. What is not
answered loses that piece and no other.

This file does not know which gazette it is, or what becomes of the answers.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

import trio

from trio_pipeline.diario.exchange import Stalled
from trio_pipeline.diario.language_model.answers import Asked, Malformed, verify
from trio_pipeline.diario.language_model.prompt import PROMPT_VERSION, instruction
from trio_pipeline.diario.language_model.provider import Answer, DayIsOver, End, LanguageModel, Unreadable
from trio_pipeline.diario.language_model.questions import Question, split
from trio_pipeline.diario.language_model.quota import Quota, Spending
from trio_pipeline.diario.suppression import Suppression
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import StopStage, TryAgain
from trio_pipeline.world import Threads

__all__ = ["Asker", "Notes", "QuestionKey", "tokens_at_most"]

_log = logging.getLogger("trio_pipeline.model")

_SCHEMA_TOKENS = 800
"""Tokens of the form of an answer, which is sent with every question."""


@dataclass(frozen=True, slots=True)
class QuestionKey:
    """What makes two questions the same.

    Attributes:
        model: The model's name.
        prompt: The version of the prompt.
        text_hash: SHA-256 of the text that is asked about, in hex.
    """

    model: str
    prompt: str
    text_hash: str


class Notes(Protocol):
    """What is remembered of every question, in this run and all before."""

    async def spending(self, model: str, since: datetime.datetime) -> Spending:
        """What was spent, and the requests to a model that were begun at a moment or later; UTC."""

    async def answer(self, key: QuestionKey) -> Answer | None:
        """What was answered to a question, or None if nothing was."""

    async def begin(self, key: QuestionKey, tokens: int) -> str:
        """Record that a question is about to be asked, and what it may cost at most; returns a name for the request."""

    async def end(self, request: str, answer: Answer | None) -> None:
        """Record how a request ended: with an answer, or for certain without one, which costs nothing."""


class Asker:
    """Asks about pieces.

    Args:
        model: Whom.
        notes: Where questions and answers are recorded.
        quota: The limits.
        threads: Where answers are checked, which takes some ten milliseconds.
        suppression: What is not to leave this machine: a piece that holds any of it is not sent, save its other half.
    """

    def __init__(
        self, model: LanguageModel, notes: Notes, quota: Quota, threads: Threads, suppression: Suppression
    ) -> None:
        self._model = model
        self._notes = notes
        self._quota = quota
        self._threads = threads
        self._suppression = suppression
        # A lock is here as long as somebody holds it or waits for it.
        self._under_way: WeakValueDictionary[QuestionKey, trio.Lock] = WeakValueDictionary()

    async def ask_all(self, questions: Iterable[Question]) -> list[Asked]:
        """Ask about pieces, one after the other.

        Returns:
            What came of it; a piece that was halved stands before its halves.

        Raises:
            TryAgain: One was not answered; those before it are not asked about again.
            BudgetSpent: The next one may cost more than is left of the budget.
            DayUsedUp: No other request is allowed today.
            StopStage: The key, the model's name or the form of the request is refused.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: a checkpoint. A request that has begun counts as spent.
        """
        waiting = list(questions)[::-1]
        asked = []
        while waiting:
            question = waiting.pop()
            answer = await self._answer(question)
            one = await self._read(question, answer)
            halves = split(question) if _is_unusable(one) else ()
            waiting += reversed(halves)
            asked.append(replace(one, was_halved=bool(halves)))
        return asked

    async def _answer(self, question: Question) -> Answer:
        if self._suppression.holds(question.text):
            return Answer(End.UNUSABLE, "it is not sent: it holds what privacy.suppress hides", "", 0, 0)
        key = QuestionKey(self._model.name, PROMPT_VERSION, question.hash)
        # Gazettes share pages. Who asks the same meanwhile waits for what comes of it, and asks only if nothing did.
        async with self._under_way.setdefault(key, trio.Lock()):
            return await self._notes.answer(key) or await self._send(key, question)

    async def _read(self, question: Question, answer: Answer) -> Asked:
        if answer.end is not End.COMPLETE:
            return Asked(question, None, answer.reason)
        try:
            verified = await self._threads.run(verify, answer.text, question)
        except Malformed as error:
            return Asked(question, None, f"{answer.reason}, but {error}")
        return Asked(question, verified, answer.reason)

    async def _send(self, key: QuestionKey, question: Question) -> Answer:
        most = tokens_at_most(question, self._model.most_output)
        async with self._quota.place(most) as place:
            request = await self._notes.begin(key, most)
            came = await self._outcome(question)
            if isinstance(came, Answer):
                came, place.tokens = _with_its_cost(came, most, self._model.most_output)
                await self._notes.end(request, came)
                return came
            place.tokens = 0
            await self._notes.end(request, None)
        if isinstance(came, DayIsOver):
            _log.warning("%s", came.reason)
            self._quota.end_day()
        raise came

    async def _outcome(self, question: Question) -> Answer | TryAgain | StopStage | HostPaused | DayIsOver:
        """The answer, or why there is for certain none."""
        try:
            return await self._model.ask(question)
        except (Stalled, Unreadable):
            raise  # perhaps it was answered, and is to be paid for
        except (TryAgain, StopStage, HostPaused, DayIsOver) as error:
            return error


def _is_unusable(asked: Asked) -> bool:
    """Whether smaller pieces may bring more: there is no answer, or something in it is made up."""
    return asked.verified is None or bool(asked.verified.rejected)


def _with_its_cost(answer: Answer, most: int, most_output: int) -> tuple[Answer, int]:
    """An answer that says what it cost, and that: where it did not say so, what it may have cost at most."""
    sent = most - most_output if answer.input_tokens is None else answer.input_tokens
    answered = most_output if answer.output_tokens is None else answer.output_tokens
    return replace(answer, input_tokens=sent, output_tokens=answered), sent + answered


def tokens_at_most(question: Question, most_output: int) -> int:
    """The most that a question may cost, its answer included.

    Legal Portuguese has three to four characters a token, and lists of numbers two.
    """
    return (len(instruction()) + len(question.text)) // 2 + _SCHEMA_TOKENS + most_output
