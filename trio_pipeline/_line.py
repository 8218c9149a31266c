"""A line of tasks, of which only the first looks whether it may go: what stands before the doors of a pacer's gate.

This file does not know what the tasks wait for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

import trio

__all__ = ["Line"]


class Line:
    """Waiters in the order of their arrival, of whom only the first looks whether it may go.

    There is no lock: the first sleeps until the moment that it was told, and looks again whenever it is nudged. Whoever
    leaves, served or cancelled, nudges the one who is first then.
    """

    def __init__(self) -> None:
        # An ordered set. Not a dict: there, finding the first gets slow when many have left from the front.
        self._waiters: OrderedDict[trio.lowlevel.ParkingLot, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiters)

    def nudge(self) -> None:
        """Have the first look again. Nothing is lost if it has been woken already: it looks when it runs."""
        if self._waiters:
            self._first().unpark()

    async def wait(self, due: Callable[[], float]) -> None:
        """Return when this waiter is first and `due()` is not in the future.

        No checkpoint lies between that moment and the return, so the caller can count on it.

        Args:
            due: The moment at which the first may go, as things stand; infinite while only a nudge can tell. What it
                raises is raised to the waiter.
        """
        await trio.lowlevel.checkpoint()
        if not self._waiters and due() <= trio.current_time():
            return
        waiter = trio.lowlevel.ParkingLot()
        self._waiters[waiter] = None
        try:
            while (moment := due()) > trio.current_time() or self._first() is not waiter:
                with trio.move_on_at(moment if self._first() is waiter else math.inf):
                    await waiter.park()
        finally:
            del self._waiters[waiter]
            self.nudge()

    def _first(self) -> trio.lowlevel.ParkingLot:
        return next(iter(self._waiters))
