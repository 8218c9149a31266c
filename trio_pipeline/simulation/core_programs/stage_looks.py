"""What must hold of a watched stage whatever happens: at rest, in its figures, and after the end.

This file does not know how an item comes from one place to the next.
"""

from __future__ import annotations

import math

import trio

from trio_pipeline.retry import Done, Failed, Rejected
from trio_pipeline.simulation.core_programs.stage_ends import StageBacklog
from trio_pipeline.simulation.core_programs.stages import ORDERED, PAUSE, STOPPED, WatchedStage

__all__ = ["check", "look"]

_FREE = "work that waits is begun while workers are free"
_FIGURES = "a stage's statistics are true"
_ACCOUNTED = "every item that a stage was given is accounted for"
_CLOSED = "a stage that has ended has closed its ends"


def look(watched: WatchedStage, moment: float | None, *, is_cut_off: bool) -> None:
    """Look at a stage between two steps; `moment` is the time if nothing can move any more at that time."""
    if watched.stage.stopped is not None and watched.stopped_at == math.inf:
        watched.stopped_at = trio.current_time() if moment is None else moment
    if moment is not None and not is_cut_off:
        _look_at_rest(watched, moment)


def _look_at_rest(watched: WatchedStage, moment: float) -> None:
    """Nothing could move any more at that time: so nothing can have been left that should have moved."""
    hold, items, statistics = watched.hold, watched.items, watched.stage.statistics()
    if statistics.ended:
        return
    if watched.stage.stopped is not None:
        hold(watched.at_work + len(items.sending) > 0, STOPPED, "nothing is at work at", moment)
        return
    hold(watched.sink is None or not watched.sink.broken, STOPPED, "nobody takes its results, and it goes on")
    _look_at_figures(watched)
    busy, limit, facts = statistics.busy, statistics.workers, (statistics, "at", moment)
    hold(busy >= limit or not items.fresh, _FREE, items.fresh, *facts)
    # Who hands on in order keeps his seat, though not his place of work.
    takes_none = busy + watched.script.ordered * len(items.sending) >= limit or not watched.may_take
    hold(takes_none or not watched.source.has_ready(moment), _FREE, "in the source", *facts)
    first = next(iter(items.under_way), None)
    hold(first not in items.final or first in items.sending, ORDERED, first, "is held up", *facts)
    in_hand = watched.at_work + len(items.paused)
    least = watched.at_work if watched.limit_lowered or watched.script.recording is None else in_hand
    hold(least <= busy <= in_hand, _FIGURES, statistics, "in hand", watched.at_work, in_hand)
    overdue = [item for item, (_, due) in items.paused.items() if due <= moment]
    stepped_back = watched.at_work + len(items.paused) - busy
    waits = overdue and (busy < limit or (not stepped_back and busy <= limit))
    hold(not waits, PAUSE, overdue, *facts)


def _look_at_figures(watched: WatchedStage) -> None:
    statistics = watched.stage.statistics()
    outcomes = [type(outcome) for outcome in watched.items.final.values()]
    counts = [outcomes.count(kind) for kind in (Done, Failed, Rejected)]
    expected = (*counts, watched.put_offs, len(watched.items.too_late) + watched.given_back)
    found = (statistics.done, statistics.failed, statistics.rejected, statistics.put_off, statistics.left)
    exact = watched.stage.stopped is None or isinstance(watched.source, StageBacklog)
    watched.hold(found[:4] == expected[:4], _FIGURES, found, "not", expected)
    watched.hold(found[4] == expected[4] or not exact, _FIGURES, found, "not", expected)


def check(watched: WatchedStage, *, is_cut_off: bool) -> None:
    """Look at a stage after the end."""
    hold, items, statistics = watched.hold, watched.items, watched.stage.statistics()
    hold(statistics.ended and statistics.busy == 0, _FIGURES, statistics, "at the end")
    ended = watched.source.closed and (watched.sink is None or watched.sink.closed)
    hold(ended, _CLOSED, watched.name)
    settled = statistics.done + statistics.failed + statistics.rejected + statistics.left
    hold(watched.source.given == settled, _ACCOUNTED, watched.source.given, "given", statistics)
    if is_cut_off:
        return
    _look_at_figures(watched)
    hold(not items.running and not items.recording and not items.sending, _ACCOUNTED, "something is at work")
    if watched.stage.stopped is None:
        hold(not items.fresh and not items.paused, _ACCOUNTED, items.fresh, items.paused)
        hold(watched.source.is_used_up, _ACCOUNTED, "something is left in the source")
    if watched.sink is not None and not watched.sink.broken:
        done = sorted(str(item) for item, outcome in items.final.items() if isinstance(outcome, Done))
        hold(sorted(map(str, watched.sink.sent)) == done, "every result is handed on", watched.sink.sent, "of", done)
