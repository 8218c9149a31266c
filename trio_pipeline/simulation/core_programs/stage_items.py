"""Where every item is that a watched stage was given.

This file does not know how it came there.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from trio_pipeline.retry import Outcome

__all__ = ["StageItems"]


@dataclass(slots=True)
class StageItems:
    """The items of one stage; each that was received is in one of the places, in the order of a life.

    Attributes:
        fresh: Received, and not begun.
        running: In the handler: since when.
        recording: In the recorder.
        paused: Held for another attempt: from when on, and until when at the latest.
        waits_outside: The same, of items that went back to the backlog.
        sending: Being handed on.
        final: The outcome of each item that has one.
        too_late: Items that were to wait for longer than the stage's patience.
        under_way: Items that have not left, and their turns: what came first is first.
        came: How many were received.
        last_sent: The turn of the last one that was handed on.
    """

    fresh: set[Hashable] = field(default_factory=set)
    running: dict[Hashable, float] = field(default_factory=dict)
    recording: set[Hashable] = field(default_factory=set)
    paused: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    waits_outside: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    sending: set[Hashable] = field(default_factory=set)
    final: dict[Hashable, Outcome[Any]] = field(default_factory=dict)
    too_late: set[Hashable] = field(default_factory=set)
    under_way: dict[Hashable, int] = field(default_factory=dict)
    came: int = 0
    last_sent: int = -1

    def at_hand(self, item: Hashable) -> bool:
        """Whether somebody is at work on an item."""
        return item in self.running or item in self.recording or item in self.sending

    def is_settled(self, item: Hashable) -> bool:
        """Whether nothing more is to be tried with an item."""
        return item in self.final or item in self.too_late
