"""What the ledger holds about gazettes, as values: events, and where a gazette stands.

Pure: this file does not know how they are kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_pipeline.diario.lifecycle import Life, StageName, State
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.readers import PastReading

__all__ = ["Event", "LifeStanding", "Standing"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a gazette.

    Attributes:
        diario_id: The gazette.
        stage: Where it happened.
        outcome: What happened; one of `lifecycle.OUTCOMES`.
        target: The archive, where the stage is archive or confirm.
        attempt: Which attempt of this run it was, from 1; None if it was none.
        elapsed: How long it took, in seconds.
        not_before: Until when the gazette is to wait; UTC.
        detail: What else is to be remembered; JSON.
    """

    diario_id: str
    stage: StageName
    outcome: str
    target: str | None = None
    attempt: int | None = None
    elapsed: float | None = None
    not_before: datetime.datetime | None = None
    detail: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class LifeStanding:
    """Where one life of a gazette stands.

    Attributes:
        state: Its state.
        not_before: Until when it is to wait; UTC, or None.
        submitted_at: When its last upload was begun or answered; UTC, or None.
        acknowledged: Whether that upload was answered.
        failed_runs: In how many runs it has failed since it last succeeded or was reset.
        reading: Of an extraction, what was read last, or None.
        awaits_model: Of an extraction, whether its text is kept and only a model is missing.
    """

    state: State
    not_before: datetime.datetime | None = None
    submitted_at: datetime.datetime | None = None
    acknowledged: bool = False
    failed_runs: int = 0
    reading: PastReading | None = None
    awaits_model: bool = False


_NOT_ASKED = LifeStanding(State.NOT_ASKED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a gazette stands.

    Attributes:
        gazette: The gazette.
        checksums: Of its bytes as first downloaded, or None.
        size: The length that an attempt to download it found, in bytes, or None.
        archives: Where copies are said to be: the archives, and the address in each if it is known.
        lives: Where each of its lives stands; those never asked for are left out.
        has_text: Whether its text is kept. The ledger does not know that: who has looked into the directory sets it.
    """

    gazette: Gazette
    checksums: Checksums | None = None
    size: int | None = None
    archives: Mapping[str, str | None] = field(default_factory=dict)
    lives: Mapping[Life, LifeStanding] = field(default_factory=dict)
    has_text: bool = False

    def life(self, life: Life) -> LifeStanding:
        """Where one life stands."""
        return self.lives.get(life, _NOT_ASKED)
