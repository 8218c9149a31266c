"""Room in the Internet Archive's queues: asked for before a body is sent, and shared by all who send.

The archive works uploads off in queues, one for each item, each account and all of them, and refuses what is beyond a
ration. Who finds that out by sending bodies wastes its time and gets banned. So the room that an answer shows is handed
out upload by upload, and asked for again when it is used up or old. No answer is no room.

This file does not know how the question is asked, or what is uploaded.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from trio_pipeline.diario.archives.ia_answers import Limits, Queue
from trio_pipeline.pacing import HostPaused, Network
from trio_pipeline.retry import TryAgain

__all__ = ["Room", "RoomStatistics"]

# Seconds for which an answer holds. Others upload too, and the queues are worked off meanwhile.
_FRESH = 60.0
# The share of a ration that is left to others, and to what the archive counts more slowly than we do.
_MARGIN = 0.1
# Seconds until the next question when there is no room: the first pause, and the longest one that it grows to.
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 300.0
# The same for one item, whose uploads alone wait.
_LONGEST_REST = 600.0


@dataclass(frozen=True, slots=True)
class RoomStatistics:
    """How it stands.

    Attributes:
        asked_at: When the archive was asked last, on Trio's clock; None if never.
        limits: What it answered; None if that could not be used.
        room: How many uploads may still be sent on that answer.
        closed_since: Since when there has been no room, on Trio's clock; None while there is some.
        reason: Why there is none; empty while there is some.
    """

    asked_at: float | None
    limits: Limits | None
    room: int
    closed_since: float | None
    reason: str


@dataclass(slots=True)
class _Rest:
    until: float
    length: float


class Room:
    """Hands out room for uploads.

    Args:
        ask: Asks the archive about an item; None if there was no answer, or none that can be read.
        patience: Seconds. Who waits for room longer gets HostPaused; while the network is gone, nobody does.
        network: Our own.
        one_item: Whether an item gets many uploads, so that its own queue matters too.
        wait_until: Waits for the archive, as `Pacer.wait_until` does.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Limits | None]],
        *,
        patience: float,
        network: Network,
        one_item: bool,
        wait_until: Callable[[float, str], Awaitable[None]],
    ) -> None:
        self._ask = ask
        self._network = network
        self._patience = patience
        self._one_item = one_item
        self._wait_until = wait_until
        self._lock = trio.Lock()
        self._limits: Limits | None = None
        self._asked_at: float | None = None
        self._shared = 0
        # By item: until when its answer holds, and how much of its own room is left; and which ones rest.
        self._own: dict[str, tuple[float, int]] = {}
        self._rests: dict[str, _Rest] = {}
        self._closed_since: float | None = None
        self._next_question = -math.inf
        self._pause = _FIRST_PAUSE
        self._reason = ""

    def statistics(self) -> RoomStatistics:
        """How it stands now."""
        return RoomStatistics(self._asked_at, self._limits, self._shared, self._closed_since, self._reason)

    async def take(self, item: str) -> None:
        """Wait until there is room for one upload to an item, and take it.

        Raises:
            TryAgain: The item's own queue is full. No attempt is used up.
            HostPaused: There has been no room for longer than the patience, or the host is paused for longer; or nobody
                is to wait for either any more.

        Cancellation: a checkpoint; cancelled, no room is taken.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_rest(item)
        async with self._lock:
            while not self._has_room(item):
                await self._look(item)
            self._shared -= 1
            if self._one_item:
                until, own = self._own[item]
                self._own[item] = (until, own - 1)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def close(self, reason: str, seconds: float | None) -> None:
        """Nothing is sent before the archive has been asked again.

        Args:
            reason: Why, one line for people.
            seconds: How long the archive is to be left alone; None leaves that to this object.
        """
        self._shared = 0
        self._shut(reason, seconds)

    def rest(self, item: str, seconds: float | None) -> float:
        """Let an item rest, twice as long as the last time; returns for how many seconds."""
        last = self._rests.get(item)
        length = seconds or min(2 * last.length if last else 2 * _FIRST_PAUSE, _LONGEST_REST)
        self._rests[item] = _Rest(trio.current_time() + length, length)
        self._own.pop(item, None)
        return length

    def _has_room(self, item: str) -> bool:
        now = trio.current_time()
        if self._asked_at is None or now - self._asked_at >= _FRESH or self._shared < 1:
            return False
        if not self._one_item:
            return True
        until, own = self._own.get(item, (-math.inf, 0))
        return now < until and own >= 1

    async def _look(self, item: str) -> None:
        """Ask, when it is time to."""
        self._check_patience()
        await self._wait_until(self._next_question, self._reason)
        limits = await self._ask(item)
        self._limits, self._asked_at = limits, trio.current_time()
        if limits is None:
            self.close("the archive does not say whether there is room", None)
            return
        self._shared = min(_room_in(limits.everybody), _room_in(limits.account))
        own = _room_in(limits.item)
        if self._shared < 1 or (limits.over_limit and own >= 1):
            self.close(f"the archive has no room for uploads now: {limits.reason or 'its queue is full'}", None)
            return
        self._open()
        if own < 1:
            self.rest(item, None)
            self._check_rest(item)
        self._rests.pop(item, None)
        self._own[item] = (self._asked_at + _FRESH, own)

    def _shut(self, reason: str, seconds: float | None) -> None:
        now = trio.current_time()
        self._closed_since = now if self._closed_since is None else self._closed_since
        self._reason = reason
        self._next_question = now + (self._pause if seconds is None else seconds)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _open(self) -> None:
        self._closed_since, self._reason, self._pause = None, "", _FIRST_PAUSE

    def _check_patience(self) -> None:
        until = self._next_question
        if self._closed_since is None or trio.current_time() >= until:
            return
        if until - self._network.accountable_since(self._closed_since) > self._patience:
            raise HostPaused(until, self._reason, unreachable=False)

    def _check_rest(self, item: str) -> None:
        rest = self._rests.get(item)
        left = 0.0 if rest is None else rest.until - trio.current_time()
        if left > 0:
            raise TryAgain(f"the archive's queue for the item {item} is full", after=left, counts=False)


def _room_in(queue: Queue) -> int:
    return math.floor(queue.ration * (1 - _MARGIN)) - queue.queued
