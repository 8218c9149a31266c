"""What a run knows about each gazette that it takes up, and what follows from it.

The run's memory is kept in step with the ledger: a state changes here when its event is recorded. What stage a gazette
needs next and whether its PDF is still needed are functions of this memory alone.

Pure: this file does not record, wait or fetch anything.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trio_pipeline.diario.lifecycle import Life, StageName, State, life_of, state_after
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.readers import Reader

__all__ = ["Branches", "Item", "following", "is_at_rest", "needs_pdf", "starting_stages"]

_OPEN = frozenset({State.PENDING})


@dataclass(frozen=True, slots=True)
class Branches:
    """Which branches of the flow are on in this run.

    Attributes:
        archive: The archive's name in the ledger, or None.
        reader: Who reads judgements, or None if nobody does.
    """

    archive: str | None
    reader: Reader | None = None

    @property
    def lives(self) -> tuple[Life, ...]:
        """The lives that follow the download."""
        archive = (Life.ARCHIVE,) if self.archive is not None else ()
        return archive if self.reader is None else (*archive, Life.EXTRACT)


@dataclass(slots=True, eq=False)
class Item:
    """A gazette that this run has taken up.

    Attributes:
        gazette: The gazette.
        checksums: Of its bytes as first downloaded, or None.
        size: The length that an earlier attempt found, in bytes, or None.
        reached: How many of its bytes an attempt of this run has brought at most.
        archives: The archives that are said to have a copy, and where it is in each if that is known.
        states: Where each life stands; one that failed in an earlier run is pending again.
        failed_runs: In how many runs before this one each life has failed since it last succeeded.
        not_before: Until when each life is to wait; UTC.
        submitted_at: When its last upload was begun or answered; UTC, or None.
        acknowledged: Whether that upload was answered.
        look_due: Since when, in Trio time, its upload is due to be seen; what the archive said before does not tell.
        queued: The stages that it waits for or is worked on in.
        left: The lives that have to wait for another run.
        was_stalled: Whether its last attempt ended in a silence that nobody can be blamed for yet.
        has_text: Whether its text is kept, so that reading it needs no PDF.
        awaits_model: Whether all but the model has read it.
    """

    gazette: Gazette
    checksums: Checksums | None = None
    size: int | None = None
    reached: int = 0
    archives: Mapping[str, str | None] = field(default_factory=dict)
    states: dict[Life, State] = field(default_factory=dict)
    failed_runs: dict[Life, int] = field(default_factory=dict)
    not_before: dict[Life, datetime.datetime] = field(default_factory=dict)
    submitted_at: datetime.datetime | None = None
    acknowledged: bool = False
    look_due: float = -math.inf
    queued: set[StageName] = field(default_factory=set)
    left: set[Life] = field(default_factory=set)
    was_stalled: bool = False
    has_text: bool = False
    awaits_model: bool = False

    def __repr__(self) -> str:
        return self.gazette.id

    def state(self, life: Life) -> State:
        """Where a life stands."""
        return self.states.get(life, State.NOT_ASKED)

    def happen(self, stage: StageName, outcome: str) -> None:
        """Follow an event.

        Raises:
            ImpossibleEvent: It cannot happen in this state: a defect.
        """
        life = life_of(stage)
        self.states[life] = state_after(self.state(life), stage, outcome)
        if stage is StageName.EXTRACT:
            self.has_text = self.has_text or outcome in {"read", "extracted"}
            self.awaits_model = outcome == "read"

    def waits_for_pdf(self, life: Life) -> bool:
        """Whether a life that follows the download has to wait for the PDF."""
        return self.state(life) in _OPEN and not (life is Life.EXTRACT and self.has_text)


def starting_stages(item: Item, branches: Branches, *, has_pdf: bool) -> frozenset[StageName]:
    """The stages that a gazette has to go through first in this run.

    Args:
        item: The gazette.
        branches: What is on.
        has_pdf: Whether its PDF lies in the spool.
    """
    stages = set()
    if item.state(Life.DOWNLOAD) in _OPEN:
        stages.add(StageName.DOWNLOAD)
    if branches.archive is not None:
        if item.state(Life.ARCHIVE) in _OPEN:
            stages.add(StageName.ARCHIVE if has_pdf else StageName.DOWNLOAD)
        elif item.state(Life.ARCHIVE) is State.SUBMITTED:
            stages.add(StageName.CONFIRM)
    if branches.reader is not None and item.state(Life.EXTRACT) in _OPEN:
        stages.add(_reading_stage(item, has_pdf=has_pdf))
    if StageName.DOWNLOAD in stages and item.state(Life.DOWNLOAD) is State.REJECTED:
        # Without a PDF nothing else can be done, and only a person may ask for it again.
        stages.discard(StageName.DOWNLOAD)
    return frozenset(stages)


def _reading_stage(item: Item, *, has_pdf: bool) -> StageName:
    """Where reading goes on: what has become text once needs no PDF any more."""
    if item.awaits_model and item.has_text:
        return StageName.MODEL
    return StageName.EXTRACT if item.has_text or has_pdf else StageName.DOWNLOAD


def following(item: Item, branches: Branches, stage: StageName, *, has_pdf: bool) -> frozenset[StageName]:
    """The stages that come next after an event of `stage` has been recorded."""
    stages = set()
    match stage:
        case StageName.DOWNLOAD:
            stages = {StageName(life.value) for life in branches.lives if item.waits_for_pdf(life)}
        case StageName.ARCHIVE if item.state(Life.ARCHIVE) is State.SUBMITTED:
            stages = {StageName.CONFIRM}
        case StageName.ARCHIVE if item.state(Life.ARCHIVE) in _OPEN:
            stages = {StageName.DOWNLOAD}
        case StageName.EXTRACT | StageName.MODEL if item.state(Life.EXTRACT) in _OPEN and Life.EXTRACT not in item.left:
            stages = {_reading_stage(item, has_pdf=has_pdf)}
        case StageName.CONFIRM if item.state(Life.ARCHIVE) is State.SUBMITTED:
            stages = {StageName.CONFIRM}
        case StageName.CONFIRM if item.state(Life.ARCHIVE) in _OPEN:
            stages = {StageName.ARCHIVE if has_pdf else StageName.DOWNLOAD}
        case _:
            pass
    return frozenset(stages)


def needs_pdf(item: Item, branches: Branches) -> bool:
    """Whether this run is about to work on the PDF."""
    return any(item.waits_for_pdf(life) and life not in item.left for life in branches.lives)


def is_at_rest(item: Item, branches: Branches, states: Collection[State]) -> bool:
    """Whether every branch that is on is in one of `states`, or has made a text of the PDF."""
    return all(item.state(life) in states or (life is Life.EXTRACT and item.has_text) for life in branches.lives)
