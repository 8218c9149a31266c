"""A model whose answers are written down, and the notes of a ledger that lives in memory."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from trio_pipeline.diario.language_model.provider import Answer, End
from trio_pipeline.diario.language_model.questions import Question
from trio_pipeline.diario.language_model.quota import PastRequest, Spending


def answer(text="", *, end=End.COMPLETE, reason="STOP", tokens=(100, 50)):
    return Answer(end, reason, text, *tokens)


@dataclass
class ScriptedModel:
    """Answers as `script` says, which may raise, and takes its time."""

    script: Callable[[Question], Answer]
    seconds: float = 1.0
    name: str = "scripted"
    most_output: int = 1_000
    asked: list[Question] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        self.times.append(trio.current_time())
        await trio.sleep(self.seconds)
        return self.script(question)


@dataclass
class MemoryNotes:
    """What the ledger would keep."""

    answers: dict = field(default_factory=dict)
    begun: list = field(default_factory=list)
    ended: list = field(default_factory=list)

    async def spending(self, model: str, since: datetime.datetime) -> Spending:
        requests: tuple[PastRequest, ...] = ()
        return Spending(0, requests)

    async def answer(self, key):
        await trio.lowlevel.checkpoint()
        return self.answers.get(key)

    async def begin(self, key, tokens):
        await trio.lowlevel.checkpoint()
        self.begun.append((key, tokens))
        return len(self.begun) - 1

    async def end(self, request, answer):
        await trio.lowlevel.checkpoint()
        self.ended.append((request, answer))
        if answer is not None:
            self.answers[self.begun[request][0]] = answer
