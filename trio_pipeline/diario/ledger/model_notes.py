"""What a language model was asked and answered, as the ledger keeps it: nothing that it has answered is paid for twice.

A request is recorded before it is sent, with the most that it may cost, and once more when it has ended. One without an
end may have been answered: what it may have cost counts as spent.

This file does not know what the questions are.
"""

from __future__ import annotations

import datetime

from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database
from trio_pipeline.diario.language_model.asking import QuestionKey
from trio_pipeline.diario.language_model.provider import Answer, End
from trio_pipeline.diario.language_model.quota import PastRequest, Spending
from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.world import World

__all__ = ["ModelNotes"]


class ModelNotes:
    """The part of the ledger that is about models. Found in `Ledger.model`."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    async def spending(self, model: str, since: datetime.datetime) -> Spending:
        """What was spent, and the requests to a model that were begun at a moment or later; UTC."""

        def read(connection: DuckDBPyConnection) -> Spending:
            (tokens,) = connection.execute(statement("model_spending")).fetchone() or (0,)
            rows = connection.execute(statement("model_requests_since"), {"model": model, "since": since}).fetchall()
            return Spending(int(tokens), tuple(PastRequest(*row) for row in rows))

        return await self._database.read(read)

    async def answer(self, key: QuestionKey) -> Answer | None:
        """What was answered to a question, or None if nothing was."""

        def read(connection: DuckDBPyConnection) -> Answer | None:
            row = connection.execute(
                statement("model_answer"), {"model": key.model, "prompt": key.prompt, "text_hash": key.text_hash}
            ).fetchone()
            return None if row is None else Answer(End(row[0]), *row[1:])

        return await self._database.read(read)

    async def begin(self, key: QuestionKey, tokens: int) -> str:
        """Record that a question is about to be asked, and what it may cost at most; returns a name for the request.

        Cancellation: it is recorded or not.
        """
        request = self._world.new_id()
        await self._database.append(
            "model_requests",
            {
                "request": request,
                "asked_at": self._world.now(),
                "model": key.model,
                "prompt": key.prompt,
                "text_hash": key.text_hash,
                "reserved": tokens,
            },
        )
        return request

    async def end(self, request: str, answer: Answer | None) -> None:
        """Record how a request ended: with an answer, or for certain without one, which costs nothing.

        Cancellation: it is recorded or not; then it counts as one that may have been answered.
        """
        await self._database.append(
            "model_answers",
            {
                "request": request,
                "ended_at": self._world.now(),
                "ended_with": None if answer is None else answer.end.value,
                "reason": None if answer is None else answer.reason,
                "text": None if answer is None else answer.text,
                "input_tokens": 0 if answer is None else answer.input_tokens,
                "output_tokens": 0 if answer is None else answer.output_tokens,
            },
        )
