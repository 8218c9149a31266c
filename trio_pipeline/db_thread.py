"""DuckDB on one dedicated thread; writes that wait together commit together.

One thread owns the connection for its whole life and serves calls in order. A commit waits for the disk, so writes that
wait at the same time share one: rows for the same table become one statement, all that waits becomes one transaction,
and nobody wakes before it is durable. Reads stand between two batches, never inside one.

The loop is a generator that `World.threads` drives: a thread in earnest, a Trio task in a simulated world, the same
steps in both.

This file does not know what is stored, nor when anything should be written.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import duckdb
import trio
from duckdb import DuckDBPyConnection
from outcome import Error, Outcome

from trio_pipeline._db_jobs import Append, DatabaseStatistics, Desk, Job, Open, Read, Stop, Write
from trio_pipeline._db_lock import DatabaseInUse
from trio_pipeline._db_loop import Server
from trio_pipeline.world import Owner, World, real_world

__all__ = [
    "Database",
    "DatabaseClosed",
    "DatabaseInUse",
    "DatabaseStatistics",
    "DatabaseUnusable",
    "open_database",
]

T = TypeVar("T")

_READER_PATIENCE = 2.0
"""Seconds to wait for another process that has the file open. Readers are told to open it briefly."""

_LONGEST_PATIENCE = 86_400.0
"""Seconds that a row may wait for others. Whoever asks for more means for ever, and no commit would come of that."""

_OPEN_AGAIN = 0.05
"""Seconds between two attempts to open a file that somebody else has open."""

_INTERRUPT_AGAIN = 0.005
"""Seconds between two interrupts of a read. DuckDB reacts to one within 2 ms, unless it came too early and is lost."""


class DatabaseUnusable(Exception):
    """The database cannot be opened, or no longer be written to: the disk is full, say. The cause is chained."""


class DatabaseClosed(Exception):
    """The context of the database has been left."""


class Database:
    """A DuckDB database whose calls are served in order by one thread. Made by `open_database`."""

    def __init__(self, desk: Desk, line: _Line) -> None:
        self._desk = desk
        self._line = line

    async def append(self, table: str, row: Mapping[str, object], *, patience: float = 0.0) -> None:
        """Add a row to a table, and return when it is durable.

        Rows for the same table and columns that wait together are stored by one statement, in the order of the calls.
        DuckDB finds the type of each of its lists from the values, so give a column values of one kind: a text column
        that is sent 1 and 2.5 together stores "1.0" and "2.5".

        Args:
            table: The name of a table in the current schema.
            row: Column names and values: int, float, str, bool, None, date, datetime (naive, UTC); for a JSON column
                anything that `json.dumps` takes, while a str there is JSON already. Columns left out get their default.
            patience: Seconds, up to a day, that the row may wait for others to be committed with. A commit costs a
                millisecond or two of processor time however many rows it has; who is not in a hurry can share it.
                Whatever cannot wait, a read included, takes those that can along.

        Raises:
            DatabaseClosed: The database has been closed.
            ValueError: The row has no columns, or the patience is no such number.
            DatabaseUnusable: The file can no longer be written to.
            duckdb.Error: This row cannot be stored; whatever waited together with it is.

        Cancellation: a row that still waits is certainly not stored. Once its statement has begun, the call is awaited
        to its end, and returns or raises what became of the row.
        """
        if not row:
            raise ValueError(f"a row for {table} without columns")
        if not 0 <= patience <= _LONGEST_PATIENCE:
            raise ValueError(f"patience is a number of seconds from 0 to {_LONGEST_PATIENCE:,.0f}, not {patience!r}")
        due = trio.current_time() + patience if patience else -math.inf
        with _disk_errors_named():
            await self._line.serve(Append(trio.lowlevel.current_task(), table, tuple(row), tuple(row.values()), due))

    async def write(self, function: Callable[[DuckDBPyConnection], T]) -> T:
        """Call a function that changes the database, in a transaction, and return its result when that is durable.

        The function runs in the database's thread. It may run a second time: when another write that shared its
        transaction failed, nothing of the first time remains. So it changes nothing but the database, leaves BEGIN and
        COMMIT alone, and returns plain values, not the connection or a relation, which belong to the thread.

        Raises:
            DatabaseClosed: The database has been closed.
            DatabaseUnusable: The file can no longer be written to.
            BaseException: Whatever the function raises; nothing of what it did remains. If it hides an error of
                DuckDB, the transaction is lost all the same and duckdb.TransactionException says so.

        Cancellation: a call that still waits is certainly not executed. One that has begun is awaited to its end.
        """
        with _disk_errors_named():
            result: T = await self._line.serve(Write(trio.lowlevel.current_task(), function))
        return result

    async def read(self, function: Callable[[DuckDBPyConnection], T]) -> T:
        """Call a function that reads the database. It sees every write that was called before it.

        The function runs in the database's thread, outside transactions, and returns plain values.

        Raises:
            DatabaseClosed: The database has been closed.
            DatabaseUnusable: The file can no longer be read.
            BaseException: Whatever else the function raises.

        Cancellation: a call that still waits is certainly not executed. In one that has begun the query is interrupted;
        if it ends before that, or the function goes on without it, the call returns its result.
        """
        with _disk_errors_named():
            result: T = await self._line.serve(Read(trio.lowlevel.current_task(), function))
        return result

    def statistics(self) -> DatabaseStatistics:
        """What the database has done so far."""
        return self._desk.statistics()


@asynccontextmanager
async def open_database(
    path: Path | str,
    *,
    world: World | None = None,
    prepare: Callable[[DuckDBPyConnection], None] | None = None,
    read_only: bool = False,
    config: Mapping[str, str | int | float | bool] | None = None,
) -> AsyncIterator[Database]:
    """Open a database, made if there is none, on a thread of its own, and close it at the end.

    While it is open, `path` with ".lock" appended is locked, so that a second writer is refused at once. Leaving the
    context serves what waits, closes the connection and joins the thread. Errors of the body come out as they are.

    Args:
        path: The file. Nothing else in this process may open it: closing it anywhere gives up DuckDB's own lock.
        world: What connects and runs the loop; the real world if it is left out.
        prepare: Called once, in one transaction, before anything else; for tables and views. A CHECKPOINT follows.
        read_only: Open without the lock file and without the right to write; the file must exist. Without `prepare`.
        config: DuckDB's settings. Where it does not say how many `threads` DuckDB has, it is one if the database can be
            written to: more of them cost a small write up to a quarter of its time. Give more for large queries.

    Raises:
        DatabaseInUse: Another run holds the lock file, or another process has had the file open for 2 s.
        DatabaseUnusable: The file cannot be opened, or is no database.
        BaseException: Whatever `prepare` raises.

    Cancellation: leaving is not cancelled, since what waits is served; opening is, between two attempts.
    """
    path = Path(path)
    desk = Desk()
    world = world or real_world()
    settings = {**({} if read_only else {"threads": 1}), **(config or {})}
    connect = partial(world.connect, path, read_only=read_only, config=settings)
    server = Server(connect, None if read_only else path.with_name(f"{path.name}.lock"), desk)
    async with world.threads.open_owner(f"DuckDB {path.name}", server.loop) as owner:
        line = _Line(desk, owner)
        database = Database(desk, line)
        try:
            await _connect(line, path)
            if prepare is not None:
                await _prepare(database, prepare)
            yield database
        finally:
            line.close()


@contextmanager
def _disk_errors_named() -> Iterator[None]:
    """Tell a file that cannot be read or written from a call that cannot be carried out."""
    try:
        yield
    except (duckdb.IOException, duckdb.FatalException) as error:
        raise DatabaseUnusable(str(error)) from error
    except duckdb.TransactionException as error:
        # What DuckDB calls a write that failed within COMMIT; after it the connection is of no use.
        if "Failed to commit" not in str(error):
            raise
        raise DatabaseUnusable(str(error)) from error


class _Line:
    """How a task hands in a job and waits for what becomes of it."""

    def __init__(self, desk: Desk, owner: Owner[Job | Stop]) -> None:
        self._desk = desk
        self._owner = owner
        self._closed = False

    # KeyboardInterrupt between handing in the job and waiting for it would leave the thread an answer for a task that
    # does not wait.
    @trio.lowlevel.enable_ki_protection
    async def serve(self, job: Job) -> Any:
        raise_cancel: Callable[[], NoReturn] | None = None

        def abort(raise_it: Callable[[], NoReturn]) -> trio.lowlevel.Abort:
            nonlocal raise_cancel
            if self._desk.withdraw(job):
                return trio.lowlevel.Abort.SUCCEEDED
            raise_cancel = raise_it
            if isinstance(job, Read) and self._desk.interrupt(job):
                # This task waits and cannot repeat it. Nor can one that may be cancelled itself.
                trio.lowlevel.spawn_system_task(self._keep_interrupting, job, name="interrupt a cancelled read")
            return trio.lowlevel.Abort.FAILED

        # A job handed in from a cancelled scope might have begun by the time that the task goes to sleep.
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise DatabaseClosed("the database has been closed")
        self._desk.received()
        self._owner.send(job)
        answer: Outcome[object] = await trio.lowlevel.wait_task_rescheduled(abort)
        if raise_cancel is not None and isinstance(answer, Error) and _tells_of_interrupt(answer.error):
            raise_cancel()
        return answer.unwrap()

    async def _keep_interrupting(self, job: Read) -> None:
        while True:
            await trio.sleep(_INTERRUPT_AGAIN)
            if not self._desk.interrupt(job):
                return

    def close(self) -> None:
        """Refuse what comes from now on, and have the loop end after what came before."""
        self._closed = True
        self._owner.send(Stop())


async def _connect(line: _Line, path: Path) -> None:
    give_up_at = trio.current_time() + _READER_PATIENCE
    while True:
        try:
            await line.serve(Open(trio.lowlevel.current_task()))
        except (duckdb.Error, OSError, RuntimeError) as error:
            if _tells_of_other_file(error):
                raise DatabaseUnusable(f"{path} is no DuckDB database") from error
            if not _tells_of_other_user(error):
                raise DatabaseUnusable(str(error)) from error
            if trio.current_time() >= give_up_at:
                raise DatabaseInUse(str(error)) from error
        else:
            return
        await trio.sleep(_OPEN_AGAIN)


async def _prepare(database: Database, prepare: Callable[[DuckDBPyConnection], None]) -> None:
    def checkpoint(connection: DuckDBPyConnection) -> None:
        connection.execute("CHECKPOINT")

    await database.write(prepare)
    # It cannot run in a transaction, so it goes as a read; but an interrupt is nothing to try on a checkpoint.
    with trio.CancelScope(shield=True):
        await database.read(checkpoint)


def _tells_of_other_file(error: BaseException) -> bool:
    # DuckDB has no class of its own for it: a file in any other format, also an empty one.
    return "is not a valid DuckDB database file" in str(error)


def _tells_of_other_user(error: BaseException) -> bool:
    # DuckDB has no class of its own for either: another process, and another connection of this process.
    text = str(error)
    return "Could not set lock on file" in text or "with a different configuration" in text


def _tells_of_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt is what an error comes from; the function may have wrapped it."""
    while error is not None and not isinstance(error, duckdb.InterruptException):
        error = error.__cause__ or error.__context__
    return error is not None
