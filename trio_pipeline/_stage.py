"""A stage: workers that do one thing to every item of a source.

This file does not know the pipeline that a stage lives in, nor the stages beside it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import trio

from trio_pipeline.channels import Closable, Sink, Source
from trio_pipeline.retry import (
    Done,
    Failed,
    ItemError,
    Outcome,
    PutOff,
    Rejected,
    RetryPolicy,
    StopStage,
    decide,
)

__all__ = ["Recorder", "Stage", "StageStatistics", "leaves"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Recorder = Callable[[ItemT, Outcome[ResultT], int, float], Awaitable[None]]
"""`record(item, outcome, attempt, elapsed)`: awaited before a stage acts on an outcome. `attempt` counts from 1,
`elapsed` is in seconds. An exception out of it is a defect."""


@runtime_checkable
class _Returnable(Protocol):
    """A source that wants to hear about what it handed out: a `Backlog`."""

    def done(self, item: Any) -> None: ...

    def put_back(self, item: Any, *, due: float = ...) -> None: ...


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """What a stage has done so far.

    Attributes:
        name: The stage.
        workers: How many may work at once.
        busy: How many do.
        done: Items whose handler returned.
        failed: Items given up for this run.
        rejected: Items given up for good.
        put_off: Attempts that failed and are or were to be repeated.
        left: Items let go for another run: the stage was drained, stopped or cancelled, or they have to wait too long.
        ended: Whether it will do nothing more.
        stopped: Why it ended before its source did, or None.
    """

    name: str
    workers: int
    busy: int
    done: int
    failed: int
    rejected: int
    put_off: int
    left: int
    ended: bool
    stopped: str | None


@dataclass(slots=True, eq=False)
class _Seat:
    """One worker task: the scope of its waiting for an item, and whether it is waiting now."""

    scope: trio.CancelScope
    idle: bool = False


@dataclass(frozen=True, slots=True)
class _Tries:
    """How often an item was tried before."""

    counted: int = 0
    uncounted: int = 0

    def after(self, outcome: PutOff) -> _Tries:
        if outcome.counts:
            return _Tries(self.counted + 1, 0)
        return _Tries(self.counted, self.uncounted + 1)


_FRESH = _Tries()


class Stage(Generic[ItemT, ResultT]):
    """Workers that do one thing to every item of a source. Made by `Pipeline.start_stage`.

    At most `workers` of them begin work at once. The number can be changed while the stage runs, to 0 and back; after
    it was lowered nothing begins until fewer than that are at work.
    """

    def __init__(
        self,
        name: str,
        handler: Callable[[ItemT], Awaitable[ResultT]],
        *,
        source: Source[ItemT],
        sink: Sink[ResultT] | None,
        workers: int,
        policy: RetryPolicy,
        record: Recorder[ItemT, ResultT] | None,
        random_source: random.Random,
    ) -> None:
        self.name = name
        self._handler = handler
        self._source = source
        self._returnable = source if isinstance(source, _Returnable) else None
        self._sink = sink
        self._limit = _checked(name, workers)
        self._policy = policy
        self._record = record
        self._random = random_source
        self._nursery: trio.Nursery | None = None
        # A dict for its order: which of the idle workers is sent home must not depend on where objects lie in memory.
        self._seats: dict[_Seat, None] = {}
        self._tries: dict[ItemT, _Tries] = {}
        self._room = trio.lowlevel.ParkingLot()
        # A stage whose source has come to its end is ending; what its workers hold still gets all of its attempts.
        # One that is stopping, too, lets go of what would have to wait.
        self._ending = trio.Event()
        self._stopping = trio.Event()
        self._ended = trio.Event()
        self._stopped: str | None = None
        self._busy = 0
        self._done = 0
        self._failed = 0
        self._rejected = 0
        self._put_off = 0
        self._left = 0

    @property
    def workers(self) -> int:
        """How many may work at once."""
        return self._limit

    @workers.setter
    def workers(self, workers: int) -> None:
        self._limit = _checked(self.name, workers)
        self._unseat(len(self._seats) - workers)
        self._seat()
        self._room.unpark_all()

    @property
    def stopped(self) -> str | None:
        """Why the stage ended, or is ending, before its source did; None if it did not."""
        return self._stopped

    @property
    def ended(self) -> bool:
        """Whether it will do nothing more and has closed its channels."""
        return self._ended.is_set()

    def stop(self, reason: str) -> None:
        """Take up nothing new; what workers hold may end. Stopping again changes nothing."""
        if self._stopping.is_set() or self._ended.is_set():
            return
        self._stopped = reason
        self._stopping.set()
        self._end()

    async def wait_ended(self) -> None:
        """Return when the stage will do nothing more and has closed its channels.

        Cancellation: a checkpoint; the stage goes on.
        """
        await self._ended.wait()

    def statistics(self) -> StageStatistics:
        """What it has done so far."""
        return StageStatistics(
            name=self.name,
            workers=self._limit,
            busy=self._busy,
            done=self._done,
            failed=self._failed,
            rejected=self._rejected,
            put_off=self._put_off,
            left=self._left,
            ended=self._ended.is_set(),
            stopped=self._stopped,
        )

    async def run(self) -> None:
        """Work until the source or the stage is ended. Called once, by the pipeline."""
        try:
            with _closing(self._source), _closing(self._sink):
                async with trio.open_nursery() as self._nursery:
                    self._seat()
                    try:
                        await self._ending.wait()
                    finally:
                        # Also where a defect or a cancellation ends it: between the closing of the nursery and the
                        # next step of this task, a resize would start a worker in a nursery that takes none.
                        self._ending.set()
        finally:
            self._ended.set()

    def _end(self) -> None:
        """Take up nothing new."""
        self._ending.set()
        self._unseat(len(self._seats))
        self._room.unpark_all()

    def _seat(self) -> None:
        """Start the workers that are missing."""
        if self._nursery is None or self._ending.is_set():
            return
        while len(self._seats) < self._limit:
            seat = _Seat(trio.CancelScope())
            self._seats[seat] = None
            self._nursery.start_soon(self._work, seat, name=f"{self.name} worker")

    def _unseat(self, count: int) -> None:
        """Send home up to `count` workers that wait for an item; those at work go when they see they are too many."""
        for seat in [seat for seat in self._seats if seat.idle][: max(0, count)]:
            seat.idle = False
            seat.scope.cancel(reason=f"stage {self.name!r} needs fewer workers")
            del self._seats[seat]

    async def _work(self, seat: _Seat) -> None:
        """Handle one item after another until the source ends, or until there are enough others."""
        late: list[ItemT] = []
        try:
            # One scope for a worker's life rather than one for each wait: a scope costs as much as the rest together.
            with seat.scope:
                while not self._ending.is_set() and len(self._seats) <= self._limit:
                    seat.idle = True
                    try:
                        item = await self._source.receive()
                    except trio.EndOfChannel:
                        self._end()
                        return
                    if not seat.idle:
                        # It was sent home in the moment between being given the item and waking up.
                        late.append(item)
                        break
                    seat.idle = False
                    await self._handle(item)
            for item in late:
                await self._handle(item)
        except BaseException as error:
            _explain(error, f"stage: {self.name}")
            raise
        finally:
            self._seats.pop(seat, None)

    async def _handle(self, item: ItemT) -> None:
        """See one item through, unless there is no room for it."""
        if (self._busy >= self._limit or self._stopping.is_set()) and not await self._finds_room(item):
            return
        self._busy += 1
        settled = False
        try:
            outcome = await self._settle(item)
            settled = True
            if outcome is not None:
                self._count(outcome)
                if self._sink is not None and isinstance(outcome, Done):
                    await self._hand_on(self._sink, outcome.result)
                if self._returnable is not None:
                    self._returnable.done(item)
        except BaseException as error:
            self._left += not settled
            _explain(error, f"item: {item!r}")
            raise
        finally:
            self._busy -= 1
            if self._room:
                self._room.unpark()

    async def _finds_room(self, item: ItemT) -> bool:
        """Wait until fewer than the limit are at work; False if the stage stops first and the item was left."""
        try:
            await self._wait_for_room()
        except BaseException:
            self._left += 1
            raise
        # When the stage stops, what came from a channel is seen through all the same: there is no way back for it.
        if self._busy < self._limit and (self._returnable is None or not self._stopping.is_set()):
            return True
        self._leave(item)
        return False

    async def _wait_for_room(self) -> None:
        while self._busy >= self._limit and not self._stopping.is_set():
            await self._room.park()

    async def _settle(self, item: ItemT) -> Outcome[ResultT] | None:
        """Attempt an item until its outcome is final and recorded; None if it was let go without one."""
        tries = self._tries.pop(item, _FRESH) if self._tries else _FRESH
        while True:
            began = trio.current_time() if self._record is not None else math.nan
            outcome: Outcome[ResultT]
            try:
                outcome = Done(await self._handler(item))
            except ItemError as error:
                outcome = self._decide(error, tries)
            except StopStage as order:
                # Stopped before it is left: an idle worker must not take it up again.
                self.stop(order.reason)
                self._leave(item)
                return None
            if self._record is not None:
                await self._record(item, outcome, tries.counted + 1, trio.current_time() - began)
            if not isinstance(outcome, PutOff):
                return outcome
            self._put_off += 1
            tries = tries.after(outcome)
            if not await self._waits_in_place(item, outcome, tries):
                return None

    def _decide(self, error: ItemError, tries: _Tries) -> PutOff | Failed | Rejected:
        return decide(
            error,
            attempt=tries.counted + 1,
            uncounted=tries.uncounted,
            policy=self._policy,
            random_source=self._random,
        )

    async def _waits_in_place(self, item: ItemT, outcome: PutOff, tries: _Tries) -> bool:
        """Wait for the next attempt with the item in hand; False if it was let go or given back instead."""
        if outcome.delay > self._policy.patience:
            self._left += 1
            if self._returnable is not None:
                self._returnable.done(item)
            return False
        if self._returnable is not None and not outcome.held:
            self._tries[item] = tries
            self._returnable.put_back(item, due=trio.current_time() + outcome.delay)
            return False
        with trio.move_on_after(outcome.delay):
            await self._stopping.wait()
        if self._busy > self._limit:
            await self._step_back()
        if self._stopping.is_set():
            self._leave(item)
            return False
        return True

    async def _step_back(self) -> None:
        """Give up the place, since the limit was lowered during the pause, until there is one again."""
        self._busy -= 1
        try:
            await self._wait_for_room()
        finally:
            self._busy += 1

    def _count(self, outcome: Outcome[ResultT]) -> None:
        if isinstance(outcome, Done):
            self._done += 1
        elif isinstance(outcome, Rejected):
            self._rejected += 1
        else:
            self._failed += 1

    async def _hand_on(self, sink: Sink[ResultT], result: ResultT) -> None:
        try:
            await sink.send(result)
        except trio.BrokenResourceError:
            # Nobody takes results any more. This one is recorded, so the next run hands it on.
            self.stop("the stage that it feeds has ended")

    def _leave(self, item: ItemT) -> None:
        self._left += 1
        if self._returnable is not None:
            self._returnable.put_back(item)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, however deep; an exception that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves(part)
    else:
        yield error


def _explain(error: BaseException, note: str) -> None:
    # On each leaf, since the group that a nursery in a handler made is taken apart on the way out.
    for leaf in leaves(error):
        if not isinstance(leaf, trio.Cancelled):
            leaf.add_note(note)


def _checked(name: str, workers: int) -> int:
    if workers < 0:
        raise ValueError(f"stage {name!r} cannot have {workers} workers")
    return workers


@contextmanager
def _closing(end: object) -> Iterator[None]:
    # A plain close, not `async with`: aclose() is a checkpoint, which in a cancelled scope hides the error under way.
    try:
        yield
    finally:
        if isinstance(end, Closable):
            end.close()
