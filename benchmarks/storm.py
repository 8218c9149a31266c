"""100,000 calls cancelled at random points, of the database and of the HTTP client; then whether anything was left.

    python benchmarks/storm.py [--cancellations 100000] [--seed 0] [--directory DIR]

Half of them are database calls, on the real thread and a real file; half are requests through the application's client
to a server on a real socket of this machine. A call is cancelled after a random part of the time that such calls take,
so that some are hit while they wait, some while they run and some when they are over. Afterwards everything must still
work, what callers were told must be what the file holds, and tasks, busy threads and open files must be as many as
before. A pool whose slots leak, a thread that hangs or an interrupt that hits the wrong call ends it with an error.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import trio
import trio.testing

from trio_pipeline.db_thread import Database, open_database
from trio_pipeline.diario.http import Http, open_http
from trio_pipeline.pacing import Pacer
from trio_pipeline.world import real_world

CALLERS = 32
BODY = bytes(range(256)) * 64
LONG_QUERY = "SELECT count(*) FROM range(10_000_000_000) r WHERE r.range % 7 = -1"


@dataclass(frozen=True)
class Left:
    """What there is of a kind that leaks."""

    tasks: int
    busy_threads: tuple[str, ...]
    open_files: int

    @classmethod
    def now(cls) -> Left:
        """What there is at this moment."""
        # Trio keeps its threads for a while, and calls an idle one "Trio thread" and a number.
        names = (thread.name for thread in threading.enumerate() if thread is not threading.main_thread())
        busy = tuple(sorted(name for name in names if not name.startswith("Trio thread")))
        return cls(trio.lowlevel.current_statistics().tasks_living, busy, len(list(Path("/dev/fd").iterdir())))


class Storm:
    """Makes calls and cancels most of them, until enough were.

    Attributes:
        ends: How many calls ended how: "cancelled", "ended anyway" (cancelled, but it came to its end), "left alone".
    """

    def __init__(self, cancellations: int, seed: int) -> None:
        self.ends: Counter[str] = Counter()
        self._left = cancellations
        self._random = random.Random(seed)
        self._usual: dict[str, float] = {}

    async def rage(self, kinds: dict[str, Callable[[], Awaitable[object]]]) -> None:
        """Let many callers make calls of all kinds."""
        async with trio.open_nursery() as nursery:
            for _ in range(CALLERS):
                nursery.start_soon(self._call_all, kinds)

    async def _call_all(self, kinds: dict[str, Callable[[], Awaitable[object]]]) -> None:
        while self._left > 0:
            name = self._random.choice(list(kinds))
            usual = self._usual.get(name)
            # Now and then one is left alone, to know how long they take; but a call without an end never is.
            deadline = usual * self._random.uniform(0, 1.3) if usual and self._random.random() < 0.9 else 1.0
            if name == "endless read":
                deadline = self._random.uniform(0, 0.003)
            start = trio.current_time()
            with trio.move_on_after(deadline) as scope:
                await kinds[name]()
            if scope.cancel_called:
                self._left -= 1
                self.ends["cancelled" if scope.cancelled_caught else "ended anyway"] += 1
            else:
                self.ends["left alone"] += 1
                took = trio.current_time() - start
                self._usual[name] = took if usual is None else usual + (took - usual) / 10


class Rows:
    """Calls of a database, and what their callers were told of the rows that they store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.stored: set[int] = set()
        self._next = 0

    async def append(self) -> None:
        """Store a row."""
        await self._store(lambda n: self._database.append("t", {"n": n}))

    def kinds(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Calls of every kind, by name."""
        return {
            "append": self.append,
            "patient append": partial(self._store, lambda n: self._database.append("t", {"n": n}, patience=0.001)),
            "write": partial(self._store, lambda n: self._database.write(partial(insert, n=n))),
            "read": lambda: self._database.read(count),
            "endless read": lambda: self._database.read(endless),
        }

    async def _store(self, store: Callable[[int], Awaitable[object]]) -> None:
        n = self._next
        self._next += 1
        await store(n)
        self.stored.add(n)


def create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE t (n BIGINT)")


def insert(connection: duckdb.DuckDBPyConnection, n: int) -> None:
    connection.execute("INSERT INTO t VALUES (?)", [n])


def count(connection: duckdb.DuckDBPyConnection) -> int:
    return connection.execute("SELECT count(*) FROM t").fetchall()[0][0]


def endless(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(LONG_QUERY).fetchall()


def numbers(connection: duckdb.DuckDBPyConnection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n").fetchall()]


async def storm_over_database(cancellations: int, seed: int, directory: Path) -> Counter[str]:
    """Cancel calls of a database, see that it still works and that it holds what callers were told, and close it."""
    path = directory / "storm.duckdb"
    storm = Storm(cancellations, seed)
    async with open_database(path, prepare=create) as database:
        rows = Rows(database)
        await storm.rage(rows.kinds())
        assert database.statistics().queued == 0
        await rows.append()
        assert await database.read(numbers) == sorted(rows.stored)
    async with open_database(path) as database:
        assert await database.read(numbers) == sorted(rows.stored)
    return storm.ends


async def answer(stream: trio.SocketStream) -> None:
    """Serve requests on one connection, in several pieces each, until the other side has enough."""
    received = b""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    try:
        while True:
            while b"\r\n\r\n" not in received:
                chunk = await stream.receive_some()
                if not chunk:
                    return
                received += chunk
            _, _, received = received.partition(b"\r\n\r\n")
            await stream.send_all(head)
            for start in range(0, len(BODY), 4096):
                await trio.lowlevel.checkpoint()
                await stream.send_all(BODY[start : start + 4096])
    except trio.BrokenResourceError:
        return  # who cancels a request hangs up
    finally:
        await trio.aclose_forcefully(stream)


@asynccontextmanager
async def open_server():
    """Serve on a port of this machine; gives the address."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        yield f"http://127.0.0.1:{port}/gazette.pdf"
        nursery.cancel_scope.cancel()


async def request(http: Http, pacer: Pacer, url: str) -> None:
    async with http.send("GET", url, pacer=pacer) as exchange:
        body = b"".join([chunk async for chunk in exchange.body])
    assert body == BODY


async def storm_over_requests(cancellations: int, seed: int) -> Counter[str]:
    """Cancel requests, and see that the pacer has all of its places again and that requests are still answered."""
    storm = Storm(cancellations, seed)
    pacer = Pacer("storm", concurrency=CALLERS // 2)
    ask = partial(request, pacer=pacer)
    async with open_server() as url, open_http(real_world(), user_agent="storm") as http:
        await storm.rage({"request": partial(ask, http, url=url)})
        statistics = pacer.statistics()
        assert (statistics.waiting, statistics.in_flight) == (0, 0)
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                for _ in range(CALLERS):
                    nursery.start_soon(partial(ask, http, url=url))
    return storm.ends


async def main(cancellations: int, seed: int, directory: Path) -> None:
    # What is made once and kept: the first thread, the loop's own files.
    await trio.to_thread.run_sync(int)
    before = Left.now()
    start = trio.current_time()
    half = cancellations // 2
    for name, storm in (
        ("database calls", partial(storm_over_database, half, seed, directory)),
        ("requests", partial(storm_over_requests, cancellations - half, seed)),
    ):
        ends = await storm()
        print(f"{name:<16}" + ", ".join(f"{ends[end]:,} {end}" for end in ("cancelled", "ended anyway", "left alone")))
    await trio.testing.wait_all_tasks_blocked()
    after = Left.now()
    print(f"{'before':<16}{before}\n{'after':<16}{after}\n{trio.current_time() - start:.0f} s")
    assert before == after, "something was left"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cancellations", type=int, default=100_000, help="of both kinds together")
    parser.add_argument("--seed", type=int, default=0, help="where the random points come from")
    parser.add_argument("--directory", type=Path, default=Path.cwd(), help="where the database is made")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as place:
        trio.run(main, arguments.cancellations, arguments.seed, Path(place))
