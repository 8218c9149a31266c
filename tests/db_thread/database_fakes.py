"""What the tests of the database thread share: loops that run as a task or die, a gate, and runs made from a seed."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
from collections import deque
from contextlib import asynccontextmanager, suppress

import duckdb
import trio
import trio.testing

from trio_pipeline.testing import run
from trio_pipeline.world import Ask, World, real_world


class InlineOwner:
    """Runs a loop as a Trio task: before each of its steps all other tasks may do one of theirs.

    A loop that is content to wait for a job gets what is there.
    """

    def __init__(self):
        self._jobs = deque()
        self._arrival = trio.Event()

    def send(self, job):
        self._jobs.append(job)
        self._arrival.set()

    def call_soon(self, function, *args):
        function(*args)

    async def drive(self, loop):
        answer = None
        while True:
            try:
                ask = loop.send(answer)
            except StopIteration:
                return
            await trio.lowlevel.checkpoint()
            answer = None if ask is Ask.STEP else await self._next(self._patience(ask))

    def _patience(self, ask):
        """Seconds to wait for a job."""
        return math.inf if ask is Ask.NEXT else 0.0

    async def _next(self, patience):
        with trio.move_on_after(patience):
            while patience and not self._jobs:
                self._arrival = trio.Event()
                await self._arrival.wait()
        return self._jobs.popleft() if self._jobs else None


class PatientOwner(InlineOwner):
    """Waits for a job as long as the loop is content to, on Trio's clock."""

    def _patience(self, ask):
        return ask if isinstance(ask, float) else super()._patience(ask)


class InlineThreads:
    make_owner = InlineOwner

    @asynccontextmanager
    async def open_owner(self, name, loop):
        owner = self.make_owner()
        ended = trio.Event()

        async def live():
            await owner.drive(loop(owner))
            ended.set()

        trio.lowlevel.spawn_system_task(live, name=name)
        try:
            yield owner
        finally:
            with trio.CancelScope(shield=True):
                await ended.wait()


class PatientThreads(InlineThreads):
    make_owner = PatientOwner


def watched(loop, look):
    """The same loop, which calls `look` with whatever it asks for; what that raises is what the loop dies of."""

    def watched_loop(owner):
        with contextlib.closing(loop(owner)) as inner:
            answer = None
            while True:
                try:
                    ask = inner.send(answer)
                except StopIteration:
                    return
                look(ask)
                answer = yield ask

    return watched_loop


class DyingThreads:
    """Real threads, whose loop dies of a defect at its first step after `deadly` was set."""

    deadly = False

    def open_owner(self, name, loop):
        def die(_ask):
            if self.deadly:
                raise ZeroDivisionError("a defect of the loop")

        return real_world().threads.open_owner(name, watched(loop, die))


def world_with(threads) -> World:
    return dataclasses.replace(real_world(), threads=threads)


class Gate:
    """A job that holds up the database's thread, so that what is called in the meantime waits together."""

    def __init__(self):
        self.entered = trio.Event()
        self._may_go = threading.Event()

    def __call__(self, connection):
        trio.from_thread.run_sync(self.entered.set)
        self._may_go.wait()

    def open(self):
        self._may_go.set()


@asynccontextmanager
async def waiting_together(database):
    """Everything started in the nursery that this gives, by `start_in_order`, waits until the body has ended."""
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.read, gate)
        await gate.entered.wait()
        try:
            yield nursery
        finally:
            gate.open()


async def start_in_order(nursery, function, *args):
    nursery.start_soon(function, *args)
    await trio.testing.wait_all_tasks_blocked()


def run_seeded(seed, function, *args):
    """A run on virtual time, in an order of steps that the seed decides."""
    return run(function, *args, schedule=seed)


def create_numbers(connection):
    connection.execute("CREATE SEQUENCE IF NOT EXISTS arrivals")
    connection.execute("CREATE TABLE IF NOT EXISTS t (seq BIGINT DEFAULT nextval('arrivals'), n BIGINT)")


def numbers(connection):
    """The numbers stored, in the order in which they arrived."""
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY seq").fetchall()]


def insert(n):
    def function(connection):
        connection.execute("INSERT INTO t (n) VALUES (?)", [n])
        return n

    return function


def insert_and_fail(n):
    def function(connection):
        connection.execute("INSERT INTO t (n) VALUES (?)", [n])
        raise LookupError(n)

    return function


def insert_and_hide_error(n):
    """Leaves an aborted transaction behind, whose COMMIT would store nothing and say nothing."""

    def function(connection):
        connection.execute("INSERT INTO t (n) VALUES (?)", [n])
        with suppress(duckdb.Error):
            connection.execute("SELECT error('hidden')").fetchall()

    return function
