"""That a host has everybody wait, in words. This file does not know who waits."""

from __future__ import annotations

from trio_pipeline.cli.time_left import time_left
from trio_pipeline.pacing import PacerStatistics

__all__ = ["pause_in_words"]


def pause_in_words(name: str, host: PacerStatistics, clock: float) -> str | None:
    """Who is paused, for how long still, and why; None while the host is well.

    Args:
        name: The group of hosts.
        host: Its state.
        clock: Trio's time of that state.
    """
    if host.paused_until is None:
        return None
    return f"{name} is paused, next try in {time_left(max(0.0, host.paused_until - clock))}: {host.reason}"
