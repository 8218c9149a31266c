"""Streams in memory that behave as TCP does: bounded, in parts of any size, late, half-closed, reset.

Everything happens on Trio's clock and in an order that follows from the schedule and the random source alone. This file
does not know what the bytes mean, nor what becomes of them on the way: a `Line` says that.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from operator import index

import trio

from trio_pipeline.testing.lines import DIRECT, End, Line

__all__ = ["MemoryStream", "memory_streams"]

_LARGEST_READ = 64 * 1024


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a connection. Made by `memory_streams`."""

    def __init__(self, outgoing: _Pipe, incoming: _Pipe, on_close: Callable[[], object] | None) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._on_close = on_close
        self._is_closed = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything, waiting where the other side is slow to read.

        Raises:
            trio.BrokenResourceError: The connection was reset, or the other side has closed its end.
            trio.ClosedResourceError: This end was closed, or `send_eof` was called.
            trio.BusyResourceError: Another task is sending.

        Cancellation: some of it may have gone.
        """
        await self._outgoing.send(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room. Raises as `send_all`. Cancellation: a checkpoint."""
        await self._outgoing.wait_room()

    async def send_eof(self) -> None:
        """Say that nothing more will be sent; twice is fine.

        Raises:
            trio.ClosedResourceError: This end was closed.
            trio.BusyResourceError: Another task is sending.

        Cancellation: a checkpoint before it is said.
        """
        await self._outgoing.send_end()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What has come, at most `max_bytes`, perhaps less than there is; empty at the end.

        Raises:
            trio.BrokenResourceError: The connection was reset.
            trio.ClosedResourceError: This end was closed.
            trio.BusyResourceError: Another task is receiving.

        Cancellation: nothing is lost.
        """
        return await self._incoming.receive(_LARGEST_READ if max_bytes is None else max_bytes)

    async def aclose(self) -> None:
        """Close both directions; what was sent still arrives. Twice is fine.

        Cancellation: it is closed all the same.
        """
        self._close()
        await trio.lowlevel.checkpoint()

    def reset(self) -> None:
        """Close, and make the other side's next read or write fail as broken: what was under way is lost."""
        self._close()
        self._outgoing.break_off()
        self._incoming.break_off()

    def is_readable(self) -> bool:
        """Whether a read would return or raise at once."""
        return self._incoming.is_readable()

    def _close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._outgoing.seal()
        self._incoming.abandon()
        if self._on_close is not None:
            self._on_close()


class _OneAtATime:
    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._is_taken = False

    def __enter__(self) -> None:
        if self._is_taken:
            raise trio.BusyResourceError(f"another task is {self._doing} this stream")
        self._is_taken = True

    def __exit__(self, *exc: object) -> None:
        self._is_taken = False


class _Pipe:
    """One direction of a connection."""

    def __init__(self, line: Line, capacity: int, source: random.Random | None, splits: float) -> None:
        self._line = line
        self._capacity = capacity
        self._source = source
        self._splits = splits
        self._underway: deque[tuple[float, bytes, End | None]] = deque()
        self._arrived = bytearray()
        self._size = 0  # bytes in both
        self.reverse: _Pipe
        # What the sender finds.
        self._is_sealed = False
        self._is_cut = False
        self._loses_what_is_sent = False
        self._sender = _OneAtATime("sending over")
        self._room = trio.lowlevel.ParkingLot()
        # What the reader finds.
        self.is_abandoned = False
        self._is_broken = False
        self._has_ended = False
        self._reader = _OneAtATime("receiving from")
        self._news = trio.lowlevel.ParkingLot()

    async def wait_room(self) -> None:
        with self._sender:
            await trio.lowlevel.checkpoint()
            self._check_sender()
            while self._size >= self._capacity:
                await self._room.park()
                self._check_sender()

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._sender:
            await trio.lowlevel.checkpoint()
            self._check_sender()
            while rest:
                if self._size >= self._capacity:
                    await self._room.park()
                else:
                    rest = rest[self._put(bytes(rest[: self._capacity - self._size])) :]
                if rest:
                    self._check_sender()

    async def send_end(self) -> None:
        with self._sender:
            await trio.lowlevel.checkpoint()
            if self.reverse.is_abandoned:
                raise trio.ClosedResourceError("this end was closed")
            self.seal()

    def _check_sender(self) -> None:
        if self._is_sealed:
            raise trio.ClosedResourceError("this end was closed for sending")
        if self._is_cut:
            raise trio.BrokenResourceError("the connection was reset, or closed by the other side")

    def _put(self, data: bytes) -> int:
        if self._loses_what_is_sent:
            self._is_cut = True
            return len(data)
        passage = self._line.carry(data, trio.current_time())
        self._size += len(passage.data)
        self._underway.append((passage.arrives, passage.data, passage.end))
        self._news.unpark_all()
        if passage.end is not None:
            self._is_cut = True
            self.reverse.end(passage.end)
        return passage.size

    def seal(self) -> None:
        """The sender is done."""
        if not self._is_sealed:
            self._is_sealed = True
            self._end_after_underway()
            self._room.unpark_all()

    def end(self, how: End) -> None:
        """The connection ends, for sender and reader."""
        if how is End.RESET:
            self.break_off()
        else:
            self._is_cut = True
            self._end_after_underway()
            self._room.unpark_all()

    def _end_after_underway(self) -> None:
        arrives = self._underway[-1][0] if self._underway else trio.current_time()
        self._underway.append((arrives, b"", End.CLOSE))
        self._news.unpark_all()

    def break_off(self) -> None:
        """The connection is reset: nothing more goes in or comes out."""
        self._is_cut = True
        self._is_broken = True
        self._drop()

    def abandon(self) -> None:
        """The reader has closed its end."""
        self.is_abandoned = True
        # As with TCP, a sender may learn of it only by what comes back for what it sends.
        self._loses_what_is_sent = self._source is not None and self._source.random() < 0.5
        self._is_cut = self._is_cut or not self._loses_what_is_sent
        self._drop()

    def _drop(self) -> None:
        self._underway.clear()
        self._arrived.clear()
        self._size = 0
        self._room.unpark_all()
        self._news.unpark_all()

    async def receive(self, most: int) -> bytes:
        if index(most) < 1:
            raise ValueError(f"max_bytes is {most}, but must be at least 1")
        with self._reader:
            await trio.lowlevel.checkpoint()
            while not self.is_readable():
                if self._underway:
                    with trio.move_on_at(self._underway[0][0]):
                        await self._news.park()
                else:
                    await self._news.park()
            return self._take(most)

    def is_readable(self) -> bool:
        now = trio.current_time()
        while self._underway and self._underway[0][0] <= now:
            _, data, end = self._underway.popleft()
            self._arrived += data
            self._has_ended = self._has_ended or end is not None
            self._is_broken = self._is_broken or end is End.RESET
        return bool(self._arrived) or self._has_ended or self._is_broken or self.is_abandoned

    def _take(self, most: int) -> bytes:
        if self.is_abandoned:
            raise trio.ClosedResourceError("this end was closed")
        if not self._arrived:
            if self._is_broken:
                raise trio.BrokenResourceError("the connection was reset")
            return b""
        size = min(most, len(self._arrived))
        if self._source is not None and self._source.random() < self._splits:
            size = self._source.randint(1, size)
        taken = bytes(self._arrived[:size])
        del self._arrived[:size]
        self._size -= size
        self._room.unpark_all()
        return taken


def memory_streams(
    *,
    source: random.Random | None = None,
    splits: float = 0.0,
    capacity: int = 64 * 1024,
    lines: tuple[Line, Line] = (DIRECT, DIRECT),
    on_close: Callable[[], object] | None = None,
) -> tuple[MemoryStream, MemoryStream]:
    """Both ends of a new connection.

    Args:
        source: Of what TCP leaves open: how many bytes a read gets, and when a sender learns that the other side has
            closed. None: all that have come, and at once.
        splits: Chance that a read gets less than what has come.
        capacity: Bytes in each direction that may be sent and not yet read.
        lines: From the first end to the second, and back.
        on_close: Called once for each end, when it is closed or reset.
    """
    there, back = (_Pipe(line, capacity, source, splits) for line in lines)
    there.reverse, back.reverse = back, there
    return MemoryStream(there, back, on_close), MemoryStream(back, there, on_close)
