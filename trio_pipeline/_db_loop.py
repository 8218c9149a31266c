"""The loop that owns a DuckDB connection: it takes jobs in order, commits together what waits together, and answers.

A generator of steps, so that a thread can run it in earnest and a Trio task in a simulated world.

Whoever gives it another connection than DuckDB's needs little of it, besides what callers' functions use: `execute`
with a statement of `extract_statements` (and with text, for the description of a table), `commit`, `rollback`,
`get_table_names`, `close`; and `interrupt`, which is called from another thread.

This file does not know what is stored, nor what becomes of the tasks that wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import duckdb
import trio
from duckdb import DuckDBPyConnection
from outcome import Error, Outcome, Value, capture

from trio_pipeline._db_insert import Insert
from trio_pipeline._db_jobs import Append, Change, Desk, Job, Open, Read, State, Stop, Write
from trio_pipeline._db_lock import locked
from trio_pipeline.world import Ask, Owner, OwnerLoop

__all__ = ["Server"]

T = TypeVar("T")

_Owner: TypeAlias = Owner[Job | Stop]
_Steps: TypeAlias = Generator[Ask | float, Job | Stop | None, T]

_BATCH_LIMIT = 1000
"""Jobs that one transaction takes at most, so that a flood of writes delays a read by one batch, not by all of them."""


class Server:
    """The life of the connection. Everything but `__init__` runs in the database's thread."""

    def __init__(self, connect: Callable[[], DuckDBPyConnection], lock_file: Path | None, desk: Desk) -> None:
        self._connect = connect
        self._lock_file = lock_file
        self._desk = desk
        self._clock = trio.lowlevel.current_clock()
        self._resources = ExitStack()
        self._inserts: dict[tuple[str, tuple[str, ...]], Insert] = {}
        self._connection: DuckDBPyConnection
        self._fixed: dict[str, duckdb.Statement]

    def loop(self, owner: _Owner) -> OwnerLoop[Job | Stop]:
        """Serve jobs in order, until the one that says stop."""
        ahead: Job | Stop | None = None
        with self._resources:
            while True:
                job = ahead or (yield Ask.NEXT)
                ahead = None
                match job:
                    case Append() | Write():
                        batch, ahead = yield from self._collect(job)
                        yield from self._change(owner, batch)
                    case Read():
                        yield from self._single(owner, job, partial(self._read, job))
                    case Open():
                        yield from self._single(owner, job, self._open)
                    case _:
                        return

    def _collect(self, first: Change) -> _Steps[tuple[list[Change], Job | Stop | None]]:
        """The changes that wait, from the first one on, and the job behind them if it was met.

        While all of them can wait, so does the batch; the first that cannot takes the others along.
        """
        batch = [first]
        due = _due(first)
        while len(batch) < _BATCH_LIMIT:
            patience = due - self._clock.current_time()
            job = yield (patience if patience > 0 else Ask.MORE)
            if not isinstance(job, Append | Write):
                return batch, job
            batch.append(job)
            due = min(due, _due(job))
        return batch, None

    def _single(self, owner: _Owner, job: Job, function: Callable[[], None]) -> _Steps[None]:
        """Serve a job that shares nothing with others."""
        yield Ask.STEP
        if self._desk.begin(job):
            # An interrupt that comes here is lost, since no query runs yet. That is why they are repeated.
            yield Ask.STEP
            yield from self._answer(owner, [job], capture(function))

    def _change(self, owner: _Owner, batch: Sequence[Change]) -> _Steps[None]:
        """Commit changes together; if one fails, each by itself."""
        end = yield from self._transaction(batch)
        if isinstance(end, Value) or len(batch) == 1:
            yield from self._answer(owner, batch, end)
        else:
            for job in batch:
                own_end = yield from self._transaction([job])
                yield from self._answer(owner, [job], own_end)

    def _transaction(self, batch: Sequence[Change]) -> _Steps[Outcome[None]]:
        """Commit all of the changes, or none of them."""
        for step in self._plan(batch):
            yield Ask.STEP
            end = capture(step)
            if isinstance(end, Error):
                # Whatever ran so far is void, also where DuckDB has not noticed: a function may have raised.
                self._roll_back()
                return end
        return Value(None)

    def _plan(self, batch: Sequence[Change]) -> list[Callable[[], None]]:
        """What to do one after the other for a batch to be durable."""
        statements = [
            partial(self._insert, run) if isinstance(run, list) else partial(self._write, run) for run in runs(batch)
        ]
        if len(batch) == 1 and isinstance(batch[0], Append):
            # BEGIN and COMMIT around a single statement cost a tenth of it, so that it commits by itself.
            return [partial(self._commit, batch, *statements)]
        begin = partial(self._execute, "BEGIN")
        return [begin, *statements, partial(self._commit, batch, partial(self._execute, "COMMIT"))]

    def _answer(self, owner: _Owner, jobs: Sequence[Job], end: Outcome[None]) -> _Steps[None]:
        """Wake the callers of jobs that ended together."""
        yield Ask.STEP
        answers = [
            (job.task, end if isinstance(end, Error) else Value(job.result)) for job in jobs if self._desk.end(job)
        ]
        # One call for all: with one for each, the two threads wrest the interpreter from each other after every answer,
        # which costs a third of the rows a second. In which order the tasks then run is the scheduler's choice anyway.
        # No step comes between the end of a job and this: a loop that died there would leave the task waiting for good.
        owner.call_soon(_wake, answers)

    # The steps: plain calls that block.

    def _open(self) -> None:
        if self._lock_file is not None:
            self._resources.enter_context(locked(self._lock_file))
            # Kept from the first attempt to the last.
            self._lock_file = None
        self._connection = self._connect()
        self._resources.callback(self._connection.close)
        self._fixed = {sql: self._connection.extract_statements(sql)[0] for sql in ("BEGIN", "COMMIT")}
        self._desk.connected(self._connection)
        self._resources.callback(self._desk.disconnected)

    def _read(self, job: Read) -> None:
        try:
            job.result = job.function(self._connection)
        except BaseException:
            self._roll_back()
            raise
        else:
            # Does nothing unless the function left a transaction open; the changes that follow would be part of it, and
            # be acknowledged without being durable.
            self._connection.commit()
        finally:
            self._desk.done(job)

    def _write(self, job: Write) -> None:
        if self._desk.begin(job):
            job.result = job.function(self._connection)

    def _insert(self, run: Sequence[Append]) -> None:
        rows = [job for job in run if self._desk.begin(job)]
        if rows:
            insert = self._insert_into(rows[0].table, rows[0].columns)
            insert.execute(self._connection, [row.values for row in rows])

    def _execute(self, sql: str) -> None:
        self._connection.execute(self._fixed[sql])

    def _commit(self, batch: Sequence[Change], commit: Callable[[], None]) -> None:
        if any(isinstance(job, Write) for job in batch):
            # A function that hid an error of DuckDB leaves an aborted transaction, of which COMMIT stores nothing
            # without saying so. Whatever else looks at the catalog says so; this does it for a quarter of the price
            # of the simplest statement that is executed.
            self._connection.get_table_names("COMMIT")
        start = self._clock.current_time()
        commit()
        seconds = self._clock.current_time() - start
        done = [job for job in batch if job.state is State.CURRENT]
        if done:
            self._desk.committed(len(done), sum(isinstance(job, Append) for job in done), seconds)

    def _roll_back(self) -> None:
        # What was learned of tables may have been part of the transaction.
        self._inserts.clear()
        # There may be no transaction; and if DuckDB is past saving, every statement from now on says so to its caller.
        with suppress(duckdb.Error):
            self._connection.rollback()

    def _insert_into(self, table: str, columns: tuple[str, ...]) -> Insert:
        key = table, columns
        if key not in self._inserts:
            self._inserts[key] = Insert.parse(self._connection, table, columns)
        return self._inserts[key]


def runs(batch: Sequence[Change]) -> Iterator[Write | list[Append]]:
    """Every write by itself, and neighbouring appends to the same columns together."""
    run: list[Append] = []
    for job in batch:
        if run and not (isinstance(job, Append) and (job.table, job.columns) == (run[0].table, run[0].columns)):
            yield run
            run = []
        if isinstance(job, Append):
            run.append(job)
        else:
            yield job
    if run:
        yield run


def _due(change: Change) -> float:
    return change.due if isinstance(change, Append) else -math.inf


def _wake(answers: Sequence[tuple[trio.lowlevel.Task, Outcome[object]]]) -> None:
    for task, answer in answers:
        # The answer is a value even where it is an error, so that a task can look at it before it is raised.
        trio.lowlevel.reschedule(task, Value(answer))
