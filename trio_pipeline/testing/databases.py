"""DuckDB as it is at its worst, without a second thread.

A query is one step here, so that an interrupt never meets one that runs. In earnest it does: sent while its call is the
current one, it hits that call's query, or comes too early and is lost; sent at any other time, it hits whatever call
comes next. `SimulatedDatabases` lets chance say which, so that an interrupt that was sent at a wrong time is seen.

This file does not know who interrupts what, nor what a call is to anybody.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, cast

import duckdb

from trio_pipeline.testing.trace import Trace

__all__ = ["SimulatedDatabases"]


class SimulatedDatabases:
    """The databases of a simulated world. Its `connect` is `World.connect`.

    Args:
        random: Decides what chance decides; nobody else should draw from it.
        trace: Is told every statement.
        busy_chance: Of each attempt to connect, that another process has the file open.
        full_chance: Of each COMMIT, that the disk is full: nothing is stored, and the connection is of no more use.

    Attributes:
        open_connections: Connections that have not been closed.
        full_chance: As above; it can be changed at any time.
        watch: Called with each statement after it was executed; assign your own.
    """

    def __init__(
        self, random: random.Random, trace: Trace, *, busy_chance: float = 0.0, full_chance: float = 0.0
    ) -> None:
        self.open_connections = 0
        self.full_chance = full_chance
        self.watch: Callable[[str], object] = lambda _statement: None
        self._random = random
        self._trace = trace
        self._busy_chance = busy_chance

    def connect(
        self, path: Path | str, *, read_only: bool = False, config: Mapping[str, Any] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """As `duckdb.connect`, with one thread, whose order of rows is always the same.

        Raises:
            duckdb.Error: As DuckDB.
        """
        if self._busy_chance and self._random.random() < self._busy_chance:
            self._trace.note("database", "busy")
            raise duckdb.IOException(f'Could not set lock on file "{path}": another process of this simulated world')
        connection = duckdb.connect(path, read_only=read_only, config={**(config or {}), "threads": 1})
        self._trace.note("database", "connect")
        self.open_connections += 1
        # It cannot be derived from, but whoever has it cannot tell.
        return cast("duckdb.DuckDBPyConnection", _Connection(connection, self, self._random, self._trace))


class _Connection:
    """A connection on which interrupts come at a time of chance's choosing."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        databases: SimulatedDatabases,
        random: random.Random,
        trace: Trace,
    ) -> None:
        self._connection = connection
        self._databases = databases
        self._random = random
        self._trace = trace
        self._is_interrupted = False
        self._is_closed = False
        self._is_broken = False

    def interrupt(self) -> None:
        self._connection.interrupt()  # complains if the connection is closed
        hits = self._random.random() < 0.5
        self._trace.note("database", "interrupt", "hits what comes next" if hits else "is lost")
        self._is_interrupted = self._is_interrupted or hits

    def execute(self, query: duckdb.Statement | str, *args: Any, **options: Any) -> _Connection:
        self._meet_fate(query)
        self._connection.execute(query, *args, **options)
        self._databases.watch(query if isinstance(query, str) else query.query)
        return self

    def executemany(self, query: duckdb.Statement | str, *args: Any, **options: Any) -> _Connection:
        self._meet_fate(query)
        self._connection.executemany(query, *args, **options)
        return self

    def sql(self, query: duckdb.Statement | str, *args: Any, **options: Any) -> Any:
        self._meet_fate(query)
        return self._connection.sql(query, *args, **options)

    def query(self, query: str, *args: Any, **options: Any) -> Any:
        self._meet_fate(query)
        return self._connection.query(query, *args, **options)

    def commit(self) -> _Connection:
        # These two end a call. An interrupt that met no statement of it came too early, and is lost.
        self._is_interrupted = False
        self._connection.commit()
        return self

    def rollback(self) -> _Connection:
        self._is_interrupted = False
        self._connection.rollback()
        return self

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._databases.open_connections -= 1
            self._trace.note("database", "close")
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _meet_fate(self, query: duckdb.Statement | str) -> None:
        text = query if isinstance(query, str) else query.query
        self._trace.note("sql", text)
        if self._is_broken:
            raise duckdb.FatalException("FATAL Error: the simulated database has been invalidated by a full disk")
        if self._is_interrupted:
            self._is_interrupted = False
            self._trace.note("database", "interrupted")
            raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")
        full_chance = self._databases.full_chance
        if full_chance and text == "COMMIT" and self._random.random() < full_chance:
            self._is_broken = True
            self._connection.rollback()
            self._trace.note("database", "full")
            raise duckdb.TransactionException("TransactionContext Error: Failed to commit: the simulated disk is full")
