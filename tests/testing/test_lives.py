"""Lives: a crash at any step leaves what a loss of power leaves, runs nothing more, and is the same from its seed.

Each life is a process of its own. The programs are small enough to crash them before every one of their steps.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import duckdb
import outcome
import pytest
import trio

from trio_pipeline import _db_loop
from trio_pipeline.db_thread import open_database
from trio_pipeline.testing import InOrder, Life, live
from trio_pipeline.world import Ask


async def note_the_way(life: Life):
    life.keep("way", lambda: way)
    way = []
    for number in range(5):
        way.append(number)
        await trio.sleep(1)
    return sum(way)


async def tell_process(life: Life):
    life.keep("process", os.getpid)
    await trio.sleep(5)


class TestEnds:
    def test_result_and_what_was_kept_come_out(self):
        end = live(note_the_way, seed=0)
        assert (end.crashed, end.result, end.error, end.clock) == (False, 10, None, 5.0)
        assert end.kept == {"way": [0, 1, 2, 3, 4]}

    def test_program_may_be_told_to_crash_soon(self):
        async def program(life):
            life.keep("step", lambda: life.step)
            await trio.sleep(2)
            life.crash_at = life.step + 1
            await trio.lowlevel.checkpoint()

        end = live(program, seed=5)
        assert (end.crashed, end.clock) == (True, 2.0)
        assert end.kept["step"] == end.steps

    def test_error_comes_out_with_its_type_notes_and_place(self):
        async def program(life):
            life.keep("step", lambda: life.step)
            await trio.sleep(2)
            raise LookupError("nobody is here")

        end = live(program, seed=5)
        assert (end.result, end.error_type, end.clock) == (None, "LookupError", 2.0)
        assert end.kept["step"] == end.steps - 1
        for words in ("in program\n", "LookupError: nobody is here", f"step {end.steps} at 2.0 s", "RandomWalk("):
            assert words in end.error

    def test_program_that_cannot_end_is_an_error(self):
        async def program(life):
            await trio.sleep_forever()

        assert live(program, seed=0).error_type == "NothingMoves"

    @pytest.mark.parametrize("stop", [SystemExit(3), KeyboardInterrupt()])
    def test_program_that_would_stop_python_ends_its_life_only(self, stop):
        async def program(life):
            raise stop

        assert live(program, seed=0).error_type == type(stop).__name__

    def test_process_that_ends_by_itself_is_an_error_that_says_how(self):
        async def leave(life):
            os._exit(3)

        async def die(life):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)  # noqa: ASYNC251

        assert "life 2 of seed 7 ended with exit status 3" in live(leave, seed=7, number=2).error
        assert "life 0 of seed 7 ended by signal SIGTERM" in live(die, seed=7).error

    def test_killed_by_somebody_else_it_has_not_crashed(self):
        async def program(life):
            os.kill(os.getpid(), signal.SIGKILL)

        end = live(program, seed=0)
        assert (end.crashed, end.error_type) == (False, "ChildProcessError")

    def test_process_that_hangs_is_killed_and_says_where(self):
        async def hang_for_ever(life):
            while True:
                pass

        end = live(hang_for_ever, seed=3, real_limit=0.3)
        assert end.error_type == "TimeoutError"
        assert "life 0 of seed 3 still ran after 0.3 s" in end.error
        assert "in hang_for_ever" in end.error

    def test_what_cannot_be_kept_is_an_error_beside_the_first(self):
        async def program(life):
            life.keep("lock", threading.Lock)
            raise LookupError

        error = live(program, seed=0).error
        assert "LookupError" in error
        assert "cannot pickle '_thread.lock'" in error

    def test_life_within_trio_is_refused(self):
        async def program():
            live(note_the_way, seed=0)

        with pytest.raises(RuntimeError, match="cannot begin within"):
            trio.run(program)


class TestCrash:
    def test_every_step_can_be_the_last(self):
        whole = live(note_the_way, seed=0)
        ends = [live(note_the_way, seed=0, crash_at=step) for step in range(whole.steps + 1)]
        assert [end.crashed for end in ends] == [True] * whole.steps + [False]
        assert [end.steps for end in ends] == [*range(whole.steps), whole.steps]
        assert [len(end.kept.get("way", [])) for end in ends] == sorted(len(end.kept.get("way", [])) for end in ends)
        assert {len(end.kept.get("way", [])) for end in ends} == {0, 1, 2, 3, 4, 5}

    def test_nothing_runs_after_it(self, tmp_path):
        async def program(life):
            try:
                with (tmp_path / "buffer").open("w") as file:
                    file.write("not flushed")
                    await trio.sleep(1)
            finally:
                (tmp_path / "finally").touch()
                life.keep("last step", lambda last_step=life.step: last_step)

        whole = live(program, seed=0)
        assert (tmp_path / "buffer").read_text() == "not flushed"
        assert (tmp_path / "finally").exists()
        for step in range(whole.kept["last step"] + 1):
            (tmp_path / "finally").unlink(missing_ok=True)
            assert live(program, seed=0, crash_at=step).crashed
            assert not (tmp_path / "finally").exists()
        assert (tmp_path / "buffer").read_text() == ""

    def test_unsynced_is_lost_and_synced_stays(self, tmp_path):
        async def program(life):
            async with life.open_world(tmp_path) as simulated:
                for name in ("synced", "not synced"):
                    file = await simulated.world.files.create(tmp_path / name)
                    await file.write(b"12345678")
                    if name == "synced":
                        await file.sync()
                life.keep("both", lambda: True)
                await trio.sleep(1)

        left = set()
        for seed in range(20):
            whole = live(program, seed=seed)
            for path in tmp_path.iterdir():
                path.unlink()
            end = live(program, seed=seed, crash_at=whole.steps - 5)
            assert end.kept == {"both": True}
            assert (tmp_path / "synced").read_bytes() == b"12345678"
            left.add((tmp_path / "not synced").read_bytes() if (tmp_path / "not synced").exists() else None)
        assert None in left
        assert b"12345678" in left
        assert len(left) > 3

    @pytest.mark.parametrize(("sync", "whole"), [(True, True), (False, False)])
    def test_replaced_file_is_whole_at_every_step_if_it_was_synced_before(self, tmp_path, sync, whole):
        async def program(life):
            async with life.open_world(tmp_path) as simulated:
                files = simulated.world.files
                file = await files.create(tmp_path / "a.part")
                await file.write(b"new one")
                if sync:
                    await file.sync()
                await file.close()
                await files.replace(tmp_path / "a.part", tmp_path / "a")

        contents = set()
        for step in range(live(program, seed=1).steps):
            (tmp_path / "a").write_bytes(b"old")
            live(program, seed=1, crash_at=step)
            contents.add((tmp_path / "a").read_bytes())
        assert (contents == {b"old", b"new one"}) is whole

    def test_same_seed_is_the_same_life(self, tmp_path):
        async def program(life):
            async with life.open_world(tmp_path) as simulated:
                file = await simulated.world.files.create(tmp_path / "a")
                for _ in range(10):
                    await file.write(simulated.world.random.randbytes(5))
                await file.close()

        def end_of(seed, **options):
            end = live(program, seed=seed, keep_lines=True, **options)
            return end, (tmp_path / "a").read_bytes() if (tmp_path / "a").exists() else None

        for crash_at in (None, 20, 30):
            assert end_of(1, crash_at=crash_at) == end_of(1, crash_at=crash_at)
        assert end_of(1)[0].digest not in {end_of(2)[0].digest, end_of(1, number=1)[0].digest}

    def test_life_goes_on_where_the_last_one_ended(self):
        first = live(note_the_way, seed=0, crash_at=4)
        second = live(note_the_way, seed=0, number=1, start=first.clock)
        assert 0 < first.clock < 5
        assert second.clock == first.clock + 5

    def test_schedule_can_be_chosen(self):
        async def program(life):
            order = []

            async def work(name):
                order.append(name)
                await trio.lowlevel.checkpoint()

            async with trio.open_nursery() as nursery:
                for name in "abcdef":
                    nursery.start_soon(work, name)
            return "".join(order)

        assert live(program, seed=0, schedule=InOrder()).result == "abcdef"
        assert len({live(program, seed=seed).result for seed in range(5)}) == 5


def create(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS t (n BIGINT)")


def numbers(connection):
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n").fetchall()]


def insert(number):
    def function(connection):
        connection.execute("INSERT INTO t VALUES (?)", [number])

    return function


def lost_rows(directory, seed):
    """Acknowledged rows that are not there after a crash, over all steps at which a small program can crash."""

    async def program(life):
        acknowledged = []
        life.keep("acknowledged", lambda: acknowledged)

        async def store(number):
            await (database.write(insert(number)) if number % 2 else database.append("t", {"n": number}))
            acknowledged.append(number)

        async with (
            life.open_world(directory) as simulated,
            open_database(directory / "a.duckdb", world=simulated.world, prepare=create) as database,
            trio.open_nursery() as nursery,
        ):
            for number in range(3):
                nursery.start_soon(store, number)

    steps = live(program, seed=seed).steps
    for step in range(steps):
        for path in directory.iterdir():
            path.unlink()
        end = live(program, seed=seed, crash_at=step)
        assert (end.crashed, end.error) == (True, None)
        stored = look(directory / "a.duckdb")
        # Nothing is stored twice, whether or not its caller was told.
        assert len(stored) == len(set(stored))
        yield set(end.kept.get("acknowledged", [])) - set(stored)


def look(path):
    """The rows that the next one to open the file finds."""
    with duckdb.connect(path, config={"threads": 1}) as connection:
        create(connection)
        return numbers(connection)


class HastyServer(_db_loop.Server):
    """Answers before it commits."""

    def _change(self, owner, batch):
        for step in self._plan(batch)[:-1]:
            yield Ask.STEP
            step()
        for job in batch:
            self._desk.begin(job)
        yield from self._answer(owner, batch, outcome.Value(None))
        for _ in range(3):
            yield Ask.STEP
        self._plan(batch)[-1]()


class TestDatabase:
    def test_acknowledged_rows_are_there_after_a_crash_at_any_step(self, tmp_path):
        losses = list(lost_rows(tmp_path, 0))
        assert len(losses) > 50
        assert losses == [set()] * len(losses)

    def test_commit_acknowledged_early_is_found(self, tmp_path, monkeypatch):
        monkeypatch.setattr("trio_pipeline.db_thread.Server", HastyServer)
        assert any(any(lost_rows(tmp_path, seed)) for seed in range(5))


class TestProcess:
    def test_threads_that_trio_keeps_do_no_harm(self):
        async def use_thread(life=None):
            return await trio.to_thread.run_sync(int)

        trio.run(use_thread)
        assert any("Trio" in thread.name for thread in threading.enumerate())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            end = live(note_the_way, seed=0)
        assert end.result == 10

    def test_what_the_parent_had_to_print_is_printed_once(self):
        program = (
            "import atexit\n"
            "from trio_pipeline.testing import live\n"
            "async def program(life): print('child')\n"
            "atexit.register(print, 'at exit')\n"
            "print('before')\n"
            "live(program, seed=0)\n"
            "print('after')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            cwd=Path(__file__).parents[2],
        )
        assert done.stdout.split("\n") == ["before", "child", "after", "at exit", ""]

    def test_children_and_pipes_are_gone(self):
        before = set(Path("/proc/self/fd").iterdir())
        children = [live(tell_process, seed=0, crash_at=crash_at).kept["process"] for crash_at in (None, 3)]
        assert set(Path("/proc/self/fd").iterdir()) == before
        for child in children:
            with pytest.raises(ChildProcessError):
                os.waitpid(child, os.WNOHANG)

    def test_child_whose_parent_is_gone_ends(self):
        """Also when it has more to say than a pipe holds."""
        program = """
import os, signal
from trio_pipeline.testing import live

async def outlive_parent(life):
    os.kill(os.getppid(), signal.SIGKILL)
    return bytes(10**6)

live(outlive_parent, seed=0)
"""
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as inherited:
            command = [sys.executable, "-c", program]
            subprocess.run(command, pass_fds=[writing], check=False, timeout=60, cwd=Path(__file__).parents[2])
            os.close(writing)
            # Its end comes when nobody has the other end any more: neither the parent nor the child.
            assert inherited.read() == b""
