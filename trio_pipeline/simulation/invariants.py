"""What must be true of every life of the program, each sentence a function of what was seen.

A function yields one line for each fact that contradicts it. The names in `OF_EVERY_LIFE` are the sentences. Those
about what is kept are in `keeping`, those about how hosts are asked in `asking`.

Pure: this file does not know how anything was seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from trio_pipeline.diario.lifecycle import ACHIEVED, OUTCOMES, SETTLED, StageName, State, life_of
from trio_pipeline.simulation import asking, keeping
from trio_pipeline.simulation.sightings import Event, History, LedgerRows, LifeSeen

__all__ = ["ATTEMPTS", "LIFE_CYCLE", "OF_EVERY_LIFE", "Invariant"]

K = TypeVar("K", bound=tuple[Any, ...])

Invariant: TypeAlias = Callable[[LifeSeen, History], Iterator[str]]

ATTEMPTS = 5
"""`retry.attempts`, its default."""

_A_MOMENT = 5.0  # seconds in which a run ends when its time is over


def ends_without_defect(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Nothing comes out of a run but what a disk did that fails in this life."""
    if seen.error is not None and not seen.sightings.disk_failed:
        yield seen.error


def says_how_it_ended(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run that was not killed says in the ledger how it ended, as its report does."""
    told = seen.sightings
    if seen.crashed or not told.run_id:
        return
    rows = [run for run in seen.after.runs if run.run_id == told.run_id]
    if told.disk_failed and seen.plan.full_database:
        return  # there may have been no room for it
    if len(rows) != 1 or rows[0].ended_by is None:
        yield f"the run {told.run_id} has {rows}"
    elif told.ended_by is not None and (rows[0].ended_by, rows[0].counts) != (told.ended_by, told.reported):
        yield f"the ledger says {rows[0].ended_by} {rows[0].counts}, the report {told.ended_by} {told.reported}"


def loses_no_record(seen: LifeSeen, _history: History) -> Iterator[str]:
    """What was told as recorded is in the ledger, and what was there stays."""
    if seen.after.events[: len(seen.before.events)] != seen.before.events:
        yield "events of earlier lives have changed"
    recorded = Counter(
        (event.stage, event.outcome)
        for event in seen.events
        if event.run_id == seen.sightings.run_id and event.attempt is not None
    )
    for stage, told in seen.sightings.told.items():
        for kind, words in _KINDS.items():
            there = sum(recorded[stage, word] for word in words)
            if there < told[kind]:
                yield f"{stage}: {told[kind]} {kind} were told, {there} are in the ledger"
    for stage, counts in (seen.sightings.reported or {}).items():
        for outcome, count in counts.items():
            if outcome != "left" and recorded[stage, outcome] != count:
                yield f"{stage}: {count} {outcome} were reported, {recorded[stage, outcome]} are in the ledger"


_KINDS = {"done": ACHIEVED, "failed": SETTLED - ACHIEVED, "put_off": {"put_off"}}


def keeps_to_life_cycle(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Every event could happen in the state before it, and the views say what follows."""
    lives: dict[tuple[str, str, str | None], str] = {}
    for event in seen.after.events:
        key = (event.diario_id, life_of(StageName(event.stage)).value, event.target)
        state = lives.get(key, "not_asked")
        before, after = LIFE_CYCLE.get((event.stage, event.outcome), ("", ""))
        if state not in before.split():
            yield f"event {event.seq} of {event.diario_id}: {event.stage} {event.outcome} of what is {state}"
            return
        if OUTCOMES[StageName(event.stage), event.outcome] != after:
            yield f"the program takes what is {event.outcome} in {event.stage} for something else than {after}"
        lives[key] = after
    if seen.after.lives != lives:
        yield f"the view `lives` says {_difference(seen.after.lives, lives)}"
    copies = {(name, target or ""): state for (name, life, target), state in lives.items() if life == "archive"}
    if seen.after.copies != copies:
        yield f"the view `copies` says {_difference(seen.after.copies, copies)}"


_PENDING = "pending failed"
LIFE_CYCLE = {
    **{(stage, "asked"): ("not_asked", "pending") for stage in ("download", "archive", "extract")},
    **{
        (stage, "reset"): ("pending failed rejected downloaded submitted confirmed extracted", "pending")
        for stage in ("download", "archive", "extract")
    },
    ("download", "downloaded"): (_PENDING, "downloaded"),
    ("download", "restored"): (f"{_PENDING} downloaded", "downloaded"),
    ("download", "put_off"): (f"{_PENDING} downloaded", "pending"),
    ("download", "failed"): (f"{_PENDING} downloaded", "failed"),
    ("download", "rejected"): (f"{_PENDING} downloaded", "rejected"),
    ("archive", "started"): (_PENDING, "submitted"),
    ("archive", "submitted"): ("submitted", "submitted"),
    ("archive", "confirmed"): (f"{_PENDING} submitted", "confirmed"),
    ("archive", "put_off"): (f"{_PENDING} submitted", "pending"),
    ("archive", "failed"): (f"{_PENDING} submitted", "failed"),
    ("archive", "rejected"): (f"{_PENDING} submitted", "rejected"),
    ("confirm", "confirmed"): ("submitted", "confirmed"),
    ("confirm", "put_off"): ("submitted", "submitted"),
    ("confirm", "absent"): ("submitted", "submitted"),
    ("confirm", "lost"): ("submitted", "pending"),
    ("confirm", "failed"): ("submitted", "failed"),
    ("confirm", "rejected"): ("submitted", "rejected"),
    ("extract", "extracted"): (_PENDING, "extracted"),
    ("extract", "put_off"): (_PENDING, "pending"),
    ("extract", "failed"): (_PENDING, "failed"),
    ("extract", "rejected"): (_PENDING, "rejected"),
    ("extract", "read"): (_PENDING, "pending"),
    ("model", "extracted"): (_PENDING, "extracted"),
    ("model", "put_off"): (_PENDING, "pending"),
    ("model", "failed"): (_PENDING, "failed"),
    ("model", "rejected"): (_PENDING, "rejected"),
}
"""By stage and outcome: the states in which it may happen, and the one that follows. Written down a second time, since
the program and the views have theirs from one table, and a mistake in it would be in both."""


def _difference(one: Mapping[K, str], other: Mapping[K, str]) -> str:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return "; ".join(f"{key}: {one.get(key)}, and the events {other.get(key)}" for key in keys)


def counts_what_is_left(seen: LifeSeen, history: History) -> Iterator[str]:
    """The report says for each stage how many gazettes have yet to go through it."""
    told = seen.sightings
    if told.reported is None or seen.plan.limit is not None or any(event.outcome == "reset" for event in seen.events):
        return
    failed = {
        (event.diario_id, life_of(StageName(event.stage)).value) for event in seen.events if event.outcome == "failed"
    }
    left: Counter[str] = Counter()
    for name in history.gazettes:
        states = dict(zip(("download", "archive", "extract"), seen.after.states[name], strict=True))
        pending = {
            life
            for life, state in states.items()
            if state == State.PENDING or (state == State.FAILED and (name, life) not in failed)
        }
        if not (seen.directory / "spool" / f"{name}.pdf").exists():
            ready = pending & {"extract"} if (seen.directory / "text" / f"{name}.txt.gz").exists() else set()
            can_be_brought = pending - ready and states["download"] != State.REJECTED
            pending = ready | ({"download"} if can_be_brought else set())
        left.update(pending)
        left["confirm"] += states["archive"] == State.SUBMITTED
    for stage, counts in told.reported.items():
        if counts.get("left", 0) != left[stage]:
            yield f"{stage}: {counts.get('left', 0)} are left by the report, {left[stage]} by the ledger"


def counts_attempts(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Attempts count from 1, one by one, and are never more than allowed; the first silence in a row may be free."""
    last: dict[tuple[str, str], Event] = {}
    was_free: dict[tuple[str, str], bool] = {}
    for event in seen.events:
        key = event.diario_id, event.stage
        if event.outcome == "reset":
            last.pop(key, None)
        if event.attempt is None:
            continue
        before = last.get(key)
        possible = _possible_attempts(before, may_be_free=not was_free.get(key))
        if event.attempt not in possible or event.attempt > ATTEMPTS:
            yield f"{event.stage} of {event.diario_id}: attempt {event.attempt} after {before}"
        was_free[key] = _is_silence(before) and before is not None and before.attempt == event.attempt
        last[key] = event


def _is_silence(event: Event | None) -> bool:
    return event is not None and event.outcome == "put_off" and event.reason.startswith("stalled")


def _possible_attempts(before: Event | None, *, may_be_free: bool) -> set[int]:
    """The numbers that an attempt may have after another one at the same gazette in the same stage.

    Args:
        before: The other one.
        may_be_free: Whether a silence may use up none, which nobody can be blamed for yet.
    """
    if before is None or before.attempt is None:
        return {1}
    if before.outcome == "put_off" and before.reason.startswith(_FAULTS_OF_OTHERS):
        return {before.attempt}
    if before.outcome == "put_off" and before.reason.startswith(_FAILURES) and before.stage != StageName.CONFIRM:
        free = {before.attempt} if may_be_free and _is_silence(before) else set()
        return {before.attempt + 1} | free
    return {1, before.attempt, before.attempt + 1}


_FAILURES = ("stalled", "the connection broke off", "ended after")
"""What reasons begin with that use up an attempt, save where something is only looked for."""

_FAULTS_OF_OTHERS = (
    "the court asks to wait",
    "the court shows a block page",
    "no connection",
    "no room in the spool",
    "a worker process died while the run was ending",
    "came as far as byte",
    "resumed at byte",
    "the rest from byte",
)
"""What reasons begin with that use up none: they say nothing about the gazette."""


def counts_failed_runs(seen: LifeSeen, _history: History) -> Iterator[str]:
    """What fails in as many runs as the settings allow, without success or a person's word between, is rejected."""
    failed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in seen.after.events:
        runs = failed[event.diario_id, life_of(StageName(event.stage)).value]
        if event.outcome in {"reset", "downloaded", "restored", "confirmed", "extracted"}:
            runs.clear()
        elif event.outcome == "failed":
            runs.add(event.run_id)
            if len(runs) >= seen.scenario.runs:
                yield f"{event.stage} of {event.diario_id} has failed in {len(runs)} runs"


def ends_uploads_with_a_word(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run that nobody has cut short knows of every upload that it began how it went."""
    if seen.sightings.ended_by not in {"finished", "host"}:
        return
    for name, (_, state, _) in seen.after.states.items():
        last = _last_word(seen.after, name, "archive") if state == State.SUBMITTED else None
        if last is not None and last.outcome == "started" and last.run_id == seen.sightings.run_id:
            yield f"{name}: {last} is the last word"


def stays_within_bounds(seen: LifeSeen, _history: History) -> Iterator[str]:
    """The spool, the backlogs and the bodies in flight never exceed their bounds."""
    yield from seen.sightings.excesses


def leaves_nothing_open(seen: LifeSeen, _history: History) -> Iterator[str]:
    """After a run that was not killed no task, file, connection or lock of ours is left."""
    yield from seen.sightings.left_over
    if not seen.crashed and not seen.plan.disk_error:
        for path in sorted((seen.directory / "spool").glob("*.part")):
            if seen.sightings.disk_failed and path.name in seen.sightings.found:
                continue  # it got no further than the database
            yield f"spool/{path.name} is left"
        for path in sorted((seen.directory / "archive").rglob(".*.part")):
            # One that was left where nobody could remove it stays until its gazette is put again.
            if path.name not in seen.sightings.found:
                yield f"archive/{path.name} is left"


def drains_in_time(seen: LifeSeen, _history: History) -> Iterator[str]:
    """After the first signal nothing is begun, and the run ends within the grace; after the second, at once."""
    told = seen.sightings
    if told.asked_to_stop is None or told.ended is None:
        return
    until = told.asked_to_stop + seen.scenario.grace
    if told.asked_again is not None:
        until = min(until, told.asked_again)
    if told.ended > until + _A_MOMENT:
        yield f"asked at {told.asked_to_stop:.3f} to end by {until:.3f}, it ended at {told.ended:.3f}"
    hands = {
        StageName.DOWNLOAD: seen.scenario.download_workers + 1,
        StageName.ARCHIVE: seen.scenario.archive_workers + 1,
        StageName.CONFIRM: 1,
        StageName.EXTRACT: seen.scenario.extract_workers + 1,
    }
    late = [event for event in seen.events if event.at > told.asked_to_stop + 0.1 and event.attempt is not None]
    for stage, most in hands.items():
        items = {event.diario_id for event in late if event.stage == stage}
        if len(items) > most:
            yield f"{stage}: {sorted(items)} were worked on after the signal at {told.asked_to_stop:.3f}"


def finishes_what_it_can(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run that says it finished has left nothing that it could have done."""
    if seen.sightings.ended_by != "finished" or seen.plan.limit is not None:
        return
    for name, where in seen.after.states.items():
        for life, state in zip(("download", "archive", "extract"), where, strict=True):
            if state != State.PENDING or (life != "download" and where[0] != State.DOWNLOADED):
                continue
            last = _last_word(seen.after, name, life)
            began = max(last.at, next(run.started_at for run in seen.after.runs if run.run_id == seen.sightings.run_id))
            if last.outcome == "reset" and _may_leave_reset(seen, last):
                continue
            if last.not_before is None or last.not_before <= began + seen.scenario.patience - _A_MOMENT:
                yield f"{life} of {name} is pending: {last}"


def _may_leave_reset(seen: LifeSeen, reset: Event) -> bool:
    """Whether what a person has asked for may be left to the next run."""
    ended = seen.ended if seen.sightings.ended is None else seen.sightings.ended
    was_taken_up = any(
        (event.diario_id, life_of(StageName(event.stage)).value) == (reset.diario_id, reset.stage)
        and event.outcome in {"failed", "rejected"}
        for event in seen.events
    )
    # Who does not wait for the answer may leave between the record and what follows from it.
    was_left_alone = any(act.what == "retry" and act.patience is not None for act in seen.plan.acts)
    return not was_taken_up or was_left_alone or reset.at > ended - _A_MOMENT


def _last_word(rows: LedgerRows, name: str, life: str) -> Event:
    return [
        event for event in rows.events if event.diario_id == name and life_of(StageName(event.stage)).value == life
    ][-1]


OF_EVERY_LIFE: Mapping[str, Invariant] = MappingProxyType(
    {
        "a run ends without a defect": ends_without_defect,
        "a run says how it ended": says_how_it_ended,
        "a run says what is left": counts_what_is_left,
        "no acknowledged record is lost": loses_no_record,
        "states follow the life cycle": keeps_to_life_cycle,
        "attempts are counted": counts_attempts,
        "failed runs are counted": counts_failed_runs,
        "an upload ends with a word": ends_uploads_with_a_word,
        "nothing is archived twice": keeping.stores_once,
        "what is called lost is lost": keeping.calls_lost_what_is_lost,
        "what is archived was recorded, and is right": keeping.stores_what_was_recorded,
        "a final name holds a whole PDF": keeping.keeps_folder_whole,
        "what has decayed is brought back": keeping.brings_back_what_has_decayed,
        "what is confirmed is there": keeping.keeps_confirmed_copies,
        "decisions are whole": keeping.keeps_decisions,
        "texts are whole": keeping.keeps_texts,
        "the pace is kept": asking.keeps_pace,
        "the pace after a block is kept": asking.keeps_blocked_pace,
        "nothing is sent after spam": asking.keeps_quiet_after_spam,
        "the concurrency is kept": asking.keeps_concurrency,
        "Retry-After is heeded": asking.heeds_retry_after,
        "not_before is heeded": asking.heeds_not_before,
        "no more than patience is wasted": asking.wastes_no_patience,
        "bounds are kept": stays_within_bounds,
        "nothing is left open": leaves_nothing_open,
        "a drain ends in time": drains_in_time,
        "a run that finished left nothing to do": finishes_what_it_can,
    }
)
"""The sentences, and what looks whether they are true of a life."""
