"""Every schedule of a small program, one after the other.

A random walk finds races; this shows that there are none, as far as the program's choices go. The number of schedules
grows as the factorial of what runs side by side: two tasks of five steps have some hundred, three tasks of five steps
some hundred thousand.

Pure: this file does not know Trio, or how the program is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trio_pipeline.testing.schedules import Schedule, without_last_zeros

__all__ = ["Exploration", "NotDeterministic", "explore"]


class NotDeterministic(RuntimeError):
    """The same choices led to other choices than before: something besides the schedule decides what happens."""


@dataclass(frozen=True)
class Exploration:
    """How far it came.

    Attributes:
        runs: How many schedules were tried, each of them a different one.
        complete: Whether these are all that there are.
    """

    runs: int
    complete: bool


def explore(run_once: Callable[[Schedule], object], *, limit: int = 10_000) -> Exploration:
    """Run a program under one schedule after the other until all were tried.

    The first is the order in which tasks become ready; later ones differ first in their last choices (depth first).

    Args:
        run_once: Runs the program from its start by `run(…, schedule=…)`, and raises an error if something is wrong.
        limit: The most schedules to try, at least 1.

    Raises:
        NotDeterministic: The program had other choices after the same beginning.
        ValueError: The schedule was not used, or `limit` is less than 1.
        BaseException: The first error of `run_once`, with a note that has the `Replay` which shows it again.
    """
    if limit < 1:
        raise ValueError(f"at least one schedule has to be tried, not {limit}")
    branch = _Branch([])
    runs = 0
    while True:
        runs += 1
        try:
            run_once(branch)
        except BaseException as error:  # noqa: ASYNC103 -- the surprise is raised below, which explains it
            if branch.surprise is None:
                error.add_note(f"schedule {runs} of the exploration: {branch!r}")
                raise
        branch.check()
        following = branch.next()
        if following is None:
            return Exploration(runs, complete=True)
        if runs == limit:
            return Exploration(runs, complete=False)
        branch = following


class _Branch:
    """One schedule: choices that are given, and then in order."""

    def __init__(self, picks: Sequence[int], expected: Sequence[tuple[int, ...]] = ()) -> None:
        self._picks = list(picks)
        self._expected = expected
        self._options: list[tuple[int, ...]] = []
        self._asked = False
        self.surprise: NotDeterministic | None = None

    def pick(self, ready: Sequence[int]) -> int:
        self._asked = True
        if len(ready) == 1:
            return 0
        depth = len(self._options)
        options = tuple(ready)
        if depth < len(self._expected) and options != self._expected[depth]:
            self.surprise = NotDeterministic(
                f"choice {depth} was among the tasks {self._expected[depth]}, and is now among {options}, after the"
                f" same choices, {self._picks[:depth]}"
            )
            raise self.surprise
        self._options.append(options)
        if depth == len(self._picks):
            self._picks.append(0)
        return self._picks[depth]

    def check(self) -> None:
        """What the run must have been, to be one of many."""
        if not self._asked:
            raise ValueError("the schedule was not asked: hand it to run(…, schedule=…)")
        if self.surprise is None and len(self._options) < len(self._expected):
            self.surprise = NotDeterministic(
                f"there were {len(self._expected)} choices or more, and are now {len(self._options)}, after the same"
                f" choices, {self._picks[: len(self._options)]}"
            )
        if self.surprise is not None:
            raise self.surprise

    def next(self) -> _Branch | None:
        """The one that differs at the last choice that had an option left."""
        depth = len(self._picks) - 1
        while depth >= 0 and self._picks[depth] == len(self._options[depth]) - 1:
            depth -= 1
        if depth < 0:
            return None
        return _Branch([*self._picks[:depth], self._picks[depth] + 1], self._options[: depth + 1])

    def __repr__(self) -> str:
        return f"Replay({without_last_zeros(self._picks)})"
