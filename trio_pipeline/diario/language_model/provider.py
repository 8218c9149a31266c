"""What every language model looks like to the pipeline. Each provider is one file beside this one.

This file does not know how any of them is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from trio_pipeline.diario.language_model.questions import Question
from trio_pipeline.retry import TryAgain

__all__ = ["Answer", "DayIsOver", "End", "LanguageModel", "Unreadable"]


class End(Enum):
    """How an answer ended."""

    COMPLETE = "complete"
    """By itself: it is to be read."""

    UNUSABLE = "unusable"
    """Cut off, empty or withheld. A smaller piece may be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, and what it cost.

    Attributes:
        end: How it ended.
        reason: The provider's word for that.
        text: What it said.
        input_tokens: Tokens that the question had; None if the provider does not say so in a way to be believed.
        output_tokens: Tokens that the answer had, thoughts included; None likewise.
    """

    end: End
    reason: str
    text: str
    input_tokens: int | None
    output_tokens: int | None


class Unreadable(TryAgain):
    """An answer came and cannot be read: it may have cost what an answer costs."""


class DayIsOver(Exception):
    """The provider takes no more requests today.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LanguageModel(Protocol):
    """A model that can be asked.

    Attributes:
        name: Of the model.
        most_output: The most tokens that an answer may have.
    """

    name: str
    most_output: int

    async def ask(self, question: Question) -> Answer:
        """Ask once.

        Raises:
            TryAgain: It did not answer, or wants fewer requests; what it did not answer costs nothing. `Unanswered`
                when the question went out whole and no answer came, and `Unreadable` when it cannot be read: it may
                have cost what an answer costs.
            DayIsOver: The requests of this day are used up.
            StopStage: The key, the model's name or the form of the request is refused.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: a checkpoint; what has begun may have cost what an answer costs.
        """
