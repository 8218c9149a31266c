"""Who watches a program of the core: notes what happens, and keeps the first promise that was not kept.

A promise is looked at where something happens, and between any two steps. What is raised in a task can get lost in the
very defect that it tells of, so the first breach is kept and comes out at the end, whatever else does.

This file does not know which programs there are, nor what was promised.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import trio

from trio_pipeline.simulation.broken import Broken
from trio_pipeline.testing.running import NothingMoves, run
from trio_pipeline.testing.schedules import InOrder, Priorities, RandomWalk, Schedule
from trio_pipeline.testing.trace import Trace

__all__ = ["LATE", "Program", "Witness", "live_through"]

LATE = 100_000.0
"""Seconds of virtual time within which every program is over."""

_STEPS = 5_000
"""Steps at one instant after which a program goes round in circles; they make a few hundred."""

_MOVES = "nobody waits for ever, and nobody goes round in circles"
_DEFECTS = "what comes out of a program was put into it"


class Witness:
    """Keeps the first promise that did not hold.

    Args:
        trace: Where what happens is noted.
    """

    def __init__(self, trace: Trace) -> None:
        self.note = trace.note
        self.broken: Broken | None = None

    def hold(self, kept: bool, invariant: str, *facts: object) -> None:  # noqa: FBT001 (reads like an assertion)
        """Raise `Broken` unless a promise was kept."""
        if not kept:
            broken = Broken(invariant, " ".join(map(str, facts)))
            self.broken = self.broken or broken
            raise broken


class Program(Protocol):
    """A small program over the core, made from a random source, that knows what it may expect."""

    async def run(self) -> None:
        """Live. Everything that was started has ended when it returns."""

    def look(self, moment: float | None) -> None:
        """Look at what must hold at any time; called between any two steps.

        Args:
            moment: None, or the time that it was before the clock went on just now: what could move then has moved.
        """

    def check(self) -> None:
        """Look at what must hold after the end."""


class _Eye:
    """Looks at a program before each step."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._time = 0.0

    def __call__(self, step: int) -> None:
        del step
        now = trio.current_time()
        moment = self._time if now > self._time else None
        self._time = now
        self._program.look(moment)


def live_through(where: str, draw: random.Random, witness: Witness, program: Program) -> None:
    """Let a program live under a schedule that is drawn.

    Args:
        where: What to call it in what is raised.
        draw: What the schedule is drawn from.
        witness: The one that the program tells.
        program: The program.

    Raises:
        Broken: The first promise that did not hold.
    """
    schedule = _schedule(draw)
    with _judged(witness, f"{where}, {schedule}"):
        run(program.run, schedule=schedule, before_step=_Eye(program), limit=LATE, patience=_STEPS)
        if witness.broken is None:
            program.check()


def _schedule(draw: random.Random) -> Schedule:
    seed = draw.randrange(2**32)
    makers: list[Callable[[], Schedule]] = [
        lambda: RandomWalk(seed),
        lambda: RandomWalk(seed),
        lambda: Priorities(seed, changes=draw.randrange(1, 5), steps=400),
        InOrder,
    ]
    return draw.choice(makers)()


@contextmanager
def _judged(witness: Witness, where: str) -> Iterator[None]:
    """Let everything that comes out be a broken promise, the first one if there are several."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise (witness.broken or _promise(error)).at(where) from error  # noqa: ASYNC104 -- outside of any run
    if witness.broken is not None:
        raise witness.broken.at(where)


def _promise(error: BaseException) -> Broken:
    parts = [error]
    while isinstance(parts[0], BaseExceptionGroup):
        parts = [*parts[0].exceptions, *parts[1:]]
    for part in parts:
        if isinstance(part, Broken):
            return part
    if isinstance(error, NothingMoves):
        return Broken(_MOVES, error)
    return Broken(_DEFECTS, "; ".join(repr(part) for part in parts))
