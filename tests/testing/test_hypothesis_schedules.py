"""Collaboration tests with Hypothesis: that it finds, shrinks and tells schedules."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys

import hypothesis
import pytest
import trio
from hypothesis import strategies as st

from trio_pipeline.testing import InOrder, NothingMoves, Replay, run
from trio_pipeline.testing.hypothesis_schedules import schedules

SETTINGS = hypothesis.settings(
    max_examples=300, deadline=None, database=None, derandomize=True, report_multiple_bugs=False
)


async def tally(*, careful):
    """Three tasks that count to one number; one of them forgets the lock once."""
    count = 0
    lock = trio.Lock()

    async def add():
        nonlocal count
        await trio.lowlevel.checkpoint()
        seen = count
        await trio.lowlevel.checkpoint()
        count = seen + 1
        await trio.lowlevel.checkpoint()

    async def work(number):
        for turn in range(5):
            async with lock:
                await add()
            if number == 1 and turn == 3:
                async with lock if careful else contextlib.AsyncExitStack():
                    await add()

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(work, number)
    assert count == 16, "an update was lost"


def failure_of(test):
    """The error that the shrunk example ends in, and what is told with it."""
    with pytest.raises(AssertionError, match="an update was lost") as caught:
        test()
    return caught.value


def test_lost_update_shrinks_to_two_deviations_from_order():
    @SETTINGS
    @hypothesis.given(schedules())
    def test(schedule):
        run(lambda: tally(careful=False), schedule=schedule)

    error = failure_of(test)
    told = re.search(r"of virtual time, (Replay\(.*\))", error.__notes__[0])
    assert told is not None
    picks = re.findall(r"\d+", told[1])
    assert 1 <= sum(pick != "0" for pick in picks) <= 2
    with pytest.raises(AssertionError, match="an update was lost"):
        run(lambda: tally(careful=False), schedule=eval(told[1]))


def test_corrected_program_passes():
    @SETTINGS
    @hypothesis.given(schedules())
    def test(schedule):
        run(lambda: tally(careful=True), schedule=schedule)

    test()


def test_schedule_is_told_where_the_error_is_not_of_the_run():
    @SETTINGS
    @hypothesis.given(schedules())
    def test(schedule):
        order = []

        async def program():
            async with trio.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(note, number)

        async def note(number):
            order.append(number)

        run(program, schedule=schedule)
        assert order == [0, 1, 2], "an update was lost"

    told = "\n".join(failure_of(test).__notes__)
    assert "schedule=(drawn as the program runs)" in told
    assert re.search(r"The schedule was Replay\(\[(0, )?1\]\)", told)


def test_explicit_example_stands_beside_drawn_ones():
    seen = []

    @SETTINGS
    @hypothesis.example(Replay([1, 1]))
    @hypothesis.given(schedules())
    def test(schedule):
        run(trio.sleep, 1, schedule=schedule)
        seen.append(repr(schedule))

    test()
    assert seen[0] == "Replay([1, 1])"
    assert seen[-1] == "Replay([])"


def test_later_choices_are_in_order():
    @SETTINGS
    @hypothesis.given(schedules(choices=3), st.integers(0, 3))
    def test(schedule, more):
        picks = [schedule.pick([1, 2, 3]) for _ in range(3 + more)]
        assert picks[3:] == [0] * more
        assert schedule.pick([5]) == 0

    test()


def test_long_program_is_no_problem():
    @hypothesis.settings(SETTINGS, max_examples=3)
    @hypothesis.given(schedules())
    def test(schedule):
        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(walk)
                nursery.start_soon(walk)

        async def walk():
            for _ in range(5000):
                await trio.lowlevel.checkpoint()

        run(program, schedule=schedule)

    test()


def test_example_that_hypothesis_gives_up_ends_the_run():
    ended = []

    class GivesUp(InOrder):
        steps = 0

        def pick(self, ready):
            self.steps += 1
            hypothesis.assume(self.steps < 20)
            return 0

    @hypothesis.settings(SETTINGS, max_examples=3, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(st.integers())
    def test(_number):
        async def program():
            try:
                while True:
                    await trio.lowlevel.checkpoint()
            finally:
                ended.append(trio.current_time())

        run(program, schedule=GivesUp())

    with pytest.raises(hypothesis.errors.Unsatisfiable):
        test()
    assert ended


def test_order_is_the_simplest_schedule():
    @SETTINGS
    @hypothesis.given(schedules())
    def test(schedule):
        run(trio.sleep_forever, schedule=schedule)

    with pytest.raises(NothingMoves) as caught:
        test()
    assert caught.value.__notes__[0].endswith("of virtual time, Replay([])")
    assert run(trio.sleep, 1, schedule=InOrder()) is None


def test_package_does_not_need_hypothesis():
    code = "import sys, trio_pipeline.testing; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
