"""A read that is cancelled in the moment after its query has ended, under many schedules."""

from __future__ import annotations

import duckdb
import trio

from trio_pipeline.db_thread import open_database
from trio_pipeline.testing.running import run
from trio_pipeline.testing.world import open_world


async def cancel_read_before_append(seed, directory):
    async with open_world(seed, directory) as simulated:
        path = directory / f"{seed}.duckdb"
        async with open_database(path, world=simulated.world, prepare=make_table) as database:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(database.read, lambda connection: connection.execute("FROM t").fetchall())
                    for _ in range(seed % 12):
                        await trio.lowlevel.checkpoint()
                    scope.cancel()
            await database.append("t", {"i": 1})


def make_table(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE t(i INTEGER)")


def test_interrupt_that_comes_after_the_query_does_not_hit_the_next_call(tmp_path):
    for seed in range(60):
        run(cancel_read_before_append, seed, tmp_path, schedule=seed)
