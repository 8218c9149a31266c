"""What must be true of every life of the program, each sentence a function of what was seen.

A function yields one line for each fact that contradicts it. The names in `OF_EVERY_LIFE` are the sentences.

Pure: this file does not know how anything was seen.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from trio_pipeline.diario.lifecycle import ACHIEVED, SETTLED, ImpossibleEvent, StageName, State, life_of, state_after
from trio_pipeline.simulation.sightings import Event, History, LedgerRows, LifeSeen, Request

__all__ = ["ATTEMPTS", "BLOCKED_INTERVAL", "OF_EVERY_LIFE", "Invariant"]

K = TypeVar("K", bound=tuple[Any, ...])

Invariant: TypeAlias = Callable[[LifeSeen, History], Iterator[str]]

ATTEMPTS = 5
"""`retry.attempts`, its default."""

BLOCKED_INTERVAL = 7.0
"""Seconds between requests to a host that has shown a block page, at least."""

_BLOCK_PAUSE = 600.0  # seconds without a request after a block page
_MICROSECOND = 2e-6  # what is left of a time that went through the ledger
_COURT = "tjro"

# Seconds in which a run ends when its time is over, and in which it is noticed that a host or our network is gone.
_A_MOMENT = 5.0
# Seconds that an answer may be old when what follows from it happens: it may trickle, and be waited for by others.
_SLOWEST_ANSWER = 120.0
# Seconds without any sign of life that have a reason: a stalled exchange, a worker process that hangs, a breaker's
# longest pause for what is not a block.
_LONGEST_SILENCE = 1_500.0


def ends_without_defect(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Nothing comes out of a run but what the disk did."""
    if seen.error is not None and not seen.sightings.disk_was_full:
        yield seen.error


def says_how_it_ended(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run that was not killed says in the ledger how it ended, as its report does."""
    told = seen.sightings
    if seen.crashed or not told.run_id:
        return
    rows = [run for run in seen.after.runs if run.run_id == told.run_id]
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
    lives: dict[tuple[str, str, str | None], State] = {}
    for event in seen.after.events:
        stage = StageName(event.stage)
        key = (event.diario_id, life_of(stage).value, event.target)
        try:
            lives[key] = state_after(lives.get(key, State.NOT_ASKED), stage, event.outcome)
        except ImpossibleEvent as error:
            yield f"event {event.seq} of {event.diario_id}: {error}"
            return
    if seen.after.lives != lives:
        yield f"the view `lives` says {_difference(seen.after.lives, lives)}"
    copies = {(name, target or ""): state for (name, life, target), state in lives.items() if life == "archive"}
    if seen.after.copies != copies:
        yield f"the view `copies` says {_difference(seen.after.copies, copies)}"


def _difference(one: Mapping[K, str], other: Mapping[K, str]) -> str:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return "; ".join(f"{key}: {one.get(key)}, and the events {other.get(key)}" for key in keys)


def counts_attempts(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Attempts count from 1, one by one, and are never more than allowed."""
    last: dict[tuple[str, str], int] = {}
    for event in seen.events:
        if event.attempt is None:
            continue
        key = event.diario_id, event.stage
        if event.attempt not in {1, last.get(key, 0), last.get(key, 0) + 1} or event.attempt > ATTEMPTS:
            yield f"{event.stage} of {event.diario_id}: attempt {event.attempt} after {last.get(key, 0)}"
        last[key] = event.attempt


def stores_once(seen: LifeSeen, history: History) -> Iterator[str]:
    """No body is stored again unless it could not be known that it was stored before."""
    names = {_archive_name(seen, name): name for name in history.gazettes}
    for name in sorted({store.name for store in seen.stores}):
        stores = [store for store in seen.stores if store.name == name]
        if name not in names:
            yield f"{name} is no name of a gazette"
            continue
        events = [event for event in seen.after.events if event.diario_id == names[name] and event.target is not None]
        for earlier, later in pairwise(stores):
            if later.at < seen.began:
                continue  # told by the life that it happened in
            between = [event for event in events if earlier.at - _MICROSECOND <= event.at <= later.at + _MICROSECOND]
            starts = [event.at for event in between if event.outcome == "started"]
            known = _may_be_known(name, earlier.at, later.at, history, seen)
            if starts and starts[-1] > earlier.due + _SLOWEST_ANSWER:
                yield f"{name}: stored at {later.at:.3f}, though it was to be seen since {earlier.due:.3f}"
            elif known and not _has_reason(between, earlier.at, seen):
                yield f"{name}: stored at {earlier.at:.3f}, sent whole, and again at {later.at:.3f}; {between}"


def _has_reason(events: Sequence[Event], stored_at: float, seen: LifeSeen) -> bool:
    """Whether the ledger gives a good reason for a second upload of what may have been stored."""
    recorded = any(event.outcome in {"submitted", "confirmed"} and event.acknowledged for event in events)
    for event in events:
        if event.outcome == "reset" or (event.outcome == "lost" and not recorded):
            return True
        overdue = event.at - stored_at >= 287 * seen.scenario.confirm_after
        if event.outcome == "failed" and event.stage == StageName.CONFIRM and overdue:
            return True
    return False


def calls_lost_what_is_lost(seen: LifeSeen, _history: History) -> Iterator[str]:
    """An upload is given up as lost only when the archive neither shows it nor says that it waits there."""
    for event in seen.events:
        if event.outcome != "lost":
            continue
        stores = [store for store in seen.stores if store.name == _archive_name(seen, event.diario_id)]
        for store in stores:
            if store.due < event.at - _SLOWEST_ANSWER:
                yield f"{store.name} is called lost at {event.at:.3f}, and is to be seen since {store.due:.3f}"
            elif event.at < store.due and 1.0 < event.at - store.at < 11 * seen.scenario.confirm_after:
                yield f"{store.name} is called lost at {event.at:.3f}, and waits there since {store.at:.3f}"


def _may_be_known(name: str, stored_at: float, again_at: float, history: History, seen: LifeSeen) -> bool:
    """Whether the program could know that a body which was stored may have been: it was acknowledged or sent whole."""
    for life in [*history.lives, seen]:
        told = life.sightings
        begun = [one.at for one in told.requests if one.method == "PUT" and _file_of(one.path) == name]
        began = max((at for at in begun if at <= stored_at), default=None)
        if began is None or life.ended < stored_at:
            continue
        sent = [at for at, path in told.sent if _file_of(path) == name]
        answers = [
            one.at for one in told.answers if (one.method, one.status) == ("PUT", 200) and _file_of(one.path) == name
        ]
        return any(began <= at < again_at for at in [*sent, *answers])
    return False


def stores_what_was_recorded(seen: LifeSeen, history: History) -> Iterator[str]:
    """Every body that the archive took in this life has a recorded start before it, and its own bytes and name."""
    names = {_archive_name(seen, name): name for name in history.gazettes}
    for store in seen.stores:
        if store.at < seen.began:
            continue
        name = names.get(store.name)
        if name is None or hashlib.md5(history.bodies[name], usedforsecurity=False).hexdigest() != store.md5:
            yield f"{store.name} holds bytes with the md5 {store.md5}, which are not its own"
            continue
        starts = [event for event in seen.events if event.diario_id == name and event.outcome == "started"]
        if not any(event.at <= store.at + _MICROSECOND for event in starts):
            yield f"{store.name} was stored at {store.at:.3f}, and its start is not in the ledger"


def _archive_name(seen: LifeSeen, name: str) -> str:
    # An id begins with court, "diario" and year.
    item = name if seen.scenario.layout == "edition" else "-".join(name.split("-")[:3])
    return f"{item}/{name}.pdf"


def _file_of(path: str) -> str:
    return path.lstrip("/").partition("?")[0]


def keeps_folder_whole(seen: LifeSeen, history: History) -> Iterator[str]:
    """Under its final name there is never anything but a whole PDF, in the folder archive as in the spool."""
    folder = seen.directory / "archive"
    wanted = {f"{gazette.date.year}/{name}.pdf": history.bodies[name] for name, gazette in history.gazettes.items()}
    for path in sorted(folder.rglob("*.pdf")):
        name = path.relative_to(folder).as_posix()
        if path.read_bytes() != wanted.get(name):
            yield f"archive/{name}: {path.stat().st_size} bytes, which are not its gazette's"
    for path in sorted((seen.directory / "spool").glob("*.pdf")):
        if path.read_bytes() != history.bodies.get(path.stem):
            yield f"spool/{path.name}: {path.stat().st_size} bytes, which are not its gazette's"


def keeps_confirmed_copies(seen: LifeSeen, history: History) -> Iterator[str]:
    """What is said to be in the archive is there."""
    for (name, archive), state in seen.after.copies.items():
        if state != State.CONFIRMED:
            continue
        if archive.startswith("folder:"):
            year = history.gazettes[name].date.year
            there = (seen.directory / "archive" / str(year) / f"{name}.pdf").exists()
        else:
            there = any(store.name == _archive_name(seen, name) for store in seen.stores)
        if not there:
            yield f"{name} is confirmed, and not there"


def keeps_decisions(seen: LifeSeen, history: History) -> Iterator[str]:
    """A gazette that is extracted has all of its judgements, once."""
    for name, (_, _, state) in seen.after.states.items():
        read, there = seen.after.decisions.get(name, 0), history.judgements[name]
        if state == State.EXTRACTED and read != there:
            yield f"{name} is extracted with {read} decisions, and has {there}"


def keeps_pace(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Requests to a host start no closer together than the user's interval."""
    intervals = {_COURT: seen.scenario.court_interval}
    for hosts, requests in _by_hosts(seen.sightings.requests).items():
        interval = intervals.get(hosts, seen.scenario.archive_interval)
        for earlier, later in pairwise(requests):
            if later.at - earlier.at < interval - 1e-9:
                yield f"{hosts}: {later.at - earlier.at:.6f} s between {earlier} and {later}, not {interval}"


def keeps_blocked_pace(seen: LifeSeen, _history: History) -> Iterator[str]:
    """After a block page a host is left alone, and then asked slowly: in this life, and in all that come after."""
    since = math.inf
    if any(pace.hosts == _COURT and pace.blocked_interval for pace in seen.before.paces):
        since = seen.began
    blocks = [event.at for event in seen.events if event.stage == StageName.DOWNLOAD and "block page" in event.reason]
    requests = _by_hosts(seen.sightings.requests).get(_COURT, [])
    if blocks:
        since = min(since, blocks[0])
        for request in requests:
            if blocks[0] + _MICROSECOND < request.at < blocks[0] + _BLOCK_PAUSE - _A_MOMENT:
                yield f"{request}, though blocked at {blocks[0]:.3f}"
    for earlier, later in pairwise(request for request in requests if request.at > since):
        if later.at - earlier.at < BLOCKED_INTERVAL - 1e-9:
            yield f"{later.at - earlier.at:.3f} s between {earlier} and {later}, though blocked at {since:.3f}"


def _by_hosts(requests: Iterable[Request]) -> dict[str, list[Request]]:
    grouped: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        grouped[request.hosts].append(request)
    return grouped


def keeps_concurrency(seen: LifeSeen, _history: History) -> Iterator[str]:
    """No host has more requests at a time than the settings allow."""
    uploads = seen.scenario.archive_workers
    allowed = {_COURT: seen.scenario.download_workers, "internet-archive uploads": uploads}
    for hosts, most in seen.sightings.most_at_once.items():
        if most > allowed.get(hosts, uploads + 1):
            yield f"{hosts}: {most} requests at a time"


def heeds_retry_after(seen: LifeSeen, _history: History) -> Iterator[str]:
    """What was asked to wait is not asked for sooner, by this life or by the ones that know it from the ledger."""
    resets = {event.diario_id for event in seen.events if event.outcome == "reset"}
    for answer in seen.sightings.answers:
        is_item = answer.method == "PUT" or answer.path.endswith(".pdf")
        if answer.retry_after is None or not is_item or _identifier(answer.path, resets) is not None:
            continue
        for request in seen.sightings.requests:
            is_same = (request.method, request.path) == (answer.method, answer.path)
            if is_same and answer.at < request.at < answer.at + answer.retry_after - 1e-6:
                yield f"{request}, though {answer}"


def _identifier(path: str, identifiers: Iterable[str]) -> str | None:
    return next((name for name in identifiers if name in path), None)


def heeds_not_before(seen: LifeSeen, history: History) -> Iterator[str]:
    """What the ledger puts off at the start of a life is not asked of the court before its time."""
    waiting: dict[str, float] = {}
    for event in seen.before.events:
        if event.stage == StageName.DOWNLOAD:
            waiting.pop(event.diario_id, None)
            if event.not_before is not None:
                waiting[event.diario_id] = event.not_before
    resets = {event.diario_id for event in seen.events if event.outcome == "reset"}
    for request in seen.sightings.requests:
        name = next((name for name, gazette in history.gazettes.items() if gazette.file_name in request.path), None)
        if request.hosts != _COURT or name is None or name in resets:
            continue
        if request.at < waiting.get(name, -math.inf) - 1e-3:
            yield f"{request}, though {name} was to wait until {waiting[name]:.3f}"


def wastes_no_patience(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run does not sit still for longer than the user's patience and what a slow answer takes."""
    told = seen.sightings
    ended = seen.ended if told.ended is None else told.ended
    moments = sorted([seen.began, ended, *(one.at for one in told.requests), *(one.at for one in seen.events)])
    longest = seen.scenario.patience + _LONGEST_SILENCE
    for earlier, later in pairwise(moments):
        if later - earlier > longest:
            yield f"nothing happened from {earlier:.0f} to {later:.0f}, and patience is {seen.scenario.patience:.0f} s"


def stays_within_bounds(seen: LifeSeen, _history: History) -> Iterator[str]:
    """The spool, the backlogs and the bodies in flight never exceed their bounds."""
    yield from seen.sightings.excesses


def leaves_nothing_open(seen: LifeSeen, _history: History) -> Iterator[str]:
    """After a run that was not killed no task, file, connection or lock of ours is left."""
    yield from seen.sightings.left_over
    if not seen.crashed:
        for path in sorted((seen.directory / "spool").glob("*.part")):
            yield f"spool/{path.name} is left"
        for path in sorted((seen.directory / "archive").rglob(".*.part")):
            # One that a crash has left stays until its gazette is put again.
            if path.stat().st_mtime_ns and not _crashed_before(seen):
                yield f"archive/{path.name} is left"


def _crashed_before(seen: LifeSeen) -> bool:
    return any(run.ended_by is None for run in seen.after.runs)


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
        StageName.EXTRACT: seen.scenario.extract_workers,
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
            if last.outcome == "reset":
                continue  # asked for by somebody as the run ended, and left to the next one
            if last.not_before is None or last.not_before <= began + seen.scenario.patience - _A_MOMENT:
                yield f"{life} of {name} is pending: {last}"


def _last_word(rows: LedgerRows, name: str, life: str) -> Event:
    return [
        event for event in rows.events if event.diario_id == name and life_of(StageName(event.stage)).value == life
    ][-1]


OF_EVERY_LIFE: Mapping[str, Invariant] = MappingProxyType(
    {
        "a run ends without a defect": ends_without_defect,
        "a run says how it ended": says_how_it_ended,
        "no acknowledged record is lost": loses_no_record,
        "states follow the life cycle": keeps_to_life_cycle,
        "attempts are counted": counts_attempts,
        "nothing is archived twice": stores_once,
        "what is called lost is lost": calls_lost_what_is_lost,
        "what is archived was recorded, and is right": stores_what_was_recorded,
        "a final name holds a whole PDF": keeps_folder_whole,
        "what is confirmed is there": keeps_confirmed_copies,
        "decisions are whole": keeps_decisions,
        "the pace is kept": keeps_pace,
        "the pace after a block is kept": keeps_blocked_pace,
        "the concurrency is kept": keeps_concurrency,
        "Retry-After is heeded": heeds_retry_after,
        "not_before is heeded": heeds_not_before,
        "no more than patience is wasted": wastes_no_patience,
        "bounds are kept": stays_within_bounds,
        "nothing is left open": leaves_nothing_open,
        "a drain ends in time": drains_in_time,
        "a run that finished left nothing to do": finishes_what_it_can,
    }
)
"""The sentences, and what looks whether they are true of a life."""
