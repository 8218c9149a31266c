"""The record of what came of every attempt, and what the run remembers of it.

An outcome is recorded first; only then do the run's memory, the spool and the telemetry follow. So the memory never
knows more than the ledger.

This file does not know what the stages do.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from trio_pipeline.diario.items import Branches, Item, is_at_rest, needs_pdf
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.lifecycle import DONE, StageName, State, life_of
from trio_pipeline.diario.spool import Keep, Spool
from trio_pipeline.retry import Done, Failed, Outcome, PutOff, Rejected
from trio_pipeline.telemetry import Telemetry
from trio_pipeline.world import World

__all__ = ["Bookkeeper", "Result"]

_log = logging.getLogger("trio_pipeline.events")

# Seconds that the record of an outcome may wait for others, to be committed with them. Stages whose requests a pacer
# counts have a spare worker, so that no request waits for this; the others are busy longer than this.
_PATIENCE = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """What a stage made of a gazette.

    Attributes:
        item: The gazette.
        outcome: The word for it in the ledger.
        detail: What else is to be remembered.
        not_before: When the gazette is to be looked at again; UTC.
        due: The same in Trio's time.
    """

    item: Item
    outcome: str
    detail: Mapping[str, object] = field(default_factory=dict)
    not_before: datetime.datetime | None = None
    due: float | None = None


class Bookkeeper:
    """Records outcomes and keeps the run's memory in step with the ledger.

    Args:
        ledger: Where events go.
        spool: Told how much each PDF is still needed.
        telemetry: Told how long everything took.
        world: For the time of day.
        branches: What is on in this run.
        runs: In how many runs a gazette may fail before it is rejected.
        patience: Seconds; what has to wait longer is left to another run.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        spool: Spool,
        telemetry: Telemetry,
        world: World,
        branches: Branches,
        runs: int,
        patience: float,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._telemetry = telemetry
        self._world = world
        self._branches = branches
        self._runs = runs
        self._patience = patience

    async def record(
        self,
        item: Item,
        stage: StageName,
        outcome: Outcome[Result],
        attempt: int,
        elapsed: float,
        write: Callable[[Event], Awaitable[None]] | None = None,
    ) -> None:
        """Record what came of an attempt.

        Args:
            item: The gazette.
            stage: Where it was worked on.
            outcome: What came of it.
            attempt: Which attempt of this run it was, from 1.
            elapsed: How long it took, in seconds.
            write: What records the event, where it is more than an event.

        Cancellation: nothing is recorded, or the event and all that follows from it.
        """
        event = self._event(item, stage, outcome, attempt, elapsed)
        if write is None:
            await self._ledger.record(event, patience=_PATIENCE)
        else:
            await write(event)
        _log_event(event)
        self._telemetry.observe(stage.value, event.outcome, elapsed)
        self._follow(item, stage, event.outcome)
        if not isinstance(outcome, PutOff):
            item.queued.discard(stage)
        elif outcome.delay > self._patience:
            item.queued.discard(stage)
            item.left.add(life_of(stage))
        await self.settle(item)

    async def note(
        self, item: Item, stage: StageName, outcome: str, detail: Mapping[str, object] | None = None
    ) -> None:
        """Record an event that no attempt ended with: the start of an upload, say.

        Cancellation: as `record`.
        """
        await self._ledger.record(Event(item.gazette.id, stage, outcome, target=self._target(stage), detail=detail))
        self._follow(item, stage, outcome)

    async def settle(self, item: Item) -> None:
        """Tell the spool how much the gazette's PDF is still needed."""
        done = {*DONE.values()}
        if item.queued & {StageName.ARCHIVE, StageName.EXTRACT} or needs_pdf(item, self._branches):
            await self._spool.keep(item.gazette.id, Keep.NEEDED)
        elif is_at_rest(item, self._branches, done):
            await self._spool.remove(item.gazette.id)
        elif is_at_rest(item, self._branches, {*done, State.SUBMITTED}):
            await self._spool.keep(item.gazette.id, Keep.SUBMITTED)
        else:
            await self._spool.keep(item.gazette.id, Keep.FAILED)

    def _event(self, item: Item, stage: StageName, outcome: Outcome[Result], attempt: int, elapsed: float) -> Event:
        word, detail, not_before = self._words(item, stage, outcome)
        return Event(
            item.gazette.id,
            stage,
            word,
            target=self._target(stage),
            attempt=attempt,
            elapsed=round(elapsed, 6),
            not_before=not_before,
            detail=detail or None,
        )

    def _words(
        self, item: Item, stage: StageName, outcome: Outcome[Result]
    ) -> tuple[str, Mapping[str, object], datetime.datetime | None]:
        match outcome:
            case Done(result):
                return result.outcome, result.detail, result.not_before
            case PutOff(reason=reason, delay=delay, held=held):
                size = {} if item.size is None else {"size": item.size}
                is_here = held and delay <= self._patience
                until = None if is_here else self._world.now() + datetime.timedelta(seconds=delay)
                return "put_off", {"reason": reason, **size}, until
            case Failed(reason=reason):
                failed_runs = item.failed_runs.get(life_of(stage), 0) + 1
                if failed_runs >= self._runs:
                    return "rejected", {"reason": f"failed in {failed_runs} runs, last: {reason}"}, None
                return "failed", {"reason": reason}, None
            case Rejected(reason=reason):
                return "rejected", {"reason": reason}, None

    def _target(self, stage: StageName) -> str | None:
        return self._branches.archive if stage in {StageName.ARCHIVE, StageName.CONFIRM} else None

    def _follow(self, item: Item, stage: StageName, outcome: str) -> None:
        item.happen(stage, outcome)
        if outcome in {"started", "submitted"}:
            item.submitted_at = self._world.now()


def _log_event(event: Event) -> None:
    level = logging.WARNING if event.outcome in {"failed", "rejected"} else logging.INFO
    reason = (event.detail or {}).get("reason")
    _log.log(level, "%s %s: %s%s", event.stage, event.diario_id, event.outcome, f": {reason}" if reason else "")
