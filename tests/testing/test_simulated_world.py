"""A world from a seed: the same seed is the same world, in any process, and its parts do not know of each other."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trio
import trio_parallel

from trio_pipeline.db_thread import open_database
from trio_pipeline.testing import EPOCH, Chances, Trace, open_world, run
from trio_pipeline.testing.weather import Outage, Weather

STORMY = Chances(
    disk_error=0.01,
    disk_full=0.01,
    short_read=0.5,
    slow_thread=0.3,
    slow_seconds=0.1,
    worker_death=0.2,
    worker_seconds=(0.0, 3.0),
    busy_database=0.3,
    weather=Weather(latency=(0.01, 0.5), refused=0.2, answer_reset=0.2),
    outages=(Outage(5.0, 8.0),),
)
WHATEVER_GOES_WRONG = (OSError, trio_parallel.BrokenWorkerError, httpx.TransportError)


def create(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS t (name VARCHAR, n BIGINT)")


def rows(connection):
    return connection.execute("SELECT name, n FROM t ORDER BY name, n").fetchall()


async def answer(stream):
    while await stream.receive_some(1000):
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


async def use_everything(seed, directory, chances, trace):
    """A program that uses each part of its world, whatever goes wrong."""
    async with open_world(seed, directory, trace=trace, chances=chances) as simulated:
        simulated.network.listen("court", 80, answer)
        world = simulated.world

        async def work(number):
            for _ in range(3):
                try:
                    await use(number)
                except WHATEVER_GOES_WRONG as error:
                    trace.note(number, type(error).__name__)
                await trio.sleep(world.random.random())

        async def use(number):
            body = (await client.get("http://court/")).content
            file = await world.files.create(directory / f"{number}.part")
            try:
                await file.write(body)
                await file.sync()
            finally:
                await file.close()
            await world.files.replace(directory / f"{number}.part", directory / str(number))
            await database.append("t", {"name": world.new_id(), "n": await pool.run(abs, -number)})

        async with (
            open_database(directory / "a.duckdb", world=world, prepare=create) as database,
            httpx.AsyncClient(transport=world.open_transport()) as client,
            world.open_processes(2) as pool,
            trio.open_nursery() as nursery,
        ):
            for number in range(4):
                nursery.start_soon(work, number)
        trace.note("the end", world.now(), sorted(path.name for path in directory.iterdir()))
        return simulated


def digest_of(seed, directory):
    directory.mkdir()
    trace = Trace()
    run(use_everything, seed, directory, STORMY, trace, schedule=seed)
    return trace.digest


class TestSameSeed:
    def test_same_world(self, tmp_path):
        assert digest_of(7, tmp_path / "a") == digest_of(7, tmp_path / "b")

    def test_other_seed_is_another_world(self, tmp_path):
        assert len({digest_of(seed, tmp_path / str(seed)) for seed in range(5)}) == 5

    def test_same_world_in_processes_with_other_hashes(self, tmp_path):
        def in_process(hash_seed):
            program = (
                "import pathlib, sys; from test_simulated_world import digest_of; "
                "print(*(digest_of(seed, pathlib.Path(sys.argv[1]) / str(seed)) for seed in range(3)))"
            )
            directory = tmp_path / hash_seed
            directory.mkdir()
            done = subprocess.run(
                [sys.executable, "-c", program, str(directory)],
                cwd=Path(__file__).parent,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                check=True,
                capture_output=True,
                text=True,
                timeout=60,
            )
            return done.stdout.split()

        first, second = in_process("1"), in_process("2")
        assert first == second
        assert len(set(first)) == 3


class TestParts:
    def test_all_work_together_and_nothing_is_left(self, tmp_path):
        simulated = run(use_everything, 0, tmp_path, Chances(), Trace())
        left = (
            simulated.files.open_files,
            simulated.threads.open_owners,
            simulated.databases.open_connections,
            simulated.processes.open_pools,
            simulated.processes.running,
        )
        assert left == (0, 0, 0, 0, 0)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3", "a.duckdb", "a.duckdb.lock"]

    def test_draw_more_in_one_part_changes_no_other(self, tmp_path):
        async def draws(chances):
            async with open_world(3, tmp_path, chances=chances) as simulated:
                await simulated.world.threads.run(int)
                (tmp_path / "a").touch()
                file = await simulated.world.files.open(tmp_path / "a")
                await file.read(10)
                await file.close()
                return simulated.world.random.random(), simulated.random.random(), simulated.world.new_id()

        assert run(draws, Chances()) == run(draws, Chances(slow_thread=0.5, short_read=0.5))

    def test_wall_clock_goes_with_trios(self, tmp_path):
        async def program():
            async with open_world(0, tmp_path) as simulated:
                before = simulated.world.now()
                await trio.sleep(60)
                return before, simulated.world.now()

        minute = datetime.timedelta(minutes=1)
        assert run(program) == (EPOCH, EPOCH + minute)
        assert run(program, start=3600.0) == (EPOCH + 60 * minute, EPOCH + 61 * minute)

    def test_ids_are_not_the_same_again_in_another_life_or_world(self, tmp_path):
        async def ids(seed, life):
            async with open_world(seed, tmp_path, life=life) as simulated:
                return [simulated.world.new_id() for _ in range(10)]

        found = [name for seed in range(5) for life in range(5) for name in run(ids, seed, life)]
        assert len(set(found)) == 250
        assert {len(name) for name in found} == {32}
        assert run(ids, 0, 0) == found[:10]

    def test_nothing_goes_wrong_in_calm(self, tmp_path):
        async def program():
            trace = Trace(keep=True)
            await use_everything(0, tmp_path, Chances(), trace)
            return trace.lines

        numbers = {"0 ", "1 ", "2 ", "3 "}
        assert [line for line in run(program) if line[:2] in numbers] == []

    def test_error_of_the_body_comes_in_a_group(self, tmp_path):
        async def program():
            async with open_world(0, tmp_path):
                raise LookupError

        with pytest.raises(ExceptionGroup) as caught:
            run(program)
        assert [type(error) for error in caught.value.exceptions] == [LookupError]
