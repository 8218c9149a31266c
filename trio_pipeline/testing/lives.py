"""A life: a program that runs in a process of its own, and may end at any step without a word.

A crash is not a cancellation: no `finally` runs, no buffer is flushed, no lock is given back by hand. So a life is a
child of this process, forked when it begins, and a crash is SIGKILL at a step that was chosen before. What the next
life finds is what files in a real directory are after that, less what was not synced.

To fork needs a process in which no other thread holds a lock at that moment. Threads that idle, as those that Trio
keeps for a while after a call, do no harm: they do not exist in the child, and Trio forgets them there. DuckDB must not
be at work in another thread.

This file does not know what lives, or what a crash loses; whoever does registers it with `Life.before_crash`.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import pickle
import random
import signal
import sys
import traceback
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import trio

from trio_pipeline.testing.running import A_YEAR, _check_trio, run
from trio_pipeline.testing.schedules import RandomWalk, Schedule
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.world import CALM, Chances, SimulatedWorld, open_world

__all__ = ["End", "Life", "live"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class End(Generic[T]):
    """How a life ended, and what outlived it.

    Attributes:
        crashed: Whether it ended at the step that was chosen for it.
        result: What the program returned, if it did.
        error: What came out of it instead, as a traceback with its notes; or how its process ended, if it did so by
            itself. None if all went well or it crashed.
        error_type: The name of the class of that error; "" if there is none.
        kept: By name, what `Life.keep` was to keep.
        steps: How many steps it made.
        clock: Trio's clock at the end, seconds.
        digest: Of the trace.
        lines: Those of the trace, if they were to be kept.
    """

    crashed: bool = False
    result: T | None = None
    error: str | None = None
    error_type: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    clock: float = 0.0
    digest: str = ""
    lines: tuple[str, ...] = ()


class Life:
    """What a program knows of the life that it lives.

    Attributes:
        seed: Of everything in it.
        number: Which one of several it is.
        start: When it began, on Trio's clock.
        trace: Is told what happens.
        step: The step that is made now.
        crash_at: The step before which the process is killed; None for none. It can be changed at any time.
        callbacks_at_end: What `keep` was given.
        callbacks_before_crash: What `before_crash` was given.
    """

    def __init__(self, seed: int | str, number: int, start: float, trace: Trace) -> None:
        self.seed = seed
        self.number = number
        self.start = start
        self.trace = trace
        self.step = 0
        self.crash_at: int | None = None
        self.callbacks_at_end: dict[str, Callable[[], object]] = {}
        self.callbacks_before_crash: list[Callable[[], object]] = []

    def keep(self, name: str, get: Callable[[], object]) -> None:
        """Have a value outlive the process, however it ends: `get` is called then. The value must be picklable."""
        self.callbacks_at_end[name] = get

    def before_crash(self, function: Callable[[], object]) -> None:
        """Have a function called in the moment of a crash, as `SimulatedFiles.lose_unsynced`."""
        self.callbacks_before_crash.append(function)

    @asynccontextmanager
    async def open_world(self, directory: Path, *, chances: Chances = CALM) -> AsyncIterator[SimulatedWorld]:
        """`world.open_world` of this life; its files lose at a crash what was not synced."""
        async with open_world(self.seed, directory, life=self.number, trace=self.trace, chances=chances) as world:
            self.before_crash(world.files.lose_unsynced)
            yield world


class _Death:
    """What the process of a life knows and the program does not: how it ends."""

    def __init__(self, life: Life, pipe: int) -> None:
        self._life = life
        self._pipe = pipe
        self._clock = life.start

    def begin_step(self, number: int) -> None:
        self._life.step = number
        self._clock = trio.current_time()
        if number == self._life.crash_at:
            for function in self._life.callbacks_before_crash:
                function()
            self.say(crashed=True)
            os.kill(os.getpid(), signal.SIGKILL)

    def say(self, *, crashed: bool = False, result: object = None, error: BaseException | None = None) -> None:
        """Tell the parent how it ended, and all that is to outlive it."""
        life = self._life
        # An exception need not survive pickling, and leaves its traceback behind.
        words = None if error is None else "".join(traceback.format_exception(error))
        try:
            end: End[object] = End(
                crashed=crashed,
                result=result,
                error=words,
                error_type="" if error is None else type(error).__qualname__,
                kept={name: get() for name, get in life.callbacks_at_end.items()},
                # The step before which it crashed was never made.
                steps=life.step + (not crashed),
                clock=self._clock,
                digest=life.trace.digest,
                lines=tuple(life.trace.lines),
            )
            said = pickle.dumps(end)
        except Exception as mishap:  # noqa: BLE001 -- somebody's callback, or what cannot be pickled
            words = f"{words or ''}{''.join(traceback.format_exception(mishap))}"
            said = pickle.dumps(End(error=words, error_type=type(mishap).__qualname__))
        with os.fdopen(self._pipe, "wb", closefd=False) as file:
            file.write(said)


def live(
    function: Callable[[Life], Awaitable[T]],
    *,
    seed: int | str,
    crash_at: int | None = None,
    number: int = 0,
    start: float = 0.0,
    schedule: Schedule | None = None,
    keep_lines: bool = False,
    limit: float = A_YEAR,
    real_limit: float = 60.0,
) -> End[T]:
    """Live a life in a child of this process, until the function returns or the life crashes.

    The function runs by `running.run`. It can be a closure; what it changes is lost, but for files, what it returns and
    what it keeps. Only to be called outside of Trio.

    Args:
        function: Called with the `Life`.
        seed: Of the life.
        crash_at: The step before which the process is killed; None or a step that never comes for none.
        number: Which one of several lives this is.
        start: Where Trio's clock begins, seconds.
        schedule: Chooses the steps; a random walk from the seed and the number, if it is left out.
        keep_lines: Whether the lines of the trace come back, not only its digest.
        limit: The longest that it may live, virtual seconds.
        real_limit: The longest that it may live, real seconds. Then it is killed, and the error says where it was.

    Raises:
        RuntimeError: Called within `trio.run`.
        UnknownTrio: As `running.run`.
    """
    if trio.lowlevel.in_trio_run():
        raise RuntimeError("a life cannot begin within trio.run: its child could not run Trio again")
    _check_trio()  # which each child would have to do for itself
    if schedule is None:
        schedule = RandomWalk(random.Random(f"{seed}/{number}/schedule").getrandbits(64))
    life = Life(seed, number, start, Trace(keep=keep_lines))
    life.crash_at = crash_at
    program = partial(run, function, life, schedule=schedule, start=start, trace=life.trace, limit=limit)
    end, status = _in_child(partial(_live, life, program), real_limit)
    if isinstance(end, End):
        return end
    name = f"life {number} of seed {seed}"
    if status == -signal.SIGALRM:
        words = f"{name} still ran after {real_limit:g} s of real time, and was killed at:\n{end}"
        return End(error=words, error_type="TimeoutError")
    how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
    return End(error=f"the process of {name} ended {how}\n{end}", error_type="ChildProcessError")


def _live(life: Life, program: Callable[..., object], pipe: int) -> None:
    """In the child: live, and say how it ended."""
    death = _Death(life, pipe)
    try:
        result = program(before_step=death.begin_step)
    except BaseException as error:  # noqa: ASYNC103, BLE001 -- whatever it is, the parent is told
        death.say(error=error)
    else:
        death.say(result=result)


def _in_child(body: Callable[[int], None], real_limit: float) -> tuple[End[Any] | str, int]:
    """Call a function in a child: what it said by the pipe that it was given, and its exit status."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        child = _fork()
        if child == 0:
            # Else a child whose parent is gone would wait for itself to read what it says.
            os.close(reading)
            _be_child(partial(body, writing), writing, real_limit)
        os.close(writing)
        try:
            said = pipe.read()
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
        finally:
            _, status = os.waitpid(child, 0)
    try:
        end: End[Any] = pickle.loads(said)  # noqa: S301 -- from our own child
    except Exception:  # noqa: BLE001 -- what unpickling raises is up to the bytes
        return said.decode(errors="replace"), os.waitstatus_to_exitcode(status)
    return end, os.waitstatus_to_exitcode(status)


def _fork() -> int:
    # What waits in a buffer would be written twice.
    _flush()
    with warnings.catch_warnings():
        # From 3.12 on Python warns of other threads, idle or not. The module's docstring says what holds.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _be_child(body: Callable[[], None], pipe: int, real_limit: float) -> NoReturn:
    """Call the function and end, without anything of the parent's being closed, flushed or called."""
    status = 70
    try:
        # What belongs to the parent must not be finalized here: a connection to a database would write.
        gc.freeze()
        # Kills also what hangs outside of Python, and with the parent gone.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        faulthandler.register(signal.SIGALRM, file=pipe, chain=True)
        signal.setitimer(signal.ITIMER_REAL, real_limit)
        body()
        _flush()
        status = 0
    finally:
        os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
