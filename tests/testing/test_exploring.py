"""Contract tests of exploration, and how well each way to choose finds a race that is really there."""

from __future__ import annotations

import itertools
import math
import re

import pytest
import trio

from trio_pipeline.testing import Exploration, InOrder, NotDeterministic, Priorities, RandomWalk, Replay, explore, run


class Account:
    """Somebody's money, and a withdrawal that looks before it writes."""

    def __init__(self, *, lock=False):
        self.balance = 0
        self.lock = trio.Lock() if lock else None

    async def deposit(self):
        if self.lock is None:
            await self.read_modify_write()
        else:
            async with self.lock:
                await self.read_modify_write()

    async def read_modify_write(self):
        seen = self.balance
        await trio.lowlevel.checkpoint()  # where the network would be
        self.balance = seen + 1


def deposit_often(schedule, tasks, times=1, *, lock=False, before=0):
    async def one(account):
        for _ in range(times):
            # Whoever comes here at another time than the others races with nobody.
            for _ in range(before):
                await trio.lowlevel.checkpoint()
            await account.deposit()

    async def program():
        account = Account(lock=lock)
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(one, account)
        assert account.balance == tasks * times

    run(program, schedule=schedule)


def walks(schedule, steps):
    """Tasks that make so many steps each, and what they did."""
    story: list[str] = []

    async def walk(name, steps):
        for number in range(steps):
            if number:
                await trio.lowlevel.checkpoint()
            story.append(name)

    async def program():
        async with trio.open_nursery() as nursery:
            for name, count in zip("abcdef", steps, strict=False):
                nursery.start_soon(walk, name, count)

    run(program, schedule=schedule)
    return "".join(story)


@pytest.mark.parametrize("steps", [(3,), (1, 1), (2, 2), (3, 2), (1, 1, 1), (2, 1, 1), (2, 2, 2), (4, 4)])
def test_every_interleaving_comes_once_and_none_is_left_out(steps):
    stories: list[str] = []
    exploration = explore(lambda schedule: stories.append(walks(schedule, steps)))
    if sum(steps) <= 6:
        in_turn = "".join(name * count for name, count in zip("abcdef", steps, strict=False))
        assert set(stories) == {"".join(order) for order in itertools.permutations(in_turn)}
    assert len(stories) == exploration.runs
    assert len(set(stories)) == math.factorial(sum(steps)) // math.prod(map(math.factorial, steps))
    assert exploration.complete


def test_first_schedule_is_in_order():
    stories: list[str] = []
    explore(lambda schedule: stories.append(walks(schedule, (3, 3))), limit=3)
    assert stories[0] == walks(InOrder(), (3, 3)) == "ababab"


@pytest.mark.parametrize(("limit", "complete"), [(1, False), (5, False), (6, True), (7, True)])
def test_limit_is_the_most_runs(limit, complete):
    assert Exploration(6, complete=True) == explore(lambda schedule: walks(schedule, (2, 2)))
    assert Exploration(min(limit, 6), complete) == explore(lambda schedule: walks(schedule, (2, 2)), limit=limit)


def test_limit_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one schedule has to be tried, not 0"):
        explore(lambda schedule: walks(schedule, (2, 2)), limit=0)


def test_first_failure_comes_out_with_its_replay():
    with pytest.raises(AssertionError) as caught:
        explore(lambda schedule: deposit_often(schedule, 2))
    note = caught.value.__notes__[-1]
    schedule = re.fullmatch(r"schedule (\d+) of the exploration: (Replay\(.*\))", note)
    assert schedule is not None
    with pytest.raises(AssertionError):
        deposit_often(eval(schedule[2], {"Replay": Replay}), 2)


class TestNotDeterministic:
    def test_other_tasks_after_the_same_choices(self):
        sizes = iter([(2, 2), (2, 2, 1)])
        with pytest.raises(NotDeterministic, match=r"choice 0 was among the tasks \(3, 4\), and is now .*\(3, 4, 5\)"):
            explore(lambda schedule: walks(schedule, next(sizes)))

    def test_an_earlier_end(self):
        sizes = iter([(2, 2), (1,)])
        with pytest.raises(NotDeterministic, match="choices or more, and are now 0"):
            explore(lambda schedule: walks(schedule, next(sizes)))

    def test_cannot_be_swallowed(self):
        sizes = iter([(2, 2), (2, 2, 1)])

        def run_once(schedule):
            try:
                walks(schedule, next(sizes))
            except NotDeterministic as error:
                raise KeyError from error

        with pytest.raises(NotDeterministic):
            explore(run_once)


def test_schedule_must_be_used():
    with pytest.raises(ValueError, match="was not asked"):
        explore(lambda schedule: walks(InOrder(), (2, 2)))


class TestLostUpdate:
    """Five tasks add to one number, each by reading it, going away, and writing it."""

    @staticmethod
    def found(make, seeds=200, **program):
        count = 0
        for seed in range(seeds):
            try:
                deposit_often(make(seed), 5, **program)
            except AssertionError:
                count += 1
        return count

    def test_random_walk_finds_it_within_ten_seeds(self):
        assert self.found(RandomWalk, 10) > 0

    def test_priorities_find_it_within_fifty_seeds(self):
        assert self.found(lambda seed: Priorities(seed, changes=2, steps=20), 50) > 0

    def test_nobody_finds_it_where_it_is_not(self):
        assert self.found(RandomWalk, lock=True) == 0
        assert self.found(lambda seed: Priorities(seed, steps=40), lock=True) == 0

    def test_exploration_proves_its_correction(self):
        assert explore(lambda schedule: deposit_often(schedule, 3, lock=True)) == Exploration(72, complete=True)
        with pytest.raises(AssertionError):
            explore(lambda schedule: deposit_often(schedule, 2))
