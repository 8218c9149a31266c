"""The one place that reaches into Trio: an object in the place of the random source of its run loop.

In each round Trio sorts the tasks that can go on, if `_ALLOW_DETERMINISTIC_SCHEDULING`, has them shuffled by `_r`, and
lets each make a step. Here the shuffle keeps one task, the one that the schedule chose, and puts the others back on the
run queue: each round is one step, and each step a choice. The clock is the second half: Trio asks it to jump when
nothing can go on, and so it is the one who notices that nothing ever will.

`_r` belongs to the whole process. Runs in other threads, ours or not, are told apart by their thread; one that is not
ours gets Trio's own random order.

It does not know how schedules choose, or what a run is for.
"""

# ruff: noqa: SLF001 (Trio's private names are all that this file is about)
from __future__ import annotations

import contextlib
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import trio
import trio.testing
from outcome import Error
from trio._core import _run

from trio_pipeline.testing.schedules import Schedule
from trio_pipeline.testing.trace import Trace

__all__ = ["Conductor", "NothingMoves", "conducted_by"]

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# The task that starts a run, and the one that makes callbacks from other threads.
TRIOS_OWN = frozenset({0, 2})
# Where no program of anybody's waits, but in which it does.
WAITED_IN = frozenset({"trio", "outcome", "trio_util"})
# How long a run may resist being ended, before it is torn off.
ROUNDS_OF_ENDING = 10
STEPS_OF_ENDING = 50_000


class NothingMoves(Exception):
    """The program cannot end any more: all its tasks wait for each other, or none lets time go on.

    Attributes:
        waiting: A line for each task that waits: its number, its name and where it waits.
    """

    def __init__(self, reason: str, waiting: tuple[str, ...] = ()) -> None:
        super().__init__("\n  ".join((reason, *waiting)))
        self.waiting = waiting


def open_clock(start: float, nothing_moves: Callable[[float], bool]) -> trio.testing.MockClock:
    """Time that stands still while anybody can go on, and then jumps to the next deadline exactly.

    Args:
        start: The time at first.
        nothing_moves: Asked before each jump with the time to jump to, `inf` when nobody waits for any; says whether
            not to.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)
    clock.jump(start)

    def jump() -> None:
        deadline = _run.GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline()
        if not nothing_moves(deadline) and deadline > clock.current_time():
            # By its own way of adding up it would miss some deadlines by the last bit of a float.
            clock._virtual_base = deadline

    # The class is final; the run loop looks it up on the object.
    vars(clock)["_autojump"] = jump
    return clock


class Conductor(trio.abc.Instrument):
    """Lets the tasks of one run step as a schedule chooses.

    Attributes:
        steps: How many steps were made or begun.
        jumps: How often time was to go on because no task could.
        failure: What ended the run from outside of its tasks, if anything did.
    """

    def __init__(
        self,
        schedule: Schedule,
        start: float,
        limit: float,
        patience: int,
        trace: Trace | None,
        before_step: Callable[[int], object] | None,
    ) -> None:
        self.schedule = schedule
        self.clock = open_clock(start, self._end_of_time)
        self.steps = 0
        self.jumps = 0
        self.failure: BaseException | None = None
        self._trace = trace
        self._before_step = before_step
        self._patience = patience
        self._limit = start + limit
        self._instant = start
        self._instant_began = 0
        self._cancelled = False
        self._steps_of_ending = 0
        self._spawned = 0
        self._numbers: dict[trio.lowlevel.Task, int] = {}
        self._names: dict[int, str] = {}
        # Who is ready, and the numbers of these, in the order in which they became so.
        self._ready: list[trio.lowlevel.Task] = []
        self._ready_numbers: list[int] = []
        self._is_ready: set[int] = set()

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Give it its number."""
        self._numbers[task] = self._spawned
        self._names[self._spawned] = ADDRESS.sub("", task.name)
        self._spawned += 1

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        """Forget it."""
        del self._names[self._numbers.pop(task)]

    def keep_one(self, batch: list[trio.lowlevel.Task]) -> None:
        """Leave in the batch the task that makes the next step."""
        if not batch:
            return
        if len(batch) > len(self._ready):
            self._welcome(batch)
        position = 0 if self.failure else self._choose()
        if self.failure:
            self._end()
        chosen = self._ready.pop(position)
        self._is_ready.discard(self._ready_numbers.pop(position))
        _run.GLOBAL_RUN_CONTEXT.runner.runq.extend(self._ready)
        batch[:] = [chosen]

    def _welcome(self, batch: list[trio.lowlevel.Task]) -> None:
        """Line up those who have become ready since the last step."""
        # Whoever became ready in the same step did so in an order that may come from a set. Trio's own, in which they
        # were spawned, does not.
        for task in batch:
            number = self._numbers[task]
            if number not in self._is_ready:
                self._ready.append(task)
                self._ready_numbers.append(number)
                self._is_ready.add(number)

    def _choose(self) -> int:
        """Begin a step: the position of who makes it, or 0 if the run ends instead."""
        now = self.clock.current_time()
        if now != self._instant:
            self._instant, self._instant_began = now, self.steps
        elif self.steps - self._instant_began >= self._patience:
            self._nothing_moves(f"{self._patience} steps were made at {now} s, and time does not go on")
            return 0
        try:
            if self._before_step is not None:
                self._before_step(self.steps)
            position = self._pick()
        except BaseException as error:  # noqa: ASYNC103, BLE001 -- it comes out of the run
            self.failure = error
            return 0  # noqa: ASYNC104 -- likewise
        if self._trace is not None:
            number = self._ready_numbers[position]
            self._trace.note(number, self._names[number], now)
        self.steps += 1
        return position

    def _pick(self) -> int:
        ready = self._ready_numbers
        if self.steps == 1 and len(ready) == 2:
            # The main task, and Trio's own that has to wait for its first callback: not a choice about the program.
            self.schedule.pick(ready[1:])
            return 1
        position = self.schedule.pick(ready)
        if not 0 <= position < len(ready):
            raise ValueError(f"{self.schedule!r} picked {position!r} of {len(ready)} tasks")
        return position

    def _end_of_time(self, deadline: float) -> bool:
        self.jumps += 1
        if deadline == math.inf:
            self._nothing_moves("every task waits, and none for a time")
        elif deadline > self._limit:
            self._nothing_moves(f"every task waits, none for a time before {self._limit} s, the limit")
        return deadline > self._limit

    def _nothing_moves(self, reason: str) -> None:
        if self.failure is None:
            self.failure = NothingMoves(reason, tuple(self._where_they_are()))
        else:
            self._force()
        self._end()

    def _end(self) -> None:
        """Cancel the whole run, as soon as that can be done."""
        runner = _run.GLOBAL_RUN_CONTEXT.runner
        if runner.system_nursery is not None and not self._cancelled:
            self._cancelled = True
            runner.system_nursery.cancel_scope.cancel(reason="the run cannot go on")
        self._steps_of_ending += 1
        if self._steps_of_ending > STEPS_OF_ENDING:
            raise self.failure or AssertionError

    def _force(self) -> None:
        """Nothing moves although all was cancelled: break the shields, and then the waiting itself."""
        runner = _run.GLOBAL_RUN_CONTEXT.runner
        self._steps_of_ending += STEPS_OF_ENDING // ROUNDS_OF_ENDING
        for task in self._numbers:
            status: _run.CancelStatus | None = task._cancel_status
            while status is not None:
                status._scope.shield = False
                status = status._parent
        if not runner.runq:
            for task, number in self._numbers.items():
                if number not in TRIOS_OWN:
                    runner.reschedule(task, Error(NothingMoves("the run is brought to its end")))

    def close(self) -> None:
        """Unwind the tasks that a run left behind when it was torn off."""
        for task in self._numbers:
            task._abort_func = None  # it would reach for what the run loop has closed
        for task in reversed(self._numbers):
            # As the collector of garbage would, but at once and without a word, and again for each nursery on the way.
            for _ in range(ROUNDS_OF_ENDING):
                with contextlib.suppress(BaseException):
                    task.coro.close()
            if task.parent_nursery is not None:
                task.parent_nursery._children.discard(task)
        self._numbers.clear()

    def _where_they_are(self) -> Iterator[str]:
        for task, number in self._numbers.items():
            if number not in TRIOS_OWN:
                state = "can go on" if number in self._is_ready else "waits"
                yield f"task {number}, {self._names[number]}, {state} {place_of(task)}"


def place_of(task: trio.lowlevel.Task) -> str:
    """The innermost line of somebody's program, and what of Trio it waits in."""
    program, inside = "in Trio", ""
    for frame, line in task.iter_await_frames():
        module = frame.f_globals.get("__name__", "?")
        if module.partition(".")[0] in WAITED_IN:
            inside = inside or f" ({module}.{frame.f_code.co_qualname})"
        else:
            program, inside = f"in {module}.{frame.f_code.co_qualname}, line {line}", ""
    return program + inside


class _Source:
    """Stands in the place of Trio's random source while any run of ours goes on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._original: Any = None
        self._was_sorted = False
        self._had_hypothesis = False
        self.here = threading.local()

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Called by every run loop of the process with all tasks that are ready."""
        conductor = getattr(self.here, "conductor", None)
        if conductor is not None:
            conductor.keep_one(batch)
        elif self._was_sorted:
            self._original.shuffle(batch)
        elif self._original.random() < 0.5:
            batch.reverse()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def install(self) -> None:
        """Take the place, if nobody has yet."""
        with self._lock:
            if self._users == 0:
                self._original = _run._r
                self._was_sorted = _run._ALLOW_DETERMINISTIC_SCHEDULING
                self._had_hypothesis = "hypothesis" in sys.modules
                vars(_run).update(_r=self, _ALLOW_DETERMINISTIC_SCHEDULING=True)
            self._users += 1

    def remove(self) -> None:
        """Give the place back, if nobody needs it any more."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                # Importing hypothesis switches sorting on for good, and may have happened in between.
                asked_for = "hypothesis" in sys.modules and not self._had_hypothesis
                vars(_run).update(_r=self._original, _ALLOW_DETERMINISTIC_SCHEDULING=self._was_sorted or asked_for)


_source = _Source()


@contextlib.contextmanager
def conducted_by(conductor: Conductor) -> Iterator[None]:
    """Within it, the conductor decides each step of the run that this thread makes."""
    outer = getattr(_source.here, "conductor", None)
    _source.install()
    _source.here.conductor = conductor
    try:
        yield
    finally:
        _source.here.conductor = outer
        _source.remove()
        conductor.close()
