"""A stage of a random pipeline that is watched from outside: what its handler, recorder and ends see of it.

This file does not know the pipeline around it, nor what is done to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import trio

from trio_pipeline.channels import ByteBudget
from trio_pipeline.nursery import Stage
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import (
    Done,
    Failed,
    GiveUp,
    Outcome,
    PutOff,
    Reject,
    Rejected,
    StopPipeline,
    StopStage,
    TryAgain,
)
from trio_pipeline.simulation.core_programs.ends import WatchedBacklog, WatchedSink, WatchedSource
from trio_pipeline.simulation.core_programs.scripts import Defect, StageScript, error_of
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["Shared", "StageBacklog", "WatchedStage"]

_RECORDED = "an outcome is recorded before the stage acts on it"
_UPSTREAM = "a stage gets what the stage before it has recorded as done"
_ONE = "an item is in one worker's hands"
_FINAL = "what is final is not tried again"
_WORKERS = "no more workers than the limit begin at once"
_FREE = "work that waits is begun while workers are free"
_PAUSE = "a retry waits for as long as it has to, and no longer"
_OUTCOME = "the record says what the attempt came to"
_ATTEMPT = "attempts are counted one by one"
_STOPPED = "a stage that stops takes up nothing, and waits for nothing but what is at work"
_FIGURES = "a stage's statistics are true"
_ACCOUNTED = "every item that a stage was given is accounted for"
_CLOSED = "a stage that has ended has closed its ends"
_NO_REASON = "nobody is cancelled without a reason"
_DEADLINE = "an attempt that takes longer than its deadline is cut off then"
_TOO_LONG = "took too long"
_ORDERED = "where results leave in order, they leave in the order in which the items came, and at once"
_AHEAD = "where results leave in order, no more items are under way than may be"
_LEFT = "an item is given back only where it could not be seen through"


class Shared:
    """What the stages of one pipeline have in common.

    Attributes:
        budget: A bound on bytes.
        pacer: The pace of a host.
        defects: What was raised that nobody classified, in order.
        defect_at: When the first of them was.
        stop_all: Called before a handler stops the whole pipeline, with the grace.
    """

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.budget = ByteBudget(100)
        self.pacer = Pacer("host", interval=0.5, concurrency=2)
        self.defects: list[Defect] = []
        self.defect_at = math.inf
        self.stop_all: Callable[[float], None] = lambda _grace: None

    def raised(self, error: BaseException) -> None:
        """Remember a defect that is about to be raised."""
        self.defect_at = min(self.defect_at, trio.current_time())
        if isinstance(error, BaseExceptionGroup):
            for part in error.exceptions:
                self.raised(part)
        elif isinstance(error, Defect):
            self.defects.append(error)


class WatchedStage:
    """A handler and a recorder that keep a record of their own.

    Attributes:
        stage: The real one.
        sink: Where results go.
        stopped_at: When it was seen to stop.
        final: The outcome of each item that has one.
        too_late: Items that were to wait for longer than the stage's patience.
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
        self.final: dict[Hashable, Outcome[Any]] = {}
        self.too_late: set[Hashable] = set()
        self.given_back = 0
        self.put_offs = 0
        self.limit_lowered = False
        self.resized_at = -math.inf
        self._shared = shared
        self._hold = shared.witness.hold
        self._before = before
        self._may_be_cancelled = may_be_cancelled
        self._attempts = 0
        self._records = 0
        self._fates = {item: list(fates) for item, fates in script.fates.items()}
        # Each item that was received is in one of these, in the order of a life.
        self._fresh: set[Hashable] = set()
        self._running: dict[Hashable, float] = {}
        self._recording: set[Hashable] = set()
        self._paused: dict[Hashable, tuple[float, float]] = {}
        self._waits_outside: dict[Hashable, tuple[float, float]] = {}
        self._sending: set[Hashable] = set()
        self._came_to: dict[Hashable, Exception | None] = {}
        self._counted: dict[Hashable, int] = {}
        self._uncounted: dict[Hashable, int] = {}
        self._lasted: dict[Hashable, float] = {}
        # Items that have not left: what came first is first.
        self._under_way: dict[Hashable, int] = {}
        self._came = 0
        self._last_sent = -1

    @property
    def at_work(self) -> int:
        """How many places of work are taken, pauses left out; who hands on in order has given his back."""
        sending = 0 if self.script.ordered else len(self._sending)
        return len(self._running) + len(self._recording) + sending

    @property
    def _may_take(self) -> bool:
        """Whether one more item may be received."""
        if not self.script.ordered:
            return True
        first = next(iter(self._under_way.values()), self._came)
        ahead = self.script.ahead or max(1, 2 * self.stage.workers)
        return self._came - first < ahead

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
            self._hold(is_late or self._may_be_cancelled(), _NO_REASON, item, trio.current_time())
            if is_late:
                self._end(item, began, TryAgain(_TOO_LONG))
            raise
        finally:
            del self._running[item]
        self._hold(trio.current_time() <= began + deadline, _DEADLINE, item, "since", began)
        self._end(item, began, error)
        if error is not None:
            raise error
        return item

    def _end(self, item: Hashable, began: float, error: Exception | None) -> None:
        """An attempt has come to something."""
        self._came_to[item] = error
        self._lasted[item] = trio.current_time() - began
        self._shared.witness.note(self.name, item, error, trio.current_time())
        match error:
            case Defect() | ExceptionGroup():
                self._shared.raised(error)
            case StopStage():
                self._under_way.pop(item)
                if isinstance(error, StopPipeline):
                    self._shared.stop_all(error.grace)
            case _ if self.script.recording is None:
                self._take_note(item, self._expected(item), exact=False)

    async def record(self, item: Hashable, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        """Keep an outcome."""
        self._judge(item, outcome, attempt, elapsed)
        self._recording.add(item)
        try:
            await trio.sleep(self.script.recording or 0.0)
        finally:
            self._recording.discard(item)
        self._records += 1
        if self._records - 1 == self.script.bad_record:
            error = Defect("a record's")
            self._shared.raised(error)
            raise error
        self._take_note(item, outcome, exact=True)

    @contextmanager
    def sending(self, item: Hashable) -> Iterator[None]:
        """While the result is being handed on."""
        self._hold(isinstance(self.final.get(item), Done), _RECORDED, item, "is handed on")
        turn = self._under_way[item]
        self._hold(not self.script.ordered or turn > self._last_sent, _ORDERED, item, turn, "after", self._last_sent)
        self._last_sent = turn
        self._sending.add(item)
        try:
            yield
        finally:
            self._sending.discard(item)
            del self._under_way[item]

    def received(self, item: Hashable) -> None:
        """The stage was given an item."""
        self._hold(self._may_take or self.limit_lowered, _AHEAD, item, "besides", list(self._under_way))
        is_paused = not self.stage.workers and self.resized_at < trio.current_time()
        self._hold(not is_paused, _STOPPED, item, "is taken without workers since", self.resized_at)
        self._fresh.add(item)
        self._under_way[item] = self._came
        self._came += 1
        self._hold(trio.current_time() <= self.stopped_at, _STOPPED, item, "is taken at", trio.current_time())

    def let_go(self, item: Hashable) -> None:
        """The backlog hears that an item is done with."""
        self._hold(item in self.final or item in self.too_late, _RECORDED, item, "is let go")
        outcome = self.final.get(item)
        if self.sink is not None and isinstance(outcome, Done):
            self._hold(item in self.sink.sent or self.sink.broken, "an item is let go after its result", item)

    def gave_back(self, item: Hashable, due: float) -> None:
        """The backlog is given an item again."""
        self._fresh.discard(item)
        self._paused.pop(item, None)
        self._under_way.pop(item, None)
        pause = self._waits_outside.get(item)
        if due == -math.inf:
            self.given_back += 1
            self._hold(self.stage.stopped is not None, _LEFT, item)
        else:
            self._hold(pause is not None and pause[0] <= due <= pause[1], _PAUSE, item, "put back until", due, pause)

    # What an attempt is.

    def _begin(self, item: Hashable) -> None:
        now, hold, limit = trio.current_time(), self._hold, self.stage.workers
        hold(item not in self._running and item not in self._recording and item not in self._sending, _ONE, item)
        hold(item not in self.final and item not in self.too_late, _FINAL, item, self.final.get(item))
        hold(self.at_work < limit, _WORKERS, item, "begins besides", self.at_work, "of", limit)
        may_begin = self.stage.stopped is None or (item in self._fresh and isinstance(self.source, StageSource))
        hold(may_begin, _STOPPED, item, "begins, though", self.stage.stopped)
        hold(item in self._fresh or item in self._paused, _ONE, item, "was not given")
        if self._before is not None:
            parts = item if isinstance(item, tuple) else (item,)
            for part in parts:
                done = self._before.final.get(part)
                hold(isinstance(done, Done) and done.result == part, _UPSTREAM, part, done)
        outside = self._waits_outside.pop(item, None)
        pause = self._paused.pop(item, outside)
        if pause is not None:
            hold(now >= pause[0], _PAUSE, item, "begins at", now, "instead of", pause)
        self._fresh.discard(item)
        self._running[item] = now

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

    # What an outcome has to be.

    def _expected(self, item: Hashable) -> Outcome[Any]:
        """What the attempt just made comes to; of a pause, the longest that it may be."""
        match error := self._came_to[item]:
            case None:
                return Done(item)
            case Reject():
                return Rejected(error.reason)
            case TryAgain() if not error.counts or self._counted.get(item, 0) + 1 < self.script.policy.attempts:
                return PutOff(error.reason, self._pause(item, error)[1], False, error.counts)
            case TryAgain() | GiveUp():
                return Failed(error.reason)
        raise AssertionError(error)

    def _pause(self, item: Hashable, error: TryAgain) -> tuple[float, float]:
        backoff = self.script.policy.backoff
        number = self._counted.get(item, 0) + self._uncounted.get(item, 0)
        full = min(backoff.longest, backoff.first * backoff.factor**number)
        after = error.after or 0.0
        return max(after, full / 2), max(after, full)

    def _judge(self, item: Hashable, outcome: Outcome[Any], attempt: int, elapsed: float) -> None:
        """Compare what is to be recorded with what happened."""
        expected, error = self._expected(item), self._came_to[item]
        if isinstance(outcome, PutOff) and isinstance(expected, PutOff) and isinstance(error, TryAgain):
            shortest, longest = self._pause(item, error)
            is_same_reason = _TOO_LONG in (expected.reason, outcome.reason) or outcome.reason == expected.reason
            same = is_same_reason and outcome.counts == expected.counts
            held = outcome.held == (outcome.delay <= self.script.policy.hold)
            self._hold(same and held and shortest <= outcome.delay <= longest, _OUTCOME, outcome, "not", expected)
        elif isinstance(expected, Failed) and expected.reason == _TOO_LONG:
            self._hold(isinstance(outcome, Failed), _OUTCOME, outcome, "not", expected)
        else:
            self._hold(outcome == expected, _OUTCOME, outcome, "not", expected)
        self._hold(elapsed == self._lasted[item], _OUTCOME, "after", elapsed, "s, not", self._lasted[item])
        self._hold(attempt == self._counted.get(item, 0) + 1, _ATTEMPT, item, attempt, self._counted.get(item, 0))
        self._hold(attempt <= self.script.policy.attempts, _ATTEMPT, item, attempt)

    def _take_note(self, item: Hashable, outcome: Outcome[Any], *, exact: bool) -> None:
        if not isinstance(outcome, PutOff):
            self.final[item] = outcome
            if self.sink is None or not isinstance(outcome, Done):
                del self._under_way[item]
            return
        self.put_offs += 1
        error, now = self._came_to[item], trio.current_time()
        assert isinstance(error, TryAgain)
        shortest, longest = (outcome.delay, outcome.delay) if exact else self._pause(item, error)
        if outcome.counts:
            self._counted[item] = self._counted.get(item, 0) + 1
            self._uncounted[item] = 0
        else:
            self._uncounted[item] = self._uncounted.get(item, 0) + 1
        policy = self.script.policy
        if longest > policy.patience:
            self.too_late.add(item)
            del self._under_way[item]
        elif isinstance(self.source, StageBacklog) and shortest > policy.hold:
            self._waits_outside[item] = (now + shortest, now + longest)
        elif isinstance(self.source, StageBacklog) and longest > policy.hold:
            # Which of the two it is only the stage knows.
            self._waits_outside[item] = self._paused[item] = (now + shortest, now + longest)
        else:
            self._paused[item] = (now + shortest, now + longest)

    # What must hold whatever happens.

    def look(self, moment: float | None, *, is_cut_off: bool) -> None:
        """Look between two steps."""
        if self.stage.stopped is not None and self.stopped_at == math.inf:
            self.stopped_at = trio.current_time() if moment is None else moment
        if moment is not None and not is_cut_off:
            self._look_at_rest(moment)

    def _look_at_rest(self, moment: float) -> None:
        """Nothing could move any more at that time: so nothing can have been left that should have moved."""
        statistics, hold = self.stage.statistics(), self._hold
        if statistics.ended:
            return
        if self.stage.stopped is not None:
            hold(self.at_work + len(self._sending) > 0, _STOPPED, "nothing is at work at", moment)
            return
        hold(self.sink is None or not self.sink.broken, _STOPPED, "nobody takes its results, and it goes on")
        self._look_at_figures()
        busy, limit, facts = statistics.busy, statistics.workers, (statistics, "at", moment)
        hold(busy >= limit or not self._fresh, _FREE, self._fresh, *facts)
        # Who hands on in order keeps his seat, though not his place of work.
        takes_none = busy + self.script.ordered * len(self._sending) >= limit or not self._may_take
        hold(takes_none or not self.source.has_ready(moment), _FREE, "in the source", *facts)
        first = next(iter(self._under_way), None)
        hold(first not in self.final or first in self._sending, _ORDERED, first, "is held up", *facts)
        in_hand = self.at_work + len(self._paused)
        least = self.at_work if self.limit_lowered or self.script.recording is None else in_hand
        hold(least <= busy <= in_hand, _FIGURES, statistics, "in hand", self.at_work, in_hand)
        overdue = [item for item, (_, due) in self._paused.items() if due <= moment]
        stepped_back = self.at_work + len(self._paused) - busy
        waits = overdue and (busy < limit or (not stepped_back and busy <= limit))
        hold(not waits, _PAUSE, overdue, *facts)

    def _look_at_figures(self) -> None:
        statistics = self.stage.statistics()
        outcomes = [type(outcome) for outcome in self.final.values()]
        counts = [outcomes.count(kind) for kind in (Done, Failed, Rejected)]
        expected = (*counts, self.put_offs, len(self.too_late) + self.given_back)
        found = (statistics.done, statistics.failed, statistics.rejected, statistics.put_off, statistics.left)
        exact = self.stage.stopped is None or isinstance(self.source, StageBacklog)
        self._hold(found[:4] == expected[:4], _FIGURES, found, "not", expected)
        self._hold(found[4] == expected[4] or not exact, _FIGURES, found, "not", expected)

    def check(self, *, is_cut_off: bool) -> None:
        """Look after the end."""
        hold, statistics = self._hold, self.stage.statistics()
        hold(statistics.ended and statistics.busy == 0, _FIGURES, statistics, "at the end")
        ended = self.source.closed and (self.sink is None or self.sink.closed)
        hold(ended, _CLOSED, self.name)
        settled = statistics.done + statistics.failed + statistics.rejected + statistics.left
        hold(self.source.given == settled, _ACCOUNTED, self.source.given, "given", statistics)
        if is_cut_off:
            return
        self._look_at_figures()
        hold(not self._running and not self._recording and not self._sending, _ACCOUNTED, "something is at work")
        if self.stage.stopped is None:
            hold(not self._fresh and not self._paused, _ACCOUNTED, self._fresh, self._paused)
            hold(self.source.is_used_up, _ACCOUNTED, "something is left in the source")
        if self.sink is not None and not self.sink.broken:
            done = sorted(str(item) for item, outcome in self.final.items() if isinstance(outcome, Done))
            hold(sorted(map(str, self.sink.sent)) == done, "every result is handed on", self.sink.sent, "of", done)


class StageBacklog(WatchedBacklog):
    """A backlog that tells its stage what the stage says to it.

    Attributes:
        closed: Whether it was closed.
    """

    def __init__(self, witness: Witness, watched: WatchedStage, *, patient: bool) -> None:
        super().__init__(witness, lambda item: -item, patient=patient)
        self._watched = watched
        self._waiting_outside = 0
        self.is_patient = patient
        self.closed = False

    @property
    def given(self) -> int:
        """How many items the stage has been given for good."""
        return self.handed - self._waiting_outside

    @property
    def is_used_up(self) -> bool:
        """Whether it holds nothing that it should have handed out."""
        return not self.out and not (self.inside and self.is_patient)

    def has_ready(self, moment: float) -> bool:
        """Whether something could be handed out at a time."""
        return self.ready_at(moment)

    async def receive(self) -> int:
        """As `Backlog`."""
        item = await super().receive()
        self._watched.received(item)
        return item

    def done(self, item: int) -> None:
        """As `Backlog`."""
        self._watched.let_go(item)
        super().done(item)

    def put_back(self, item: int, *, due: float = -math.inf) -> None:
        """As `Backlog`."""
        self._watched.gave_back(item, due)
        self._waiting_outside += due > -math.inf
        super().put_back(item, due=due)

    def close(self) -> None:
        """As `Backlog`."""
        self.closed = True
        super().close()


class StageSource(WatchedSource[Any]):
    """A source that tells its stage what it hands out; lists as tuples, so that they can be looked up.

    Args:
        source: What it watches.
        channel: The channel at the bottom of it.
        watched: Who is told.
    """

    def __init__(self, source: Any, channel: trio.MemoryReceiveChannel[Any], watched: WatchedStage) -> None:
        super().__init__(source)
        self._channel = channel
        self._watched = watched
        self._is_batched = source is not channel

    @property
    def given(self) -> int:
        """How many items the stage has been given for good."""
        return self.handed

    @property
    def is_used_up(self) -> bool:
        """Whether it ended because it was empty; a channel that was closed says nothing about that."""
        return True

    def has_ready(self, moment: float) -> bool:
        """Whether something can be handed out."""
        del moment
        if self.closed or self._is_batched:
            return False
        statistics = self._channel.statistics()
        return statistics.current_buffer_used > 0 or statistics.tasks_waiting_send > 0

    async def receive(self) -> Any:
        """The next item."""
        item = await super().receive()
        item = tuple(item) if isinstance(item, list) else item
        self._watched.received(item)
        return item
