"""Structured-concurrency pipelines on Trio.

The map of the house, from the ground up. Each name is imported from where it lives; the groups below are the rooms.

- `world`: the seam to everything that is not deterministic.
- `retry`: which failure means what, and when to try again.
- `channels`: backlogs, batches and byte budgets between stages.
- `nursery`: stages of workers, and the pipeline that they live in.
- `pacing`: one polite host.
- `db_thread`: DuckDB on a thread of its own.
- `telemetry`: what the pipeline did.
- `control`: a running pipeline over a Unix socket.

The application (`trio_pipeline.diario`), its stand-ins (`.services`) and its command (`.cli`) are built from these, and
nothing in here knows of them.
"""

from __future__ import annotations

from trio_pipeline.channels import (
    Backlog,
    BacklogStatistics,
    Batches,
    ByteBudget,
    ByteBudgetStatistics,
    Reservation,
    Sink,
    Source,
    batched,
    close_together,
)
from trio_pipeline.control import CommandError, ControlError, NoPipeline, ask, open_control, socket_path
from trio_pipeline.db_thread import (
    Database,
    DatabaseClosed,
    DatabaseInUse,
    DatabaseStatistics,
    DatabaseUnusable,
    open_database,
)
from trio_pipeline.nursery import (
    Pipeline,
    PipelineStatistics,
    Recorder,
    Stage,
    StageStatistics,
    open_pipeline,
)
from trio_pipeline.pacing import HostPaused, Learned, Pacer, PacerStatistics, Permit
from trio_pipeline.retry import (
    Backoff,
    Done,
    Failed,
    GiveUp,
    Outcome,
    PutOff,
    Reject,
    Rejected,
    RetryPolicy,
    StopStage,
    TryAgain,
)
from trio_pipeline.telemetry import Telemetry, TelemetrySnapshot, open_telemetry
from trio_pipeline.world import World, real_world

__version__ = "0.1.0"

__all__ = [
    "Backlog",
    "BacklogStatistics",
    "Backoff",
    "Batches",
    "ByteBudget",
    "ByteBudgetStatistics",
    "CommandError",
    "ControlError",
    "Database",
    "DatabaseClosed",
    "DatabaseInUse",
    "DatabaseStatistics",
    "DatabaseUnusable",
    "Done",
    "Failed",
    "GiveUp",
    "HostPaused",
    "Learned",
    "NoPipeline",
    "Outcome",
    "Pacer",
    "PacerStatistics",
    "Permit",
    "Pipeline",
    "PipelineStatistics",
    "PutOff",
    "Recorder",
    "Reject",
    "Rejected",
    "Reservation",
    "RetryPolicy",
    "Sink",
    "Source",
    "Stage",
    "StageStatistics",
    "StopStage",
    "Telemetry",
    "TelemetrySnapshot",
    "TryAgain",
    "World",
    "ask",
    "batched",
    "close_together",
    "open_control",
    "open_database",
    "open_pipeline",
    "open_telemetry",
    "real_world",
    "socket_path",
]
