"""The jobs of a database and where they stand, for the two threads that share them.

This file does not know how a job is executed.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import duckdb
import trio
from duckdb import DuckDBPyConnection

__all__ = ["Append", "Change", "DatabaseStatistics", "Desk", "Job", "Open", "Read", "State", "Stop", "Write"]


@dataclass(frozen=True, slots=True)
class DatabaseStatistics:
    """What a database has done since it was opened.

    Attributes:
        queued: Calls that wait and have not begun.
        batches: Transactions committed.
        rows_appended: Rows that `append` has made durable.
        largest_batch: The most writes and appends in one transaction.
        mean_batch: Writes and appends per transaction; 0 before the first.
        last_commit: Seconds that the newest commit took.
        longest_commit: Seconds that the slowest commit took.
        total_commit: Seconds spent on commits.
    """

    queued: int = 0
    batches: int = 0
    rows_appended: int = 0
    largest_batch: int = 0
    mean_batch: float = 0.0
    last_commit: float = 0.0
    longest_commit: float = 0.0
    total_commit: float = 0.0


class Stop:
    """The last job: no other follows it."""


class State(enum.Enum):
    """Where a job stands. It is answered if and only if it is not withdrawn."""

    WAITING = enum.auto()
    CURRENT = enum.auto()
    DONE = enum.auto()
    OVER = enum.auto()
    WITHDRAWN = enum.auto()


@dataclass(slots=True, eq=False)
class Job:
    """What a task waits for.

    Attributes:
        task: Who waits.
        state: Changed by `Desk` alone.
        result: What the task is to be told, if all goes well.
    """

    task: trio.lowlevel.Task
    state: State = field(default=State.WAITING, init=False)
    result: object = field(default=None, init=False)


@dataclass(slots=True, eq=False)
class Open(Job):
    """Take the lock file and connect. Comes first, and again while a reader is in the way."""


@dataclass(slots=True, eq=False)
class Read(Job):
    """Call a function between two batches."""

    function: Callable[[DuckDBPyConnection], object]


@dataclass(slots=True, eq=False)
class Write(Job):
    """Call a function in a transaction."""

    function: Callable[[DuckDBPyConnection], object]


@dataclass(slots=True, eq=False)
class Append(Job):
    """Store one row.

    Attributes:
        table: The table.
        columns: The columns of the row.
        values: Their values, in the same order.
        due: Until when it may wait for others to be committed with, on Trio's clock.
    """

    table: str
    columns: tuple[str, ...]
    values: tuple[object, ...]
    due: float


Change: TypeAlias = Append | Write


class Desk:
    """What both threads touch, always under its lock: the states of the jobs, and the counts.

    To begin a job, to withdraw it, to interrupt it and to end it exclude each other here. That is why what was
    withdrawn is not executed, and why an interrupt never hits the job after the one it was meant for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: DuckDBPyConnection | None = None
        self._dead = False
        self._waiting = 0
        self._changes = 0
        self._statistics = DatabaseStatistics()

    # Called in Trio's thread.

    def received(self) -> None:
        with self._lock:
            self._waiting += 1

    def withdraw(self, job: Job) -> bool:
        """Take back a job that has not begun; False if it has and will be answered."""
        with self._lock:
            if job.state is State.WAITING:
                self._waiting -= 1
            elif not (self._dead and job.state in {State.CURRENT, State.DONE}):
                return False
            job.state = State.WITHDRAWN
            return True

    def interrupt(self, job: Read) -> bool:
        """Interrupt a read; False if it is over."""
        with self._lock:
            if job.state is not State.CURRENT or self._connection is None:
                return False
            # A function can close what it should not; an error here would be one of Trio's scheduler.
            with suppress(duckdb.ConnectionException):
                self._connection.interrupt()
            return True

    def statistics(self) -> DatabaseStatistics:
        with self._lock:
            return replace(self._statistics, queued=self._waiting)

    # Called in the database's thread.

    def connected(self, connection: DuckDBPyConnection) -> None:
        with self._lock:
            self._connection = connection

    def begin(self, job: Job) -> bool:
        """Make a job current; False if it has been withdrawn. One that is current already may begin again."""
        with self._lock:
            if job.state is State.WAITING:
                self._waiting -= 1
                job.state = State.CURRENT
            return job.state is State.CURRENT

    def done(self, job: Read) -> None:
        """Take note that a read's queries are over: an interrupt between here and the answer would hit what follows."""
        with self._lock:
            # It was the current one: none is withdrawn that has begun, save when this thread is no more.
            job.state = State.DONE

    def end(self, job: Job) -> bool:
        """Take note that a job is over, and is to be answered; False if it has been withdrawn."""
        with self._lock:
            if job.state is State.WITHDRAWN:
                return False
            if job.state is State.WAITING:
                # Its transaction could not even begin, which is what its caller is to be told.
                self._waiting -= 1
            job.state = State.OVER
            return True

    def committed(self, changes: int, rows: int, seconds: float) -> None:
        with self._lock:
            old = self._statistics
            self._changes += changes
            self._statistics = DatabaseStatistics(
                batches=old.batches + 1,
                rows_appended=old.rows_appended + rows,
                largest_batch=max(old.largest_batch, changes),
                mean_batch=self._changes / (old.batches + 1),
                last_commit=seconds,
                longest_commit=max(old.longest_commit, seconds),
                total_commit=old.total_commit + seconds,
            )

    def disconnected(self) -> None:
        """Let go of the connection. A job that is still current, because the loop died, will get no answer."""
        with self._lock:
            self._connection = None
            self._dead = True
