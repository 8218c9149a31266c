"""The story of a life, for a person: a line for each thing that happened in the world, with its virtual time.

Pure: this file does not know what is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from trio_pipeline.simulation.sightings import LifeSeen

__all__ = ["story_of"]

_STEP = re.compile(r"\d+ .* (?P<time>\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
_TOO_SMALL = ("sql ", "files ", "database ")
"""What a trace begins its smaller lines with. Errors among them are told all the same."""
_ERROR = re.compile(r"files .* (?:E[A-Z]+|error)$|files power lost|database interrupted")


def story_of(seen: LifeSeen, lines: Sequence[str]) -> Iterator[str]:
    """What happened in a life.

    Args:
        seen: The life.
        lines: Of its trace.
    """
    plan = seen.plan
    yield f"life {seen.number} begins at {seen.began:.3f} s, {'calm' if plan.is_calm else plan}"
    happened = list(_from_trace(lines, seen.began))
    for event in seen.events:
        if event.outcome == "asked":
            continue  # of every gazette, at the beginning
        more = f" ({event.reason})" if event.reason else ""
        until = "" if event.not_before is None else f", not before {event.not_before:.3f}"
        happened.append((event.at, f"ledger: {event.stage} {event.diario_id} {event.outcome}{until}{more}"))
    for time, words in sorted(happened, key=lambda one: one[0]):
        yield f"{time:14.3f}  {words}"
    how = "is killed" if seen.crashed else f"ends, {seen.sightings.ended_by}"
    yield f"life {seen.number} {how} before step {seen.steps}, at {seen.ended:.3f} s"


def _from_trace(lines: Sequence[str], began: float) -> Iterator[tuple[float, str]]:
    time = began
    for line in lines:
        step = _STEP.fullmatch(line)
        if step is not None:
            time = float(step["time"])
        elif _ERROR.search(line) or not line.startswith(_TOO_SMALL):
            yield time, line
