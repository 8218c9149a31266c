"""Contract of `Database`, with the loop in its thread and as a Trio task."""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import astuple

import duckdb
import pytest
import trio
from database_fakes import insert, insert_and_fail, insert_and_hide_error, numbers

from trio_pipeline.db_thread import DatabaseClosed, DatabaseUnusable, open_database

NOON = datetime.datetime.fromisoformat("2025-06-23T12:00:00")

VALUES = [
    ("BIGINT", [1, None, 2**62]),
    ("INTEGER", [True, 0, -1]),
    ("DOUBLE", [0.5, None, 3.0]),
    ("VARCHAR", ["«ação»\n", "", None]),
    ("BOOLEAN", [True, None, False]),
    ("TIMESTAMP", [NOON, None, NOON.replace(microsecond=1)]),
    ("DATE", [NOON.date(), None, datetime.date(1988, 10, 5)]),
    ("VARCHAR[]", [["a", None], [], None]),
    ("STRUCT(nome VARCHAR, oab VARCHAR)[]", [[{"nome": "a", "oab": None}], [], None]),
]

JSON_VALUES = [
    ({"ação": [1, None]}, '{"ação": [1, null]}'),
    ([], "[]"),
    (7, "7"),
    (True, "true"),
    ('{"as": "it is"}', '{"as": "it is"}'),
    (None, None),
]


async def append_all(database, table, column, values):
    async with trio.open_nursery() as nursery:
        for value in values:
            nursery.start_soon(database.append, table, {column: value})


def fetch(sql):
    return lambda connection: connection.execute(sql).fetchall()


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[kind for kind, _ in VALUES])
@pytest.mark.parametrize("together", [1, 3])
async def test_values_come_back(path, world, kind, values, together):
    def create(connection):
        connection.execute(f"CREATE TABLE v (x {kind})")

    async with open_database(path, world=world, prepare=create) as database:
        for start in range(0, len(values), together):
            await append_all(database, "v", "x", values[start : start + together])
        stored = [x for (x,) in await database.read(fetch("SELECT x FROM v"))]
    assert sorted(stored, key=repr) == sorted(values, key=repr)


@pytest.mark.parametrize("together", [1, len(JSON_VALUES)])
async def test_json_is_written(path, world, together):
    def create(connection):
        connection.execute("CREATE TABLE v (x JSON)")

    async with open_database(path, world=world, prepare=create) as database:
        for start in range(0, len(JSON_VALUES), together):
            await append_all(database, "v", "X", [value for value, _ in JSON_VALUES[start : start + together]])
        stored = [x for (x,) in await database.read(fetch("SELECT x FROM v"))]
    assert sorted(stored, key=repr) == sorted((text for _, text in JSON_VALUES), key=repr)


async def test_names_are_quoted(path, world):
    def create(connection):
        connection.execute('CREATE TABLE "or""der" ("at" INTEGER, "a b" INTEGER)')

    async with open_database(path, world=world, prepare=create) as database:
        await database.append('or"der', {"a b": 2, "at": 1})
        assert await database.read(fetch('SELECT * FROM "or""der"')) == [(1, 2)]


async def test_write_returns_result(open_numbers, world):
    async with open_numbers(world) as database:
        assert await database.write(insert(7)) == 7
        assert await database.read(numbers) == [7]


async def test_calls_keep_order(open_numbers, world):
    async with open_numbers(world) as database:
        for n in range(0, 30, 3):
            await database.append("t", {"n": n})
            await database.write(insert(n + 1))
            await database.append("t", {"n": n + 2})
            assert await database.read(numbers) == list(range(n + 3))


async def test_what_was_acknowledged_is_there_after_reopening(open_numbers, world):
    async with open_numbers(world) as database:
        await append_all(database, "t", "n", range(20))
    async with open_numbers(world) as database:
        assert sorted(await database.read(numbers)) == list(range(20))


async def test_failed_write_leaves_nothing(open_numbers, world):
    async with open_numbers(world) as database:
        with pytest.raises(LookupError):
            await database.write(insert_and_fail(1))
        assert await database.read(numbers) == []


async def test_hidden_error_is_no_success(open_numbers, world):
    async with open_numbers(world) as database:
        with pytest.raises(duckdb.TransactionException):
            await database.write(insert_and_hide_error(1))
        await database.write(insert(2))
        assert await database.read(numbers) == [2]


async def test_error_hidden_in_a_relation_is_no_success(open_numbers, world):
    """Nothing but the transaction itself knows of it."""

    def hide(connection):
        insert(1)(connection)
        with suppress(duckdb.Error):
            connection.sql("SELECT error('hidden')").fetchall()

    async with open_numbers(world) as database:
        with pytest.raises(duckdb.TransactionException):
            await database.write(hide)
        assert await database.read(numbers) == []


@pytest.mark.parametrize(
    ("table", "row", "error"),
    [
        ("nowhere", {"n": 1}, duckdb.CatalogException),
        ("t", {"m": 1}, duckdb.BinderException),
        ("t", {"n": "one"}, duckdb.ConversionException),
        ("t", {}, ValueError),
    ],
)
async def test_bad_row_says_why(open_numbers, world, table, row, error):
    async with open_numbers(world) as database:
        with pytest.raises(error):
            await database.append(table, row)
        await database.append("t", {"n": 1})
        assert await database.read(numbers) == [1]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "{"])
async def test_bad_json_is_refused(path, world, value):
    def create(connection):
        connection.execute("CREATE TABLE v (x JSON)")

    async with open_database(path, world=world, prepare=create) as database:
        with pytest.raises((ValueError, TypeError, duckdb.Error)):
            await database.append("v", {"x": value})
        assert await database.read(fetch("SELECT * FROM v")) == []


async def test_read_error_reaches_caller(open_numbers, world):
    async with open_numbers(world) as database:
        with pytest.raises(duckdb.CatalogException):
            await database.read(fetch("SELECT * FROM nowhere"))
        assert await database.read(numbers) == []


async def test_transaction_left_open_by_read_is_closed(open_numbers, world):
    def leave_open(connection):
        connection.execute("BEGIN")

    def leave_open_and_fail(connection):
        connection.execute("BEGIN")
        raise LookupError

    async with open_numbers(world) as database:
        await database.read(leave_open)
        with pytest.raises(duckdb.TransactionException, match="no transaction is active"):
            await database.read(fetch("ROLLBACK"))
        with pytest.raises(LookupError):
            await database.read(leave_open_and_fail)
        with pytest.raises(duckdb.TransactionException, match="no transaction is active"):
            await database.read(fetch("ROLLBACK"))


class OfNoKind(BaseException):
    """Neither an error nor anything that Python knows."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, OfNoKind])
@pytest.mark.parametrize("call", ["read", "write"])
async def test_base_exception_reaches_caller_as_it_is(open_numbers, world, call, error):
    def fail(connection):
        raise error

    async with open_numbers(world) as database:
        with pytest.raises(error):
            await getattr(database, call)(fail)
        await database.append("t", {"n": 1})
        assert await database.read(numbers) == [1]


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("full"),
        duckdb.FatalException("full"),
        duckdb.TransactionException("Failed to commit: full"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("call", ["read", "write"])
async def test_file_that_fails_is_told_from_a_call_that_fails(open_numbers, world, call, error):
    def fail(connection):
        raise type(error)(*error.args)

    async with open_numbers(world) as database:
        with pytest.raises(DatabaseUnusable, match="full") as caught:
            await getattr(database, call)(fail)
    assert repr(caught.value.__cause__) == repr(error)


async def test_table_may_change_its_type(path, world):
    def retype(kind):
        def function(connection):
            connection.execute(f"CREATE OR REPLACE TABLE v (x {kind})")

        return function

    async with open_database(path, world=world, prepare=retype("INTEGER")) as database:
        await append_all(database, "v", "x", [1, 2])
        await database.write(retype("VARCHAR"))
        await append_all(database, "v", "x", ["a", "b"])
        assert sorted(await database.read(fetch("SELECT x FROM v"))) == [("a",), ("b",)]


async def test_leaving_serves_what_waits(open_numbers, world):
    async with trio.open_nursery() as nursery, open_numbers(world) as database:
        for n in range(10):
            nursery.start_soon(database.append, "t", {"n": n})
        await trio.testing.wait_all_tasks_blocked()
    async with open_numbers(world) as database:
        assert sorted(await database.read(numbers)) == list(range(10))


async def test_leaving_when_cancelled_serves_what_waits(open_numbers, world):
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with open_numbers(world) as database:
                for n in range(10):
                    nursery.start_soon(database.append, "t", {"n": n})
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
    async with open_numbers(world) as database:
        assert sorted(await database.read(numbers)) == list(range(10))


async def test_calls_after_leaving_are_refused(open_numbers, world):
    async with open_numbers(world) as database:
        pass
    with pytest.raises(DatabaseClosed):
        await database.append("t", {"n": 1})
    with pytest.raises(DatabaseClosed):
        await database.write(insert(1))
    with pytest.raises(DatabaseClosed):
        await database.read(numbers)
    assert database.statistics().queued == 0


async def test_statistics_count_commits(path, world):
    start = trio.current_time()
    async with open_database(path, world=world) as database:
        assert astuple(database.statistics()) == (0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0)
        await database.write(lambda connection: connection.execute("CREATE TABLE t (n BIGINT)") and None)
        await database.append("t", {"n": 1})
        with pytest.raises(LookupError):
            await database.write(insert_and_fail(2))
        statistics = database.statistics()
    assert (statistics.batches, statistics.rows_appended, statistics.queued) == (2, 1, 0)
    assert (statistics.largest_batch, statistics.mean_batch) == (1, 1.0)
    assert (
        0 < statistics.last_commit <= statistics.longest_commit <= statistics.total_commit < trio.current_time() - start
    )
