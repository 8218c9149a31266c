"""Contract tests of runs that a schedule leads: time, ends, errors, and what holds for the rest of the process."""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import random
import signal
import threading

import pytest
import trio
import trio.testing
from counted_calls import calls_of
from trio._core import _run

from trio_pipeline.testing import (
    InOrder,
    NothingMoves,
    Priorities,
    RandomWalk,
    Recorded,
    Replay,
    Trace,
    UnknownTrio,
    run,
    running,
)

DAY = 24 * 3600


async def walk(story, name, steps):
    for _ in range(steps):
        story.append(name)
        await trio.lowlevel.checkpoint()


def story_of(schedule, names="abc", steps=3):
    story: list[str] = []

    async def program():
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(walk, story, name, steps)

    run(program, schedule=schedule)
    return "".join(story)


class Steps(trio.abc.Instrument):
    count = 0

    def before_task_step(self, task):
        self.count += 1


class TestSchedule:
    def test_in_order_is_fair(self):
        assert story_of(InOrder()) == "abcabcabc"

    def test_number_is_a_random_walk(self):
        assert story_of(7) == story_of(RandomWalk(7))
        assert len({story_of(seed) for seed in range(50)}) > 40

    def test_priorities_let_one_task_run_through(self):
        assert {story_of(Priorities(seed, changes=0)) for seed in range(40)} >= {"aaabbbccc", "cccbbbaaa"}

    def test_recorded_choices_replay(self):
        for seed in range(20):
            recorded = Recorded(RandomWalk(seed))
            story = story_of(recorded)
            assert story_of(Replay(recorded.picks)) == story
            assert all(pick < options for pick, options in zip(recorded.picks, recorded.options, strict=True))

    def test_first_choice_is_between_tasks_of_the_program(self):
        asked: list[list[int]] = []

        class Spy(InOrder):
            def pick(self, ready):
                asked.append(list(ready))
                return 0

        story_of(Spy(), "ab", 1)
        # Tasks 0 and 2 are Trio's own, 1 is the main task.
        assert asked[:6] == [[0], [2], [1], [3, 4], [4, 3], [3, 4]]

    def test_tasks_that_become_ready_together_do_so_as_they_were_spawned(self):
        story: list[str] = []

        async def wait(name, event):
            await event.wait()
            story.append(name)

        async def program():
            event = trio.Event()
            async with trio.open_nursery() as nursery:
                for name in "abcdefgh":
                    nursery.start_soon(wait, name, event)
                await trio.testing.wait_all_tasks_blocked()
                event.set()
                nursery.start_soon(walk, story, "z", 1)

        for _ in range(5):
            run(program, schedule=InOrder())
        assert "".join(story) == 5 * "abcdefghz"

    def test_each_step_of_trio_is_a_step(self):
        steps, counted = Steps(), []

        async def program():
            trio.lowlevel.add_instrument(steps)
            await walk([], "a", 100)
            trio.lowlevel.remove_instrument(steps)

        run(program, before_step=counted.append)
        assert counted == list(range(len(counted)))
        assert 100 <= steps.count <= len(counted) <= steps.count + 12

    def test_two_hundred_ready_tasks_cost_little(self):
        assert calls_of(story_of, 0, "a" * 200, 5) < 1_000_000


class TestTime:
    def test_begins_where_told_and_jumps_to_deadlines_exactly(self):
        async def program():
            times = [trio.current_time()]
            for _ in range(3):
                await trio.sleep_until(times[-1] + 0.1)
                times.append(trio.current_time())
            return times

        times = run(program, start=1e6 / 3)
        assert times[0] == 1e6 / 3
        assert all(later == earlier + 0.1 for earlier, later in itertools.pairwise(times))

    def test_years_take_no_time(self):
        assert run(trio.sleep, 364 * DAY) is None

    def test_stands_still_while_anybody_can_go_on(self):
        async def program():
            with trio.move_on_after(0.001):
                await walk([], "a", 500)
            return trio.current_time()

        assert run(program) == 0

    def test_waits_for_idle_come_first(self):
        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 5)
                await trio.testing.wait_all_tasks_blocked()
                return trio.current_time()

        assert run(program) == 0

    def test_callbacks_come_before_a_jump(self):
        async def program():
            event = trio.Event()
            trio.lowlevel.current_trio_token().run_sync_soon(event.set)
            with trio.fail_after(5):
                await event.wait()
            return trio.current_time()

        assert run(program) == 0


class TestNothingMoves:
    def test_names_who_waits_and_where(self):
        event = trio.Event()

        async def deeper():
            await event.wait()

        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(deeper)
                nursery.start_soon(trio.sleep_forever, name="sleeper")

        with pytest.raises(NothingMoves, match="every task waits, and none for a time") as caught:
            run(program)
        line = deeper.__code__.co_firstlineno
        place, outer = (f"{__name__}.{function.__qualname__}" for function in (deeper, program))
        assert caught.value.waiting == (
            f"task 1, {outer}, waits in {outer}, line {line + 4} (trio._core._run.NurseryManager.__aexit__)",
            f"task 3, {place}, waits in {place}, line {line + 1} (trio._sync.Event.wait)",
            "task 4, sleeper, waits in Trio (trio._timeouts.sleep_forever)",
        )
        assert caught.value.__suppress_context__

    @pytest.mark.parametrize("limit", [10.0, 9.9])
    def test_limit_is_the_longest_life(self, limit):
        async def program():
            while True:
                await trio.sleep(2.5)
                times.append(trio.current_time())

        times: list[float] = []
        with pytest.raises(NothingMoves, match=f"none for a time before {100 + limit} s, the limit"):
            run(program, start=100, limit=limit)
        assert times == [102.5, 105, 107.5, 110][: int(limit / 2.5)]

    def test_time_that_does_not_go_on(self):
        async def poll():
            while True:
                await trio.lowlevel.checkpoint()

        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll)
                await trio.sleep(1)

        with pytest.raises(NothingMoves, match=r"500 steps were made at 0.0 s, and time does not go on") as caught:
            run(program, patience=500)
        assert f"poll, can go on in {__name__}" in caught.value.waiting[1]

    def test_patience_is_for_each_instant(self):
        async def program():
            for _ in range(10):
                await walk([], "a", 90)
                await trio.sleep(1)

        run(program, patience=100)

    def test_shields_do_not_hold_it_up(self):
        ended = []

        async def program():
            try:
                with trio.CancelScope(shield=True):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        with trio.CancelScope(shield=True):
                            await trio.sleep_forever()
            finally:
                ended.append(trio.current_time())

        with pytest.raises(NothingMoves) as caught:
            run(program)
        assert ended == [0]
        assert len(caught.value.waiting) == 2

    def test_cleanup_that_takes_time_gets_it(self):
        ended = []

        async def program():
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(7, shield=True):
                    await trio.sleep_forever()
                ended.append(trio.current_time())

        with pytest.raises(NothingMoves):
            run(program)
        assert ended == [7]

    def test_waits_that_refuse_to_be_cancelled_are_broken(self):
        async def program():
            with pytest.raises(NothingMoves, match="brought to its end"):
                await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

        with pytest.raises(NothingMoves, match=r"task 1, .*program, waits in"):
            run(program)

    def test_program_that_will_not_end_is_torn_off(self):
        async def program():
            while True:
                with contextlib.suppress(NothingMoves):
                    await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

        async def poll():
            while True:
                with contextlib.suppress(trio.Cancelled):
                    await trio.lowlevel.checkpoint()

        for function, reason in ((program, "every task waits"), (poll, "100 steps were made")):
            with pytest.raises(NothingMoves, match=reason):
                run(function, patience=100)
        gc.collect()  # and nothing is left that would complain
        assert story_of(InOrder()) == "abcabcabc"

    def test_program_cannot_swallow_it(self):
        async def program():
            with trio.CancelScope() as scope:
                try:
                    await trio.sleep_forever()
                finally:
                    scope.cancel()
            return "all is well"

        async def raises():
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("cleanup")

        with pytest.raises(NothingMoves):
            run(program)
        with pytest.raises(NothingMoves) as caught:
            run(raises)
        assert isinstance(caught.value.__context__, KeyError)

    def test_thread_is_not_waited_for(self):
        done = threading.Event()
        with pytest.raises(NothingMoves, match=r"waits in Trio \(trio._threads.to_thread_run_sync\)"):
            run(lambda: trio.to_thread.run_sync(done.wait, 5))
        done.set()


class TestErrors:
    def test_come_out_with_a_note(self):
        async def program():
            await trio.sleep(2.5)
            raise LookupError("nothing there")

        with pytest.raises(LookupError) as caught:
            run(program, schedule=RandomWalk(5))
        assert caught.value.__notes__ == ["step 10 at 2.5 s of virtual time, RandomWalk(5)"]

    def test_of_a_nursery_come_out_as_its_group(self):
        async def fail():
            raise LookupError

        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail)

        with pytest.raises(ExceptionGroup) as caught:
            run(program, schedule=Replay([0, 0]))
        assert [type(error) for error in caught.value.exceptions] == [LookupError]
        assert "Replay([])" in caught.value.__notes__[0]

    @pytest.mark.parametrize("at", [0, 1, 2, 5, 30])
    @pytest.mark.parametrize("error", [KeyError("step"), KeyboardInterrupt(), SystemExit(3)])
    def test_of_before_step_end_the_run_at_once(self, at, error):
        story: list[str] = []

        def before_step(number):
            steps.append(number)
            if number == at:
                raise error

        steps: list[int] = []
        with pytest.raises(type(error)) as caught:
            run(walk, story, "a", 100, before_step=before_step)
        assert caught.value is error
        assert steps == list(range(at + 1))
        assert len(story) <= max(1, at - 1)  # a task that was never stepped is cancelled at its first checkpoint

    def test_of_the_schedule_come_out(self):
        class Broken(InOrder):
            def pick(self, ready):
                return 2 if len(ready) == 2 else 0

        with pytest.raises(ValueError, match=r"InOrder\(\) picked 2 of 2 tasks"):
            story_of(Broken(), "ab")

    def test_interrupt_comes_out(self):
        async def program():
            await trio.sleep(1)
            signal.raise_signal(signal.SIGINT)
            await trio.sleep(1)

        with pytest.raises(KeyboardInterrupt) as caught:
            run(program)
        assert "of virtual time" in caught.value.__notes__[0]

    def test_of_use_are_trios_own(self):
        with pytest.raises(TypeError, match="async function"):
            run(lambda: None)

    def test_run_inside_of_a_run_is_refused_and_breaks_nothing(self):
        async def program():
            with pytest.raises(RuntimeError, match="from inside a run"):
                run(trio.sleep, 1)
            story: list[str] = []
            async with trio.open_nursery() as nursery:
                for name in "ab":
                    nursery.start_soon(walk, story, name, 2)
            return "".join(story)

        assert run(program, schedule=InOrder()) == "abab"

    def test_first_run_inside_of_a_run_does_not_blame_trio(self, monkeypatch):
        monkeypatch.setattr(running, "_checked", threading.Event())

        async def program():
            run(trio.sleep, 1)

        with pytest.raises(RuntimeError, match="from inside a run"):
            trio.run(program)


class TestRestOfProcess:
    @staticmethod
    def state():
        return _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING

    def test_is_as_it_was_after_any_end(self):
        before = self.state()

        async def fail():
            raise LookupError

        def stop(step):
            raise KeyboardInterrupt

        run(trio.sleep, 1)
        assert self.state() == before
        for function, more, error in (
            (fail, {}, LookupError),
            (trio.sleep_forever, {}, NothingMoves),
            (trio.sleep_forever, {"before_step": stop}, KeyboardInterrupt),
            (None, {}, TypeError),
        ):
            with pytest.raises(error):
                run(function, **more)
            assert self.state() == before

    def test_is_restored_whichever_way_it_was(self, monkeypatch):
        for flag in (False, True):
            monkeypatch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", flag)
            before = self.state()
            run(trio.sleep, 1)
            assert self.state() == before

    def test_random_source_can_be_used_meanwhile(self):
        _run._r.seed(5)
        expected = _run._r.random()

        async def program():
            _run._r.seed(5)  # as hypothesis does
            return _run._r.random(), 10_000 <= trio._core._run.SystemClock().offset <= 200_000

        assert run(program) == (expected, True)

    def test_runs_in_threads_keep_their_own_schedules(self):
        def task_order(seed):
            results[seed] = [story_of(seed, "abcd", 30) for _ in range(10)]

        results: dict[int, list[str]] = {}
        alone = {seed: story_of(seed, "abcd", 30) for seed in range(4)}
        before = self.state()
        threads = [threading.Thread(target=task_order, args=(seed,)) for seed in alone]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == {seed: [story] * 10 for seed, story in alone.items()}
        assert self.state() == before

    @pytest.mark.parametrize("flag", [False, True])
    def test_other_run_keeps_trios_order(self, monkeypatch, flag):
        # Another run, in a thread, while one of ours goes on.
        monkeypatch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", flag)
        stories = set()

        def in_thread():
            story: list[str] = []

            async def program():
                async with trio.open_nursery() as nursery:
                    for name in "abc":
                        nursery.start_soon(walk, story, name, 1)

            trio.run(program)
            stories.add("".join(story))

        def before_step(number):
            thread = threading.Thread(target=in_thread)
            thread.start()
            thread.join()

        run(walk, [], "a", 60, before_step=before_step)
        assert len(stories) > 2 if flag else stories <= {"abc", "cba"}


class TestSelfTest:
    @pytest.fixture(autouse=True)
    def again(self, monkeypatch):
        monkeypatch.setattr(running, "_checked", threading.Event())

    def test_is_made_once(self, monkeypatch):
        run(trio.sleep, 1)
        monkeypatch.setattr(running, "_try_trio", lambda: "never asked")
        run(trio.sleep, 1)

    def test_is_little_work(self):
        assert running._try_trio() == ""
        assert calls_of(running._try_trio) < 30_000

    def test_says_which_trio_and_which_are_known(self, monkeypatch):
        monkeypatch.delattr(_run, "_r")
        known = ", ".join(running.KNOWN_TO_WORK)
        with pytest.raises(UnknownTrio, match=f"Trio {trio.__version__} .*_r.* Known to work: {known}"):
            run(trio.sleep, 1)

    def test_sees_steps_that_nobody_chose(self, monkeypatch):
        # A Trio whose loop never asks for a shuffle.
        monkeypatch.setattr(running.Conductor, "keep_one", lambda conductor, batch: None)
        with pytest.raises(UnknownTrio, match=r"0 of \d+ steps chosen"):
            run(trio.sleep, 1)

    def test_sees_a_clock_that_is_not_asked_to_jump(self, monkeypatch):
        monkeypatch.setattr(running.Conductor, "_end_of_time", lambda conductor, deadline: False)
        with pytest.raises(UnknownTrio, match="0 of 1 jumps"):
            run(trio.sleep, 1)

    def test_sees_another_order_than_ours(self, monkeypatch):
        monkeypatch.setattr(running, "InOrder", lambda: Replay([1]))
        with pytest.raises(UnknownTrio, match="do not become ready in their order"):
            run(trio.sleep, 1)

    def test_sees_an_order_that_depends_on_chance(self, monkeypatch):
        welcome = running.Conductor._welcome

        def welcome_at_random(conductor, batch):
            random.shuffle(batch)
            welcome(conductor, batch)

        monkeypatch.setattr(running.Conductor, "_welcome", welcome_at_random)
        random.seed(1)
        with pytest.raises(UnknownTrio, match="does not replay"):
            run(trio.sleep, 1)


def test_result_trace_and_time_are_those_of_the_seed():
    async def program():
        draw = random.Random(1)
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(trio.sleep, draw.randrange(3))
                nursery.start_soon(walk, [], "a", draw.randrange(5))
        return trio.current_time()

    def digest(seed):
        trace = Trace()
        assert run(program, schedule=seed, trace=trace) == 2
        return trace.digest

    assert [digest(seed) for seed in range(10)] == [digest(seed) for seed in range(10)]
    assert len({digest(seed) for seed in range(10)}) == 10


def test_limit_may_be_infinite():
    assert run(trio.sleep, 1e15, limit=math.inf) is None
