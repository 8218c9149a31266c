"""Contract of errors of use: whoever starts a stage wrongly learns it at once, and what to do instead."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio

from trio_pipeline import _usage
from trio_pipeline.channels import Backlog, FanOut, batched
from trio_pipeline.nursery import open_pipeline


async def keep(item: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return item


def double(item: int) -> int:
    return 2 * item


def later(item: int) -> Awaitable[int]:
    return keep(item)


def anything(item: int) -> Any:
    return keep(item)


async def pages(item: int) -> AsyncIterator[int]:
    yield item


def lines(item: int) -> Iterator[int]:
    yield item


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any) -> Any:
        return function(*args)

    del call.__annotations__["return"]
    return call


def waiting(item: int) -> Any:
    """A generator, which types.coroutine() makes awaitable; Trio's own lowest functions are made so."""
    yield from keep(item).__await__()


class Shop:
    async def __call__(self, item: int) -> int:
        return await keep(item)

    async def keep(self, item: int) -> int:
        return await keep(item)

    def double(self, item: int) -> int:
        return 2 * item


class Ticket:
    """A handler that is a class, of which each item makes an awaitable object."""

    def __init__(self, item: int) -> None:
        self.item = item

    def __await__(self) -> Any:
        return keep(self.item).__await__()


class Kept:
    """Neither a source nor a sink."""


async def start(handler: Any = keep, **options: Any) -> Any:
    """Start a stage and see it to its end."""
    async with open_pipeline() as pipeline:
        return pipeline.start_stage("work", handler, **{"source": Backlog.of([1]), **options})


def refused(error: type[Exception], words: str) -> Any:
    """Expects an error of use, which comes out of the pipeline's block."""
    return pytest.RaisesGroup(pytest.RaisesExc(error, match=words))


@pytest.mark.parametrize(
    "handler",
    [
        keep,
        later,
        anything,
        Shop(),
        Shop().keep,
        Ticket,
        decorated(keep),
        functools.partial(keep),
        functools.partial(functools.partial(Shop().keep)),
        lambda item: keep(2 * item),
        trio.sleep,
        types.coroutine(waiting),
    ],
)
async def test_what_can_be_awaited_is_a_handler(autojump_clock, handler):
    assert (await start(handler)).statistics().done == 1


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (double, "not async: begin it with `async def`"),
        (Shop().double, "not async"),
        (functools.partial(double), "not async"),
        (decorated(double), "not async"),
        (pages, "is a generator"),
        (functools.partial(pages), "is a generator"),
        (lines, "is a generator"),
        (Kept, "is a class, Kept"),
        (None, "must be an async function, not None"),
        (7, "must be an async function, not 7"),
    ],
)
async def test_what_cannot_be_awaited_is_refused_at_the_start(autojump_clock, handler, words):
    with refused(TypeError, f"'work': its handler.*{words}"):
        await start(handler)
    if handler is not None:
        with refused(TypeError, f"'work': its record.*{words}"):
            await start(record=handler)


async def test_handler_that_was_called_is_refused(autojump_clock):
    with refused(TypeError, r"handler was called already; hand over the function itself"):
        await start(keep(1))


def called_wrongly(error: BaseException) -> bool:
    """Whether an error says how a handler is called, and where that was."""
    return error.__notes__ == [_usage.CALLED_WRONGLY, "item: 1", "stage: work"]


@pytest.mark.parametrize("deadline", [None, 5])
@pytest.mark.parametrize("handler", [lambda item: item, lambda: keep(1), lambda item, more: keep(item)])
async def test_what_looked_like_a_handler_is_a_defect_with_help(autojump_clock, handler, deadline):
    with pytest.RaisesGroup(pytest.RaisesExc(TypeError, check=called_wrongly)):
        await start(handler, deadline=deadline)


async def test_what_looked_like_a_record_is_a_defect_with_help(autojump_clock):
    with pytest.RaisesGroup(pytest.RaisesExc(TypeError, check=called_wrongly)):
        await start(record=keep)


async def test_type_error_of_a_handler_is_its_own(autojump_clock):
    async def fail(item: int) -> None:
        raise TypeError

    def its_own(error: BaseException) -> bool:
        return error.__notes__ == ["item: 1", "stage: work"]

    with pytest.RaisesGroup(pytest.RaisesExc(TypeError, check=its_own)):
        await start(fail)


@pytest.mark.parametrize("workers", [None, 1.0, True, "3", math.nan])
async def test_number_of_workers_is_a_whole_number(autojump_clock, workers):
    with refused(TypeError, "'work': workers must be a whole number"):
        await start(workers=workers)
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("work", keep, source=Backlog.of([1]))
        with pytest.raises(TypeError, match="'work': workers must be a whole number"):
            stage.workers = workers


async def test_end_of_a_channel_belongs_to_one_stage(autojump_clock):
    send, receive = trio.open_memory_channel[int](1)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("one", keep, source=Backlog.of([1]), sink=send)
        pipeline.start_stage("two", keep, source=receive)
        with pytest.raises(ValueError, match=r"'three': its sink was handed to stage 'one' already.*a clone\(\)"):
            pipeline.start_stage("three", keep, source=Backlog.of([1]), sink=send)
        with pytest.raises(ValueError, match=r"'four': its source was handed to stage 'two' already.*a clone\(\)"):
            pipeline.start_stage("four", keep, source=receive)


async def test_backlog_belongs_to_one_stage(autojump_clock):
    backlog = Backlog.of([1])
    async with open_pipeline() as pipeline:
        pipeline.start_stage("one", keep, source=backlog)
        with pytest.raises(ValueError, match=r"source was handed to stage 'one' already.*another one"):
            pipeline.start_stage("two", keep, source=backlog)


async def test_clones_belong_to_a_stage_each(autojump_clock):
    send, receive = trio.open_memory_channel[int](9)
    async with open_pipeline() as pipeline:
        with send:
            pipeline.start_stage("one", keep, source=Backlog.of([1]), sink=send.clone())
            pipeline.start_stage("two", keep, source=Backlog.of([2]), sink=send.clone())
    assert sorted([item async for item in receive]) == [1, 2]


async def test_closed_end_is_refused(autojump_clock):
    send, receive = trio.open_memory_channel[int](1)
    send.close()
    receive.close()
    with refused(trio.ClosedResourceError, "'work': its sink was closed already"):
        await start(sink=send)
    with refused(trio.ClosedResourceError, "'work': its source was closed already"):
        await start(source=receive)


async def test_end_whose_other_end_was_closed_is_not(autojump_clock):
    send, receive = trio.open_memory_channel[int](1)
    send.close()
    assert (await start(source=receive)).statistics().done == 0


@pytest.mark.parametrize("wrong", ["other end", "both ends", "list"])
async def test_what_is_no_end_of_a_channel_is_refused(autojump_clock, wrong):
    channel = trio.open_memory_channel[int](1)
    source, sink, words = {
        "other end": (channel[0], channel[1], "end to send to first"),
        "both ends": (channel, channel, "two ends: hand over one of them"),
        "list": ([1], [1], "Backlog.of"),
    }[wrong]
    with refused(TypeError, rf"source has no receive\(\).*{words}"):
        await start(source=source)
    with refused(TypeError, rf"sink has no send\(\).*{words}"):
        await start(sink=sink)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": FanOut(1, capacity=1)}, "one of its branches"),
        ({"sink": FanOut(1, capacity=1).branches[0]}, "is sent to its FanOut"),
        ({"sink": FanOut(1, capacity=1).join()}, "is sent to its FanOut"),
        ({"sink": Backlog.of([1])}, r"the handler put\(\) items into it"),
    ],
)
async def test_wrong_end_is_refused_with_the_right_one(autojump_clock, options, words):
    with refused(TypeError, words):
        await start(**options)


@pytest.mark.parametrize("waiting", [Backlog.of([1, 2]), FanOut(1, capacity=1).branches[0]])
async def test_batches_of_what_waits_for_a_word_are_refused(autojump_clock, waiting):
    """A stage has none about what is in a batch: the source would never end."""
    for source in (
        batched(waiting, size=2, seconds=1),
        batched(batched(waiting, size=2, seconds=1), size=2, seconds=1),
    ):
        with refused(TypeError, "make batches of the channel"):
            await start(source=source)


async def test_batches_of_a_closed_channel_are_refused(autojump_clock):
    _, receive = trio.open_memory_channel[int](1)
    receive.close()
    with refused(trio.ClosedResourceError, "its source was closed already"):
        await start(source=batched(receive, size=2, seconds=1))


@pytest.mark.parametrize("deadline", ["5", True])
async def test_deadline_is_a_number(autojump_clock, deadline):
    with refused(TypeError, "a deadline is a number of seconds"):
        await start(deadline=deadline)


async def test_refused_stage_takes_part_in_nothing(autojump_clock):
    send, receive = trio.open_memory_channel[int](1)
    async with open_pipeline() as pipeline:
        with pytest.raises(TypeError):
            pipeline.start_stage("work", double, source=Backlog.of([1]), sink=send)
        assert pipeline.statistics().stages == ()
        send.send_nowait(1)
    assert receive.receive_nowait() == 1


async def test_stage_comes_too_late_for_a_pipeline_that_has_ended(autojump_clock):
    async with open_pipeline() as pipeline:
        pass
    with pytest.raises(RuntimeError, match="'late' comes too late: its pipeline has ended"):
        pipeline.start_stage("late", keep, source=Backlog.of([1]))
    assert pipeline.statistics().stages == ()
    pipeline.drain(5)


async def pause_and_resume(pipeline: Any, stage: Any) -> None:
    await trio.sleep(5)
    stage.workers = 1


async def leave_paused(nursery: trio.Nursery) -> Any:
    """Nobody inside the pipeline ends the pause."""
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("paused", keep, source=Backlog.of([1]), workers=0)
        nursery.start_soon(pause_and_resume, pipeline, stage)
    return stage


async def test_pipeline_warns_of_a_stage_that_never_had_a_worker(autojump_clock):
    async with trio.open_nursery() as nursery:
        with pytest.warns(RuntimeWarning, match="stage 'paused' has no workers and never had any") as warned:
            stage = await leave_paused(nursery)
    assert stage.statistics().done == 1
    assert warned[0].filename == __file__


async def test_pipeline_warns_of_no_pause_that_somebody_may_end(autojump_clock):
    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("paused", keep, source=Backlog.of([1]), workers=0)
        pipeline.start_service(pause_and_resume, pipeline, stage)
    async with trio.open_nursery() as nursery, open_pipeline() as pipeline:
        stage = pipeline.start_stage("worked", keep, source=Backlog.of([1]))
        await trio.sleep(1)
        stage.workers = 0
        nursery.start_soon(pause_and_resume, pipeline, stage)
    async with open_pipeline() as pipeline:
        pipeline.start_stage("drained", keep, source=Backlog.of([1]), workers=0)
        pipeline.drain()
