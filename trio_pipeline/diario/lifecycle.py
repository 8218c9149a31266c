"""The life of a gazette, as tables: which state follows which event.

A gazette has three lives that go on side by side: its download, its archiving (one for each archive) and its
extraction. Every event belongs to one of them and leads it from one state to another; an event that the table does not
have is an error. The stage `confirm` belongs to the life `archive`, the stage `model` to the life `extract`.

Pure: this file does not know when anything happens or who does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "ACHIEVED",
    "DONE",
    "OUTCOMES",
    "SETTLED",
    "TRANSITIONS",
    "ImpossibleEvent",
    "Life",
    "StageName",
    "State",
    "life_of",
    "state_after",
]


class Life(StrEnum):
    """What can be in a state."""

    DOWNLOAD = "download"
    ARCHIVE = "archive"
    EXTRACT = "extract"


class StageName(StrEnum):
    """Where events come from."""

    DOWNLOAD = "download"
    ARCHIVE = "archive"
    CONFIRM = "confirm"
    EXTRACT = "extract"
    MODEL = "model"


class State(StrEnum):
    """Where a life stands."""

    NOT_ASKED = "not_asked"
    PENDING = "pending"
    DOWNLOADED = "downloaded"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    EXTRACTED = "extracted"
    FAILED = "failed"
    REJECTED = "rejected"


DONE: Mapping[Life, State] = MappingProxyType(
    {Life.DOWNLOAD: State.DOWNLOADED, Life.ARCHIVE: State.CONFIRMED, Life.EXTRACT: State.EXTRACTED}
)
"""The state in which nothing is left to do."""


ACHIEVED = frozenset({"downloaded", "restored", "submitted", "confirmed", "read", "extracted"})
"""Outcomes by which a gazette leaves a stage with what it came for."""

SETTLED = ACHIEVED | {"failed", "rejected"}
"""Outcomes by which a gazette leaves a stage, for this run at least. The others are steps on the way."""


class ImpossibleEvent(ValueError):
    """An event that cannot happen in the state that a life is in."""


OUTCOMES: Mapping[tuple[StageName, str], State] = MappingProxyType(
    {
        (StageName.DOWNLOAD, "asked"): State.PENDING,
        (StageName.DOWNLOAD, "downloaded"): State.DOWNLOADED,
        # Brought back into the spool, from a copy or from the court, with the checksum it had.
        (StageName.DOWNLOAD, "restored"): State.DOWNLOADED,
        (StageName.DOWNLOAD, "put_off"): State.PENDING,
        (StageName.DOWNLOAD, "failed"): State.FAILED,
        (StageName.DOWNLOAD, "rejected"): State.REJECTED,
        (StageName.DOWNLOAD, "reset"): State.PENDING,
        (StageName.ARCHIVE, "asked"): State.PENDING,
        # Once a body is on its way it may have arrived, whatever happens to us: only looking there can tell.
        (StageName.ARCHIVE, "started"): State.SUBMITTED,
        (StageName.ARCHIVE, "submitted"): State.SUBMITTED,
        (StageName.ARCHIVE, "confirmed"): State.CONFIRMED,
        (StageName.ARCHIVE, "put_off"): State.PENDING,
        (StageName.ARCHIVE, "failed"): State.FAILED,
        (StageName.ARCHIVE, "rejected"): State.REJECTED,
        (StageName.ARCHIVE, "reset"): State.PENDING,
        (StageName.CONFIRM, "confirmed"): State.CONFIRMED,
        (StageName.CONFIRM, "put_off"): State.SUBMITTED,
        (StageName.CONFIRM, "absent"): State.SUBMITTED,
        # Overdue, not there and not waiting there: the upload never arrived.
        (StageName.CONFIRM, "lost"): State.PENDING,
        (StageName.CONFIRM, "failed"): State.FAILED,
        (StageName.CONFIRM, "rejected"): State.REJECTED,
        (StageName.EXTRACT, "asked"): State.PENDING,
        # Its text is kept, and what rules could read of it; the rest is left to a model.
        (StageName.EXTRACT, "read"): State.PENDING,
        (StageName.EXTRACT, "extracted"): State.EXTRACTED,
        (StageName.EXTRACT, "put_off"): State.PENDING,
        (StageName.EXTRACT, "failed"): State.FAILED,
        (StageName.EXTRACT, "rejected"): State.REJECTED,
        (StageName.EXTRACT, "reset"): State.PENDING,
        (StageName.MODEL, "extracted"): State.EXTRACTED,
        (StageName.MODEL, "put_off"): State.PENDING,
        (StageName.MODEL, "failed"): State.FAILED,
        (StageName.MODEL, "rejected"): State.REJECTED,
    }
)
"""The state that each outcome of each stage leads to. The ledger's views use the same table; a test compares them."""

_UNDER_WAY = frozenset({State.PENDING, State.FAILED})


def _before(stage: StageName, outcome: str) -> frozenset[State]:
    match stage, outcome:
        case _, "asked":
            return frozenset({State.NOT_ASKED})
        case _, "reset":
            return frozenset(State) - {State.NOT_ASKED}
        case StageName.CONFIRM, _:
            return frozenset({State.SUBMITTED})
        case StageName.ARCHIVE, outcome if outcome != "started":
            # Submitted, since the start of the upload was recorded before its end.
            return _UNDER_WAY | {State.SUBMITTED}
        case StageName.DOWNLOAD, _:
            # Downloaded, since a PDF that has left the spool may be needed again.
            return _UNDER_WAY | {State.DOWNLOADED}
        case _:
            return _UNDER_WAY


TRANSITIONS: Mapping[tuple[StageName, str], frozenset[State]] = MappingProxyType(
    {(stage, outcome): _before(stage, outcome) for stage, outcome in OUTCOMES}
)
"""The states in which each outcome of each stage can happen."""


def life_of(stage: StageName) -> Life:
    """The life that a stage's events belong to."""
    match stage:
        case StageName.CONFIRM:
            return Life.ARCHIVE
        case StageName.MODEL:
            return Life.EXTRACT
        case _:
            return Life(stage.value)


def state_after(state: State, stage: StageName, outcome: str) -> State:
    """The state that follows.

    Raises:
        ImpossibleEvent: The table has no such event in this state.
    """
    key = (stage, outcome)
    if state not in TRANSITIONS.get(key, frozenset()):
        raise ImpossibleEvent(f"{stage}: {outcome!r} cannot happen to a gazette that is {state}")
    return OUTCOMES[key]
