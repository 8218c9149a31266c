"""Which gazettes a run takes up: everything in the ledger that is not done, within what the user asked for.

Pure: this file does not read the ledger; it is handed what stands there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from trio_pipeline.diario.items import Branches, Item, starting_stages
from trio_pipeline.diario.ledger.events import Event, LifeStanding, Standing
from trio_pipeline.diario.lifecycle import DONE, Life, StageName, State
from trio_pipeline.diario.readers import RULES, PastReading, Reader

__all__ = ["Plan", "Selection", "plan"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asked for.

    Attributes:
        since: The first day, or None.
        until: The last day, itself included, or None.
        limit: The most gazettes to take up, or None.
        oldest_first: Whether the oldest are taken up rather than the newest.
        force: Whether what was archived or extracted is to be done again. A PDF is not: while a copy of it is left, the
            court is not asked for it a second time.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    limit: int | None = None
    oldest_first: bool = False
    force: bool = False

    def holds(self, date: datetime.date) -> bool:
        """Whether a day is one of those asked for."""
        return (self.since is None or date >= self.since) and (self.until is None or date <= self.until)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is going to do.

    Attributes:
        items: The gazettes that it takes up, in the order in which it does.
        events: What is to be recorded first: which stages are asked for, or asked for again.
        taken: How many of the gazettes the limit has counted.
        held_back: How many with work to do the limit leaves to other runs.
    """

    items: tuple[Item, ...] = ()
    events: tuple[Event, ...] = ()
    taken: int = 0
    held_back: int = 0


def plan(standings: Iterable[Standing], selection: Selection, branches: Branches) -> Plan:
    """Choose what a run does.

    What was submitted and has yet to be confirmed is not new work, and is looked for beyond the limit. What is done is
    asked for again, by `force` or because older rules have read it, within the limit only, or the next run would do
    all the rest of it.
    """
    held = [standing for standing in standings if selection.holds(standing.gazette.date)]
    asked = [_asked(standing, selection, branches) for standing in held]
    sign = 1 if selection.oldest_first else -1
    asked.sort(key=lambda one: (sign * one[0].gazette.date.toordinal(), one[0].gazette.id))
    items, events, taken, held_back = [], [], 0, 0
    for item, words in asked:
        stages = _first_stages(item, branches)
        is_work = bool(stages - {StageName.CONFIRM})
        is_taken = bool(stages) and (not is_work or selection.limit is None or taken < selection.limit)
        if is_taken:
            items.append(item)
            taken += is_work
        else:
            # Only the limit leaves work.
            held_back += is_work
        events += [event for event in words if is_taken or event.outcome != "reset"]
    return Plan(tuple(items), tuple(events), taken, held_back)


def _first_stages(item: Item, branches: Branches) -> frozenset[StageName]:
    # Without a PDF, and without the right to ask for it, a gazette would only take the place of another one.
    return starting_stages(item, branches, has_pdf=item.state(Life.DOWNLOAD) is not State.REJECTED)


def _asked(standing: Standing, selection: Selection, branches: Branches) -> tuple[Item, list[Event]]:
    item = _as_item(standing, branches.reader)
    events = []
    for life in (Life.DOWNLOAD, *branches.lives):
        outcome = _word(life, standing.life(life), selection, branches.reader)
        if outcome is not None:
            stage = StageName(life.value)
            target = branches.archive if life is Life.ARCHIVE else None
            events.append(Event(standing.gazette.id, stage, outcome, target=target))
            item.happen(stage, outcome)
    return item, events


def _word(life: Life, where: LifeStanding, selection: Selection, reader: Reader | None) -> str | None:
    """What is to be recorded about a life before the run begins, if anything is."""
    if where.state is State.NOT_ASKED:
        return "asked"
    if life is Life.DOWNLOAD or where.state is not DONE[life]:
        return None
    is_outdated = life is Life.EXTRACT and reader is not None and not _has_done(reader, where.reading)
    return "reset" if selection.force or is_outdated else None


def _has_done(reader: Reader, past: PastReading | None) -> bool:
    return past is not None and reader.has_done(past)


def _as_item(standing: Standing, reader: Reader | None) -> Item:
    """What the run knows about a gazette at its start. What failed in an earlier run is pending again."""
    item = Item(
        gazette=standing.gazette,
        checksums=standing.checksums,
        size=standing.size,
        archives=standing.archives,
        has_text=standing.has_text,
        awaits_model=_awaits_model(standing.life(Life.EXTRACT), reader),
    )
    for life, where in standing.lives.items():
        item.states[life] = State.PENDING if where.state is State.FAILED else where.state
        item.failed_runs[life] = where.failed_runs
        if where.not_before is not None:
            item.not_before[life] = where.not_before
    archive = standing.life(Life.ARCHIVE)
    item.submitted_at, item.acknowledged = archive.submitted_at, archive.acknowledged
    return item


def _awaits_model(where: LifeStanding, reader: Reader | None) -> bool:
    """Whether the text is there and the rules of this run, if it has any, have read it."""
    if not where.awaits_model or reader is None or reader.model is None:
        return False
    if reader.rules is None:
        return True
    return where.reading is not None and where.reading.version_of(RULES) == reader.rules
