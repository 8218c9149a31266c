"""The seam between the program and everything that is not deterministic.

Wall-clock time, random numbers, ids, files, the network, databases, blocking calls and worker processes reach the
program through a `World` and through nothing else; monotonic time is Trio's own clock. `real_world()` is the one that
runs in earnest. A world made from a seed gives the same members other implementations, and the program above cannot
tell.

This file does not know what the program does with any of it.
"""

from __future__ import annotations

import datetime
import enum
import os
import queue
import random
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, TypeVar, TypeVarTuple

import duckdb
import httpx
import outcome
import trio

from trio_pipeline import _os_files
from trio_pipeline._memory import MemoryUse, read_memory_use
from trio_pipeline._processes import open_real_processes

__all__ = [
    "Ask",
    "Files",
    "NewFile",
    "OldFile",
    "Owner",
    "OwnerLoop",
    "Processes",
    "Threads",
    "World",
    "real_world",
]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
J = TypeVar("J")
J_contra = TypeVar("J_contra", contravariant=True)


class Ask(enum.Enum):
    """What the loop of an owned resource asks of the thread, or of the simulated task, that runs it."""

    NEXT = "wait for the next job and send it in"
    MORE = "send in a job if one is waiting, else None"
    STEP = "nothing: a point at which a simulated world may let others run"


OwnerLoop = Generator[Ask | float, J | None, None]
"""The life of a resource that one thread owns: it yields an `Ask` and is sent the answer. It ends by returning.

A number of seconds asks for a job as `Ask.MORE` does, but is content to wait so long for one. A simulated world may
answer at once: who comes in time is its choice.
"""


class Owner(Protocol[J_contra]):
    """The two directions between Trio and the loop of an owned resource."""

    def send(self, job: J_contra) -> None:
        """Queue a job for the loop. To be called from Trio; never blocks, and keeps the order."""

    def call_soon(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have `function(*args)` called in Trio's thread. To be called from the loop; lost after Trio has ended."""


class Threads(Protocol):
    """Blocking calls."""

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call a function that blocks, away from the event loop.

        Cancellation: a checkpoint before the call; once begun the call is awaited to its end, so that a caller knows
        what happened.
        """

    def open_owner(self, name: str, loop: Callable[[Owner[J]], OwnerLoop[J]]) -> AbstractAsyncContextManager[Owner[J]]:
        """Run `loop` on a thread of its own for its whole life.

        Whoever opens it makes the loop return (by a job that means "stop") before the context is left: leaving joins
        the thread. What the body raises comes out as it is. An exception out of the loop cancels the body and is raised
        from the context instead.
        """


class NewFile(Protocol):
    """A file being written."""

    async def write(self, data: bytes) -> None:
        """Append `data`, which need not be in the file before `sync` has returned.

        Cancellation: what has begun is written whole.
        """

    async def sync(self) -> None:
        """Return when everything written would survive a loss of power."""

    async def close(self) -> None:
        """Release the file; what was not synced may be lost. Closing twice is fine. Not cancellable."""


class OldFile(Protocol):
    """A file being read."""

    async def read(self, size: int) -> bytes:
        """The next `size` bytes or fewer; empty at the end."""

    async def close(self) -> None:
        """Release the file; closing twice is fine. Not cancellable."""


class Files(Protocol):
    """Files as a crash sees them: only what was synced is sure to be there afterwards.

    Every method raises OSError as the operating system does, save where it says otherwise.
    """

    async def create(self, path: Path) -> NewFile:
        """Open `path` for writing, emptied if it exists."""

    async def append(self, path: Path) -> NewFile:
        """Open `path`, which exists, for writing at its end."""

    async def open(self, path: Path) -> OldFile:
        """Open `path` for reading."""

    async def replace(self, source: Path, target: Path) -> None:
        """Rename, over what may be there, and sync the directory: afterwards the name is durable."""

    async def remove(self, path: Path) -> bool:
        """Delete a file, or a directory in its place that is empty; False if there was none."""

    async def size(self, path: Path) -> int | None:
        """Length in bytes, or None if there is no such file."""

    async def sizes(self, directory: Path) -> dict[str, int]:
        """Names and lengths of the plain files in a directory; empty if there is none."""

    async def make_directory(self, path: Path) -> None:
        """Create a directory and its parents, if they are missing: afterwards their names are durable."""

    async def free_space(self, path: Path) -> int:
        """Bytes that could still be written where `path`, an existing directory, lies."""


class Processes(Protocol):
    """Worker processes for code that may crash, hang or eat memory."""

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call an importable function in a worker process.

        Raises:
            trio_parallel.BrokenWorkerError: The worker died during the call.
            MemoryError: The call needed more memory than a worker may have, and was told so in time.

        Cancellation: the worker is killed.
        """


@dataclass(frozen=True)
class World:
    """Everything outside the program.

    Attributes:
        random: The source of all random choices.
        now: Wall-clock time, UTC, without a time zone attached. For people and for the ledger, never for order.
        new_id: A name that nobody else has.
        files: The file system.
        threads: Blocking calls, and resources that own a thread.
        open_processes: A pool of at most so many worker processes.
        open_transport: A new connection pool to the network.
        connect: `duckdb.connect`: a path, `read_only` and `config` to a connection. Called by the thread that owns it.
        stall_clock: Seconds of real time, by which it is told how long the event loop was held up. Trio's clock will
            not do: a virtual one jumps between two rounds of the loop.
        memory: The memory that this process uses.
    """

    random: random.Random
    now: Callable[[], datetime.datetime]
    new_id: Callable[[], str]
    files: Files
    threads: Threads
    open_processes: Callable[[int], AbstractAsyncContextManager[Processes]]
    open_transport: Callable[[], httpx.AsyncBaseTransport]
    connect: Callable[..., duckdb.DuckDBPyConnection]
    stall_clock: Callable[[], float]
    memory: Callable[[], MemoryUse]


def real_world() -> World:
    """The world as it is."""
    threads = _RealThreads()
    return World(
        random=random.SystemRandom(),
        now=lambda: datetime.datetime.now(datetime.UTC).replace(tzinfo=None),
        new_id=lambda: uuid.uuid4().hex,
        files=_RealFiles(threads),
        threads=threads,
        open_processes=open_real_processes,
        open_transport=_open_real_transport,
        connect=duckdb.connect,
        stall_clock=time.perf_counter,
        memory=read_memory_use,
    )


def _open_real_transport() -> httpx.AsyncBaseTransport:
    # httpcore loses a pool slot for ever when a request is cancelled while it waits for the pool (httpcore#1093). An
    # unbounded pool never makes anybody wait; how many connections there are is the pacer's business.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)
    return httpx.AsyncHTTPTransport(limits=limits)


class _RealOwner(Generic[J]):
    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[J] = queue.SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()

    def send(self, job: J) -> None:
        self._jobs.put(job)

    def call_soon(self, function: Callable[[*Ts], object], *args: *Ts) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function, *args)

    def drive(self, loop: OwnerLoop[J]) -> None:
        """Run the loop to its end in the calling thread."""
        answer: J | None = None
        while True:
            try:
                ask = loop.send(answer)
            except StopIteration:
                return
            match ask:
                case Ask.NEXT:
                    answer = self._jobs.get()
                case Ask.MORE:
                    try:
                        answer = self._jobs.get_nowait()
                    except queue.Empty:
                        answer = None
                case Ask.STEP:
                    answer = None
                case seconds:
                    try:
                        answer = self._jobs.get(timeout=seconds)
                    except queue.Empty:
                        answer = None


class _RealThreads:
    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        return await trio.to_thread.run_sync(function, *args)

    @asynccontextmanager
    async def open_owner(self, name: str, loop: Callable[[Owner[J]], OwnerLoop[J]]) -> AsyncIterator[Owner[J]]:
        owner: _RealOwner[J] = _RealOwner()
        end: outcome.Outcome[None] = outcome.Value(None)
        ended = trio.Event()

        async def live() -> None:
            nonlocal end
            # One long call pins one OS thread; a limiter of its own keeps it out of the way of everybody else's calls.
            end = await outcome.acapture(
                partial(trio.to_thread.run_sync, limiter=trio.CapacityLimiter(1), thread_name=name),
                owner.drive,
                loop(owner),
            )
            ended.set()
            if isinstance(end, outcome.Error):
                scope.cancel(reason=f"{name} died")

        with trio.CancelScope() as scope:
            # The loop is ended by a job, never by cancellation: what it owns has to be closed in its own thread. And a
            # nursery would wrap whatever the body raises in a group of one.
            trio.lowlevel.spawn_system_task(live, name=name)
            try:
                yield owner
            finally:
                with trio.CancelScope(shield=True):
                    await ended.wait()
                end.unwrap()


_WRITE_SIZE = 1024 * 1024
"""Bytes that are collected before they go to a thread, which costs as much as writing some 200 KB."""


class _RealNewFile:
    def __init__(self, file: BinaryIO, threads: Threads) -> None:
        self._file = file
        self._threads = threads
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= _WRITE_SIZE:
            await self._threads.run(self._write_waiting)

    async def sync(self) -> None:
        def sync() -> None:
            self._write_waiting()
            os.fsync(self._file.fileno())

        await self._threads.run(sync)

    async def close(self) -> None:
        # The file has no buffer of Python's, so that this does not block; a thread would cost ten times as much.
        self._file.close()

    def _write_waiting(self) -> None:
        rest = memoryview(bytes(self._waiting))
        self._waiting.clear()
        while rest:
            rest = rest[self._file.write(rest) :]


class _RealOldFile:
    def __init__(self, file: BinaryIO, threads: Threads) -> None:
        self._file = file
        self._threads = threads

    async def read(self, size: int) -> bytes:
        return await self._threads.run(self._file.read, size)

    async def close(self) -> None:
        # As above.
        self._file.close()


class _RealFiles:
    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def create(self, path: Path) -> NewFile:
        return _RealNewFile(await self._threads.run(_os_files.open_for_writing, path), self._threads)

    async def append(self, path: Path) -> NewFile:
        return _RealNewFile(await self._threads.run(_os_files.open_at_end, path), self._threads)

    async def open(self, path: Path) -> OldFile:
        return _RealOldFile(await self._threads.run(_os_files.open_for_reading, path), self._threads)

    async def replace(self, source: Path, target: Path) -> None:
        await self._threads.run(_os_files.replace, source, target)

    async def remove(self, path: Path) -> bool:
        return await self._threads.run(_os_files.remove, path)

    async def size(self, path: Path) -> int | None:
        return await self._threads.run(_os_files.size, path)

    async def sizes(self, directory: Path) -> dict[str, int]:
        return await self._threads.run(_os_files.sizes, directory)

    async def make_directory(self, path: Path) -> None:
        await self._threads.run(_os_files.make_directory, path)

    async def free_space(self, path: Path) -> int:
        return (await self._threads.run(shutil.disk_usage, path)).free
