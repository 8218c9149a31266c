"""Random programs around a database on its own thread: callers are told the truth, and it stays true after a crash.

A crash is a copy of the files, taken between any two steps: what a process that is killed there leaves behind.

This file does not know how calls are served.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import trio
from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database, DatabaseClosed, DatabaseInUse, open_database
from trio_pipeline.simulation.core_programs.witness import Witness
from trio_pipeline.simulation.memory_directories import open_memory_directory
from trio_pipeline.testing.databases import SimulatedDatabases
from trio_pipeline.testing.threads import SimulatedThreads
from trio_pipeline.testing.trace import Trace
from trio_pipeline.world import World, real_world

__all__ = ["DatabaseProgram"]

T = TypeVar("T")

_STORED = "what a caller was told is stored is stored, in the order of the calls, and nothing else is"
_DURABLE = "whoever wakes was stored before, and stays so whenever the process is killed"
_SEEN = "a read sees every write that was called before it, and no part of another"
_CANCELLED = "a call that is cancelled while it waits is not executed, and ends at once"
_INTERRUPTED = "an interrupt hits the read that it was meant for"
_COUNTED = "no update is lost between a read and a write in one function"
_ALONE = "a failed write fails alone"
_IN_TIME = "nobody waits longer than his patience"
_CLOSED = "who leaves a database has had it serve what was queued, and later calls are refused"
_LOCKED = "a second writer is refused at once"
_FIGURES = "a database's statistics are true"

_KINDS = [
    *["append"] * 4,
    *["append with patience"] * 2,
    *["write"] * 2,
    *["count"] * 3,
    *["read"] * 4,
    "append a word",
    "write and fail",
    "write and exit",
    "write and hide an error",
]
_FAILURES = {
    "append a word": duckdb.ConversionException,
    "write and fail": LookupError,
    "write and exit": SystemExit,
    "write and hide an error": duckdb.TransactionException,
}


@dataclass(frozen=True, slots=True)
class _Call:
    """A call after a pause, given up after so many steps of somebody else, or at a time."""

    kind: str
    pause: float
    steps: int | None
    seconds: float


class DatabaseProgram:
    """Callers, some of whom give up; the context is left when they are done, or while they still call."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._hold = witness.hold
        source = random.Random(draw.randrange(2**32))
        self._databases = SimulatedDatabases(source, Trace(), busy_chance=draw.choice([0.0, 0.0, 0.0, 0.3]))
        self._threads = SimulatedThreads(source)
        self._world: World = dataclasses.replace(real_world(), threads=self._threads, connect=self._connect)
        self._callers = [
            [self._drawn(draw) for _ in range(draw.randrange(1, 5))] for _ in range(draw.choice([1, 2, 4, 6]))
        ]
        self._leaves_early = draw.choice([None, None, 0.0, 0.25])
        self._crash_at = draw.randrange(60, 400)
        self._step = 0
        self._order = itertools.count()
        self._connection: DuckDBPyConnection
        self._closing = False
        self.stored: list[int] = []
        self._not_stored: list[int] = []
        self._seen: dict[int, list[int]] = {}
        self._ran: set[int] = set()
        self._counts: list[int] = []
        self._appended = 0
        self._directory: Path
        self._acknowledged: tuple[list[int], list[int]] | None = None
        self._found: list[int] = []
        self._found_count = 0

    @staticmethod
    def _drawn(draw: random.Random) -> _Call:
        return _Call(
            kind=draw.choice(_KINDS),
            pause=draw.choice([0.0, 0.0, 0.0, 0.25, 1.0]),
            steps=draw.choice([None, None, None, draw.randrange(16)]),
            seconds=draw.choice([math.inf, math.inf, math.inf, 0.5]),
        )

    def _connect(self, path: Path, **options: Any) -> DuckDBPyConnection:
        self._connection = self._databases.connect(path, **options)
        return self._connection

    async def run(self) -> None:
        """As `Program`."""
        with open_memory_directory() as self._directory:
            async with trio.open_nursery() as nursery:
                async with open_database(self._path, world=self._world, prepare=_prepare) as database:
                    await self._use(database, nursery)
                    self._closing = True
                self._check_closed()
                await self._call_after_the_end(database)
            self._check_figures(database)
            self._found, self._found_count = _read_file(self._path)
            self._check_crash()

    @property
    def _path(self) -> Path:
        return self._directory / "rows.duckdb"

    async def _use(self, database: Database, around: trio.Nursery) -> None:
        async with trio.open_nursery() as nursery:
            for calls in self._callers:
                # Who is not waited for still calls, or waits for an answer, when the context is left.
                (nursery if self._leaves_early is None else around).start_soon(self._call_all, database, calls)
            if self._leaves_early is not None:
                await self._open_again()
                await trio.sleep(self._leaves_early)

    async def _open_again(self) -> None:
        try:
            async with open_database(self._path, world=self._world):
                self._hold(False, _LOCKED)
        except DatabaseInUse:
            return

    # The calls.

    async def _call_all(self, database: Database, calls: list[_Call]) -> None:
        for call in calls:
            await trio.sleep(call.pause)
            async with trio.open_nursery() as nursery:
                if call.steps is not None:
                    nursery.start_soon(self._give_up, nursery.cancel_scope, call.steps)
                with trio.move_on_after(call.seconds):
                    await self._call(database, call)
                nursery.cancel_scope.cancel()

    @staticmethod
    async def _give_up(scope: trio.CancelScope, steps: int) -> None:
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    async def _call(self, database: Database, call: _Call) -> None:
        number, began = next(self._order), trio.current_time()
        was_closing = self._closing
        try:
            await self._calls(database, call.kind, number)
        except trio.Cancelled:
            self._not_stored.append(number)
            self._hold(number not in self._ran or call.kind == "read", _CANCELLED, number, call.kind, "was executed")
            raise
        except DatabaseClosed:
            self._not_stored.append(number)
            self._hold(self._closing, _CLOSED, number, "was refused")
        except (duckdb.InterruptException, SystemExit, duckdb.Error, LookupError) as error:
            self._not_stored.append(number)
            self._hold(not isinstance(error, duckdb.InterruptException), _INTERRUPTED, call.kind, number)
            kind = _FAILURES.get(call.kind)
            self._hold(kind is not None and isinstance(error, kind), _ALONE, call.kind, number, repr(error))
        else:
            self._hold(call.kind not in _FAILURES and not was_closing, _STORED, call.kind, number, was_closing)
            self._acknowledge(call.kind, number)
        finally:
            patience = min(1.0 if "patience" in call.kind else 0.0, call.seconds)
            late = trio.current_time() > began + patience
            self._witness.note(call.kind, number, trio.current_time())
            self._hold(not late, _IN_TIME, call.kind, number, began, trio.current_time())

    async def _calls(self, database: Database, kind: str, number: int) -> None:
        match kind:
            case "append":
                await database.append("t", {"n": number})
            case "append with patience":
                await database.append("t", {"n": number}, patience=1.0)
            case "append a word":
                await database.append("t", {"n": "word"})
            case "count":
                self._counts.append(await database.write(self._noted(number, _count(number))))
            case "read":
                self._seen[number] = await database.read(self._noted(number, _numbers))
            case "write":
                result = await database.write(self._noted(number, _insert(number)))
                self._hold(result == number, _STORED, "the result of", number, "is", result)
            case _:
                await database.write(self._noted(number, _bad_write(kind, number)))

    def _noted(self, number: int, function: Callable[[DuckDBPyConnection], T]) -> Callable[[DuckDBPyConnection], T]:
        def noted(connection: DuckDBPyConnection) -> T:
            self._ran.add(number)
            return function(connection)

        return noted

    def _acknowledge(self, kind: str, number: int) -> None:
        if kind == "read":
            return
        self.stored.append(number)
        self._appended += kind.startswith("append")
        if not self._closing:
            # Another connection sees what is committed.
            found = self._connection.cursor().execute("SELECT count(*) FROM t WHERE n = ?", [number]).fetchall()
            self._hold(found == [(1,)], _DURABLE, kind, number, "is there so often:", found)

    async def _call_after_the_end(self, database: Database) -> None:
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: database.append("t", {"n": -1}),
            lambda: database.write(_insert(-1)),
            lambda: database.read(_numbers),
        ]
        for call in calls:
            try:
                await call()
            except DatabaseClosed:
                continue
            self._hold(False, _CLOSED, "a call after the end")

    # What must hold.

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        del moment
        self._step += 1
        if self._step == self._crash_at and self._path.exists():
            self._acknowledged = list(self.stored), list(self._counts)
            for name in (self._path.name, f"{self._path.name}.wal"):
                if (self._directory / name).exists():
                    shutil.copyfile(self._directory / name, self._directory / f"crashed-{name}")

    def check(self) -> None:
        """As `Program`."""
        hold = self._hold
        hold(self._found == sorted(self.stored), _STORED, self._found, "not", sorted(self.stored))
        hold(not set(self._found) & set(self._not_stored), _STORED, self._found, "besides", self._not_stored)
        for number, seen in self._seen.items():
            expected = [n for n in self._found if n < number]
            hold(seen == expected, _SEEN, number, seen, "not", expected)
        hold(self._found_count == len(self._counts), _COUNTED, self._found_count, "of", self._counts)
        hold(sorted(self._counts) == list(range(1, len(self._counts) + 1)), _COUNTED, self._counts)

    def _check_closed(self) -> None:
        left = self._threads.open_owners, self._databases.open_connections
        self._hold(left == (0, 0), "no thread and no connection outlives the database", left)

    def _check_figures(self, database: Database) -> None:
        statistics = database.statistics()
        figures = statistics.queued, statistics.rows_appended
        self._hold(figures == (0, self._appended), _FIGURES, figures, "not", self._appended)

    def _check_crash(self) -> None:
        copy = self._directory / f"crashed-{self._path.name}"
        if self._acknowledged is None or not copy.exists():
            return
        stored, counts = self._acknowledged
        found, count = _read_file(copy)
        self._hold(set(stored) <= set(found), _DURABLE, stored, "were acknowledged, found", found)
        self._hold(count >= len(counts), _DURABLE, len(counts), "counted, found", count)
        self._hold(not set(found) - set(self._found), _DURABLE, found, "is more than", self._found)


def _prepare(connection: DuckDBPyConnection) -> None:
    connection.execute("CREATE SEQUENCE arrivals")
    connection.execute("CREATE TABLE t (seq BIGINT DEFAULT nextval('arrivals'), n BIGINT)")
    connection.execute("CREATE TABLE counter (value BIGINT)")
    connection.execute("INSERT INTO counter VALUES (0)")


def _numbers(connection: DuckDBPyConnection) -> list[int]:
    """The numbers stored, in the order in which they arrived; in a transaction, as nobody else's can be open."""
    connection.execute("BEGIN")
    numbers = [n for (n,) in connection.execute("SELECT n FROM t ORDER BY seq").fetchall()]
    connection.execute("COMMIT")
    return numbers


def _insert(number: int) -> Callable[[DuckDBPyConnection], int]:
    def insert(connection: DuckDBPyConnection) -> int:
        connection.execute("INSERT INTO t (n) VALUES (?)", [number])
        return number

    return insert


def _count(number: int) -> Callable[[DuckDBPyConnection], int]:
    """Read, and write what comes of it."""

    def count(connection: DuckDBPyConnection) -> int:
        value: int = connection.execute("SELECT value FROM counter").fetchall()[0][0] + 1
        connection.execute("UPDATE counter SET value = ?", [value])
        connection.execute("INSERT INTO t (n) VALUES (?)", [number])
        return value

    return count


def _bad_write(kind: str, number: int) -> Callable[[DuckDBPyConnection], int]:
    def write(connection: DuckDBPyConnection) -> int:
        connection.execute("INSERT INTO t (n) VALUES (?)", [number])
        if kind == "write and fail":
            raise LookupError(number)
        if kind == "write and exit":
            raise SystemExit(number)
        with suppress(duckdb.Error):
            connection.execute("SELECT error('hidden')").fetchall()
        return number

    return write


def _read_file(path: Path) -> tuple[list[int], int]:
    """What is in a file: the numbers in the order of their arrival, and the counter."""
    with duckdb.connect(path, config={"threads": 1}) as connection:
        tables = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
        if tables == [(0,)]:
            return [], 0
        numbers = [n for (n,) in connection.execute("SELECT n FROM t ORDER BY seq").fetchall()]
        return numbers, connection.execute("SELECT value FROM counter").fetchall()[0][0]
