"""A bound on bytes rather than on items.

This file does not know what the bytes are or where they lie.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import trio

__all__ = ["ByteBudget", "ByteBudgetStatistics", "Reservation"]


@dataclass(frozen=True, slots=True)
class ByteBudgetStatistics:
    """How a `ByteBudget` stands; all figures in bytes, save `waiting`.

    Attributes:
        limit: The bound.
        used: What is reserved.
        waiting: How many callers wait.
        wanted: How much is lacking for the first of them, or 0.
    """

    limit: int
    used: int
    waiting: int
    wanted: int


class Reservation:
    """A part of a `ByteBudget`. Leaving its `with` block, or `release`, gives it back."""

    def __init__(self, size: int, change: Callable[[int, int], bool]) -> None:
        self._size = size
        self._change = change

    @property
    def size(self) -> int:
        """Bytes held now."""
        return self._size

    def resize(self, size: int) -> bool:
        """Hold `size` bytes instead, if they fit; never waits.

        A holder that waited for more could wait for another one that does the same. So one that does not get what it
        needs has to release what it holds, and reserve the whole again.

        Returns:
            Whether it holds them now. If not, nothing has changed.

        Raises:
            ValueError: `size` is negative.
        """
        _check_size(size)
        changed = self._change(self._size, size)
        if changed:
            self._size = size
        return changed

    def release(self) -> None:
        """Give everything back; releasing twice is fine."""
        self.resize(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class ByteBudget:
    """At most so many bytes at once.

    The bound is never exceeded, save by a single reservation larger than all of it, which is then the only one. Those
    who wait are served in order: a large one is not overtaken for ever by small ones.

    Args:
        limit: The bound in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[tuple[int, trio.Event]] = deque()

    @property
    def limit(self) -> int:
        """The bound in bytes; may be changed while in use. A smaller one takes nothing away from those who hold."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._serve()

    async def reserve(self, size: int) -> Reservation:
        """Wait until `size` bytes fit, and hold them.

        Raises:
            ValueError: `size` is negative.

        Cancellation: a checkpoint; nothing is held, and those behind are served.
        """
        _check_size(size)
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._waiting and self.fits(size):
            self._used += size
            await trio.lowlevel.cancel_shielded_checkpoint()
            return Reservation(size, self._change)
        turn = (size, trio.Event())
        self._waiting.append(turn)
        try:
            await turn[1].wait()
        except BaseException:
            # Cancelled, and granted before it could wake up to that: the grant must not be lost.
            if turn[1].is_set():
                self._change(size, 0)
            else:
                self._waiting.remove(turn)
                self._serve()
            raise
        return Reservation(size, self._change)

    def hold(self, size: int) -> Reservation:
        """Hold bytes that exist already, whether they fit or not.

        Raises:
            ValueError: `size` is negative.
        """
        _check_size(size)
        self._used += size
        return Reservation(size, self._change)

    def statistics(self) -> ByteBudgetStatistics:
        """How it stands now."""
        wanted = 0
        if self._waiting:
            wanted = min(self._waiting[0][0] + self._used - self._limit, self._used)
        return ByteBudgetStatistics(self._limit, self._used, len(self._waiting), max(0, wanted))

    def fits(self, size: int) -> bool:
        """Whether so many bytes could be held now, if nobody waited."""
        return self._used + size <= self._limit or self._used == 0

    def _change(self, held: int, size: int) -> bool:
        """Let a holder of `held` bytes hold `size` instead, unless that is more and does not fit."""
        others = self._used - held
        if size > held and others and others + size > self._limit:
            return False
        self._used = others + size
        if size < held:
            self._serve()
        return True

    def _serve(self) -> None:
        while self._waiting and self.fits(self._waiting[0][0]):
            size, granted = self._waiting.popleft()
            self._used += size
            granted.set()


def _check_size(size: int) -> None:
    if size < 0:
        raise ValueError(f"a size is a number of bytes and not negative: {size}")
