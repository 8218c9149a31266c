"""Test Trio programs under every order of their steps.

- `running`: a program run on virtual time, each step chosen by a schedule.
- `schedules`: the ways to choose, and to choose the same again.
- `exploring`: all schedules of a small program.
- `hypothesis_schedules`: schedules that Hypothesis draws and shrinks. Imported by itself: it needs `[testing]`,
  takes its time, and changes how Trio schedules in the whole process.
- `trace`: what happened, as a digest.
- `world`: a whole `World` made from a seed. Its parts: `files`, `threads`, `processes`, `databases`, `network`.
- `http_server`: an ASGI app behind a connection of that network. `weather`: how bad the network is.
- `lives`: a program in a process of its own, which a crash ends at any step.

Nothing in here knows of gazettes, or of how the core is built; only stand-ins for `trio_pipeline.world` do.
"""

from __future__ import annotations

from trio_pipeline.testing.databases import SimulatedDatabases
from trio_pipeline.testing.exploring import Exploration, NotDeterministic, explore
from trio_pipeline.testing.files import SimulatedFiles
from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.lives import End, Life, live
from trio_pipeline.testing.memory_streams import MemoryStream, memory_streams
from trio_pipeline.testing.network import MemoryNetwork, open_network
from trio_pipeline.testing.processes import SimulatedProcesses
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
from trio_pipeline.testing.threads import SimulatedThreads
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.weather import Outage, Weather
from trio_pipeline.testing.world import CALM, EPOCH, Chances, SimulatedWorld, open_world

__all__ = [
    "CALM",
    "EPOCH",
    "CannotReplay",
    "Chances",
    "End",
    "Exploration",
    "InOrder",
    "Life",
    "MemoryNetwork",
    "MemoryStream",
    "NotDeterministic",
    "NothingMoves",
    "Outage",
    "Priorities",
    "RandomWalk",
    "Recorded",
    "Replay",
    "Schedule",
    "SimulatedDatabases",
    "SimulatedFiles",
    "SimulatedProcesses",
    "SimulatedThreads",
    "SimulatedWorld",
    "Trace",
    "UnknownTrio",
    "Weather",
    "explore",
    "live",
    "memory_streams",
    "open_network",
    "open_world",
    "run",
    "serve_asgi",
]
