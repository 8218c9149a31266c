"""A whole world made from a seed: everything that a program gets from outside, and nothing of it real but the files.

Every part draws from a random source of its own, so that a draw more in one of them changes nothing in the others.

This file does not know how the parts work, what schedule runs them, or what lives in the world.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from trio_pipeline._memory import MemoryUse
from trio_pipeline.testing.databases import SimulatedDatabases
from trio_pipeline.testing.files import SimulatedFiles
from trio_pipeline.testing.network import MemoryNetwork, open_network
from trio_pipeline.testing.processes import SimulatedProcesses
from trio_pipeline.testing.threads import SimulatedThreads
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.weather import Outage, Weather
from trio_pipeline.world import World

__all__ = ["CALM", "EPOCH", "Chances", "SimulatedWorld", "open_world"]

EPOCH = datetime.datetime(2025, 7, 1, 8, 0, 0)  # noqa: DTZ001 -- as World.now gives it
"""What a calendar says in a simulated world when Trio's clock stands at 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What can go wrong in a world, and how often. Without arguments nothing does.

    Attributes:
        disk_error: Of each operation on a file, that the disk fails.
        disk_full: Of each operation on a file that needs room, that there is none.
        disk_capacity: Bytes that all files together may have.
        short_read: Of each read of a file, that it gives less than was asked for.
        slow_thread: Of each step of a thread, that it takes time.
        slow_seconds: How long such a step takes at most.
        worker_death: Of each call in a worker process, that the worker dies.
        worker_seconds: How long such a call takes, at least and at most.
        busy_database: Of each attempt to open a database, that another process has it open.
        full_database: Of each COMMIT, that the disk is full, after which the connection is of no use.
        weather: What the network is like, for all hosts or by patterns of their names.
        outages: When hosts, or the network as a whole, are down.
    """

    disk_error: float = 0.0
    disk_full: float = 0.0
    disk_capacity: int = 10**12
    short_read: float = 0.0
    slow_thread: float = 0.0
    slow_seconds: float = 1.0
    worker_death: float = 0.0
    worker_seconds: tuple[float, float] = (0.0, 0.0)
    busy_database: float = 0.0
    full_database: float = 0.0
    weather: Weather | Mapping[str, Weather] = field(default_factory=Weather)
    outages: tuple[Outage, ...] = ()


CALM = Chances()
"""Nothing goes wrong but what a program does to itself."""


@dataclass(frozen=True)
class SimulatedWorld:
    """A world and its parts, for whoever arranges it and looks into it.

    Attributes:
        world: What the program gets.
        files: Its files. They know what a crash loses.
        threads: Its threads.
        processes: Its worker processes.
        databases: Its databases.
        network: Its network: `network.listen` puts a server into it.
        trace: What happened in it.
        random: For choices of whoever arranges the world; the program has another one.
    """

    world: World
    files: SimulatedFiles
    threads: SimulatedThreads
    processes: SimulatedProcesses
    databases: SimulatedDatabases
    network: MemoryNetwork
    trace: Trace
    random: random.Random


@asynccontextmanager
async def open_world(
    seed: int | str, directory: Path, *, life: int = 0, trace: Trace | None = None, chances: Chances = CALM
) -> AsyncIterator[SimulatedWorld]:
    """Make a world. To be run by `running.run`, which chooses the steps and lets virtual time pass.

    Args:
        seed: Of all that is left to chance, but for the schedule.
        directory: Where its files are: an existing directory, which outlives the world. In memory it is faster.
        life: Of several worlds that follow each other in the same directory, which one this is, so that chance and
            ids are not the same again.
        trace: Is told what happens.
        chances: What goes wrong.

    Raises:
        ExceptionGroup: As nurseries do, around what the body and the servers in the network raise.

    Cancellation: what the program left in the network is cancelled when the context is left.
    """
    trace = trace or Trace()

    def source(part: str) -> random.Random:
        return random.Random(f"{seed}/{life}/{part}")

    ids = (f"{seed}/{life}/{number}" for number in itertools.count())
    files = SimulatedFiles(
        directory,
        source("files"),
        trace,
        error_chance=chances.disk_error,
        full_chance=chances.disk_full,
        short_read_chance=chances.short_read,
        capacity=chances.disk_capacity,
    )
    threads = SimulatedThreads(source("threads"), slow_chance=chances.slow_thread, slow_seconds=chances.slow_seconds)
    processes = SimulatedProcesses(
        source("processes"), trace, death_chance=chances.worker_death, seconds=chances.worker_seconds
    )
    databases = SimulatedDatabases(
        source("databases"), trace, busy_chance=chances.busy_database, full_chance=chances.full_database
    )
    async with open_network(
        source("network"), weather=chances.weather, outages=chances.outages, trace=trace
    ) as network:
        world = World(
            random=source("program"),
            now=lambda: EPOCH + datetime.timedelta(seconds=trio.current_time()),
            # As long and as orderless as the real ones.
            new_id=lambda: hashlib.blake2b(next(ids).encode(), digest_size=16).hexdigest(),
            files=files,
            threads=threads,
            open_processes=processes.open,
            open_transport=network.transport,
            connect=databases.connect,
            stall_clock=lambda: 0.0,
            memory=lambda: MemoryUse(None, None),
        )
        yield SimulatedWorld(world, files, threads, processes, databases, network, trace, source("world"))
