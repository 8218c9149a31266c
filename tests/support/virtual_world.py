"""A world without threads, processes or a disk that keeps anybody waiting, so that virtual time never jumps past work.

Files are real ones, but nothing waits for them to be durable. Blocking calls, worker processes and the loop of an owned
resource run in Trio's own thread, with a checkpoint before each step, where other tasks may come in between.
"""

from __future__ import annotations

import datetime
import errno
import itertools
import os
import random
from collections import deque
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import duckdb
import httpx
import trio
from outcome import Error, Outcome, Value, acapture

from trio_pipeline.telemetry import MemoryUse
from trio_pipeline.world import Ask, World, _RealFiles

EPOCH = datetime.datetime(2025, 7, 1, 8, 0, 0)  # noqa: DTZ001 -- as World.now gives it


def make_world(open_transport: Callable[[], httpx.AsyncBaseTransport], *, seed: int = 0) -> World:
    """A world that begins at `EPOCH`, when Trio's clock stands at 0."""
    threads = InlineThreads()
    ids = itertools.count(1)
    processes = InlineProcesses()

    @asynccontextmanager
    async def open_processes(count: int):
        yield processes

    return World(
        random=random.Random(seed),
        now=lambda: EPOCH + datetime.timedelta(seconds=trio.current_time()),
        new_id=lambda: f"id-{next(ids):06}",
        files=WatchedFiles(threads),
        threads=threads,
        open_processes=open_processes,
        open_transport=open_transport,
        connect=duckdb.connect,
        stall_clock=lambda: 0.0,
        memory=lambda: MemoryUse(None, None),
    )


class InlineThreads:
    """Blocking calls and owned resources, in Trio's thread."""

    async def run(self, function, *args):
        await trio.lowlevel.checkpoint()
        return function(*args)

    @asynccontextmanager
    async def open_owner(self, name, loop):
        owner = InlineOwner()
        end: Outcome[None] = Value(None)
        ended = trio.Event()

        async def live() -> None:
            nonlocal end
            end = await acapture(owner.drive, loop(owner))
            ended.set()
            if isinstance(end, Error):
                scope.cancel()

        with trio.CancelScope() as scope:
            trio.lowlevel.spawn_system_task(live, name=name)
            try:
                yield owner
            finally:
                with trio.CancelScope(shield=True):
                    await ended.wait()
                end.unwrap()


class InlineOwner:
    """Runs a loop as a Trio task: before each of its steps all other tasks may do one of theirs."""

    def __init__(self) -> None:
        self._jobs = deque()
        self._arrival = trio.Event()

    def send(self, job) -> None:
        self._jobs.append(job)
        self._arrival.set()

    def call_soon(self, function, *args) -> None:
        function(*args)

    async def drive(self, loop) -> None:
        answer = None
        while True:
            try:
                ask = loop.send(answer)
            except StopIteration:
                return
            await trio.lowlevel.checkpoint()
            answer = None if ask is Ask.STEP else await self._next(wait=ask is Ask.NEXT)

    async def _next(self, *, wait):
        while wait and not self._jobs:
            self._arrival = trio.Event()
            await self._arrival.wait()
        return self._jobs.popleft() if self._jobs else None


class InlineProcesses:
    """Calls for worker processes. By the function's name, each takes `pauses` seconds, and the first raise `errors`."""

    def __init__(self) -> None:
        self.pauses: dict[str, float] = {}
        self.errors: dict[str, list[Exception]] = {}

    async def run(self, function, *args):
        await trio.sleep(self.pauses.get(function.__name__, 0.0))
        if self.errors.get(function.__name__):
            raise self.errors[function.__name__].pop(0)
        return function(*args)


class WatchedFiles(_RealFiles):
    """Real files that nobody syncs; `seen` is called with the directory after every change.

    The disk is full after `full_after` files more, if that is a number.
    """

    def __init__(self, threads: InlineThreads) -> None:
        super().__init__(threads)
        self.seen: Callable[[Path], object] = lambda _: None
        self.full_after: int | None = None

    async def create(self, path):
        await trio.lowlevel.checkpoint()
        if self.full_after is not None:
            if self.full_after == 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            self.full_after -= 1
        return _WatchedFile(path.open("wb", buffering=0), lambda: self.seen(path.parent))

    async def append(self, path):
        await trio.lowlevel.checkpoint()
        return _WatchedFile(path.open("r+b", buffering=0), lambda: self.seen(path.parent), at_end=True)

    async def replace(self, source, target):
        await trio.lowlevel.checkpoint()
        source.replace(target)
        self.seen(target.parent)


class _WatchedFile:
    def __init__(self, file: BinaryIO, changed: Callable[[], object], *, at_end: bool = False) -> None:
        if at_end:
            file.seek(0, os.SEEK_END)
        self._file = file
        self._changed = changed

    async def write(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self._file.write(data)
        self._changed()

    async def sync(self) -> None:
        await trio.lowlevel.checkpoint()

    async def close(self) -> None:
        self._file.close()
