"""Contract of a pipeline's errors: a defect cancels everything and comes out whole, flat, with stage and item named."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline._usage import IN_A_GROUP
from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.retry import GiveUp, StopStage, TryAgain


class Defect(Exception):
    """One that no stage knows."""


def noted(*notes: str) -> Any:
    """Whether an exception has these notes, in this order."""
    return lambda error: error.__notes__ == list(notes)


def channel_with(item: Any) -> Any:
    send, receive = trio.open_memory_channel[Any](1)
    send.send_nowait(item)
    return receive


async def raise_defect(item: Any) -> None:
    await trio.lowlevel.checkpoint()
    raise Defect(item)


async def run_until_defect(error: BaseException) -> BaseExceptionGroup[BaseException]:
    """What comes out of a pipeline whose handler raises `error`."""

    async def handler(item: int) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    with pytest.raises(BaseExceptionGroup) as caught:
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", handler, source=Backlog.of([7]))
    return caught.value


async def test_defect_names_stage_and_item(autojump_clock):
    with pytest.RaisesGroup(pytest.RaisesExc(Defect, check=noted("item: 'a'", "stage: work"))):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", raise_defect, source=Backlog.of(["a", "b"]))


async def test_defect_cancels_the_other_stages(autojump_clock):
    with pytest.RaisesGroup(Defect):
        async with open_pipeline() as pipeline:
            other = pipeline.start_stage("other", trio.sleep, source=Backlog.of([1e9]))
            work = pipeline.start_stage("work", raise_defect, source=Backlog.of([1]))
    assert trio.current_time() == 0
    assert other.ended
    assert other.statistics().left == 1
    assert (work.statistics().left, work.statistics().done, work.statistics().busy) == (1, 0, 0)


async def test_long_item_is_named_by_its_beginning(autojump_clock):
    rows = list(range(100_000))
    with pytest.RaisesGroup(pytest.RaisesExc(Defect, check=noted(f"item: {str(rows)[:1000]}…", "stage: work"))):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", raise_defect, source=channel_with(rows))


async def test_defects_of_two_stages_come_out_flat(autojump_clock):
    gate = trio.Event()

    async def raise_together(item: int) -> None:
        await gate.wait()
        raise Defect(item)

    with pytest.RaisesGroup(
        pytest.RaisesExc(Defect, check=noted("item: 1", "stage: one")),
        pytest.RaisesExc(Defect, check=noted("item: 2", "stage: two")),
    ):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("one", raise_together, source=Backlog.of([1]))
            pipeline.start_stage("two", raise_together, source=Backlog.of([2]))
            await wait_all_tasks_blocked()
            gate.set()


async def test_group_out_of_a_handler_is_taken_apart_with_its_notes(autojump_clock):
    async def nested(item: int) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raise_defect, item)

    with pytest.RaisesGroup(pytest.RaisesExc(Defect, check=noted("item: 1", "stage: work"))):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", nested, source=Backlog.of([1]))


@pytest.mark.parametrize("error", [trio.EndOfChannel(), trio.BrokenResourceError(), trio.ClosedResourceError()])
async def test_channel_error_out_of_a_handler_is_a_defect(autojump_clock, error):
    """It is none of the stage's own channels that ended."""
    assert (await run_until_defect(error)).exceptions == (error,)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
async def test_more_than_an_exception_comes_out_too(autojump_clock, error):
    group = await run_until_defect(error)
    assert not isinstance(group, ExceptionGroup)
    assert group.exceptions == (error,)
    assert error.__notes__ == ["item: 7", "stage: work"]


@pytest.mark.parametrize("error", [Defect("disk"), TryAgain("not here"), GiveUp("nor here"), StopStage("nor here")])
async def test_error_out_of_a_record_is_a_defect(autojump_clock, error):
    async def record(item: str, outcome: object, attempt: int, elapsed: float) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    send, receive = trio.open_memory_channel[str](1)

    async def keep(item: str) -> str:
        await trio.lowlevel.checkpoint()
        return item

    with pytest.raises(ExceptionGroup) as caught:
        async with open_pipeline() as pipeline:
            stage = pipeline.start_stage("work", keep, source=Backlog.of(["a"]), sink=send, record=record)
    assert caught.value.exceptions == (error,)
    assert error.__notes__ == ["item: 'a'", "stage: work"]
    assert [item async for item in receive] == []
    assert (stage.statistics().done, stage.statistics().left) == (0, 1)


async def test_error_out_of_a_source_names_the_stage(autojump_clock):
    class Broken:
        async def receive(self) -> int:
            await trio.lowlevel.checkpoint()
            raise Defect

    with pytest.RaisesGroup(pytest.RaisesExc(Defect, check=noted("stage: work"))):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", raise_defect, source=Broken())


async def test_error_out_of_a_sink_is_a_defect(autojump_clock):
    class Broken:
        async def send(self, value: object) -> None:
            await trio.lowlevel.checkpoint()
            raise trio.ClosedResourceError

        def close(self) -> None:
            pass

    with pytest.RaisesGroup(pytest.RaisesExc(trio.ClosedResourceError, check=noted("item: 0", "stage: work"))):
        async with open_pipeline() as pipeline:
            stage = pipeline.start_stage("work", trio.sleep, source=Backlog.of([0]), sink=Broken())
    assert (stage.statistics().done, stage.statistics().left) == (1, 0)


async def test_error_of_the_body_comes_out_alike(autojump_clock):
    with pytest.RaisesGroup(Defect):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", trio.sleep, source=Backlog.of([1e9]))
            await trio.sleep(1)
            raise Defect


async def test_item_error_of_a_group_is_a_defect(autojump_clock):
    """Which of several failures means what, only the handler can say."""

    async def nested(item: int) -> None:
        async with trio.open_nursery():
            raise TryAgain("in a group")

    with pytest.RaisesGroup(pytest.RaisesExc(TryAgain, check=noted(IN_A_GROUP, "item: 1", "stage: work"))):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", nested, source=Backlog.of([1]))


async def test_defect_during_a_cancellation_from_outside(autojump_clock):
    """The defect comes out, and the scope that was cancelled still gets its cancellation."""

    async def fail_on_the_way_out(item: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Defect

    with pytest.RaisesGroup(Defect), trio.move_on_after(5):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", fail_on_the_way_out, source=Backlog.of([1]))
            pipeline.start_stage("other", trio.sleep, source=Backlog.of([1e9]))
    assert trio.current_time() == 5


async def test_second_defect_during_the_first_comes_out_too(autojump_clock):
    async def fail_on_the_way_out(item: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Defect("second")

    with pytest.RaisesGroup(pytest.RaisesExc(Defect, match="first"), pytest.RaisesExc(Defect, match="second")):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("other", fail_on_the_way_out, source=Backlog.of([1]))
            await wait_all_tasks_blocked()
            pipeline.start_stage("work", raise_defect, source=Backlog.of(["first"]))


async def test_channels_are_closed_after_a_defect(autojump_clock):
    send, receive = trio.open_memory_channel[None](0)
    feed, source = trio.open_memory_channel[int](1)
    feed.send_nowait(1)
    with pytest.RaisesGroup(Defect):
        async with open_pipeline() as pipeline:
            pipeline.start_stage("work", raise_defect, source=source, sink=send)
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()
    with pytest.raises(trio.BrokenResourceError):
        feed.send_nowait(2)
