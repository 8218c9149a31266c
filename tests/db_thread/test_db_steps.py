"""Contract of the loop with those who drive it: what is a step of its own, between which a simulated world may change.

The same steps, in a thread, are where cancellations and other calls may come between.
"""

from __future__ import annotations

import pytest
from database_fakes import (
    create_numbers,
    insert,
    insert_and_fail,
    numbers,
    start_in_order,
    waiting_together,
    watched,
    world_with,
)

from trio_pipeline.db_thread import open_database
from trio_pipeline.world import Ask, real_world

NEXT, MORE, STEP = Ask.NEXT, Ask.MORE, Ask.STEP


class ListeningThreads:
    """Real threads that write down what a loop asks for."""

    def __init__(self):
        self.asked = []

    def open_owner(self, name, loop):
        return real_world().threads.open_owner(name, watched(loop, self.asked.append))


@pytest.fixture
async def listening(path):
    """A database, and a function that gives what its loop has asked for since it was last called."""
    threads = ListeningThreads()

    def asked():
        # It may or may not be waiting for the next job by now.
        end = len(threads.asked) - (threads.asked[-1] is NEXT)
        asked = threads.asked[:end]
        del threads.asked[:end]
        return asked

    async with open_database(path, world=world_with(threads), prepare=create_numbers) as database:
        asked()
        yield database, asked


async def test_read_begins_runs_and_is_answered(listening):
    database, asked = listening
    await database.read(numbers)
    assert asked() == [NEXT, STEP, STEP, STEP]


async def test_lone_append_is_one_statement(listening):
    """Without BEGIN and COMMIT around it."""
    database, asked = listening
    await database.append("t", {"n": 1})
    assert asked() == [NEXT, MORE, STEP, STEP]


async def test_write_has_a_transaction(listening):
    database, asked = listening
    await database.write(insert(1))
    assert asked() == [NEXT, MORE, STEP, STEP, STEP, STEP]


async def test_batch_has_one_transaction_and_one_answer(listening):
    """BEGIN, the rows, the write, COMMIT; and the answer to all three."""
    database, asked = listening
    async with waiting_together(database) as nursery:
        await start_in_order(nursery, database.append, "t", {"n": 1})
        await start_in_order(nursery, database.append, "t", {"n": 2})
        await start_in_order(nursery, database.write, insert(3))
    read = [NEXT, STEP, STEP, STEP]
    assert asked() == [*read, NEXT, MORE, MORE, MORE, STEP, STEP, STEP, STEP, STEP]


async def test_failed_batch_has_a_transaction_and_an_answer_for_each(listening):
    database, asked = listening

    async def fail():
        with pytest.raises(LookupError):
            await database.write(insert_and_fail(2))

    async with waiting_together(database) as nursery:
        await start_in_order(nursery, database.write, insert(1))
        await start_in_order(nursery, fail)
    together = [STEP, STEP, STEP]
    first, second = [STEP, STEP, STEP, STEP], [STEP, STEP, STEP]
    read = [NEXT, STEP, STEP, STEP]
    assert asked() == [*read, NEXT, MORE, MORE, *together, *first, *second]
