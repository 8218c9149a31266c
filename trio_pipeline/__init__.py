"""Structured-concurrency pipelines on Trio.

The map of the house, from the ground up. Each name is imported from where it lives; the groups below are the rooms.

- `world`: the seam to everything that is not deterministic.
- `retry`: which failure means what, and when to try again.
- `channels`: backlogs, batches, byte budgets, branches and their join between stages.
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
    Branch,
    BranchStatistics,
    ByteBudget,
    ByteBudgetStatistics,
    Closable,
    FanOut,
    FanOutStatistics,
    Join,
    Joined,
    Reservation,
    Sink,
    Source,
    batched,
    close_together,
    unread,
)
from trio_pipeline.control import (
    BrokenAnswer,
    Command,
    CommandError,
    ControlError,
    ControlLimits,
    NoPipeline,
    ask,
    open_answer,
    open_control,
    socket_path,
)
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
from trio_pipeline.pacing import (
    HostPaused,
    Learned,
    Network,
    Pacer,
    PacerStatistics,
    Permit,
)
from trio_pipeline.retry import (
    Backoff,
    Done,
    Failed,
    GiveUp,
    ItemError,
    Outcome,
    PutOff,
    Reject,
    Rejected,
    RetryPolicy,
    StopPipeline,
    StopStage,
    TryAgain,
    decide,
    retry_after_seconds,
)
from trio_pipeline.telemetry import (
    MemoryUse,
    StageTelemetry,
    Stalls,
    Telemetry,
    TelemetrySnapshot,
    open_telemetry,
    read_memory_use,
)
from trio_pipeline.world import (
    Ask,
    Files,
    NewFile,
    OldFile,
    Owner,
    OwnerLoop,
    Processes,
    Threads,
    World,
    real_world,
)

__version__ = "0.1.0"

__all__ = [
    "Ask",
    "Backlog",
    "BacklogStatistics",
    "Backoff",
    "Batches",
    "Branch",
    "BranchStatistics",
    "BrokenAnswer",
    "ByteBudget",
    "ByteBudgetStatistics",
    "Closable",
    "Command",
    "CommandError",
    "ControlError",
    "ControlLimits",
    "Database",
    "DatabaseClosed",
    "DatabaseInUse",
    "DatabaseStatistics",
    "DatabaseUnusable",
    "Done",
    "Failed",
    "FanOut",
    "FanOutStatistics",
    "Files",
    "GiveUp",
    "HostPaused",
    "ItemError",
    "Join",
    "Joined",
    "Learned",
    "MemoryUse",
    "Network",
    "NewFile",
    "NoPipeline",
    "OldFile",
    "Outcome",
    "Owner",
    "OwnerLoop",
    "Pacer",
    "PacerStatistics",
    "Permit",
    "Pipeline",
    "PipelineStatistics",
    "Processes",
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
    "StageTelemetry",
    "Stalls",
    "StopPipeline",
    "StopStage",
    "Telemetry",
    "TelemetrySnapshot",
    "Threads",
    "TryAgain",
    "World",
    "ask",
    "batched",
    "close_together",
    "decide",
    "open_answer",
    "open_control",
    "open_database",
    "open_pipeline",
    "open_telemetry",
    "read_memory_use",
    "real_world",
    "retry_after_seconds",
    "socket_path",
    "unread",
]
