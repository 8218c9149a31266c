"""Contract of `close_together`: backlogs of stages that feed each other close once all are idle, and not before."""

from __future__ import annotations

from typing import NamedTuple

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from trio_pipeline.channels import Backlog, close_together
from trio_pipeline.nursery import Stage, open_pipeline
from trio_pipeline.retry import StopStage, TryAgain


def natural(item: int) -> int:
    return item


async def closing_time(*backlogs: Backlog[int]) -> float:
    await close_together(*backlogs)
    assert all(backlog.statistics().closed for backlog in backlogs)
    return trio.current_time()


async def finish(backlog: Backlog[int], seconds: float) -> None:
    """Be done with one item after so long."""
    item = await backlog.receive()
    await trio.sleep(seconds)
    backlog.done(item)


async def test_empty_backlogs_close_at_once(autojump_clock):
    with assert_checkpoints():
        assert await closing_time(Backlog(natural), Backlog(natural)) == 0


async def test_taken_item_keeps_all_open(autojump_clock):
    first, second = Backlog(natural), Backlog(natural)
    second.put(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish, second, 5)
        assert await closing_time(first, second) == 5


async def test_delayed_item_keeps_a_patient_one_open(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1, due=30)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish, backlog, 5)
        assert await closing_time(backlog) == 35


async def test_delayed_item_keeps_no_impatient_one_open(autojump_clock):
    backlog = Backlog(natural, patient=False)
    backlog.put(1, due=30)
    assert backlog.idle
    assert await closing_time(backlog) == 0


async def test_delayed_item_that_became_due_keeps_open(autojump_clock):
    """The impatient one was idle at first, but others worked on until its item was due."""
    busy, impatient = Backlog(natural), Backlog(natural, patient=False)
    busy.put(1)
    impatient.put(2, due=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish, busy, 10)
        nursery.start_soon(finish, impatient, 7)
        assert await closing_time(busy, impatient) == 17


async def test_item_put_back_keeps_open(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1)

    async def put_back_once() -> None:
        backlog.put_back(await backlog.receive(), due=20)
        await finish(backlog, 1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_back_once)
        assert await closing_time(backlog) == 21


async def test_closed_backlog_holds_nobody_up(autojump_clock):
    """Its stage has ended with items in it."""
    backlog = Backlog(natural)
    backlog.put(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(closing_time, backlog)
        await wait_all_tasks_blocked()
        assert not backlog.idle
        backlog.close()
    assert backlog.idle


async def test_cancelled_call_closes_nothing(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1)
    with trio.move_on_after(5) as scope:
        await close_together(backlog, Backlog(natural))
    assert scope.cancelled_caught
    assert not backlog.statistics().closed


class Ball(NamedTuple):
    """An item that is passed on for so many more times, and misses its first few attempts at each stage."""

    number: int
    hops: int
    misses: int


class Circle:
    """Stages in a circle, each of which hands a ball on to the next."""

    def __init__(self, count: int, *, stopped_after: int | None) -> None:
        self.backlogs: list[Backlog[Ball]] = [Backlog(lambda ball: ball.number) for _ in range(count)]
        self.stopped_after = stopped_after
        self.missed: dict[tuple[int, Ball], int] = {}
        self.caught: list[Ball] = []
        self.stages: list[Stage[Ball, Ball]] = []

    async def play(self, balls: list[Ball]) -> None:
        with trio.fail_after(10_000):
            async with open_pipeline() as pipeline:
                for place, backlog in enumerate(self.backlogs):
                    await self.join(pipeline, place, backlog)
                for ball in balls:
                    self.backlogs[ball.number % len(self.backlogs)].put(ball)
                await close_together(*self.backlogs)

    async def join(self, pipeline, place: int, backlog: Backlog[Ball]) -> None:
        async def handle(ball: Ball) -> Ball:
            return await self.catch(place, ball)

        sink = Throw(self, place)
        self.stages.append(pipeline.start_stage(str(place), handle, source=backlog, sink=sink, workers=2))

    async def catch(self, place: int, ball: Ball) -> Ball:
        await trio.sleep(ball.number % 3)
        if self.stopped_after is not None and len(self.caught) >= self.stopped_after:
            raise StopStage("enough")
        missed = self.missed.get((place, ball), 0)
        if missed < ball.misses:
            self.missed[place, ball] = missed + 1
            raise TryAgain("missed", after=20 * missed)
        self.caught.append(ball)
        return ball


class Throw:
    """A sink that puts what it is sent where it goes next; as with a real one, that may have ended."""

    def __init__(self, circle: Circle, place: int) -> None:
        self.circle = circle
        self.place = place

    async def send(self, ball: Ball) -> None:
        await trio.lowlevel.checkpoint()
        target = self.circle.backlogs[(self.place + 1) % len(self.circle.backlogs)]
        if ball.hops and not target.statistics().closed:
            target.put(ball._replace(hops=ball.hops - 1))

    def close(self) -> None:
        """Nothing: the backlogs close together."""


HOPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=6)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 3), hops=HOPS)
def test_every_ball_makes_all_its_hops(run_seeded, seed, count, hops):
    circle = Circle(count, stopped_after=None)
    run_seeded(seed, circle.play, [Ball(number, *ball) for number, ball in enumerate(hops)])
    assert len(circle.caught) == sum(1 + hops for hops, _ in hops)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 3), hops=HOPS, stopped_after=st.integers(0, 8))
def test_stopped_stage_lets_the_others_end(run_seeded, seed, count, hops, stopped_after):
    circle = Circle(count, stopped_after=stopped_after)
    run_seeded(seed, circle.play, [Ball(number, *ball) for number, ball in enumerate(hops)])
    assert all(stage.ended for stage in circle.stages)
