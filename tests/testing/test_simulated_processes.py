"""Simulated worker processes: calls that travel, take time, and die; no more at once than the pool has workers."""

from __future__ import annotations

import pickle
import random
import threading
from contextlib import suppress

import pytest
import trio
import trio_parallel

from trio_pipeline.testing.processes import SimulatedProcesses
from trio_pipeline.testing.running import run
from trio_pipeline.testing.trace import Trace


def make_processes(seed=0, **options):
    return SimulatedProcesses(random.Random(seed), Trace(keep=True), **options)


def add_two(numbers):
    numbers.append(2)


def test_call_returns_what_the_function_does():
    async def program():
        async with make_processes().open(1) as pool:
            return await pool.run(divmod, 7, 2)

    assert run(program) == (3, 1)


def test_error_of_the_function_reaches_the_caller():
    async def program():
        async with make_processes().open(1) as pool:
            await pool.run(divmod, 1, 0)

    with pytest.raises(ZeroDivisionError):
        run(program)


@pytest.mark.parametrize("function", [lambda: 1, threading.Lock])
def test_what_cannot_travel_is_refused(function):
    async def program():
        async with make_processes().open(1) as pool:
            await pool.run(function)

    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        run(program)


def test_arguments_are_copies():
    async def program():
        mine = [1]
        async with make_processes().open(1) as pool:
            await pool.run(add_two, mine)
        return mine

    assert run(program) == [1]


def test_calls_take_time_and_workers():
    async def program():
        processes = make_processes(seconds=(10.0, 10.0))
        async with processes.open(2) as pool, trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(pool.run, int)
            await trio.sleep(1)
            running = processes.running
        return running, trio.current_time(), processes.running, processes.open_pools

    assert run(program) == (2, 30.0, 0, 0)


def test_dead_worker_is_an_error_of_its_call():
    async def program():
        processes = make_processes(death_chance=1.0)
        async with processes.open(1) as pool:
            with pytest.raises(trio_parallel.BrokenWorkerError):
                await pool.run(int)

    run(program)


def test_worker_dies_before_or_after_the_work():
    async def program(seed):
        processes = make_processes(seed, death_chance=0.5)
        async with processes.open(1) as pool:
            with suppress(trio_parallel.BrokenWorkerError):
                await pool.run(int)
        return tuple(processes._trace.lines)

    assert {run(program, seed) for seed in range(30)} == {
        ("process int Value",),
        ("process int dies",),
        ("process int Value", "process int dies"),
    }


def test_cancelled_call_is_given_up():
    async def program():
        processes = make_processes(seconds=(10.0, 10.0))
        async with processes.open(1) as pool:
            with trio.move_on_after(1) as scope:
                await pool.run(int)
        return scope.cancelled_caught, processes.running, trio.current_time()

    assert run(program) == (True, 0, 1.0)
