"""What must be true of what a life keeps: nothing twice, nothing wrong, nothing in parts, nothing that is not there.

This file does not know how anything was seen, but for the files, which it reads.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePath

from trio_pipeline.diario.lifecycle import StageName, State
from trio_pipeline.simulation.scenario import OTHER_BYTES, HeldKind, Scenario
from trio_pipeline.simulation.sightings import Event, History, LifeSeen

__all__ = [
    "brings_back_what_has_decayed",
    "calls_lost_what_is_lost",
    "folder_copies",
    "keeps_confirmed_copies",
    "keeps_decisions",
    "keeps_folder_whole",
    "keeps_texts",
    "stores_once",
    "stores_what_was_recorded",
]

_MICROSECOND = 2e-6  # what is left of a time that went through the ledger
_A_MOMENT = 5.0
# Seconds that an answer may be old when what follows from it happens: it may trickle, and be waited for by others.
_SLOWEST_ANSWER = 120.0


def stores_once(seen: LifeSeen, history: History) -> Iterator[str]:
    """No body is stored again unless it could not be known that it was stored before."""
    yield from _stored_again_in_folder(seen, history)
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


def _stored_again_in_folder(seen: LifeSeen, history: History) -> Iterator[str]:
    for name, path in folder_copies(seen.scenario, history, seen.directory, "same"):
        has_decayed = path.relative_to(seen.directory).as_posix() in history.decayed
        if path.exists() and path.stat().st_mtime != 0 and not has_decayed:
            yield f"{name}: the copy that was there from the beginning was replaced by the same bytes"


def folder_copies(scenario: Scenario, history: History, directory: Path, kind: HeldKind) -> Iterator[tuple[str, Path]]:
    """The gazettes under whose names something is in the folder archive from the beginning, changed at time 0."""
    if scenario.archive == "folder":
        for name in scenario.held_by(history.gazettes, kind):
            yield name, directory / "archive" / str(history.gazettes[name].date.year) / f"{name}.pdf"


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
    """An upload is given up as lost only when the archive neither shows it nor says that it waits there.

    Nor is called absent what was to be seen when the time to look for it came.
    """
    yield from _absent_and_there(seen)
    for event in seen.events:
        if event.outcome != "lost":
            continue
        stores = [store for store in seen.stores if store.name == _archive_name(seen, event.diario_id)]
        for store in stores:
            if store.due < event.at - _SLOWEST_ANSWER:
                yield f"{store.name} is called lost at {event.at:.3f}, and is to be seen since {store.due:.3f}"
            elif event.at < store.due and 1.0 < event.at - store.at < 11 * seen.scenario.confirm_after:
                yield f"{store.name} is called lost at {event.at:.3f}, and waits there since {store.at:.3f}"


def _absent_and_there(seen: LifeSeen) -> Iterator[str]:
    looks: dict[str, float] = {}
    for event in seen.after.events:
        if event.target is None:
            continue
        look = looks.pop(event.diario_id, -math.inf)
        if event.not_before is not None:
            looks[event.diario_id] = event.not_before
        if event.outcome == "absent" and event.at >= seen.began:
            for store in seen.stores:
                if store.name == _archive_name(seen, event.diario_id) and store.due < look - _A_MOMENT:
                    yield f"{store.name} is called absent at {event.at:.3f}, and is to be seen since {store.due:.3f}"


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
        if name is None or _md5_of(history.bodies[name]) != store.md5:
            yield f"{store.name} holds bytes with the md5 {store.md5}, which are not its own"
            continue
        starts = [event for event in seen.events if event.diario_id == name and event.outcome == "started"]
        if not any(event.at <= store.at + _MICROSECOND for event in starts):
            yield f"{store.name} was stored at {store.at:.3f}, and its start is not in the ledger"


def _md5_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _archive_name(seen: LifeSeen, name: str) -> str:
    return f"{seen.scenario.item_of(name)}/{name}.pdf"


def _file_of(path: str) -> str:
    return path.lstrip("/").partition("?")[0]


def keeps_folder_whole(seen: LifeSeen, history: History) -> Iterator[str]:
    """Under its final name there is never anything but a whole PDF, in the folder archive as in the spool."""
    folder = seen.directory / "archive"
    wanted = {f"{gazette.date.year}/{name}.pdf": history.bodies[name] for name, gazette in history.gazettes.items()}
    for path in sorted(folder.rglob("*.pdf")):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        is_known = data in (wanted.get(name), history.decayed.get(f"archive/{name}"))
        if not is_known and not _is_of_others(name, data, seen, history):
            yield f"archive/{name}: {path.stat().st_size} bytes, which are not its gazette's"
    for path in sorted((seen.directory / "spool").glob("*.pdf")):
        if path.read_bytes() not in (history.bodies.get(path.stem), history.decayed.get(f"spool/{path.name}")):
            yield f"spool/{path.name}: {path.stat().st_size} bytes, which are not its gazette's"


def _is_of_others(name: str, data: bytes, seen: LifeSeen, history: History) -> bool:
    """Whether it was there before the gazette, and still is, in its place or set aside."""
    own, _, is_aside = PurePath(name).stem.partition(".replaced-")
    is_confirmed = any(key[0] == own and state == State.CONFIRMED for key, state in seen.after.copies.items())
    if is_aside:
        return data == OTHER_BYTES or data in history.decayed.values()
    return data == OTHER_BYTES and not is_confirmed


def brings_back_what_has_decayed(seen: LifeSeen, _history: History) -> Iterator[str]:
    """What lies in the spool is looked at before it is handed over: it may have decayed since it was written."""
    yield from (str(event) for event in seen.events if "is not the one that was recorded" in event.reason)


def keeps_confirmed_copies(seen: LifeSeen, history: History) -> Iterator[str]:
    """What is said to be in the archive is there, and its own; it could be seen when it was said."""
    said = {event.diario_id: event.at for event in seen.after.events if event.outcome == "confirmed"}
    for (name, archive), state in seen.after.copies.items():
        if state != State.CONFIRMED:
            continue
        if archive.startswith("folder:"):
            year = history.gazettes[name].date.year
            there = (seen.directory / "archive" / str(year) / f"{name}.pdf").exists()
        else:
            md5 = _md5_of(history.bodies[name])
            there = any(
                (store.name, store.md5) == (_archive_name(seen, name), md5)
                and store.due <= said.get(name, math.inf) + _MICROSECOND
                for store in seen.stores
            )
        if not there:
            yield f"{name} is confirmed, and not there"


def keeps_texts(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Under its final name there is a whole text or none, and there is one of every gazette that was read."""
    texts = {path.name.removesuffix(".txt.gz"): path for path in sorted((seen.directory / "text").glob("*.txt.gz"))}
    for path in texts.values():
        try:
            is_whole = gzip.decompress(path.read_bytes()) != b""  # as it says of no bytes at all
        except (OSError, EOFError, zlib.error):
            is_whole = False
        if not is_whole:
            yield f"text/{path.name} is not whole"
    for name, (_, _, state) in seen.after.states.items():
        if state == State.EXTRACTED and name not in texts:
            yield f"{name} is extracted, and its text is not there"


def keeps_decisions(seen: LifeSeen, history: History) -> Iterator[str]:
    """A gazette that is extracted has all of its judgements, once."""
    for name, (_, _, state) in seen.after.states.items():
        read, there = seen.after.decisions.get(name, 0), history.judgements[name]
        if state == State.EXTRACTED and read != there:
            yield f"{name} is extracted with {read} decisions, and has {there}"
    for reading in seen.after.readings:
        if (reading.read, reading.unread) != (reading.said_read, reading.said_unread):
            yield f"rows and event of an extraction are not of one piece: {reading}"
