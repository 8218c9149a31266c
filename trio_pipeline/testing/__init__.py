"""Test Trio programs under every order of their steps.

- `running`: a program run on virtual time, each step chosen by a schedule.
- `schedules`: the ways to choose, and to choose the same again.
- `trace`: what happened, as a digest.

Nothing in here knows of gazettes, or of how the core is built; only stand-ins for `trio_pipeline.world` do.
"""

from __future__ import annotations

from trio_pipeline.testing.running import NothingMoves, UnknownTrio, run
from trio_pipeline.testing.schedules import (
    CannotReplay,
    InOrder,
    Priorities,
    RandomWalk,
    Recorded,
    Replay,
    Schedule,
)
from trio_pipeline.testing.trace import Trace

__all__ = [
    "CannotReplay",
    "InOrder",
    "NothingMoves",
    "Priorities",
    "RandomWalk",
    "Recorded",
    "Replay",
    "Schedule",
    "Trace",
    "UnknownTrio",
    "run",
]
