"""A stage of a random pipeline that is watched from outside: what its handler, recorder and ends see of it.

This file does not know the pipeline around it, nor what is done to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import trio

from trio_pipeline.nursery import Stage
from trio_pipeline.retry import Done, Outcome, PutOff, StopPipeline, StopStage, TryAgain
from trio_pipeline.simulation.core_programs.ends import WatchedSink
from trio_pipeline.simulation.core_programs.scripts import Defect, StageScript, error_of
from trio_pipeline.simulation.core_programs.stage_ends import StageBacklog, StageSource
from trio_pipeline.simulation.core_programs.stage_items import StageItems
from trio_pipeline.simulation.core_programs.stage_outcomes import TOO_LONG, StageOutcomes
from trio_pipeline.simulation.core_programs.stage_shared import Shared

__all__ = ["ORDERED", "PAUSE", "STOPPED", "WatchedStage"]

ORDERED = "where results leave in order, they leave in the order in which the items came, and at once"
PAUSE = "a retry waits for as long as it has to, and no longer"
STOPPED = "a stage that stops takes up nothing, and waits for nothing but what is at work"
"""These three are held here from step to step, and in `stage_looks` at rest."""

_RECORDED = "an outcome is recorded before the stage acts on it"
_UPSTREAM = "a stage gets what the stage before it has recorded as done"
_ONE = "an item is in one worker's hands"
_FINAL = "what is final is not tried again"
_WORKERS = "no more workers than the limit begin at once"
_NO_REASON = "nobody is cancelled without a reason"
_DEADLINE = "an attempt that takes longer than its deadline is cut off then"
_AHEAD = "where results leave in order, no more items are under way than may be"
_LEFT = "an item is given back only where it could not be seen through"


class WatchedStage:
    """A handler and a recorder that keep a record of their own.

    Attributes:
        stage: The real one.
        sink: Where results go.
        hold: Says that something must be true.
        stopped_at: When it was seen to stop.
        items: Where its items are.
        given_back: How often an item was given back unchanged.
        resized_at: When the limit was last changed.
    """

    def __init__(
        self,
        name: str,
        script: StageScript,
        shared: Shared,
        before: WatchedStage | None,
        may_be_cancelled: Callable[[], bool],
    ) -> None:
        self.name = name
        self.script = script
        self.stage: Stage[Any, Any]
        self.source: StageBacklog | StageSource
        self.sink: WatchedSink[Any] | None = None
        self.stopped_at = math.inf
        self.items = StageItems()
        self.given_back = 0
        self.put_offs = 0
        self.limit_lowered = False
        self.resized_at = -math.inf
        self._shared = shared
        self.hold = shared.witness.hold
        self._before = before
        self._may_be_cancelled = may_be_cancelled
        self._attempts = 0
        self._records = 0
        self._fates = {item: list(fates) for item, fates in script.fates.items()}
        self._outcomes = StageOutcomes(script.policy, shared.witness.hold)

    @property
    def at_work(self) -> int:
        """How many places of work are taken, pauses left out; who hands on in order has given his back."""
        sending = 0 if self.script.ordered else len(self.items.sending)
        return len(self.items.running) + len(self.items.recording) + sending

    @property
    def may_take(self) -> bool:
        """Whether one more item may be received."""
        if not self.script.ordered:
            return True
        first = next(iter(self.items.under_way.values()), self.items.came)
        ahead = self.script.ahead or max(1, 2 * self.stage.workers)
        return self.items.came - first < ahead

    # What the stage calls.

    async def handle(self, item: Hashable) -> Hashable:
        """Attempt an item."""
        self._begin(item)
        began, deadline = trio.current_time(), self.script.deadline or math.inf
        try:
            await self._work()
            error = self._fate(item)
        except trio.Cancelled:
            is_late = trio.current_time() == began + deadline
            self.hold(is_late or self._may_be_cancelled(), _NO_REASON, item, trio.current_time())
            if is_late:
                self._end(item, began, TryAgain(TOO_LONG))
            raise
        finally:
            del self.items.running[item]
        self.hold(trio.current_time() <= began + deadline, _DEADLINE, item, "since", began)
        self._end(item, began, error)
        if error is not None:
            raise error
        return item

    def _end(self, item: Hashable, began: float, error: Exception | None) -> None:
        """An attempt has come to something."""
        self._outcomes.came_to[item] = error
        self._outcomes.lasted[item] = trio.current_time() - began
        self._shared.witness.note(self.name, item, error, trio.current_time())
        match error:
            case Defect() | ExceptionGroup():
                self._shared.raised(error)
            case StopStage():
                self.items.under_way.pop(item)
                if isinstance(error, StopPipeline):
                    self._shared.stop_all(error.grace)
            case _ if self.script.recording is None:
                self._take_note(item, self._outcomes.expected(item), exact=False)

    async def record(self, item: Hashable, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        """Keep an outcome."""
        self._outcomes.judge(item, outcome, attempt, elapsed)
        self.items.recording.add(item)
        try:
            await trio.sleep(self.script.recording or 0.0)
        finally:
            self.items.recording.discard(item)
        self._records += 1
        if self._records - 1 == self.script.bad_record:
            error = Defect("a record's")
            self._shared.raised(error)
            raise error
        self._take_note(item, outcome, exact=True)

    @contextmanager
    def sending(self, item: Hashable) -> Iterator[None]:
        """While the result is being handed on."""
        self.hold(isinstance(self.items.final.get(item), Done), _RECORDED, item, "is handed on")
        turn, last = self.items.under_way[item], self.items.last_sent
        self.hold(not self.script.ordered or turn > last, ORDERED, item, turn, "after", last)
        self.items.last_sent = turn
        self.items.sending.add(item)
        try:
            yield
        finally:
            self.items.sending.discard(item)
            del self.items.under_way[item]

    def received(self, item: Hashable) -> None:
        """The stage was given an item."""
        self.hold(self.may_take or self.limit_lowered, _AHEAD, item, "besides", list(self.items.under_way))
        is_paused = not self.stage.workers and self.resized_at < trio.current_time()
        self.hold(not is_paused, STOPPED, item, "is taken without workers since", self.resized_at)
        self.items.fresh.add(item)
        self.items.under_way[item] = self.items.came
        self.items.came += 1
        self.hold(trio.current_time() <= self.stopped_at, STOPPED, item, "is taken at", trio.current_time())

    def let_go(self, item: Hashable) -> None:
        """The backlog hears that an item is done with."""
        self.hold(self.items.is_settled(item), _RECORDED, item, "is let go")
        outcome = self.items.final.get(item)
        if self.sink is not None and isinstance(outcome, Done):
            self.hold(item in self.sink.sent or self.sink.broken, "an item is let go after its result", item)

    def gave_back(self, item: Hashable, due: float) -> None:
        """The backlog is given an item again."""
        self.items.fresh.discard(item)
        self.items.paused.pop(item, None)
        self.items.under_way.pop(item, None)
        pause = self.items.waits_outside.get(item)
        if due == -math.inf:
            self.given_back += 1
            self.hold(self.stage.stopped is not None, _LEFT, item)
        else:
            self.hold(pause is not None and pause[0] <= due <= pause[1], PAUSE, item, "put back until", due, pause)

    # What an attempt is.

    def _begin(self, item: Hashable) -> None:
        now, hold, limit = trio.current_time(), self.hold, self.stage.workers
        hold(not self.items.at_hand(item), _ONE, item)
        hold(not self.items.is_settled(item), _FINAL, item, self.items.final.get(item))
        hold(self.at_work < limit, _WORKERS, item, "begins besides", self.at_work, "of", limit)
        may_begin = self.stage.stopped is None or (item in self.items.fresh and isinstance(self.source, StageSource))
        hold(may_begin, STOPPED, item, "begins, though", self.stage.stopped)
        hold(item in self.items.fresh or item in self.items.paused, _ONE, item, "was not given")
        if self._before is not None:
            parts = item if isinstance(item, tuple) else (item,)
            for part in parts:
                done = self._before.items.final.get(part)
                hold(isinstance(done, Done) and done.result == part, _UPSTREAM, part, done)
        outside = self.items.waits_outside.pop(item, None)
        pause = self.items.paused.pop(item, outside)
        if pause is not None:
            hold(now >= pause[0], PAUSE, item, "begins at", now, "instead of", pause)
        self.items.fresh.discard(item)
        self.items.running[item] = now

    async def _work(self) -> None:
        seconds = self.script.works[self._attempts % len(self.script.works)]
        self._attempts += 1
        async with AsyncExitStack() as stack:
            if self.script.reserves:
                stack.enter_context(await self._shared.budget.reserve(self.script.reserves))
            if self.script.is_paced:
                permit = await stack.enter_async_context(self._shared.pacer.request())
                await permit.start()
                permit.succeeded()
            await trio.sleep(seconds)

    def _fate(self, item: Hashable) -> Exception | None:
        key: Any = item[0] if isinstance(item, tuple) else item
        fates = self._fates.get(key)
        return error_of(fates.pop(0)) if fates else None

    def _take_note(self, item: Hashable, outcome: Outcome[Any], *, exact: bool) -> None:
        if not isinstance(outcome, PutOff):
            self.items.final[item] = outcome
            if self.sink is None or not isinstance(outcome, Done):
                del self.items.under_way[item]
            return
        self.put_offs += 1
        error, now = self._outcomes.came_to[item], trio.current_time()
        assert isinstance(error, TryAgain)
        shortest, longest = (outcome.delay, outcome.delay) if exact else self._outcomes.pause(item, error)
        self._outcomes.count(item, counts=outcome.counts)
        policy = self.script.policy
        if longest > policy.patience:
            self.items.too_late.add(item)
            del self.items.under_way[item]
        elif isinstance(self.source, StageBacklog) and shortest > policy.hold:
            self.items.waits_outside[item] = (now + shortest, now + longest)
        elif isinstance(self.source, StageBacklog) and longest > policy.hold:
            # Which of the two it is only the stage knows.
            self.items.waits_outside[item] = self.items.paused[item] = (now + shortest, now + longest)
        else:
            self.items.paused[item] = (now + shortest, now + longest)
