"""The sources of a watched stage: they tell it what it receives, and what it says to them.

This file does not know what is made of that.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, Protocol

import trio

from trio_pipeline.simulation.core_programs.ends import WatchedBacklog, WatchedSource
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["StageBacklog", "StageSource"]


class Watching(Protocol):
    """Who is told."""

    def received(self, item: Hashable) -> None:
        """The stage was given an item."""

    def let_go(self, item: Hashable) -> None:
        """The backlog hears that an item is done with."""

    def gave_back(self, item: Hashable, due: float) -> None:
        """The backlog is given an item again."""


class StageBacklog(WatchedBacklog):
    """A backlog that tells its stage what the stage says to it.

    Attributes:
        closed: Whether it was closed.
    """

    def __init__(self, witness: Witness, watched: Watching, *, patient: bool) -> None:
        super().__init__(witness, lambda item: -item, patient=patient)
        self._watched = watched
        self._waiting_outside = 0
        self.is_patient = patient
        self.closed = False

    @property
    def given(self) -> int:
        """How many items the stage has been given for good."""
        return self.handed - self._waiting_outside

    @property
    def is_used_up(self) -> bool:
        """Whether it holds nothing that it should have handed out."""
        return not self.out and not (self.inside and self.is_patient)

    def has_ready(self, moment: float) -> bool:
        """Whether something could be handed out at a time."""
        return self.ready_at(moment)

    async def receive(self) -> int:
        """As `Backlog`."""
        item = await super().receive()
        self._watched.received(item)
        return item

    def done(self, item: int) -> None:
        """As `Backlog`."""
        self._watched.let_go(item)
        super().done(item)

    def put_back(self, item: int, *, due: float = -math.inf) -> None:
        """As `Backlog`."""
        self._watched.gave_back(item, due)
        self._waiting_outside += due > -math.inf
        super().put_back(item, due=due)

    def close(self) -> None:
        """As `Backlog`."""
        self.closed = True
        super().close()


class StageSource(WatchedSource[Any]):
    """A source that tells its stage what it hands out; lists as tuples, so that they can be looked up.

    Args:
        source: What it watches.
        channel: The channel at the bottom of it.
        watched: Who is told.
    """

    def __init__(self, source: Any, channel: trio.MemoryReceiveChannel[Any], watched: Watching) -> None:
        super().__init__(source)
        self._channel = channel
        self._watched = watched
        self._is_batched = source is not channel

    @property
    def given(self) -> int:
        """How many items the stage has been given for good."""
        return self.handed

    @property
    def is_used_up(self) -> bool:
        """Whether it ended because it was empty; a channel that was closed says nothing about that."""
        return True

    def has_ready(self, moment: float) -> bool:
        """Whether something can be handed out."""
        del moment
        if self.closed or self._is_batched:
            return False
        statistics = self._channel.statistics()
        return statistics.current_buffer_used > 0 or statistics.tasks_waiting_send > 0

    async def receive(self) -> Any:
        """The next item."""
        item = await super().receive()
        item = tuple(item) if isinstance(item, list) else item
        self._watched.received(item)
        return item
