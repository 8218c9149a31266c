"""Contract of `Database` under cancellation, in the real thread: what waits is not executed, what has begun is told."""

from __future__ import annotations

import signal
import threading

import duckdb
import pytest
import trio
import trio.testing
from database_fakes import (
    DyingThreads,
    Gate,
    insert,
    insert_and_fail,
    numbers,
    start_in_order,
    waiting_together,
    world_with,
)

from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

# Takes DuckDB half a minute: far longer than a test may take, and yet a test that fails comes to an end.
ENDLESS = "SELECT count(*) FROM range(10_000_000_000) r WHERE r.range % 7 = -1"


def endless(connection):
    return connection.execute(ENDLESS).fetchall()


class Begins:
    """A job that tells Trio when it begins."""

    def __init__(self, then):
        self.begun = trio.Event()
        self._then = then

    def __call__(self, connection):
        trio.from_thread.run_sync(self.begun.set)
        return self._then(connection)


async def test_cancelled_before_the_call_hands_in_nothing(open_numbers):
    """Handed in and taken back at once would not do: the thread may be quicker."""
    sent = []
    async with open_numbers() as database:
        calls = (
            lambda: database.append("t", {"n": 1}),
            lambda: database.write(insert(1)),
            lambda: database.read(numbers),
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database._line._owner, "send", sent.append)
            for call in calls:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await call()
                assert scope.cancelled_caught
    assert sent == []


async def test_cancelled_while_waiting_does_nothing(open_numbers):
    ran = []

    async def cancelled(scope, call, *args):
        with scope:
            await call(*args)
        assert scope.cancelled_caught

    async with open_numbers() as database:
        scope = trio.CancelScope()
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, database.append, "t", {"n": 0})
            await start_in_order(nursery, cancelled, scope, database.append, "t", {"n": 1})
            await start_in_order(nursery, database.append, "t", {"n": 2})
            nursery.start_soon(cancelled, trio.CancelScope(deadline=-1), database.write, ran.append)
            nursery.start_soon(cancelled, trio.CancelScope(deadline=-1), database.read, ran.append)
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert database.statistics().queued == 1 + 1
        assert await database.read(numbers) == [0, 2]
    assert ran == []
    assert database.statistics().queued == 0


async def test_rows_all_cancelled_split_no_batch(open_numbers):
    """What is left of their statement is nothing, which is no error: the write beside them runs once."""
    runs = []

    async def cancelled(scope, database):
        with scope:
            await database.append("t", {"n": 0})

    async with open_numbers() as database:
        before, scope = database.statistics(), trio.CancelScope()
        async with waiting_together(database) as nursery:
            await start_in_order(nursery, database.write, runs.append)
            await start_in_order(nursery, cancelled, scope, database)
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
        after = database.statistics()
        assert await database.read(numbers) == []
    assert len(runs) == 1
    assert (after.batches, after.largest_batch) == (before.batches + 1, 1)


@pytest.mark.parametrize("end", [7, LookupError])
async def test_cancelled_write_tells_its_end(open_numbers, end):
    may_go = threading.Event()
    told = []

    def then(connection):
        may_go.wait()
        return (insert(7) if end == 7 else insert_and_fail(7))(connection)

    async def call(database, scope, job):
        with scope:
            try:
                told.append(await database.write(job))
            except LookupError as error:
                told.append(type(error))

    async with open_numbers() as database:
        job, scope = Begins(then), trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, database, scope, job)
            await job.begun.wait()
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert told == []
            may_go.set()
        assert await database.read(numbers) == ([7] if end == 7 else [])
    assert told == [end]


async def cancel_once_begun(database, then):
    """Start a read, cancel it as soon as it has begun, and return whether its caller was cancelled."""
    job, scope = Begins(then), trio.CancelScope()

    async def call():
        with scope:
            await database.read(job)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await job.begun.wait()
        scope.cancel()
    return scope.cancelled_caught


async def test_cancelled_read_is_interrupted(open_numbers):
    async with open_numbers() as database:
        assert await cancel_once_begun(database, endless)


async def test_cancelled_read_that_wraps_the_interrupt_is_cancelled(open_numbers):
    def wrap(connection):
        try:
            return endless(connection)
        except duckdb.Error as error:
            raise LookupError from error

    async with open_numbers() as database:
        assert await cancel_once_begun(database, wrap)


@pytest.mark.parametrize("attempt", range(3))
async def test_interrupt_that_comes_too_early_is_repeated(open_numbers, attempt):
    """The query begins only after so many interrupts have been sent, all of them lost."""
    async with open_numbers() as database:
        sent = threading.Semaphore(0)
        interrupt = database._desk.interrupt

        def counted(job):
            current = interrupt(job)
            sent.release()
            return current

        def begin_late(connection):
            for _ in range(attempt + 1):
                sent.acquire()
            return endless(connection)

        database._desk.interrupt = counted
        assert await cancel_once_begun(database, begin_late)


async def test_cancelled_read_that_ends_anyway_tells_its_end(open_numbers):
    cancelled = threading.Event()
    told = []

    def ignore(connection):
        cancelled.wait()
        return 7

    def fail(connection):
        cancelled.wait()
        raise LookupError

    async def call(database, scope, job):
        with scope:
            try:
                told.append(await database.read(job))
            except LookupError as error:
                told.append(type(error))

    async with open_numbers() as database:
        for then in (ignore, fail):
            job, scope = Begins(then), trio.CancelScope()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call, database, scope, job)
                await job.begun.wait()
                scope.cancel()
                cancelled.set()
    assert told == [7, LookupError]


async def test_closed_connection_harms_no_scheduler(open_numbers):
    """Neither the interrupt of a cancelled caller nor the rollback of a later one fails where nobody can be told."""
    may_go = threading.Event()

    def close(connection):
        connection.close()
        may_go.wait()

    async def cancel(job, scope):
        await job.begun.wait()
        scope.cancel()
        may_go.set()

    async with open_numbers() as database:
        job, scope = Begins(close), trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel, job, scope)
            with scope, pytest.raises(duckdb.ConnectionException):
                await database.read(job)
        for call in (lambda: database.append("t", {"n": 1}), lambda: database.write(insert(1))):
            with pytest.raises(duckdb.ConnectionException):
                await call()
        assert database.statistics().queued == 0


async def test_interrupts_never_hit_the_next_call(open_numbers):
    """Cancelled reads, long and short ones, each followed at once by calls that must succeed."""

    def short(connection):
        return connection.execute("SELECT sum(range) FROM range(1000)").fetchall()

    async with open_numbers() as database:
        for n in range(200):
            job, scope = Begins(short if n % 2 else endless), trio.CancelScope()

            async def call(job=job, scope=scope):
                with scope:
                    await database.read(job)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(call)
                await job.begun.wait()
                nursery.start_soon(database.append, "t", {"n": n})
                nursery.start_soon(database.write, insert(n))
                nursery.start_soon(database.read, short)
                scope.cancel()
        assert sorted(await database.read(numbers)) == sorted([*range(200), *range(200)])


def test_keyboard_interrupt_while_calling_loses_no_task(path):
    """Ctrl-C right after the job was handed in: it is raised where the task waits, and the job is withdrawn."""
    ran = []

    class Interrupting:
        def __init__(self, owner):
            self._owner = owner
            self.armed = False

        def send(self, job):
            self._owner.send(job)
            if self.armed:
                self.armed = False
                signal.raise_signal(signal.SIGINT)

    async def main():
        async with open_database(path, world=real_world()) as database:
            owner = database._line._owner = Interrupting(database._line._owner)
            async with waiting_together(database):
                owner.armed = True
                with pytest.raises(KeyboardInterrupt):
                    await database.write(ran.append)
            assert await database.read(lambda connection: 1) == 1

    trio.run(main)
    assert ran == []


async def test_callers_do_not_outwait_a_dead_loop(path):
    """A defect of the loop itself comes out whole; nobody waits for an answer that cannot come."""
    threads = DyingThreads()
    gate = Gate()

    async def live():
        async with open_database(path, world=world_with(threads)) as database, trio.open_nursery() as nursery:
            nursery.start_soon(database.write, gate)
            await gate.entered.wait()
            await start_in_order(nursery, database.append, "t", {"n": 1})
            threads.deadly = True
            gate.open()

    with pytest.raises(ZeroDivisionError):
        await live()
    # What the loop owned was let go of.
    async with open_database(path, world=real_world()) as database:
        assert await database.read(lambda connection: 1) == 1
