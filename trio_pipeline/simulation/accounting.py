"""What must be true at the end of a world: every gazette is accounted for.

Pure: this file does not know how the world went on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trio_pipeline.diario.lifecycle import StageName, State, life_of
from trio_pipeline.simulation.sightings import Event, History, LifeSeen

__all__ = ["EVERY_ITEM", "everything_is_done", "is_settled"]

EVERY_ITEM = "every gazette is accounted for"
"""The name of this invariant."""

_DONE = (State.DOWNLOADED, State.CONFIRMED, State.EXTRACTED)
_LIVES = ("download", "archive", "extract")


def is_settled(seen: LifeSeen) -> bool:
    """Whether nothing is left that another run would do."""
    states = seen.after.states
    return len(states) == len(seen.scenario.gazettes) and all(
        state in {done, State.REJECTED, State.NOT_ASKED}
        or where[0] == State.REJECTED
        or (_is_barred(seen, life) and state != State.SUBMITTED)
        for where in states.values()
        for life, done, state in zip(_LIVES, _DONE, where, strict=True)
    )


def everything_is_done(seen: LifeSeen, history: History) -> Iterator[str]:
    """Every gazette is downloaded, archived and read as the settings ask, or rejected for a reason the world gave."""
    asked = (True, seen.scenario.archive != "none", seen.scenario.extract)
    for name in history.gazettes:
        where = seen.after.states.get(name)
        if where is None:
            yield f"{name} is not in the ledger"
            continue
        for life, is_asked, done, state in zip(_LIVES, asked, _DONE, where, strict=True):
            if not is_asked and state != State.NOT_ASKED:
                yield f"{life} of {name} is {state}, and nobody asked for it"
            elif is_asked and state != done and not _has_reason(seen, history, name, life, where):
                yield f"{life} of {name} is {state}"


def _is_barred(seen: LifeSeen, life: str) -> bool:
    """Whether a life goes on only when a person has cleared with the archive what it took for spam."""
    # Downloads end with what they feed.
    is_served = life == "archive" or (life == "download" and not seen.scenario.extract)
    return is_served and bool(seen.after.taken_for_spam())


def _has_reason(seen: LifeSeen, history: History, name: str, life: str, where: tuple[str, str, str]) -> bool:
    """Whether this world is the kind in which a life ends so."""
    if life != "download" and where[0] == State.REJECTED:
        return True
    if _is_barred(seen, life):
        return any("spam" in fault for fault in seen.scenario.faults)
    events = [
        event
        for event in seen.after.events
        if event.diario_id == name and life_of(StageName(event.stage)).value == life
    ]
    last = events[-1]
    return last.outcome == "rejected" and _is_earned(seen, history, last, events)


def _is_earned(seen: LifeSeen, history: History, last: Event, events: Sequence[Event]) -> bool:
    """Whether this world is the kind in which a gazette is rejected so."""
    if last.reason.startswith("failed in "):
        return len({event.run_id for event in events if event.outcome in {"failed", "rejected"}}) >= seen.scenario.runs
    if "worker processes" in last.reason:
        return seen.scenario.worker_death > 0
    if "holds other bytes" in last.reason:
        return last.diario_id in seen.scenario.held_by(history.gazettes, "other")
    return "BadContent" in last.reason and any("bad-content" in fault for fault in seen.scenario.faults)
