"""A Trio program run on virtual time, every step of it chosen by a schedule.

It does not know how Trio's run loop is entered (`_trio_hook` does), how a schedule chooses, or what the program is.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import trio

from trio_pipeline._defects import leaves
from trio_pipeline.testing._trio_hook import Conductor, NothingMoves, conducted_by
from trio_pipeline.testing.schedules import InOrder, RandomWalk, Recorded, Replay, Schedule
from trio_pipeline.testing.trace import Trace

__all__ = ["A_YEAR", "NothingMoves", "UnknownTrio", "run"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# By running the tests with it.
KNOWN_TO_WORK = ("0.32", "0.33", "0.34", "0.35")
A_YEAR = 365 * 24 * 3600.0  # seconds


class UnknownTrio(Exception):
    """The Trio that is installed works inside in another way than those we know, so that no schedule can be kept."""


def run(
    function: Callable[[*Ts], Awaitable[T]],
    *args: *Ts,
    schedule: Schedule | int = 0,
    start: float = 0.0,
    trace: Trace | None = None,
    before_step: Callable[[int], object] | None = None,
    limit: float = A_YEAR,
    patience: int = 1_000_000,
) -> T:
    """`trio.run` on virtual time, in which the schedule chooses every step.

    While any task can go on, time stands still; when none can, it jumps to the next deadline. So nothing in it waits
    for real, and what does take real time (threads, sockets, processes) is not waited for: use stand-ins.

    Args:
        function: The program; it is called with `args`.
        *args: For the function.
        schedule: Who chooses; a number is `RandomWalk(number)`.
        start: Where Trio's clock begins, seconds.
        trace: Gets a line for each step: number and name of the task, and the time.
        before_step: Called before each step with its number, from 0. What it raises ends the run and comes out.
        limit: The longest that the program may live, virtual seconds.
        patience: How many steps may be made while time stands still.

    Returns:
        What the function returns.

    Raises:
        NothingMoves: The program cannot end: all tasks wait and no deadline is left before the limit, or time does not
            go on any more. The tasks are cancelled first.
        UnknownTrio: This cannot be done with the Trio that is installed.
        RuntimeError: Called within `trio.run`.
        BaseException: What comes out of the function, or of the schedule; with a note that says the schedule, the step
            and the time.
    """
    if trio.lowlevel.in_trio_run():
        # Before Trio is tried, which would fail by this and be blamed.
        raise RuntimeError("run() was called from inside a run of Trio: call it from a function that is not async")
    _check_trio()
    chosen = RandomWalk(schedule) if isinstance(schedule, int) else schedule
    return _conduct(Conductor(chosen, start, limit, patience, trace, before_step), function, *args)


def _conduct(conductor: Conductor, function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    try:
        with conducted_by(conductor):
            return _run_to_its_end(conductor, function, *args)
    except BaseException as error:
        now = conductor.clock.current_time()
        error.add_note(f"step {conductor.steps} at {now} s of virtual time, {conductor.schedule!r}")
        raise


def _run_to_its_end(conductor: Conductor, function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    try:
        result = trio.run(function, *args, clock=conductor.clock, instruments=[conductor])
    except BaseException as error:
        if conductor.failure is None:
            raise
        if _comes_of_ending(error):
            raise conductor.failure from None  # noqa: ASYNC104 -- the run is over
        raise conductor.failure  # noqa: ASYNC104, B904 -- likewise; context, but not the cause
    if conductor.failure is not None:
        raise conductor.failure
    return result


def _comes_of_ending(error: BaseException) -> bool:
    return all(isinstance(leaf, trio.Cancelled | trio.TrioInternalError | NothingMoves) for leaf in leaves(error))


_checked = threading.Event()


def _check_trio() -> None:
    """Find out, once a process, whether this Trio can be led step by step."""
    if not _checked.is_set():
        try:
            wrong = _try_trio()
        except Exception as error:
            raise UnknownTrio(_unknown(f"{type(error).__name__}: {error}")) from error
        if wrong:
            raise UnknownTrio(_unknown(wrong))
        _checked.set()


def _unknown(wrong: str) -> str:
    return (
        f"the inside of Trio {trio.__version__} is not as expected ({wrong}), so that no schedule can be kept."
        f" Known to work: {', '.join(KNOWN_TO_WORK)}. Install one of these, or a newer version of this library."
    )


def _try_trio() -> str:
    """What is wrong; nothing, if nothing is."""
    story: list[str] = []
    steps = _Steps()

    async def walk(name: str) -> None:
        for _ in range(3):
            story.append(name)
            await trio.lowlevel.checkpoint()
        await trio.sleep(1)

    async def program() -> float:
        async with trio.open_nursery() as nursery:
            for name in "abc":
                nursery.start_soon(walk, name)
        return trio.current_time()

    def follow(schedule: Schedule) -> str:
        story.clear()
        steps.count = 0
        conductor = Conductor(schedule, 10.0, 5.0, 1000, None, None)
        with conducted_by(conductor):
            end = trio.run(program, clock=conductor.clock, instruments=[conductor, steps])
        if (conductor.steps, conductor.jumps, end) != (steps.count, 1, 11.0):
            return f"{conductor.steps} of {steps.count} steps chosen, {conductor.jumps} of 1 jumps to {end} of 11.0 s"
        return "".join(story)

    recorded = Recorded(RandomWalk(3))
    first = follow(recorded)
    if sorted(first) != list("aaabbbccc"):
        return first
    if follow(Replay(recorded.picks)) != first:
        return "a recorded schedule does not replay"
    if follow(InOrder()) != "abcabcabc":
        return "tasks do not become ready in their order"
    return ""


class _Steps(trio.abc.Instrument):
    """Counts the steps that Trio makes."""

    count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 (Trio's signature)
        self.count += 1
