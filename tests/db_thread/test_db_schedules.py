"""Contract of `Database` under any interleaving: random calls and cancellations around a loop that is a Trio task.

Each caller writes down what it was told. The truth is what the file holds after reopening, and the two must agree:
stored if and only if told so, in the order of the calls; and a read saw exactly what was called before it.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import trio
from database_fakes import (
    PatientThreads,
    create_numbers,
    insert,
    insert_and_fail,
    insert_and_hide_error,
    numbers,
    run_seeded,
    world_with,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.db_thread import open_database

KINDS = [
    "append",
    "append with patience",
    "write",
    "read",
    "append a word",
    "write and fail",
    "write and hide an error",
]


@dataclass(frozen=True)
class Step:
    """A call, given up after so many other steps if it has not ended; None: never."""

    kind: str
    patience: int | None


@dataclass
class Told:
    """What the callers were told; a call's number is its place in the order of the calls."""

    stored: list[int] = field(default_factory=list)
    not_stored: list[int] = field(default_factory=list)
    seen: dict[int, list[int]] = field(default_factory=dict)


STEPS = st.builds(Step, kind=st.sampled_from(KINDS), patience=st.none() | st.integers(0, 12))
PROGRAMS = st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=1, max_size=5)


class Program:
    """Callers that make their calls one after the other, each with somebody who may cancel it."""

    def __init__(self, path):
        self.told = Told()
        self._path = path
        self._order = itertools.count()

    async def run(self, callers):
        world = world_with(PatientThreads())
        async with open_database(self._path, world=world, prepare=create_numbers) as database:
            async with trio.open_nursery() as nursery:
                for steps in callers:
                    nursery.start_soon(self._call_all, database, steps)
            assert database.statistics().queued == 0
        async with open_database(self._path, world=world) as database:
            return await database.read(numbers)

    async def _call_all(self, database, steps):
        for step in steps:
            async with trio.open_nursery() as nursery:
                if step.patience is not None:
                    nursery.start_soon(self._give_up, nursery.cancel_scope, step.patience)
                await self._call(database, step.kind)
                nursery.cancel_scope.cancel()

    async def _give_up(self, scope, patience):
        for _ in range(patience):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    async def _call(self, database, kind):
        number = next(self._order)
        try:
            match kind:
                case "append":
                    await database.append("t", {"n": number})
                case "append with patience":
                    await database.append("t", {"n": number}, patience=1.0)
                case "append a word":
                    await database.append("t", {"n": "word"})
                case "write":
                    assert await database.write(insert(number)) == number
                case "write and fail":
                    await database.write(insert_and_fail(number))
                case "write and hide an error":
                    await database.write(insert_and_hide_error(number))
                case "read":
                    self.told.seen[number] = await database.read(numbers)
                    return
        except (duckdb.Error, LookupError, trio.Cancelled) as error:
            self.told.not_stored.append(number)
            if isinstance(error, trio.Cancelled):
                raise
        else:
            self.told.stored.append(number)


def check(seed, callers):
    with tempfile.TemporaryDirectory() as directory:
        program = Program(Path(directory) / "rows.duckdb")
        stored = run_seeded(seed, program.run, callers)
    told = program.told
    assert stored == sorted(told.stored)
    assert not set(stored) & set(told.not_stored)
    for number, seen in told.seen.items():
        assert seen == [n for n in stored if n < number]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), callers=PROGRAMS)
def test_callers_are_told_the_truth(seed, callers):
    check(seed, callers)


def test_schedules_reach_what_matters():
    """The runs above would show nothing if no call were ever cancelled, and no write ever spoilt a batch."""
    callers = [[Step("append", n), Step("write", n), Step("write and fail", None)] for n in range(4)]
    ends = set()
    for seed in range(40):
        with tempfile.TemporaryDirectory() as directory:
            program = Program(Path(directory) / "rows.duckdb")
            run_seeded(seed, program.run, callers)
        ends.add((len(program.told.stored), len(program.told.not_stored)))
    assert len(ends) >= 3


def test_same_seed_gives_same_run():
    callers = [[Step(kind, n * 2) for kind in KINDS] for n in range(4)]
    told = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as directory:
            program = Program(Path(directory) / "rows.duckdb")
            run_seeded(7, program.run, callers)
        told.append(program.told)
    assert told[0] == told[1]
