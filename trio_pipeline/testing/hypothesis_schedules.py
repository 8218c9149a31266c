"""Schedules for tests with Hypothesis, which shrink.

Every choice is drawn when the program comes to it, and the simplest choice is the task that became ready first. So what
Hypothesis reports of a failing test is a schedule that leaves this order at very few steps.

The one file here that imports Hypothesis. It does not know how the program is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import reporting, strategies
from hypothesis.control import cleanup, should_note

from trio_pipeline.testing.schedules import Schedule, without_last_zeros

__all__ = ["schedules"]


@strategies.composite
def schedules(draw: strategies.DrawFn, *, choices: int = 1000) -> Schedule:
    """A schedule for one `run` inside of the test that draws it.

    Its `repr`, also in the note that `run` adds to an error, is the `Replay` that makes the same choices.

    Args:
        draw: Given by Hypothesis.
        choices: How many of them are drawn; later ones are made in order. Hypothesis gives up examples that draw more
            than about 8,000 values.
    """
    schedule = _Drawn(draw, choices)
    if should_note():
        # Hypothesis prints arguments before the test begins, when nothing is drawn yet.
        cleanup(lambda: reporting.report(f"The schedule was {schedule!r}"))
    return schedule


class _Drawn:
    """Draws each choice."""

    def __init__(self, draw: strategies.DrawFn, choices: int) -> None:
        self._draw = draw
        self._choices = choices
        self._picks: list[int] = []
        self._begun = False

    def pick(self, ready: Sequence[int]) -> int:
        self._begun = True
        if len(ready) == 1 or len(self._picks) == self._choices:
            return 0
        chosen = self._draw(strategies.integers(0, len(ready) - 1))
        self._picks.append(chosen)
        return chosen

    def __repr__(self) -> str:
        return f"Replay({without_last_zeros(self._picks)})" if self._begun else "(drawn as the program runs)"
