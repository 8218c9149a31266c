"""What was seen of one life: by the network, the disk and the program itself while it lived, by its ledger afterwards.

All of it is plain data, since it has to outlive a crash. Times are Trio's, which go on from life to life.

Pure: this file does not know how anything is seen, nor what is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trio_pipeline.diario.model import Gazette
from trio_pipeline.simulation.scenario import LifePlan, Scenario

__all__ = [
    "Answer",
    "Event",
    "History",
    "LedgerRows",
    "LifeSeen",
    "Pace",
    "Reading",
    "Request",
    "RunRow",
    "Sightings",
    "Store",
]


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose first byte was written.

    Attributes:
        at: When.
        hosts: The group of hosts that it counts for, as the pacers name it.
        method: In capitals.
        path: With its query.
    """

    at: float
    hosts: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer that has reached the program.

    Attributes:
        at: When.
        method: Of the request.
        path: Of the request, with its query.
        status: The HTTP status.
        retry_after: Seconds, or None.
    """

    at: float
    method: str
    path: str
    status: int
    retry_after: float | None


@dataclass(slots=True)
class Sightings:
    """What was seen of a life while it lived.

    Attributes:
        run_id: The run; empty if none was begun.
        requests: In the order in which they were written.
        answers: In the order in which they came.
        sent: When a whole body was sent, and to which path.
        most_at_once: The most requests at a time, by the group of hosts.
        told: For each stage, how many were done, failed and put off, as anybody could have seen when it crashed.
        signals: How many were sent.
        asked_to_stop: When somebody asked it to stop first; None if nobody did.
        asked_again: When the second signal was sent; None if there was none.
        excesses: What was too much at some moment, one line each.
        found: Names of partial files that it found in the folder archive and in the spool.
        left_over: What the program left open when it ended, one line each.
        ended: When it ended by itself; None if it crashed.
        ended_by: What its report says; None if there is no report.
        reported: The counts of the report.
        disk_failed: Whether all that came out of it is what the disk, which fails in this life, did to it.
    """

    run_id: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    sent: list[tuple[float, str]] = field(default_factory=list)
    most_at_once: dict[str, int] = field(default_factory=dict)
    told: dict[str, dict[str, int]] = field(default_factory=dict)
    signals: int = 0
    asked_to_stop: float | None = None
    asked_again: float | None = None
    excesses: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    ended: float | None = None
    ended_by: str | None = None
    reported: Mapping[str, Mapping[str, int]] | None = None
    disk_failed: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A row of `events`; `at` and `not_before` are times of Trio's clock."""

    seq: int
    at: float
    run_id: str
    diario_id: str
    stage: str
    target: str | None
    outcome: str
    attempt: int | None
    not_before: float | None
    reason: str
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """A row of `runs`; times are those of Trio's clock."""

    run_id: str
    started_at: float
    ended_at: float | None
    ended_by: str | None
    counts: Mapping[str, Mapping[str, int]] | None


@dataclass(frozen=True, slots=True)
class Pace:
    """A row of `paces`."""

    hosts: str
    blocked_interval: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one extraction has read, and what its event says about that; None where there is no event.

    Attributes:
        extraction: Its id.
        read: How many rows of judgements it has.
        unread: How many rows of what could not be read.
        said_read: What the event says.
        said_unread: What the event says.
    """

    extraction: str
    read: int
    unread: int
    said_read: int | None
    said_unread: int | None


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """What the ledger says, as a user could ask it.

    Attributes:
        events: By seq.
        runs: In their order.
        paces: By seq.
        lives: The state by gazette, life and target.
        copies: The state by gazette and archive.
        states: Download, archive and extract state by gazette, as `diarios` has them.
        decisions: How many decisions are read out of each gazette that has any.
        readings: Every extraction that has rows or an event.
    """

    events: tuple[Event, ...] = ()
    runs: tuple[RunRow, ...] = ()
    paces: tuple[Pace, ...] = ()
    lives: Mapping[tuple[str, str, str | None], str] = field(default_factory=dict)
    copies: Mapping[tuple[str, str], str] = field(default_factory=dict)
    states: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    decisions: Mapping[str, int] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()

    def taken_for_spam(self) -> set[str]:
        """The gazettes that the archive has taken for spam, and about which no person has said a word since."""
        last = {event.diario_id: event for event in self.events if event.target is not None}
        return {name for name, event in last.items() if event.outcome == "rejected" and "spam" in event.reason}


@dataclass(frozen=True, slots=True)
class Store:
    """A body that the archive has stored.

    Attributes:
        at: When it was accepted.
        name: Item and file.
        md5: Of its bytes.
        due: From when on it can be seen.
    """

    at: float
    name: str
    md5: str
    due: float


@dataclass(slots=True)
class LifeSeen:
    """One life, seen to its end.

    Attributes:
        scenario: The world.
        plan: What it was to be like.
        number: From 0.
        directory: Where its files lie.
        began: When.
        ended: When, by whatever.
        steps: How many steps it had.
        crashed: Whether it was killed.
        error: The traceback of what came out of it, or None.
        sightings: What was seen while it lived.
        before: The ledger before.
        after: The ledger after.
        stores: Everything that the archive has ever stored.
    """

    scenario: Scenario
    plan: LifePlan
    number: int
    directory: Path
    began: float
    ended: float
    steps: int
    crashed: bool
    error: str | None
    sightings: Sightings
    before: LedgerRows
    after: LedgerRows
    stores: tuple[Store, ...]

    @property
    def events(self) -> list[Event]:
        """The events of this life."""
        return list(self.after.events[len(self.before.events) :])


@dataclass(slots=True)
class History:
    """All lives of a world so far, and what the court has published.

    Attributes:
        gazettes: By their id.
        bodies: What the court published, by id.
        judgements: How many can be read in each, by id.
        decayed: The bytes of files that have changed by themselves between two lives, by their names in the directory.
        lives: In their order.
    """

    gazettes: Mapping[str, Gazette]
    bodies: Mapping[str, bytes]
    judgements: Mapping[str, int]
    decayed: dict[str, bytes] = field(default_factory=dict)
    lives: list[LifeSeen] = field(default_factory=list)
