"""Simulated threads: the contract that the real ones keep too, and the steps that only these have."""

from __future__ import annotations

import random

import pytest
import trio

from trio_pipeline.testing.running import run
from trio_pipeline.testing.schedules import InOrder
from trio_pipeline.testing.threads import SimulatedThreads
from trio_pipeline.world import Ask, real_world

STOP = "stop"


def make_threads(seed=0, **options):
    return SimulatedThreads(random.Random(seed), **options)


def loop_into(served, *, answer=None):
    """A loop that notes each job, and tells `answer` of it."""

    def loop(owner):
        while (job := (yield Ask.NEXT)) != STOP:
            served.append(job)
            yield Ask.STEP
            if answer is not None:
                owner.call_soon(answer, job)

    return loop


def dying_loop(owner):
    yield Ask.NEXT
    raise ZeroDivisionError("a defect of the loop")


class TestContract:
    """Kept by the real threads and by the simulated ones."""

    @pytest.fixture(params=["real", "simulated"])
    def threads(self, request):
        return real_world().threads if request.param == "real" else make_threads()

    async def test_call_returns_or_raises(self, threads):
        assert await threads.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await threads.run(divmod, 1, 0)

    async def test_cancelled_call_is_never_begun(self, threads):
        begun = []
        with trio.CancelScope() as scope:
            scope.cancel()
            await threads.run(begun.append, 1)
        assert (begun, scope.cancelled_caught) == ([], True)

    async def test_jobs_and_answers_keep_their_order(self, threads):
        served, answered = [], []
        async with threads.open_owner("x", loop_into(served, answer=answered.append)) as owner:
            for job in range(20):
                owner.send(job)
            owner.send(STOP)
        assert (served, answered) == (list(range(20)), list(range(20)))

    async def test_owner_outlives_the_cancellation_of_its_body(self, threads):
        served = []
        with trio.CancelScope() as scope:
            async with threads.open_owner("x", loop_into(served)) as owner:
                scope.cancel()
                try:
                    await trio.sleep_forever()
                finally:
                    owner.send(1)
                    owner.send(STOP)
        assert (served, scope.cancelled_caught) == ([1], True)

    async def test_error_of_the_body_comes_out_alone(self, threads):
        with pytest.raises(LookupError):  # noqa: PT012 -- the context is what raises
            async with threads.open_owner("x", loop_into([])) as owner:
                owner.send(STOP)
                raise LookupError

    async def test_dead_loop_ends_the_body(self, threads):
        with pytest.raises(ZeroDivisionError, match="a defect of the loop"):  # noqa: PT012 -- as above
            async with threads.open_owner("x", dying_loop) as owner:
                owner.send(1)
                await trio.sleep_forever()

    async def test_loop_that_cannot_begin_is_an_error(self, threads):
        def broken(owner):
            raise LookupError
            yield

        with pytest.raises(LookupError):
            async with threads.open_owner("x", broken):
                await trio.sleep_forever()

    async def test_more_gives_what_is_there(self, threads):
        answers = []

        def loop(owner):
            answers.append((yield Ask.NEXT))
            answers.append((yield Ask.MORE))
            answers.append((yield Ask.MORE))

        async with threads.open_owner("x", loop) as owner:
            owner.send(1)
            owner.send(2)
        assert answers == [1, 2, None]

    async def test_content_to_wait_it_gets_what_is_there(self, threads):
        answers = []

        def loop(owner):
            answers.append((yield Ask.NEXT))
            answers.append((yield 60.0))

        async with threads.open_owner("x", loop) as owner:
            owner.send(1)
            owner.send(2)
        assert answers == [1, 2]


class TestSteps:
    def test_call_is_a_step_between_two_others(self):
        story = []

        async def call():
            await make_threads().run(story.append, "the call")
            story.append("its caller")

        async def others():
            for _ in range(2):
                story.append("others")
                await trio.lowlevel.checkpoint()

        async def program():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call)
                nursery.start_soon(others)

        run(program, schedule=InOrder())
        assert story == ["others", "the call", "others", "its caller"]

    def test_begun_call_returns_also_when_cancelled(self):
        async def program():
            with trio.CancelScope() as scope:
                result = await make_threads().run(lambda: scope.cancel() or "done")
            return result, scope.cancelled_caught

        assert run(program) == ("done", False)

    def test_others_come_in_between_an_end_and_its_answer(self):
        async def program():
            served, seen = [], set()

            def answer(job):
                seen.add(tuple(served))

            async with make_threads().open_owner("x", loop_into(served, answer=answer)) as owner:
                owner.send(1)
                owner.send(2)
                owner.send(STOP)
            return (1, 2) in seen, (1,) in seen

        # The first answer came before the second job was served, or after it.
        assert {run(program, schedule=seed) for seed in range(50)} == {(True, True), (True, False)}

    def test_loop_content_to_wait_waits_for_a_time_or_not_at_all(self):
        async def program(seed):
            end = []

            def loop(owner):
                yield Ask.NEXT
                job = yield 5.0
                end.append((job, trio.current_time()))

            async with make_threads(seed).open_owner("x", loop) as owner:
                owner.send(1)
                await trio.sleep(10)
            return end

        assert {tuple(run(program, seed)) for seed in range(50)} == {((None, 0.0),), ((None, 5.0),)}

    def test_loop_content_to_wait_takes_what_comes_in_time(self):
        async def program(seed):
            end = []

            def loop(owner):
                yield Ask.NEXT
                end.append((yield 5.0))

            async with make_threads(seed).open_owner("x", loop) as owner:
                owner.send(1)
                await trio.sleep(3)
                owner.send(2)
            return end

        assert {tuple(run(program, seed)) for seed in range(50)} == {(None,), (2,)}

    def test_slow_steps_take_virtual_time(self):
        async def program():
            await make_threads(slow_chance=1.0, slow_seconds=10.0).run(int)
            return trio.current_time()

        assert 0 < run(program) < 10

    def test_owners_are_counted(self):
        async def program():
            threads = make_threads()
            async with threads.open_owner("x", loop_into([])) as owner:
                during = threads.open_owners
                owner.send(STOP)
            return during, threads.open_owners

        assert run(program) == (1, 0)

    def test_call_after_the_end_is_lost_in_silence(self):
        async def program():
            calls = []
            owners = []

            def loop(owner):
                owners.append(owner)
                yield Ask.NEXT

            async with make_threads().open_owner("x", loop) as owner:
                owner.send(STOP)
            owners[0].call_soon(calls.append, 1)
            await trio.sleep(1)
            return calls

        assert run(program) == []

    def test_dead_loop_answers_what_it_had_answered_before(self):
        async def program():
            answered = []

            def loop(owner):
                job = yield Ask.NEXT
                owner.call_soon(answered.append, job)
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):  # noqa: PT012 -- as above
                async with make_threads().open_owner("x", loop) as owner:
                    owner.send(1)
                    await trio.sleep_forever()
            return answered

        assert [run(program, schedule=seed) for seed in range(20)] == [[1]] * 20

    def test_owner_that_nobody_stops_is_named_when_nothing_moves(self):
        async def program():
            async with make_threads().open_owner("rows of x", loop_into([])):
                pass

        with pytest.raises(Exception, match="rows of x"):
            run(program)
