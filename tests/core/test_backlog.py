"""Contract of `Backlog`: order, due times, when it ends, and what cancellation leaves behind."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import Backlog, BacklogStatistics


def natural(item: int) -> int:
    return item


async def receive_all(backlog: Backlog[int]) -> list[int]:
    """Everything there is, each item done at once."""
    items = []
    while True:
        try:
            item = await backlog.receive()
        except trio.EndOfChannel:
            return items
        backlog.done(item)
        items.append(item)


async def test_smallest_rank_goes_first(autojump_clock):
    backlog = Backlog(natural)
    for item in (3, 1, 2):
        backlog.put(item)
    backlog.close()
    assert await receive_all(backlog) == [1, 2, 3]


async def test_equal_ranks_keep_order(autojump_clock):
    assert await receive_all(Backlog.of([3, 1, 2])) == [3, 1, 2]


async def test_delayed_item_keeps_its_rank_among_equals(autojump_clock):
    backlog: Backlog[str] = Backlog(lambda _: 0)
    backlog.put("early", due=1.0)
    backlog.put("late")
    await trio.sleep(1)
    assert [await backlog.receive(), await backlog.receive()] == ["early", "late"]


async def test_urgent_newcomer_overtakes(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(5)
    backlog.put(9)
    assert await backlog.receive() == 5
    backlog.put(1)
    assert await backlog.receive() == 1


async def test_item_waits_until_due(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1, due=7.5)
    assert await backlog.receive() == 1
    assert trio.current_time() == 7.5


async def test_rank_decides_among_the_due(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(2, due=1.0)
    backlog.put(1, due=2.0)
    await trio.sleep(3)
    assert [await backlog.receive(), await backlog.receive()] == [1, 2]


async def test_earlier_item_wakes_who_waits_for_a_later_one(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1, due=100.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_at, backlog, 2, 3.0)
        await wait_all_tasks_blocked()
        backlog.put(2, due=3.0)


async def receive_at(backlog: Backlog[int], item: int, time: float) -> None:
    assert await backlog.receive() == item
    assert trio.current_time() == time


async def test_empty_open_backlog_waits(autojump_clock):
    with trio.move_on_after(1000) as scope:
        await Backlog(natural).receive()
    assert scope.cancelled_caught


async def test_closed_and_empty_is_the_end(autojump_clock):
    backlog = Backlog(natural)
    backlog.close()
    backlog.close()
    with pytest.raises(trio.EndOfChannel):
        await backlog.receive()


async def test_put_after_close_is_refused(autojump_clock):
    backlog = Backlog(natural)
    backlog.close()
    with pytest.raises(trio.ClosedResourceError):
        backlog.put(1)


async def test_item_is_due_at_some_time(autojump_clock):
    backlog = Backlog(natural)
    with pytest.raises(ValueError, match="not a number"):
        backlog.put(1, due=math.nan)
    assert backlog.statistics().delayed == 0


async def test_close_ends_all_who_wait(autojump_clock):
    backlog = Backlog(natural)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(receive_all, backlog)
        await wait_all_tasks_blocked()
        backlog.close()


async def test_taken_item_may_come_back_after_close(autojump_clock):
    backlog = Backlog.of([1])
    assert await backlog.receive() == 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_at, backlog, 1, trio.current_time())
        await wait_all_tasks_blocked()
        backlog.put_back(1)
    backlog.done(1)
    with pytest.raises(trio.EndOfChannel):
        await backlog.receive()


async def test_last_done_ends_who_waits(autojump_clock):
    backlog = Backlog.of([1])
    item = await backlog.receive()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_all, backlog)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        backlog.done(item)


async def test_patient_backlog_waits_for_delayed_items(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1, due=50.0)
    backlog.close()
    assert await receive_all(backlog) == [1]
    assert trio.current_time() == 50.0


async def test_impatient_backlog_ends_without_delayed_items(autojump_clock):
    backlog = Backlog(natural, patient=False)
    backlog.put(1)
    backlog.put(2, due=50.0)
    backlog.close()
    assert await receive_all(backlog) == [1]
    assert trio.current_time() == 0.0


async def test_impatient_backlog_ends_when_its_last_item_is_delayed(autojump_clock):
    backlog = Backlog(natural, patient=False)
    backlog.put(1)
    backlog.close()
    item = await backlog.receive()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_all, backlog)
        await wait_all_tasks_blocked()
        backlog.put_back(item, due=50.0)
    assert trio.current_time() == 0.0


async def test_finished_backlog_stays_finished(autojump_clock):
    backlog = Backlog(natural, patient=False)
    backlog.put(1, due=5.0)
    backlog.close()
    await trio.sleep(10)
    with pytest.raises(trio.EndOfChannel):
        await backlog.receive()


async def test_item_due_at_the_end_is_not_left(autojump_clock):
    backlog = Backlog(natural, patient=False)
    backlog.put(1)
    backlog.put(2, due=5.0)
    backlog.close()
    assert await backlog.receive() == 1
    await trio.sleep(5)
    backlog.done(1)
    assert await backlog.receive() == 2


async def test_one_word_too_many_is_an_error(autojump_clock):
    backlog = Backlog.of([1])
    with pytest.raises(RuntimeError, match="nothing is taken"):
        backlog.done(1)
    with pytest.raises(RuntimeError, match="nothing is taken"):
        backlog.put_back(1)
    assert await receive_all(backlog) == [1]


async def test_cancelled_receive_takes_nothing(autojump_clock):
    backlog = Backlog.of([1])
    with trio.CancelScope() as scope:
        scope.cancel()
        await backlog.receive()
    assert scope.cancelled_caught
    assert backlog.statistics().ready == 1


async def test_receive_is_always_a_checkpoint(autojump_clock):
    backlog = Backlog.of([1])
    with trio.testing.assert_checkpoints():
        await backlog.receive()


async def test_item_given_to_a_cancelled_receiver_arrives(autojump_clock):
    backlog = Backlog(natural)
    received = []

    async def receive(scope: trio.CancelScope) -> None:
        with scope:
            received.append(await backlog.receive())

    scope = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive, scope)
        await wait_all_tasks_blocked()
        backlog.put(1)
        scope.cancel()
    assert received == [1]


async def test_item_goes_past_a_receiver_that_was_cancelled_first(autojump_clock):
    backlog = Backlog(natural)
    received = []

    async def receive(scope: trio.CancelScope) -> None:
        with scope:
            received.append(await backlog.receive())

    first, second = trio.CancelScope(), trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive, first)
        await wait_all_tasks_blocked()
        nursery.start_soon(receive, second)
        await wait_all_tasks_blocked()
        first.cancel()
        backlog.put(1)
    assert received == [1]
    assert not second.cancel_called


async def test_statistics_tell_where_items_are(autojump_clock):
    backlog = Backlog(natural)
    for item in (1, 2, 3):
        backlog.put(item)
    backlog.put(4, due=9.0)
    await backlog.receive()
    assert backlog.statistics() == BacklogStatistics(ready=2, delayed=1, taken=1, next_due=9.0, closed=False)
    backlog.close()
    await trio.sleep(9)
    assert backlog.statistics() == BacklogStatistics(ready=3, delayed=0, taken=1, next_due=None, closed=True)


def test_filled_outside_of_trio():
    backlog = Backlog.of([1, 2])
    assert trio.run(receive_all, backlog) == [1, 2]


async def test_due_for_ever_is_never_handed_out(autojump_clock):
    backlog = Backlog(natural)
    backlog.put(1, due=math.inf)
    with trio.move_on_after(1e9) as scope:
        await backlog.receive()
    assert scope.cancelled_caught
