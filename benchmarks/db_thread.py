"""Durable, acknowledged rows a second: `Database` against one INSERT and one commit at a time in a worker thread.

    python benchmarks/db_thread.py [--seconds 0.5] [--rounds 15] [--threads N] [--directory DIR]

The baseline is what one would write without `db_thread`: `trio.to_thread.run_sync` under a limiter of one, a statement
a row, each committed by itself, on a connection with as many threads as DuckDB finds right; `--threads 1` gives it as
few as `open_database` does. Baseline and candidate take turns, and short ones, because neither a disk nor a machine is
the same from one second to the next; the table shows the medians, of the factors too. The directory must lie on the
disk that is meant: in memory there is no fsync.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import duckdb
import trio

from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

Store = Callable[[int], Awaitable[object]]
Opener = Callable[[Path], AbstractAsyncContextManager[Store]]

TABLE = "CREATE TABLE events (seq BIGINT, name VARCHAR, value DOUBLE, detail JSON)"
INSERT = "INSERT INTO events VALUES (?, ?, ?, ?)"


def row(seq: int) -> tuple[int, str, float, str]:
    return seq, f"gazette {seq}", seq / 7, '{"pages": 192}'


def one_at_a_time(threads: int | None) -> Opener:
    @asynccontextmanager
    async def opener(path: Path):
        connection = duckdb.connect(path, config={"threads": threads} if threads else {})
        connection.execute(TABLE)
        limiter = trio.CapacityLimiter(1)

        async def store(seq: int) -> None:
            await trio.to_thread.run_sync(connection.execute, INSERT, row(seq), limiter=limiter)

        yield store
        connection.close()

    return opener


@asynccontextmanager
async def by_append(path: Path):
    async with open_database(path, world=real_world(), prepare=create) as database:

        async def store(seq: int) -> None:
            await database.append("events", dict(zip(("seq", "name", "value", "detail"), row(seq), strict=True)))

        yield store


@asynccontextmanager
async def by_write(path: Path):
    async with open_database(path, world=real_world(), prepare=create) as database:

        async def store(seq: int) -> None:
            await database.write(lambda connection: connection.execute(INSERT, row(seq)) and None)

        yield store


def create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(TABLE)


async def rows_a_second(opener: Opener, callers: int, seconds: float, directory: Path) -> float:
    """Let so many tasks store rows for a while; count only what was acknowledged, and check that it is there."""
    path = Path(tempfile.mkdtemp(dir=directory)) / "rows.duckdb"
    acknowledged = 0
    numbers = itertools.count()

    async def call(store: Store, end: float) -> None:
        nonlocal acknowledged
        while trio.current_time() < end:
            await store(next(numbers))
            acknowledged += 1

    async with opener(path) as store:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(callers):
                nursery.start_soon(call, store, start + seconds)
        elapsed = trio.current_time() - start
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(acknowledged,)]
    return acknowledged / elapsed


def compare(baseline: Opener, opener: Opener, callers: int, arguments: argparse.Namespace, directory: Path) -> str:
    """The medians of rows a second of both, and of what the second gains on the first."""
    pairs = [
        [trio.run(rows_a_second, each, callers, arguments.seconds, directory) for each in (baseline, opener)]
        for _ in range(arguments.rounds)
    ]
    before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
    gain = statistics.median(new / old for old, new in pairs)
    return f"{before:>16,.0f}{after:>12,.0f}{gain:>10.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each measurement lasts")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is measured")
    parser.add_argument("--threads", type=int, help="DuckDB's threads of the baseline")
    parser.add_argument("--directory", type=Path, default=Path.cwd(), help="where the databases are made")
    arguments = parser.parse_args()
    print(f"DuckDB {duckdb.__version__}, Trio {trio.__version__}, durable rows a second")
    print(f"{'':<24}{'one at a time':>16}{'db_thread':>12}{'factor':>10}{'target':>10}")
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for name, opener, callers, target in (
            ("append, 1 caller", by_append, 1, 0.9),
            ("append, 16 callers", by_append, 16, 5.0),
            ("append, 256 callers", by_append, 256, 25.0),
            ("write, 1 caller", by_write, 1, 0.9),
            ("write, 256 callers", by_write, 256, 2.0),
        ):
            compared = compare(one_at_a_time(arguments.threads), opener, callers, arguments, Path(directory))
            print(f"{name:<24}{compared}{target:>10.2f}", flush=True)


if __name__ == "__main__":
    main()
