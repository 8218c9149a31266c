"""Simulated databases: real DuckDB, in which an interrupt finds its call, is lost, or hits one that it was not for."""

from __future__ import annotations

import random

import duckdb
import pytest
import trio

from trio_pipeline._db_jobs import Desk, State
from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable, open_database
from trio_pipeline.testing.databases import SimulatedDatabases
from trio_pipeline.testing.running import run
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.world import Chances, open_world


def make_databases(seed=0, **options):
    return SimulatedDatabases(random.Random(seed), Trace(keep=True), **options)


@pytest.fixture
def connection():
    with make_databases().connect(":memory:") as connection:
        yield connection


class TestConnection:
    def test_statements_give_what_duckdb_gives(self, connection):
        connection.execute("CREATE TABLE t (n BIGINT)")
        connection.executemany("INSERT INTO t VALUES (?)", [[1], [2]])
        assert connection.execute("SELECT n FROM t WHERE n > ?", [1]).fetchall() == [(2,)]
        assert connection.sql("SELECT sum(n) FROM t").fetchall() == connection.query("SELECT 3").fetchall() == [(3,)]
        (statement,) = connection.extract_statements("SELECT 4")
        assert connection.execute(statement).fetchone() == (4,)

    def test_transactions_end(self, connection):
        connection.execute("CREATE TABLE t (n BIGINT)")
        connection.begin()
        connection.execute("INSERT INTO t VALUES (1)")
        connection.rollback()
        connection.begin()
        connection.execute("INSERT INTO t VALUES (2)")
        connection.commit()
        assert connection.execute("SELECT n FROM t").fetchall() == [(2,)]

    def test_rows_come_from_one_thread(self, tmp_path):
        with make_databases().connect(tmp_path / "a", config={"threads": 8}) as connection:
            assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)

    def test_connections_are_counted_and_closed_twice(self):
        databases = make_databases()
        connection = databases.connect(":memory:")
        assert databases.open_connections == 1
        connection.close()
        connection.close()
        assert databases.open_connections == 0
        with pytest.raises(duckdb.ConnectionException):
            connection.interrupt()

    def test_trace_tells_statements_without_their_file(self, tmp_path):
        databases = make_databases()
        with databases.connect(tmp_path / "a") as connection:
            connection.execute("SELECT ?", [1])
        assert databases._trace.lines == ["database connect", "sql SELECT ?", "database close"]


def after_interrupt(*calls):
    """What becomes of statements that follow an interrupt, over many seeds: of each whether it was interrupted."""
    seen = set()
    for seed in range(50):
        with make_databases(seed).connect(":memory:") as connection:
            connection.interrupt()
            ends = []
            for call in calls:
                try:
                    call(connection)
                except duckdb.InterruptException:
                    ends.append("interrupted")
                else:
                    ends.append("done")
            seen.add(tuple(ends))
    return seen


def select(connection):
    connection.execute("SELECT 1")


class TestInterrupt:
    def test_hits_the_next_statement_only_or_is_lost(self):
        assert after_interrupt(select, select) == {("interrupted", "done"), ("done", "done")}

    def test_is_lost_when_the_call_ends_first(self):
        assert after_interrupt(lambda connection: connection.commit(), select) == {("done", "done")}

    def test_hits_statements_of_any_kind(self):
        for call in (
            lambda connection: connection.executemany("SELECT ?", [[1]]),
            lambda connection: connection.sql("SELECT 1"),
            lambda connection: connection.query("SELECT 1"),
        ):
            assert after_interrupt(call) == {("interrupted",), ("done",)}


def create(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS t (n BIGINT)")


async def cancel_reads_among_writes(directory, seed):
    """Some reads are cancelled at various times; the writes after them have to go well."""
    async with open_world(seed, directory, chances=Chances(slow_thread=0.3, slow_seconds=0.01)) as simulated:
        random = simulated.random

        async def read():
            with trio.move_on_after(random.choice([0.001, 0.005, 0.01])):
                await database.read(lambda connection: connection.execute("SELECT count(*) FROM t").fetchall())

        async def write(number):
            await trio.sleep(random.choice([0.0, 0.005, 0.01, 0.02]))
            await database.append("t", {"n": number})

        async with open_database(directory / "a.duckdb", world=simulated.world, prepare=create) as database:
            async with trio.open_nursery() as nursery:
                for number in range(5):
                    nursery.start_soon(read)
                    nursery.start_soon(write, number)
            rows = await database.read(lambda connection: connection.execute("SELECT n FROM t ORDER BY n").fetchall())
        assert simulated.databases.open_connections == 0
        return [n for (n,) in rows]


class CarelessDesk(Desk):
    """Interrupts whatever the connection is doing, without looking whose call it is."""

    def interrupt(self, job):
        if self._connection is None or job.state is State.WAITING:
            return False
        self._connection.interrupt()
        return job.state is State.CURRENT


class TestDatabaseThread:
    def test_interrupts_hit_nobody_else(self, tmp_path):
        for seed in range(25):
            directory = tmp_path / str(seed)
            directory.mkdir()
            assert run(cancel_reads_among_writes, directory, seed, schedule=seed) == [0, 1, 2, 3, 4]

    def test_interrupt_that_hits_the_next_call_is_found(self, tmp_path, monkeypatch):
        monkeypatch.setattr("trio_pipeline.db_thread.Desk", CarelessDesk)
        found = []
        for seed in range(20):
            directory = tmp_path / str(seed)
            directory.mkdir()
            try:
                run(cancel_reads_among_writes, directory, seed, schedule=seed)
            except ExceptionGroup as group:
                found.append((seed, group.subgroup(duckdb.InterruptException) is not None, group.__notes__[0]))
        assert found
        assert all(is_interrupt and f"RandomWalk({seed})" in note for seed, is_interrupt, note in found)

    def test_busy_database_is_waited_for(self, tmp_path):
        async def program(seed):
            async with (
                open_world(seed, tmp_path, chances=Chances(busy_database=0.5)) as simulated,
                open_database(tmp_path / "a.duckdb", world=simulated.world),
            ):
                return trio.current_time()

        assert len({run(program, seed) for seed in range(10)} & {0.0, 0.05, 0.1}) == 3

    def test_database_that_is_always_busy_is_in_use(self, tmp_path):
        async def program():
            async with open_world(0, tmp_path, chances=Chances(busy_database=1.0)) as simulated:
                with pytest.raises(DatabaseInUse):
                    async with open_database(tmp_path / "a.duckdb", world=simulated.world):
                        pass
                return trio.current_time()

        assert run(program) == pytest.approx(2.0, abs=0.06)

    def test_statements_are_watched_once_they_are_executed(self, tmp_path):
        async def program():
            async with open_world(0, tmp_path) as simulated:
                simulated.databases.watch = seen.append
                with simulated.databases.connect(tmp_path / "a.duckdb") as connection:
                    connection.execute("CREATE TABLE t (n INTEGER)")
                    with pytest.raises(duckdb.Error):
                        connection.execute("no SQL")

        seen = []
        run(program)
        assert seen == ["CREATE TABLE t (n INTEGER)"]

    def test_commit_on_a_full_disk_stores_nothing_and_is_the_last(self, tmp_path):
        def fail(connection):
            simulated.databases.full_chance = 1.0
            connection.execute("INSERT INTO t VALUES (2)")

        async def program():
            nonlocal simulated
            async with open_world(0, tmp_path) as simulated:
                async with open_database(tmp_path / "a.duckdb", world=simulated.world, prepare=create) as database:
                    await database.append("t", {"n": 1})
                    with pytest.raises(DatabaseUnusable, match="Failed to commit"):
                        await database.write(fail)
                    with pytest.raises(DatabaseUnusable, match="invalidated"):
                        await database.append("t", {"n": 3})
                async with open_database(tmp_path / "a.duckdb", world=simulated.world) as database:
                    return await database.read(lambda connection: connection.execute("SELECT n FROM t").fetchall())

        simulated = None
        assert run(program) == [(1,)]
