"""Contract of `Database`: what waits together, in the real thread, commits together, and fails alone."""

from __future__ import annotations

from itertools import pairwise

import duckdb
import pytest
import trio
from database_fakes import (
    create_numbers,
    insert,
    insert_and_fail,
    insert_and_hide_error,
    numbers,
    start_in_order,
    waiting_together,
)
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline import _db_loop
from trio_pipeline._db_jobs import Append, Write
from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world


class Calls:
    """Calls of a database, and what became of each."""

    def __init__(self, database):
        self._database = database
        self.ends = {}

    async def append(self, n):
        await self._note(n, self._database.append("t", {"n": n}))

    async def write(self, n, function):
        await self._note(n, self._database.write(function))

    async def read(self, name):
        await self._note(name, self._database.read(numbers))

    async def _note(self, name, call):
        try:
            self.ends[name] = await call
        except (duckdb.Error, LookupError, SystemExit) as error:
            self.ends[name] = type(error)


async def test_waiting_writes_share_a_transaction(open_numbers):
    async with open_numbers() as database:
        before = database.statistics()
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            for n in (0, 1, 3, 4):
                await start_in_order(nursery, calls.append, n)
                await start_in_order(nursery, calls.write, n + 10, insert(n + 10))
            assert database.statistics().queued == 8
        after = database.statistics()
        assert await database.read(numbers) == [0, 10, 1, 11, 3, 13, 4, 14]
    assert after.batches == before.batches + 1
    assert (after.largest_batch, after.rows_appended, after.queued) == (8, 4, 0)
    assert after.mean_batch == (8 + 1) / 2


async def test_nobody_wakes_before_the_commit(open_numbers):
    """Each caller looks, as soon as it wakes, at what is stored: it is the whole batch."""
    seen = []

    async def append_and_look(database, n):
        await database.append("t", {"n": n})
        seen.append(database.statistics().rows_appended)

    async with open_numbers() as database:
        async with waiting_together(database) as nursery:
            for n in range(5):
                await start_in_order(nursery, append_and_look, database, n)
        assert seen == [5] * 5


async def test_read_stands_between_batches(open_numbers):
    async with open_numbers() as database:
        before = database.statistics().batches
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, calls.append, 0)
            await start_in_order(nursery, calls.append, 1)
            await start_in_order(nursery, calls.read, "middle")
            await start_in_order(nursery, calls.append, 2)
            await start_in_order(nursery, calls.read, "end")
        assert database.statistics().batches == before + 2
    assert calls.ends["middle"] == [0, 1]
    assert calls.ends["end"] == [0, 1, 2]


async def test_flood_is_cut_into_batches(open_numbers, monkeypatch):
    monkeypatch.setattr(_db_loop, "_BATCH_LIMIT", 10)
    async with open_numbers() as database:
        before = database.statistics().batches
        async with waiting_together(database) as nursery:
            for n in range(25):
                await start_in_order(nursery, database.append, "t", {"n": n})
        statistics = database.statistics()
        assert await database.read(numbers) == list(range(25))
    assert (statistics.batches - before, statistics.largest_batch) == (3, 10)


async def test_only_the_bad_write_fails(open_numbers):
    def exit_from(connection):
        connection.execute("INSERT INTO t (n) VALUES (99)")
        raise SystemExit

    async with open_numbers() as database:
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, calls.append, 0)
            await start_in_order(nursery, calls.write, 1, insert(1))
            await start_in_order(nursery, calls.write, 2, insert_and_fail(2))
            await start_in_order(nursery, calls.append, "three")
            await start_in_order(nursery, calls.append, 4)
            await start_in_order(nursery, calls.write, 5, insert_and_hide_error(5))
            await start_in_order(nursery, calls.write, 6, exit_from)
            await start_in_order(nursery, calls.append, 7)
        assert await database.read(numbers) == [0, 1, 4, 7]
    assert calls.ends == {
        0: None,
        1: 1,
        2: LookupError,
        "three": duckdb.ConversionException,
        4: None,
        5: duckdb.TransactionException,
        6: SystemExit,
        7: None,
    }


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_hidden_error_spoils_no_batch(open_numbers, position):
    """Wherever in a batch the transaction is lost, and also if nothing comes after it that would notice."""
    async with open_numbers() as database:
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            for n in range(3):
                await start_in_order(nursery, calls.write, n, insert_and_hide_error(n) if n == position else insert(n))
        assert await database.read(numbers) == [n for n in range(3) if n != position]
    assert calls.ends[position] is duckdb.TransactionException


async def test_write_may_run_twice(open_numbers):
    runs = []

    def count(connection):
        runs.append(connection.execute("SELECT count(*) FROM t").fetchone())
        connection.execute("INSERT INTO t (n) VALUES (1)")

    async with open_numbers() as database:
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, calls.write, "good", count)
            await start_in_order(nursery, calls.write, "bad", insert_and_fail(2))
        assert await database.read(numbers) == [1]
    # The second time it finds nothing of the first.
    assert runs == [(0,), (0,)]


async def test_statistics_count_what_became_of_a_split_batch(open_numbers):
    """Nothing of the transaction that failed is counted: each write is its own, and the bad one none."""
    seen = []

    def look(connection):
        # As far as the callers know nothing has happened, but all of them but the last have had their turn.
        seen.append(trio.from_thread.run_sync(database.statistics))

    async with open_numbers() as database:
        before = database.statistics()
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, calls.append, 0)
            await start_in_order(nursery, calls.append, 1)
            await start_in_order(nursery, calls.write, 2, look)
            await start_in_order(nursery, calls.write, 3, insert_and_fail(3))
            await start_in_order(nursery, calls.append, 4)
        after = database.statistics()
    together, alone = seen
    assert together.queued == 2
    assert (together.batches, together.rows_appended) == (before.batches, before.rows_appended)
    assert alone.queued == 1
    assert (alone.batches, alone.rows_appended) == (before.batches + 2, 2)
    assert (after.batches, after.rows_appended, after.queued) == (before.batches + 4, 3, 0)
    assert (after.largest_batch, after.mean_batch) == (1, 1.0)
    assert 0 < after.last_commit <= after.longest_commit < after.total_commit
    assert before.total_commit == together.total_commit < alone.total_commit < after.total_commit


async def test_table_of_a_rolled_back_transaction_is_forgotten(open_numbers):
    """A table made, and described for an append, in a batch that fails: the second time it has other columns."""
    kinds = iter(["INTEGER", "VARCHAR"])

    def create(connection):
        connection.execute(f"CREATE TABLE v (x {next(kinds)})")

    async with open_numbers() as database:
        calls = Calls(database)
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, database.write, create)
            await start_in_order(nursery, database.append, "v", {"x": 1})
            await start_in_order(nursery, database.append, "v", {"x": 2})
            await start_in_order(nursery, calls.write, "bad", insert_and_fail(1))
        before = database.statistics().batches
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, database.append, "v", {"x": "a"})
            await start_in_order(nursery, database.append, "v", {"x": "b"})
        # As integers they would have failed together, to be stored one by one.
        assert database.statistics().batches == before + 1
        stored = await database.read(lambda connection: connection.execute("SELECT x FROM v").fetchall())
    assert stored == [("1",), ("2",), ("a",), ("b",)]


async def test_other_columns_are_another_statement(path):
    def create(connection):
        connection.execute("CREATE TABLE v (x INTEGER DEFAULT 7, y INTEGER DEFAULT 8)")

    async with open_database(path, world=real_world(), prepare=create) as database:
        async with waiting_together(database) as nursery:
            for row in ({"x": 1}, {"y": 2}, {"y": 3, "x": 4}, {"x": 5, "y": 6}):
                await start_in_order(nursery, database.append, "v", row)
        stored = await database.read(lambda connection: connection.execute("FROM v").fetchall())
    assert stored == [(1, 8), (7, 2), (4, 3), (5, 6)]


JOBS = st.lists(
    st.one_of(
        st.builds(Append, st.none(), st.sampled_from("tv"), st.sampled_from([("x",), ("x", "y")]), st.none()),
        st.builds(Write, st.none(), st.none()),
    )
)


@given(batch=JOBS)
def test_runs_are_as_long_as_can_be(batch):
    runs = list(_db_loop.runs(batch))
    assert [job for run in runs for job in (run if isinstance(run, list) else [run])] == batch
    shapes = [{(job.table, job.columns) for job in run} if isinstance(run, list) else None for run in runs]
    assert all(shape is None or len(shape) == 1 for shape in shapes)
    assert all(one is None or one != other for one, other in pairwise(shapes))


async def test_storm_of_callers_agrees_with_database(path):
    """Many callers, one in ten of whose writes is bad, each knowing what became of its own."""
    stored = []

    async def call(database, n):
        try:
            if n % 10 == 3:
                await database.write(insert_and_fail(n))
            elif n % 10 == 5:
                await database.write(insert(n))
            else:
                await database.append("t", {"n": n})
        except LookupError:
            return
        stored.append(n)

    async with open_database(path, world=real_world(), prepare=create_numbers) as database:
        async with trio.open_nursery() as nursery:
            for n in range(300):
                nursery.start_soon(call, database, n)
        assert sorted(stored) == sorted(await database.read(numbers)) == [n for n in range(300) if n % 10 != 3]
