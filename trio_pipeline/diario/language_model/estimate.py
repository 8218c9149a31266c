"""What asking a model would cost, before anything is asked.

Pure: this file does not know where the gazettes' texts are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trio_pipeline.diario.language_model.prompt import instruction
from trio_pipeline.diario.language_model.questions import Question

__all__ = ["UNSEEN", "Estimate", "estimate"]

_CHARACTERS_A_TOKEN = 3.5
_FORM = 800  # tokens of the form of the answer, sent with every question


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be expected.

    Attributes:
        questions: Requests.
        input_tokens: Of the questions.
        output_tokens: Of the answers; one is about as long as the entries that it copies.
    """

    questions: int
    input_tokens: int
    output_tokens: int

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.questions + other.questions,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )

    def times(self, count: int) -> Estimate:
        """That for so many."""
        return Estimate(self.questions * count, self.input_tokens * count, self.output_tokens * count)


UNSEEN = Estimate(37, 170_000, 60_000)
"""A whole gazette that nobody has seen, taken to be like the one that was measured (23 June 2025, 192 pages)."""


def estimate(questions: Iterable[Question]) -> Estimate:
    """What asking about these pieces would cost."""
    lengths = [len(question.text) for question in questions]
    each = len(instruction()) / _CHARACTERS_A_TOKEN + _FORM
    text = sum(lengths) / _CHARACTERS_A_TOKEN
    return Estimate(len(lengths), round(text + each * len(lengths)), round(text))
