"""What a stage has done so far, counted.

This file does not know how a stage does it.
"""

from __future__ import annotations

from dataclasses import dataclass

from trio_pipeline.retry import Done, Failed, Rejected

__all__ = ["Counts", "StageStatistics"]


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """What a stage has done so far.

    Attributes:
        name: The stage.
        workers: How many may work at once.
        busy: How many do.
        done: Items whose handler returned.
        failed: Items given up for this run.
        rejected: Items given up for good.
        put_off: Attempts that failed and are or were to be repeated.
        left: Items let go for another run: the stage was drained, stopped or cancelled, or they have to wait too long.
        unread: Items that lay in the buffer of its channel when the stage ended before its source did; nobody receives
            them any more, and the next run finds them in the record.
        held: Results that wait for those of earlier items, in a stage that keeps the order.
        ended: Whether it will do nothing more.
        stopped: Why it ended before its source did, or None.
    """

    name: str
    workers: int
    busy: int
    done: int
    failed: int
    rejected: int
    put_off: int
    left: int
    unread: int
    held: int
    ended: bool
    stopped: str | None


@dataclass(slots=True)
class Counts:
    """The tallies of a stage; see `StageStatistics`."""

    done: int = 0
    failed: int = 0
    rejected: int = 0
    put_off: int = 0
    left: int = 0
    unread: int = 0

    def add(self, outcome: Done[object] | Failed | Rejected) -> None:
        """Count an item that is decided."""
        if isinstance(outcome, Done):
            self.done += 1
        elif isinstance(outcome, Rejected):
            self.rejected += 1
        else:
            self.failed += 1
