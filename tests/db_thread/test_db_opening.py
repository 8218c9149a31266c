"""Contract of `open_database`: who may open, what a failure to open looks like, and what comes out of the context."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading

import duckdb
import pytest
import trio
import trio.testing
from database_fakes import create_numbers, insert, numbers

from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable, open_database
from trio_pipeline.world import real_world

OPEN_HERE = """
import sys, pathlib, trio
from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

async def main():
    async with open_database(pathlib.Path(sys.argv[1]), world=real_world()):
        print("open", flush=True)
        sys.stdin.read()

try:
    trio.run(main)
except Exception as error:
    print(type(error).__name__, flush=True)
"""

READ_HERE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start_other(path):
    """Start another process on the database, and return it with its first line; it ends when its stdin is closed."""
    processes = []

    def start(program):
        command = [sys.executable, "-c", program, str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        process.communicate()


async def open_and_leave(path, **options):
    async with open_database(path, world=real_world(), **options):
        pass


async def test_second_opener_is_refused(path, world):
    async with open_database(path, world=world):
        with pytest.raises(DatabaseInUse, match=str(os.getpid())):
            await open_and_leave(path)
    await open_and_leave(path)


async def test_refusal_disturbs_nobody(open_numbers, path):
    """The refused one opened and closed nothing that the first one holds."""
    async with open_numbers() as database:
        for _ in range(2):
            with pytest.raises(DatabaseInUse):
                await open_and_leave(path)
        await database.append("t", {"n": 1})
        assert await database.read(numbers) == [1]


async def test_other_process_is_refused(open_numbers, path, start_other):
    async with open_numbers():
        _, said = start_other(OPEN_HERE)
        assert said == "DatabaseInUse"
    _, said = start_other(OPEN_HERE)
    assert said == "open"
    with pytest.raises(DatabaseInUse):
        await open_and_leave(path)


async def test_killed_process_leaves_no_lock(path, start_other):
    process, said = start_other(OPEN_HERE)
    assert said == "open"
    process.kill()
    process.wait()
    await open_and_leave(path)


async def test_reader_in_the_way_is_waited_for(open_numbers, start_other, autojump_clock):
    async with open_numbers() as database:
        await database.append("t", {"n": 1})
    reader, said = start_other(READ_HERE)
    assert said == "open"

    async def end_reader():
        await trio.sleep(1.2)
        reader.communicate()

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_reader)
        async with open_numbers() as database:
            assert 1.2 <= trio.current_time() - start <= 1.3
            assert await database.read(numbers) == [1]


async def test_reader_that_stays_is_given_up_on(open_numbers, path, start_other, autojump_clock):
    async with open_numbers():
        pass
    assert start_other(READ_HERE)[1] == "open"
    start = trio.current_time()
    with pytest.raises(DatabaseInUse) as caught:
        await open_and_leave(path)
    assert isinstance(caught.value.__cause__, duckdb.IOException)
    assert trio.current_time() - start == pytest.approx(2.0, abs=0.06)


async def test_waiting_for_reader_can_be_cancelled(open_numbers, path, start_other, autojump_clock):
    async with open_numbers():
        pass
    assert start_other(READ_HERE)[1] == "open"
    with trio.move_on_after(0.5) as scope:
        await open_and_leave(path)
    assert scope.cancelled_caught


async def test_lock_file_says_who_holds_it_now(open_numbers, path):
    lock = path.with_name(f"{path.name}.lock")
    lock.write_text("1234567890\n")
    async with open_numbers():
        assert lock.read_text() == f"{os.getpid()}\n"


async def test_reading_needs_no_lock(open_numbers, path):
    async with open_numbers() as database:
        await database.append("t", {"n": 1})
    with path.with_name(f"{path.name}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with (
            open_database(path, world=real_world(), read_only=True) as database,
            open_database(path, world=real_world(), read_only=True) as other,
        ):
            assert await database.read(numbers) == await other.read(numbers) == [1]
            with pytest.raises(duckdb.InvalidInputException):
                await database.write(insert(2))


@pytest.mark.parametrize("content", ["%PDF-1.4" * 1000, "x", ""], ids=["long", "short", "empty"])
@pytest.mark.parametrize("read_only", [False, True])
async def test_file_that_is_no_database_is_unusable(path, content, read_only):
    path.write_text(content)
    with pytest.raises(DatabaseUnusable) as caught:
        await open_and_leave(path, read_only=read_only)
    assert str(caught.value) == f"{path} is no DuckDB database"
    assert isinstance(caught.value.__cause__, duckdb.Error)


@pytest.mark.parametrize("read_only", [False, True])
async def test_missing_directory_is_unusable(tmp_path, read_only):
    with pytest.raises(DatabaseUnusable):
        await open_and_leave(tmp_path / "missing" / "rows.duckdb", read_only=read_only)


async def test_missing_file_is_not_made_by_reading(path):
    with pytest.raises(DatabaseUnusable):
        await open_and_leave(path, read_only=True)
    assert not path.exists()


async def test_unknown_setting_is_unusable(path):
    with pytest.raises(DatabaseUnusable):
        await open_and_leave(path, config={"no_such_setting": 1})


async def test_settings_reach_duckdb(path, world):
    async with open_database(path, world=world, config={"threads": 1}) as database:
        query = "SELECT current_setting('threads')"
        assert await database.read(lambda connection: connection.execute(query).fetchall()) == [(1,)]


async def test_writer_has_one_thread_unless_told_otherwise(path):
    def threads(connection):
        return connection.execute("SELECT current_setting('threads')").fetchall()[0][0]

    async def threads_with(**options):
        async with open_database(path, **options) as database:
            return await database.read(threads)

    with duckdb.connect() as connection:
        usual = threads(connection)
    assert await threads_with() == 1
    assert await threads_with(config={"memory_limit": "1GB"}) == 1
    assert await threads_with(config={"threads": 3}) == 3
    assert await threads_with(read_only=True) == usual


async def test_prepare_runs_in_the_thread_of_the_jobs(path):
    seen = set()

    def note(connection):
        seen.add(threading.get_ident())

    async with open_database(path, world=real_world(), prepare=note) as database:
        await database.read(note)
        await database.write(note)
    assert len(seen) == 1
    assert threading.get_ident() not in seen


async def test_failed_prepare_comes_out_and_leaves_nothing(path, world):
    def fail(connection):
        create_numbers(connection)
        raise LookupError

    with pytest.raises(LookupError):
        async with open_database(path, world=world, prepare=fail):
            pytest.fail("opened all the same")
    async with open_database(path, world=world) as database:
        assert await database.read(lambda connection: connection.execute("SHOW TABLES").fetchall()) == []


async def test_prepared_is_in_the_file_itself(path):
    """After `prepare` comes a checkpoint: nothing of it is left to be replayed."""
    async with open_database(path, world=real_world(), prepare=create_numbers):
        log = path.with_name(f"{path.name}.wal")
        assert not log.exists() or log.stat().st_size == 0


async def test_cancelling_prepare_does_not_skip_the_checkpoint(path):
    """The tables are committed by then, so the checkpoint that DDL is followed by belongs to them."""
    log = path.with_name(f"{path.name}.wal")

    def prepare(connection):
        create_numbers(connection)
        trio.from_thread.run_sync(scope.cancel)

    with trio.CancelScope() as scope:
        async with open_database(path, world=real_world(), prepare=prepare):
            prepared = not log.exists() or log.stat().st_size == 0
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert prepared


async def test_leaving_closes_the_connection(path, world):
    """Also one that a function has kept, against the rules, and that nobody would collect."""
    kept = []
    async with open_database(path, world=world) as database:
        await database.read(kept.append)
    with pytest.raises(duckdb.ConnectionException):
        kept[0].execute("SELECT 1")


@pytest.mark.parametrize(
    "error", [LookupError("body"), KeyboardInterrupt(), ExceptionGroup("two", [OSError(), OSError()])]
)
async def test_error_of_the_body_comes_out_as_it_is(path, world, error):
    with pytest.raises(type(error)) as caught:
        async with open_database(path, world=world):
            raise error
    assert caught.value is error


async def test_cancelled_body_is_cancelled(path, world):
    with trio.CancelScope() as scope:
        async with open_database(path, world=world):
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_opening_cancelled_scope_opens_nothing(path, world):
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_database(path, world=world):
            pytest.fail("opened all the same")
    assert scope.cancelled_caught
    await open_and_leave(path)
