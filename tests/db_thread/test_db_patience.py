"""Contract of `Database.append` with patience: a row waits for company, and what cannot wait takes it along.

Where the thread runs in earnest a patience is so long that the test would hang if it were waited for, or so short that
it is over at once; how long anything takes is never asserted. A loop that is a Trio task waits in virtual time.
"""

from __future__ import annotations

import math
import threading

import duckdb
import pytest
import trio
import trio.testing
from database_fakes import (
    InlineThreads,
    PatientThreads,
    create_numbers,
    insert,
    numbers,
    start_in_order,
    waiting_together,
    world_with,
)

from trio_pipeline import _db_loop
from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world

LONG = 86_400.0
"""Seconds: no test lasts so long."""


async def append(database, n, patience=LONG):
    await database.append("t", {"n": n}, patience=patience)


async def append_and_note(database, n, patience, order):
    await append(database, n, patience)
    order.append((n, trio.current_time()))


@pytest.fixture(params=["thread", "task"])
def patient_world(request):
    """The loop in its thread, and the same loop as a Trio task that waits in virtual time."""
    return real_world() if request.param == "thread" else world_with(PatientThreads())


# What takes a row along that waits


@pytest.mark.parametrize("urgent", ["append", "write"])
async def test_patient_rows_share_the_commit_of_an_urgent_one(open_numbers, patient_world, urgent):
    async with open_numbers(patient_world) as database:
        before = database.statistics()
        async with trio.open_nursery() as nursery:
            for n in range(3):
                await start_in_order(nursery, append, database, n)
            assert database.statistics().queued == 3
            assert database.statistics().batches == before.batches
            if urgent == "append":
                await database.append("t", {"n": 3})
            else:
                await database.write(insert(3))
            after = database.statistics()
        assert await database.read(numbers) == [0, 1, 2, 3]
    assert (after.batches, after.largest_batch, after.queued) == (before.batches + 1, 4, 0)


async def test_read_takes_patient_rows_along(open_numbers, patient_world):
    async with open_numbers(patient_world) as database:
        before = database.statistics().batches
        async with trio.open_nursery() as nursery:
            await start_in_order(nursery, append, database, 0)
            await start_in_order(nursery, append, database, 1)
            assert await database.read(numbers) == [0, 1]
        assert database.statistics().batches == before + 1


async def test_close_takes_patient_rows_along(open_numbers, patient_world):
    """The nursery ends after the database has been closed, so that only this can have woken the callers."""
    async with trio.open_nursery() as nursery, open_numbers(patient_world) as database:
        await start_in_order(nursery, append, database, 0)
        await start_in_order(nursery, append, database, 1)
    async with open_numbers() as database:
        assert await database.read(numbers) == [0, 1]


async def test_full_batch_does_not_wait(open_numbers, patient_world, monkeypatch):
    monkeypatch.setattr(_db_loop, "_BATCH_LIMIT", 3)
    async with open_numbers(patient_world) as database:
        before = database.statistics().batches
        async with trio.open_nursery() as nursery:
            for n in range(3):
                await start_in_order(nursery, append, database, n)
        assert database.statistics().batches == before + 1
        assert await database.read(numbers) == [0, 1, 2]


async def test_least_patient_row_decides(open_numbers, patient_world):
    """The second row cannot wait for as long as the first one, which returns with it."""
    async with open_numbers(patient_world) as database:
        before = database.statistics()
        async with trio.open_nursery() as nursery:
            await start_in_order(nursery, append, database, 0)
            nursery.start_soon(append, database, 1, 0.001)
        after = database.statistics()
        assert await database.read(numbers) == [0, 1]
    assert (after.batches, after.rows_appended) == (before.batches + 1, before.rows_appended + 2)


async def test_row_is_committed_alone_when_its_patience_is_over(open_numbers):
    async with open_numbers() as database:
        before = database.statistics()
        await append(database, 0, patience=0.001)
        after = database.statistics()
        assert await database.read(numbers) == [0]
    assert (after.batches, after.rows_appended) == (before.batches + 1, before.rows_appended + 1)


async def test_patience_that_is_over_waits_for_nothing_but_takes_what_is_there(open_numbers):
    """Their time has passed while the thread was busy."""
    async with open_numbers() as database:
        before = database.statistics().batches
        async with waiting_together(database) as nursery:
            for n in range(4):
                await start_in_order(nursery, append, database, n, 1e-9)
        assert database.statistics().batches == before + 1
        assert await database.read(numbers) == [0, 1, 2, 3]


# When, in virtual time


async def test_patience_is_waited_for_to_the_end_and_no_longer(path, autojump_clock):
    order = []
    async with open_database(path, world=world_with(PatientThreads()), prepare=create_numbers) as database:
        before = database.statistics()
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            await start_in_order(nursery, append_and_note, database, 0, 20.0, order)
            await trio.sleep(5.0)
            await start_in_order(nursery, append_and_note, database, 1, 60.0, order)
            await trio.sleep(5.0)
            # It would wait until 12 s, and so they all do.
            await start_in_order(nursery, append_and_note, database, 2, 2.0, order)
            await trio.sleep(20.0)
            await start_in_order(nursery, append_and_note, database, 3, 7.0, order)
        after = database.statistics()
        assert await database.read(numbers) == [0, 1, 2, 3]
    assert [(n, time - start) for n, time in sorted(order)] == [(0, 12.0), (1, 12.0), (2, 12.0), (3, 37.0)]
    assert (after.batches - before.batches, after.largest_batch) == (2, 3)


async def test_steady_stream_of_patient_rows_puts_off_nobody(path, autojump_clock):
    """A row comes every second, each content to wait ten: the first one is not held up by those behind it."""
    order = []
    async with open_database(path, world=world_with(PatientThreads()), prepare=create_numbers) as database:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            for n in range(40):
                await start_in_order(nursery, append_and_note, database, n, 10.5, order)
                await trio.sleep(1.0)
        assert await database.read(numbers) == list(range(40))
    waits = {n: time - start - n for n, time in order}
    assert max(waits.values()) == waits[0] == 10.5
    # Each batch begins with a row that waits for as long as it may, and takes ten along.
    assert [n for n in range(40) if waits[n] == 10.5] == [0, 11, 22, 33]


async def test_owner_that_answers_at_once_commits_at_once(path, autojump_clock):
    """A simulated world may find that nobody comes in time."""
    async with open_database(path, world=world_with(InlineThreads()), prepare=create_numbers) as database:
        start = trio.current_time()
        await append(database, 0)
        assert trio.current_time() == start
        assert await database.read(numbers) == [0]


# Order, errors, cancellation


@pytest.mark.parametrize("patience", [-1, -1e-9, math.inf, -math.inf, math.nan, LONG + 1, 1e300])
async def test_patience_is_a_number_of_seconds_up_to_a_day(open_numbers, patience):
    """A thread can wait for ever no better than a commit can."""
    async with open_numbers() as database:
        with pytest.raises(ValueError, match=r"patience is a number of seconds from 0 to 86,400, not "):
            await append(database, 0, patience)
        assert database.statistics().queued == 0
        assert await database.read(numbers) == []


async def test_order_of_the_calls_is_kept_whatever_their_patience(open_numbers, patient_world):
    async with open_numbers(patient_world) as database:
        async with trio.open_nursery() as nursery:
            for n, patience in enumerate([LONG, 0.0, LONG, 1e-9, LONG, 0.0, LONG]):
                await start_in_order(nursery, append, database, n, patience)
            await start_in_order(nursery, database.write, insert(7))
        assert await database.read(numbers) == list(range(8))


async def test_bad_row_that_waited_fails_alone(open_numbers, patient_world):
    failed = []

    async def append_word(database):
        try:
            await append(database, "word")
        except duckdb.ConversionException:
            failed.append("word")

    async with open_numbers(patient_world) as database, trio.open_nursery() as nursery:
        await start_in_order(nursery, append, database, 0)
        await start_in_order(nursery, append_word, database)
        await start_in_order(nursery, append, database, 2)
        assert await database.read(numbers) == [0, 2]
    assert failed == ["word"]


@pytest.mark.parametrize("company", [0, 2])
async def test_cancelled_row_that_waits_is_not_stored(open_numbers, patient_world, company):
    """The loop holds it already, and has not begun its statement."""
    async with open_numbers(patient_world) as database:
        before = database.statistics()
        async with trio.open_nursery() as nursery:
            for n in range(company):
                await start_in_order(nursery, append, database, n)
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_when_all_wait, scope)
                await append(database, 99)
            assert scope.cancelled_caught
            assert database.statistics().queued == company
            assert await database.read(numbers) == list(range(company))
        after = database.statistics()
    assert after.rows_appended == before.rows_appended + company
    assert (after.batches, after.queued) == (before.batches + bool(company), 0)


async def cancel_when_all_wait(scope):
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()


async def test_cancelled_row_is_told_its_end_once_its_statement_has_begun(open_numbers):
    """A write that shares its transaction, and comes after it, is what keeps the commit waiting."""
    begun, may_go = trio.Event(), threading.Event()
    scope = trio.CancelScope()

    def hold(connection):
        trio.from_thread.run_sync(begun.set)
        may_go.wait()

    async def append_in_scope(database):
        with scope:
            await append(database, 0)

    async with open_numbers() as database:
        async with trio.open_nursery() as nursery:
            await start_in_order(nursery, append_in_scope, database)
            nursery.start_soon(database.write, hold)
            await begun.wait()
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            may_go.set()
        assert await database.read(numbers) == [0]
    assert not scope.cancelled_caught
