"""Contract of `batched`: when a batch is given out, and that neither the end nor a cancellation loses an item."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import Backlog, batched


async def send_at(send: trio.MemorySendChannel[int], times: Sequence[float]) -> None:
    """Send 0, 1, 2, … at these times, then close."""
    with send:
        for item, time in enumerate(times):
            await trio.sleep_until(time)
            await send.send(item)


async def batches_of(times: Sequence[float], *, size: int, seconds: float) -> list[tuple[float, list[int]]]:
    """Each batch of such a channel, with the time at which it was given out."""
    send, receive = trio.open_memory_channel[int](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_at, send, times)
        return [(trio.current_time(), batch) async for batch in batched(receive, size=size, seconds=seconds)]


async def test_full_batch_comes_at_once(autojump_clock):
    assert await batches_of([0, 1, 2, 3], size=2, seconds=100) == [(1, [0, 1]), (3, [2, 3])]


async def test_time_is_up_from_the_first_item(autojump_clock):
    assert await batches_of([5, 6, 20], size=9, seconds=10) == [(15, [0, 1]), (20, [2])]


async def test_end_gives_out_what_is_there(autojump_clock):
    assert await batches_of([0, 0, 3], size=2, seconds=100) == [(0, [0, 1]), (3, [2])]


async def test_no_batch_is_empty(autojump_clock):
    assert await batches_of([], size=2, seconds=1) == []


async def test_no_time_leaves_each_item_alone(autojump_clock):
    assert await batches_of([0, 0, 1], size=5, seconds=0) == [(0, [0]), (0, [1]), (1, [2])]


async def test_batch_of_nothing_is_refused(autojump_clock):
    _, receive = trio.open_memory_channel[int](0)
    with pytest.raises(ValueError, match="at least one item, not 0"):
        batched(receive, size=0, seconds=1)


@pytest.mark.parametrize("seconds", [-1, math.nan])
async def test_time_is_not_negative(autojump_clock, seconds):
    _, receive = trio.open_memory_channel[int](1)
    with pytest.raises(ValueError, match="some seconds or for none"):
        batched(receive, size=1, seconds=seconds)


async def test_cancelled_receive_keeps_what_it_collected(autojump_clock):
    send, receive = trio.open_memory_channel[int](10)
    batches = batched(receive, size=3, seconds=100)
    send.send_nowait(1)
    send.send_nowait(2)
    with trio.move_on_after(5) as scope:
        await batches.receive()
    assert scope.cancelled_caught
    send.send_nowait(3)
    assert await batches.receive() == [1, 2, 3]


async def test_cancelled_receive_keeps_its_deadline(autojump_clock):
    send, receive = trio.open_memory_channel[int](10)
    batches = batched(receive, size=3, seconds=10)
    send.send_nowait(1)
    with trio.move_on_after(6):
        await batches.receive()
    assert await batches.receive() == [1]
    assert trio.current_time() == 10


async def test_late_receiver_gets_an_overdue_batch_at_once(autojump_clock):
    send, receive = trio.open_memory_channel[int](10)
    batches = batched(receive, size=3, seconds=10)
    send.send_nowait(1)
    with trio.move_on_after(6):
        await batches.receive()
    await trio.sleep(100)
    assert await batches.receive() == [1]
    assert trio.current_time() == 106


async def test_several_receivers_are_served_one_after_the_other(autojump_clock):
    """So several workers of a stage can share them."""
    send, receive = trio.open_memory_channel[int](10)
    batches = batched(receive, size=2, seconds=1)
    taken = []

    async def take() -> None:
        async for batch in batches:
            taken.append((trio.current_time(), batch))
            await trio.sleep(10)

    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(take)
        nursery.start_soon(take)
        for number in range(5):
            send.send_nowait(number)
        await trio.sleep(5)
        assert taken == [(0, [0, 1]), (0, [2, 3])]
    assert taken[2:] == [(10, [4])]


async def test_error_of_the_source_loses_nothing(autojump_clock):
    send, receive = trio.open_memory_channel[int](10)
    batches = batched(receive, size=3, seconds=10)
    send.send_nowait(1)

    async def close_soon() -> None:
        await wait_all_tasks_blocked()
        receive.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close_soon)
        with pytest.raises(trio.ClosedResourceError):
            await batches.receive()
    assert batches._collected == [1]


async def test_close_closes_the_source(autojump_clock):
    send, receive = trio.open_memory_channel[int](10)
    batched(receive, size=3, seconds=10).close()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(1)


async def test_source_need_not_be_closable(autojump_clock):
    class Silent:
        async def receive(self) -> int:
            raise trio.EndOfChannel

    batches = batched(Silent(), size=1, seconds=1)
    batches.close()
    assert [batch async for batch in batches] == []


async def test_backlog_by_the_batch(autojump_clock):
    backlog = Backlog.of(range(5))
    batches = batched(backlog, size=2, seconds=1)
    story = []
    for _ in range(3):
        batch = await batches.receive()
        story.append(batch)
        for item in batch:
            backlog.done(item)
    assert story == [[0, 1], [2, 3], [4]]
    with pytest.raises(trio.EndOfChannel):
        await batches.receive()


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    gaps=st.lists(st.integers(0, 4), max_size=12),
    bounds=st.tuples(st.integers(1, 4), st.integers(0, 6)),
    cancellations=st.lists(st.integers(0, 20), max_size=6),
)
def test_every_item_comes_once_and_in_order(run_seeded, seed, gaps, bounds, cancellations):
    size, seconds = bounds
    times = [float(sum(gaps[: number + 1])) for number in range(len(gaps))]

    async def run() -> list[list[int]]:
        send, receive = trio.open_memory_channel[int](0)
        batches = batched(receive, size=size, seconds=seconds)
        story: list[list[int]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_at, send, times)
            for deadline in [*sorted(cancellations), float("inf")]:
                with trio.move_on_at(deadline):
                    # A plain loop: `receive` gives a batch or is cancelled, never both.
                    while True:
                        try:
                            story.append(await batches.receive())
                        except trio.EndOfChannel:
                            return story
        raise AssertionError("the last round is not cancelled")

    story = run_seeded(seed, run)
    assert [item for batch in story for item in batch] == list(range(len(gaps)))
    assert all(1 <= len(batch) <= size for batch in story)
