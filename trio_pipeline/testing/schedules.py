"""Which task makes the next step: the ways to choose.

A program of cooperating tasks is deterministic but for one thing, the order in which tasks that could go on do go on. A
schedule decides it, one step at a time, and can be written down and replayed.

Pure: this file does not know Trio, what a task is, or what time it is. A schedule serves one run; make a new one for
the next.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Protocol

__all__ = ["CannotReplay", "InOrder", "Priorities", "RandomWalk", "Recorded", "Replay", "Schedule"]


class CannotReplay(ValueError):
    """Recorded choices do not fit the program: it is another one, or it is not deterministic."""


class Schedule(Protocol):
    """Chooses who makes the next step."""

    def pick(self, ready: Sequence[int]) -> int:
        """The position in `ready` of the task that makes the next step.

        It is asked before each step, also when only one task is ready.

        Args:
            ready: The numbers of the tasks that could go on, in the order in which they became ready; those that did
                so in the same step in the order in which they were spawned. By this order tasks are numbered, from 0.
        """
        ...


class InOrder:
    """Whoever became ready first goes first: the calmest schedule there is, and fair."""

    def pick(self, ready: Sequence[int]) -> int:  # noqa: ARG002 (a schedule is free not to look)
        """Always the first."""
        return 0

    def __repr__(self) -> str:
        return "InOrder()"


class RandomWalk:
    """Each step is drawn from a seed, with the same chance for all who are ready.

    Finds most races that need little, and is fair: nobody who is ready waits for ever.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)

    def pick(self, ready: Sequence[int]) -> int:
        """One of all, by chance."""
        count = len(ready)
        return int(self._random.random() * count) if count > 1 else 0

    def __repr__(self) -> str:
        return f"RandomWalk({self._seed!r})"


class Priorities:
    """Probabilistic concurrency testing: random priorities, and a few moments at which the running task loses its own.

    Finds what a random walk does not: one task that makes hundreds of steps while another one that is ready makes none.
    A race that needs `changes + 1` orderings among `n` tasks is found with a chance of at least
    1 / (n * steps ** changes) a run (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with
    Probabilistic Guarantees of Finding Bugs, ASPLOS 2010). It is not fair: a task that polls, checkpoint by checkpoint,
    for what a task of lower priority is to do, polls for ever.

    Args:
        seed: What priorities and moments are drawn from.
        changes: At how many steps the running task falls below all others.
        steps: About how many steps the program makes; the moments are spread over so many.
    """

    def __init__(self, seed: int, *, changes: int = 2, steps: int = 1000) -> None:
        if not 0 <= changes <= steps:
            raise ValueError(f"{changes} changes do not fit into {steps} steps")
        self._arguments = f"{seed!r}, changes={changes}, steps={steps}"
        self._random = random.Random(seed)
        self._change_at = frozenset(self._random.sample(range(steps), changes))
        self._step = 0
        self._lowest = 0.0
        self._priorities: dict[int, float] = {}

    def pick(self, ready: Sequence[int]) -> int:
        """Whoever has the highest priority now."""
        priorities = self._priorities
        for number in ready:
            if number not in priorities:
                priorities[number] = self._random.random()
        chosen = max(ready, key=priorities.__getitem__)
        if self._step in self._change_at:
            self._lowest -= 1
            priorities[chosen] = self._lowest
            chosen = max(ready, key=priorities.__getitem__)
        self._step += 1
        return ready.index(chosen)

    def __repr__(self) -> str:
        return f"Priorities({self._arguments})"


class Replay:
    """Choices made before, made again.

    Args:
        picks: As `Recorded.picks` has them: one for each step at which more than one task was ready.
        then: Who chooses when they are used up; in order without it.
    """

    def __init__(self, picks: Iterable[int], then: Schedule | None = None) -> None:
        self._picks = tuple(picks)
        self._then = InOrder() if then is None else then
        self._used = 0

    def pick(self, ready: Sequence[int]) -> int:
        """The next of the recorded choices.

        Raises:
            CannotReplay: Fewer tasks are ready than the choice had before it.
        """
        if self._used == len(self._picks):
            return self._then.pick(ready)
        if len(ready) == 1:
            return 0
        chosen = self._picks[self._used]
        if not 0 <= chosen < len(ready):
            raise CannotReplay(
                f"choice {self._used} is {chosen}, and only {len(ready)} tasks are ready: this is another program than"
                " the recorded one, or its steps depend on something else than the schedule"
            )
        self._used += 1
        return chosen

    def __repr__(self) -> str:
        then = "" if isinstance(self._then, InOrder) else f", then={self._then!r}"
        return f"Replay({without_last_zeros(self._picks) if not then else list(self._picks)}{then})"


class Recorded:
    """Lets another schedule choose and writes down its choices, where there was a choice.

    Attributes:
        picks: What was chosen at each step at which more than one task was ready; `Replay(picks)` does it again.
        options: Among how many, for each of the picks.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.picks: list[int] = []
        self.options: list[int] = []

    def pick(self, ready: Sequence[int]) -> int:
        """What the other schedule picks."""
        chosen = self._schedule.pick(ready)
        if len(ready) > 1:
            self.picks.append(chosen)
            self.options.append(len(ready))
        return chosen

    def __repr__(self) -> str:
        return f"Recorded({self._schedule!r})"


def without_last_zeros(picks: Sequence[int]) -> list[int]:
    """The same choices for `Replay`, which goes on in order by itself."""
    end = len(picks)
    while end and picks[end - 1] == 0:
        end -= 1
    return list(picks[:end])
