"""Items that leave in the order in which they came, whichever is finished first.

This file does not know what is done to an item, nor what leaving means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

__all__ = ["Turns"]

ItemT = TypeVar("ItemT")
EndT = TypeVar("EndT")


class Turns(Generic[ItemT, EndT]):
    """The order in which items were received, and in which they leave.

    Whoever receives an item owes it a `finish`. So that no more is held than can be borne, nothing is received
    while `ahead` items have not left yet.

    Args:
        ahead: How many items may be under way, asked anew each time; at least 1.
        leave: Called with an item and what became of it when its turn has come, one at a time.
    """

    def __init__(self, ahead: Callable[[], int], leave: Callable[[ItemT, EndT], Awaitable[None]]) -> None:
        self._ahead = ahead
        self._leave = leave
        self._entrance = trio.Lock()
        self._moved = trio.lowlevel.ParkingLot()
        self._first = 0
        self._next = 0
        self._finished: dict[int, tuple[ItemT, EndT]] = {}
        self._leaving = False

    @property
    def held(self) -> int:
        """How many items are finished and wait for those before them."""
        return len(self._finished)

    async def receive(self, receive: Callable[[], Awaitable[ItemT]]) -> tuple[int, ItemT]:
        """The next item and its turn.

        Cancellation: a checkpoint; as with `receive` itself, an item is either returned or left where it was.
        """
        # One at a time: of two tasks that are given items in the same tick, either may wake up first, and then nobody
        # could tell which item came first.
        async with self._entrance:
            while self._next - self._first >= self._ahead():
                await self._moved.park()
            item = await receive()
            turn = self._next
            self._next += 1
            return turn, item

    def look_again(self) -> None:
        """Have whoever waits to receive ask anew how many items may be under way."""
        self._moved.unpark_all()

    async def finish(self, turn: int, item: ItemT, end: EndT) -> None:
        """Let an item leave as soon as all before it have left.

        Returns at once if one before it has not; whoever finishes that one sees both out.
        """
        self._finished[turn] = (item, end)
        if self._leaving:
            return
        self._leaving = True
        try:
            while self._first in self._finished:
                await self._leave(*self._finished.pop(self._first))
                self._first += 1
                self._moved.unpark_all()
        finally:
            self._leaving = False
