"""Streams in memory behave as TCP does (contract)."""

from __future__ import annotations

import random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import check_half_closeable_stream, wait_all_tasks_blocked

from trio_pipeline.testing.lines import DIRECT, End, Passage
from trio_pipeline.testing.memory_streams import memory_streams


class Script:
    """A line on which each send meets what comes next in the list; then everything passes at once."""

    def __init__(self, *passages):
        self._passages = list(passages)

    def carry(self, data, now):
        return self._passages.pop(0) if self._passages else DIRECT.carry(data, now)


async def read_all(stream):
    received = b""
    while data := await stream.receive_some():
        received += data
    return received


async def test_streams_are_what_trio_calls_half_closeable(autojump_clock):
    async def make():
        return memory_streams(source=random.Random(1), splits=0.5)

    async def make_clogged():
        ours, theirs = memory_streams(capacity=1)
        await ours.send_all(b"x")
        await theirs.send_all(b"x")
        return ours, theirs

    await check_half_closeable_stream(make, make_clogged)


async def test_sender_waits_for_a_slow_reader():
    ours, theirs = memory_streams(capacity=10)
    sent = []

    async def send():
        for number in range(3):
            await ours.send_all(bytes(8))
            sent.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        assert sent == [0]
        assert len(await theirs.receive_some()) == 10
        await wait_all_tasks_blocked()
        assert sent == [0, 1]
        assert len(await theirs.receive_some()) == 10
    assert sent == [0, 1, 2]


async def test_room_is_waited_for():
    ours, theirs = memory_streams(capacity=10)
    await ours.send_all(bytes(10))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.wait_send_all_might_not_block)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        await theirs.receive_some(1)


@given(st.binary(max_size=400), st.integers(1, 50), st.integers(1, 50), st.integers())
def test_bytes_arrive_whole_in_parts_of_any_size(data, capacity, most, seed):
    async def main():
        ours, theirs = memory_streams(source=random.Random(seed), splits=0.5, capacity=capacity)
        received = bytearray()

        async def send():
            await ours.send_all(data)
            await ours.send_eof()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            while part := await theirs.receive_some(most):
                assert len(part) <= most
                received.extend(part)
        assert received == data

    trio.run(main)


async def test_same_seed_splits_the_same():
    async def sizes(seed):
        ours, theirs = memory_streams(source=random.Random(seed), splits=0.9)
        await ours.send_all(bytes(1000))
        await ours.send_eof()
        found = []
        while part := await theirs.receive_some():
            found.append(len(part))
        return found

    assert await sizes(3) == await sizes(3) != await sizes(4)
    assert len(await sizes(3)) > 2


async def test_late_bytes_arrive_in_time(autojump_clock):
    ours, theirs = memory_streams(lines=(Script(Passage(3, b"abc", 5.0), Passage(3, b"def", 7.0)), DIRECT))
    await ours.send_all(b"abcdef")
    await ours.aclose()
    assert not theirs.is_readable()
    times = []
    while data := await theirs.receive_some():
        times.append((data, trio.current_time()))
    assert times == [(b"abc", 5.0), (b"def", 7.0)]
    assert trio.current_time() == 7.0


async def test_close_lets_what_was_sent_arrive():
    ours, theirs = memory_streams()
    await ours.send_all(b"abc")
    await ours.aclose()
    assert await read_all(theirs) == b"abc"
    with pytest.raises(trio.BrokenResourceError):
        await theirs.send_all(b"x")


async def test_reset_takes_what_was_sent():
    ours, theirs = memory_streams()
    await ours.send_all(b"abc")
    ours.reset()
    assert theirs.is_readable()
    with pytest.raises(trio.BrokenResourceError):
        await theirs.receive_some()
    with pytest.raises(trio.BrokenResourceError):
        await theirs.send_all(b"x")
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive_some()
    with pytest.raises(trio.ClosedResourceError):
        await ours.send_all(b"x")


@pytest.mark.parametrize("end", ["aclose", "reset"])
async def test_end_wakes_who_waits_at_this_side_and_at_the_other(end):
    ours, theirs = memory_streams(capacity=1)
    errors = {}

    async def note(name, function, *args):
        try:
            errors[name] = await function(*args)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            errors[name] = type(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(note, "we send", ours.send_all, b"abc")
        nursery.start_soon(note, "we read", ours.receive_some)
        await wait_all_tasks_blocked()
        if end == "reset":
            ours.reset()
        else:
            await ours.aclose()
    assert errors == {"we send": trio.ClosedResourceError, "we read": trio.ClosedResourceError}

    ours, theirs = memory_streams(capacity=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(note, "they send", theirs.send_all, b"abc")
        nursery.start_soon(note, "they read", theirs.receive_some)
        await wait_all_tasks_blocked()
        if end == "reset":
            ours.reset()
        else:
            await ours.aclose()
    assert errors["they send"] is trio.BrokenResourceError
    assert errors["they read"] == (trio.BrokenResourceError if end == "reset" else b"")


async def test_sender_may_learn_late_that_nobody_reads():
    fates = set()
    for seed in range(20):
        ours, theirs = memory_streams(source=random.Random(seed))
        await theirs.aclose()
        try:
            await ours.send_all(b"x")
        except trio.BrokenResourceError:
            fates.add("told at once")
        else:
            fates.add("told by the next")
        with pytest.raises(trio.BrokenResourceError):
            await ours.send_all(b"x")
    assert fates == {"told at once", "told by the next"}


@pytest.mark.parametrize("end", End)
async def test_line_may_end_the_connection(end):
    ours, theirs = memory_streams(lines=(Script(Passage(2, b"ab", 0.0, end)), DIRECT))
    await theirs.send_all(b"back")
    with pytest.raises(trio.BrokenResourceError):
        await ours.send_all(b"abc")
    assert await theirs.receive_some() == b"ab"
    with pytest.raises(trio.BrokenResourceError):
        await theirs.send_all(b"x")
    if end is End.RESET:
        for stream in (ours, theirs):
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()
    else:
        assert await ours.receive_some() == b"back"
        assert [await stream.receive_some() for stream in (ours, theirs)] == [b"", b""]


async def test_second_reader_and_second_writer_are_refused():
    ours, _ = memory_streams(capacity=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.receive_some)
        nursery.start_soon(ours.send_all, b"abc")
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await ours.receive_some()
        with pytest.raises(trio.BusyResourceError):
            await ours.send_all(b"x")
        nursery.cancel_scope.cancel()


async def test_cancelled_read_loses_nothing():
    ours, theirs = memory_streams()
    await ours.send_all(b"abc")
    with trio.CancelScope() as scope:
        scope.cancel()
        await theirs.receive_some()
    assert scope.cancelled_caught
    assert await theirs.receive_some() == b"abc"


async def test_each_end_is_closed_once():
    closed = []
    ours, theirs = memory_streams(on_close=lambda: closed.append(1))
    await ours.aclose()
    ours.reset()
    await ours.aclose()
    assert len(closed) == 1
    theirs.reset()
    await theirs.aclose()
    assert len(closed) == 2
    with pytest.raises(trio.ClosedResourceError):
        await ours.send_eof()


async def test_nonsense_size_is_refused():
    ours, _ = memory_streams()
    with pytest.raises(ValueError, match="at least 1"):
        await ours.receive_some(0)
