"""The ways between stages, besides Trio's own memory channels.

- `Backlog`: what waits for a stage, handed out by priority once it is due; what was taken and cannot be done now comes
  back.
- `ByteBudget`: a bound on bytes rather than on items.
- `FanOut`: every item to several branches, and, by its `Join`, together again when all are through with it.
- `batched`: items by the batch, when it is full or its time is up.

Everything sent is received or accounted for. This file does not know what the items are or who works on them.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar, runtime_checkable

import trio

from trio_pipeline._backlog import Backlog, BacklogStatistics, close_together
from trio_pipeline._byte_budget import ByteBudget, ByteBudgetStatistics, Reservation
from trio_pipeline._fan_out import Branch, BranchStatistics, FanOut, FanOutStatistics, Join, Joined

__all__ = [
    "Backlog",
    "BacklogStatistics",
    "Batches",
    "Branch",
    "BranchStatistics",
    "ByteBudget",
    "ByteBudgetStatistics",
    "Closable",
    "FanOut",
    "FanOutStatistics",
    "Join",
    "Joined",
    "Reservation",
    "Sink",
    "Source",
    "batched",
    "close_together",
    "unread",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Source(Protocol[T_co]):
    """Where items come from; every `trio.abc.ReceiveChannel` is one, and so is a `Backlog`."""

    async def receive(self) -> T_co:
        """The next item.

        Raises:
            trio.EndOfChannel: There are none and there will be none.

        Cancellation: a checkpoint; an item is either returned or left where it was.
        """


class Sink(Protocol[T_contra]):
    """Where results go; Trio's `MemorySendChannel` is one."""

    async def send(self, value: T_contra, /) -> None:
        """Hand over a result, waiting for room.

        Raises:
            trio.BrokenResourceError: Nobody will ever receive it.
        """

    def close(self) -> None:
        """Say that no more will come; closing twice is fine."""


@runtime_checkable
class Closable(Protocol):
    """An end of a channel that can be closed without waiting."""

    def close(self) -> None:
        """Say that this end is no longer used; closing twice is fine."""


def unread(source: object) -> int:
    """How many items are lost to everybody when this end is closed: those in the buffer of a channel's last receiver.

    Trio throws them away without a word. Whoever closes a `Backlog` or a `Branch` finds them in its statistics instead.
    """
    if isinstance(source, Batches):
        return source.collected + unread(source.source)
    if not isinstance(source, trio.MemoryReceiveChannel):
        return 0
    statistics = source.statistics()
    return statistics.current_buffer_used if statistics.open_receive_channels == 1 else 0


class Batches(Generic[T]):
    """Items of a source by the batch; see `batched`.

    Attributes:
        source: Where the items come from.
    """

    def __init__(self, source: Source[T], size: int, seconds: float) -> None:
        self.source = source
        self._size = size
        self._seconds = seconds
        self._collected: list[T] = []
        self._deadline = math.inf
        self._turn = trio.Lock()

    @property
    def collected(self) -> int:
        """How many items of the next batch are there."""
        return len(self._collected)

    async def receive(self) -> list[T]:
        """The next batch, never empty.

        Raises:
            trio.EndOfChannel: The source has ended and everything was given out.

        Cancellation: a checkpoint; what was collected is kept for the next call.
        """
        # Several workers of a stage may ask; one batch is collected after the other.
        async with self._turn:
            await self._collect()
            batch, self._collected = self._collected, []
            return batch

    def close(self) -> None:
        """Close the source, if it can be closed, as a stage does that receives these batches."""
        if isinstance(self.source, Closable):
            self.source.close()

    def __aiter__(self) -> AsyncIterator[list[T]]:
        return self

    async def __anext__(self) -> list[T]:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def _collect(self) -> None:
        if not self._collected:
            self._collected.append(await self.source.receive())
            self._deadline = trio.current_time() + self._seconds
        with trio.move_on_at(self._deadline):
            while len(self._collected) < self._size:
                try:
                    self._collected.append(await self.source.receive())
                except trio.EndOfChannel:
                    # It says so again when it is asked for the next batch.
                    return


def batched(source: Source[T], *, size: int, seconds: float) -> Batches[T]:
    """Receive items by the batch: when `size` of them are there, or `seconds` after the first of them came.

    Nothing is lost at the end of the source, whose last batch may be short, nor on cancellation, which leaves what was
    collected for the next call. Items keep their order.

    Args:
        source: Where the items come from.
        size: The most that a batch holds, at least 1.
        seconds: How long the first item of a batch waits for company, at least 0, which leaves it alone.

    Raises:
        ValueError: `size` is less than 1, or `seconds` is negative or not a number.
    """
    if size < 1:
        raise ValueError(f"a batch holds at least one item, not {size}")
    if not seconds >= 0:
        raise ValueError(f"the first item of a batch waits for some seconds or for none, not for {seconds}")
    return Batches(source, size, seconds)
