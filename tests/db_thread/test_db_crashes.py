"""End to end: what a process was told is stored survives its being killed, and a full disk is called by its name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from database_fakes import create_numbers, numbers

from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

WRITE_FOR_EVER = """
import os, pathlib, sys, trio
from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

def insert(n):
    return lambda connection: connection.execute("INSERT INTO t (n) VALUES (?)", [n]) and None

async def call(database, n):
    while True:
        if n % 3:
            await database.append("t", {"n": n})
        else:
            await database.write(insert(n))
        os.write(1, f"{n}\\n".encode())
        n += 8

async def main():
    async with open_database(pathlib.Path(sys.argv[1]), world=real_world()) as database, trio.open_nursery() as nursery:
        for n in range(8):
            nursery.start_soon(call, database, n)

trio.run(main)
"""

FILL_THE_DISK = """
import pathlib, resource, signal, sys, trio
from trio_pipeline.db_thread import open_database

def much(connection):
    connection.execute("INSERT INTO t (n) SELECT hash(range) % 1_000_000 FROM range(20_000)")

async def main():
    async with open_database(pathlib.Path(sys.argv[1])) as database:
        await database.append("t", {"n": 1})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            await database.write(much)
        except Exception as error:
            print(type(error).__name__, type(error.__cause__).__name__)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

trio.run(main)
"""


def write_and_be_killed(path, acknowledged):
    """Lines that a process printed, each after a write was acknowledged, until it was killed."""
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE) as process:
        told = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        return told + process.stdout.readlines()


@pytest.mark.parametrize("acknowledged", [1, 10, 100, 333])
async def test_killed_process_keeps_its_word(path, acknowledged):
    async with open_database(path, world=real_world(), prepare=create_numbers):
        pass
    told = write_and_be_killed(path, acknowledged)
    async with open_database(path, world=real_world()) as database:
        stored = await database.read(numbers)
    assert len(stored) == len(set(stored))
    assert {int(line) for line in told} <= set(stored)
    # At most one call of each of the eight tasks was in flight.
    assert len(stored) - len(told) <= 8


async def test_full_disk_is_no_fault_of_the_write(path):
    async with open_database(path, world=real_world(), prepare=create_numbers):
        pass
    command = [sys.executable, "-c", FILL_THE_DISK, str(path)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == "DatabaseUnusable TransactionException\n"
    async with open_database(path, world=real_world()) as database:
        assert await database.read(numbers) == [1]
