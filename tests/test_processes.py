"""Contract of the real worker processes: they die when they should, and only then.

Nothing here measures time: what dies is waited for, and what lives answers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
import trio_parallel

from trio_pipeline._processes import MEMORY_LIMIT, cause_of_death, open_real_processes

SIGNALS_FOR_THE_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

PARENT = """
import sys
import trio
from test_processes import tell_and_hang
from trio_pipeline.world import real_world
import os

async def main():
    async with real_world().open_processes(1) as processes:
        print(await processes.run(os.getpid), flush=True)
        if sys.argv[1:]:
            await processes.run(tell_and_hang, *sys.argv[1:])
        await trio.sleep_forever()

if __name__ == "__main__":
    trio.run(main)
"""
"""A program with a worker that is idle, or that hangs once it has told so through the pipe named."""

_held: list[bytes] = []


def tell_and_hang(path: str) -> None:
    """Write our process id into a pipe, then never return."""
    with Path(path).open("w") as pipe:
        pipe.write(str(os.getpid()))
    time.sleep(3600)


def tell_and_listen(path: str) -> str:
    """Write our process id into a pipe, then return what comes back through it."""
    with Path(path).open("w") as pipe:
        pipe.write(str(os.getpid()))
    return Path(path).read_text()


def die(number: int) -> None:
    """Die of a signal, as by the kernel's out-of-memory killer."""
    os.kill(os.getpid(), number)


def allocate(size: int) -> int:
    """Ask for memory, and use none of it."""
    return len(bytearray(size))


def hold(size: int) -> int:
    """Use memory, keep it, and give our process id."""
    _held.append(b"x" * size)
    return os.getpid()


def is_alive(process: int) -> bool:
    """Whether a process lives; one that is dead and not yet collected does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_for_death(process: int) -> None:
    while is_alive(process):
        time.sleep(0.01)


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


async def test_call_runs_in_another_process():
    async with open_real_processes(1) as processes:
        worker = await processes.run(os.getpid)
        assert worker != os.getpid()
        with pytest.raises(ZeroDivisionError):
            await processes.run(divmod, 1, 0)
    assert not is_alive(worker)


async def test_no_more_processes_than_allowed():
    workers: set[int] = set()

    async def note() -> None:
        workers.add(await processes.run(os.getpid))

    async with open_real_processes(1) as processes, trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(note)
    assert len(workers) == 1


async def test_cancelled_call_kills_its_worker(pipe):
    async with open_real_processes(1) as processes:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(processes.run, tell_and_hang, str(pipe))
            worker = int(await trio.to_thread.run_sync(pipe.read_text))
            assert is_alive(worker)
            nursery.cancel_scope.cancel()
        assert not is_alive(worker)
        assert await processes.run(os.getpid) != worker


async def test_dead_worker_is_an_error_of_its_call_alone():
    async with open_real_processes(1) as processes:
        with pytest.raises(trio_parallel.BrokenWorkerError):
            await processes.run(die, signal.SIGKILL)
        assert is_alive(await processes.run(os.getpid))


async def test_signals_for_the_parent_do_not_end_an_idle_worker():
    async with open_real_processes(1) as processes:
        worker = await processes.run(os.getpid)
        for number in SIGNALS_FOR_THE_PARENT:
            os.kill(worker, number)
        assert await processes.run(os.getpid) == worker


async def test_signals_for_the_parent_do_not_end_a_call(pipe):
    answers = []

    async def call() -> None:
        answers.append(await processes.run(tell_and_listen, str(pipe)))

    async with open_real_processes(1) as processes, trio.open_nursery() as nursery:
        nursery.start_soon(call)
        worker = int(await trio.to_thread.run_sync(pipe.read_text))
        for number in SIGNALS_FOR_THE_PARENT:
            os.kill(worker, number)
        await trio.to_thread.run_sync(pipe.write_text, "still here")
    assert answers == ["still here"]


@pytest.mark.parametrize("work", ["idle", "busy"])
def test_worker_does_not_outlive_a_parent_that_was_killed(tmp_path, pipe, work):
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    command = [sys.executable, str(program), *([str(pipe)] if work == "busy" else [])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        worker = int(parent.stdout.readline())
        if work == "busy":
            assert int(pipe.read_text()) == worker
        assert is_alive(worker)
        parent.kill()
    wait_for_death(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the limit")
async def test_memory_is_limited():
    async with open_real_processes(1) as processes:
        with pytest.raises(MemoryError):
            await processes.run(allocate, MEMORY_LIMIT)
        assert await processes.run(allocate, MEMORY_LIMIT // 2) == MEMORY_LIMIT // 2


async def test_worker_that_has_grown_gives_way_to_another():
    async with open_real_processes(1) as processes:
        small = await processes.run(hold, 1000)
        assert await processes.run(hold, 1000) == small
        assert await processes.run(hold, 420 * 1024 * 1024) == small
        assert await processes.run(hold, 1000) != small


@pytest.mark.parametrize(
    ("function", "number", "cause"),
    [
        (die, signal.SIGSEGV, "SIGSEGV"),
        (die, signal.SIGABRT, "SIGABRT, as when it needs more than 1024 MB of memory"),
        (os._exit, 7, "exit code 7"),
        (die, 40, "signal 40"),
    ],
)
async def test_cause_of_death_is_told(function, number, cause):
    async with open_real_processes(1) as processes:
        with pytest.raises(trio_parallel.BrokenWorkerError) as caught:
            await processes.run(function, number)
    assert cause_of_death(caught.value) == cause


def test_death_without_a_process_has_no_cause():
    assert cause_of_death(trio_parallel.BrokenWorkerError("the simulated worker died")) == "unknown"
