"""Contract tests of the ways to choose, without any program."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from trio_pipeline.testing import CannotReplay, InOrder, Priorities, RandomWalk, Recorded, Replay

READY = [[0], [1], [1, 2], [2, 1, 3], [3, 1], [1], [4, 1, 5, 6], [1, 6]]


def picks(schedule, times=1):
    return [schedule.pick(ready) for ready in READY * times]


@pytest.mark.parametrize("make", [RandomWalk, Priorities, lambda seed: Priorities(seed, changes=5, steps=16)])
class TestSeededSchedules:
    def test_same_seed_makes_same_choices(self, make):
        assert all(picks(make(seed), 10) == picks(make(seed), 10) for seed in range(20))

    def test_seeds_differ(self, make):
        assert len({tuple(picks(make(seed), 10)) for seed in range(20)}) > 10

    def test_every_choice_is_one_of_the_ready(self, make):
        for seed in range(50):
            assert all(0 <= pick < len(ready) for pick, ready in zip(picks(make(seed)), READY, strict=True))

    def test_repr_makes_it_again(self, make):
        assert picks(eval(repr(make(7))), 10) == picks(make(7), 10)


def test_in_order_takes_first():
    assert picks(InOrder()) == [0] * len(READY)
    assert repr(InOrder()) == "InOrder()"


def test_random_walk_gives_all_the_same_chance():
    walk = RandomWalk(1)
    counts = Counter(walk.pick([5, 6, 7, 8]) for _ in range(4000))
    assert set(counts) == {0, 1, 2, 3}
    assert all(900 < count < 1100 for count in counts.values())


class TestPriorities:
    def test_highest_runs_wherever_it_stands(self):
        schedule = Priorities(3, changes=0)
        first = [1, 2, 3][schedule.pick([1, 2, 3])]
        assert all(ready[schedule.pick(ready)] == first for ready in ([1, 2, 3], [3, 2, 1], [2, 1, 3]))

    def test_lone_task_runs(self):
        assert Priorities(3, changes=5, steps=5).pick([8]) == 0

    def test_running_one_falls_below_all_at_each_change(self):
        # Four changes in four steps: each step, whoever would run gives way to the next.
        schedule = Priorities(3, changes=4, steps=4)
        ran = [[0, 1, 2, 3, 4][schedule.pick([0, 1, 2, 3, 4])] for _ in range(5)]
        order = ran[:4]
        assert len(set(order)) == 4
        assert ran[4] == order[3]

    def test_every_task_may_be_the_highest(self):
        assert {Priorities(seed, changes=0).pick([0, 1, 2]) for seed in range(30)} == {0, 1, 2}

    @pytest.mark.parametrize("changes", [-1, 11])
    def test_changes_must_fit_in(self, changes):
        with pytest.raises(ValueError, match=f"{changes} changes do not fit into 10 steps"):
            Priorities(0, changes=changes, steps=10)


class TestReplay:
    def test_makes_recorded_choices(self):
        recorded = Recorded(RandomWalk(2))
        made = picks(recorded, 3)
        assert picks(Replay(recorded.picks), 3) == made

    def test_uses_no_choice_up_where_there_is_none(self):
        assert picks(Replay([1, 2, 1, 3, 1])) == [0, 0, 1, 2, 1, 0, 3, 1]

    def test_goes_on_in_order(self):
        assert picks(Replay([1])) == [0, 0, 1, 0, 0, 0, 0, 0]

    def test_goes_on_as_told(self):
        assert picks(Replay([0], then=Replay([2, 1]))) == [0, 0, 0, 2, 1, 0, 0, 0]

    @pytest.mark.parametrize("pick", [2, -1])
    def test_refuses_choice_that_is_none(self, pick):
        schedule = Replay([1, pick])
        schedule.pick([1, 2])
        with pytest.raises(CannotReplay, match=re.escape(f"choice 1 is {pick}, and only 2 tasks are ready")):
            schedule.pick([1, 2])

    def test_repr_leaves_out_what_goes_without_saying(self):
        assert repr(Replay([0, 1, 0, 0])) == "Replay([0, 1])"
        assert repr(Replay([0, 0])) == "Replay([])"
        assert repr(Replay([1, 0], then=RandomWalk(3))) == "Replay([1, 0], then=RandomWalk(3))"


class TestRecorded:
    def test_writes_down_choices_only(self):
        recorded = Recorded(Replay([1, 2, 0, 3]))
        assert picks(recorded) == [0, 0, 1, 2, 0, 0, 3, 0]
        assert recorded.picks == [1, 2, 0, 3, 0]
        assert recorded.options == [2, 3, 2, 4, 2]

    def test_repr_names_who_chooses(self):
        assert repr(Recorded(RandomWalk(4))) == "Recorded(RandomWalk(4))"
