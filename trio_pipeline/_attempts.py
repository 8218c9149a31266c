"""The attempts at one item: handler, decision, record, pause, until its outcome is final.

This file does not know where the item comes from, save that a source may want it back, nor where its result goes.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import trio

from trio_pipeline._seats import Seats
from trio_pipeline._stage_counts import Counts
from trio_pipeline.retry import (
    Done,
    Failed,
    ItemError,
    Outcome,
    PutOff,
    Rejected,
    RetryPolicy,
    StopStage,
    TryAgain,
    decide,
)

__all__ = ["Attempts", "Concluding", "Recorder", "Returnable", "reports_in", "was_called_wrongly", "within"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Recorder = Callable[[ItemT, Outcome[ResultT], int, float], Awaitable[None]]
"""`record(item, outcome, attempt, elapsed)`: awaited before a stage acts on an outcome. `attempt` counts from 1,
`elapsed` is in seconds. An exception out of it is a defect."""


@runtime_checkable
class Returnable(Protocol):
    """A source that wants to hear about what it handed out: a `Backlog`."""

    def done(self, item: Any) -> None:
        """The item is let go."""

    def put_back(self, item: Any, *, due: float = ...) -> None:
        """The item is given back."""


@runtime_checkable
class Concluding(Protocol):
    """A source that wants to hear what became of what it handed out: a `Branch`."""

    def conclude(self, item: Any, outcome: Outcome[Any] | None) -> None:
        """The item is let go, with its outcome or, if that is None, without any."""


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


def within(seconds: float, handler: Callable[[ItemT], Awaitable[ResultT]]) -> Callable[[ItemT], Awaitable[ResultT]]:
    """A handler whose attempt has failed when it takes longer than so many seconds."""

    async def handle(item: ItemT) -> ResultT:
        with trio.move_on_after(seconds):
            return await handler(item)
        raise TryAgain(f"took longer than {seconds:g} s")

    return handle


class Attempts(Generic[ItemT, ResultT]):
    """What a stage does to bring one item to its outcome."""

    def __init__(
        self,
        handler: Callable[[ItemT], Awaitable[ResultT]],
        *,
        policy: RetryPolicy,
        record: Recorder[ItemT, ResultT] | None,
        random_source: random.Random,
        returnable: Returnable | None,
        concluding: Concluding | None,
        seats: Seats,
        counts: Counts,
        stopping: trio.Event,
    ) -> None:
        self._handler = handler
        self._policy = policy
        self._record = record
        self._random = random_source
        self._returnable = returnable
        self._concluding = concluding
        self._seats = seats
        self._counts = counts
        self._stopping = stopping
        self._tries: dict[ItemT, _Tries] = {}

    async def settle(self, item: ItemT) -> Done[ResultT] | Failed | Rejected | StopStage | None:
        """Attempt an item until its outcome is final and recorded.

        Returns:
            The outcome; or the order to stop, with the item untouched; or None if the item was let go without outcome.
        """
        tries = self._tries.pop(item, _FRESH) if self._tries else _FRESH
        while True:
            began = trio.current_time() if self._record is not None else 0.0
            outcome: Outcome[ResultT]
            try:
                outcome = Done(await self._handler(item))
                if self._record is None:
                    return outcome
            except ItemError as error:
                outcome = self._decide(error, tries)
            except StopStage as order:
                return order
            if self._record is not None:
                await self._record(item, outcome, tries.counted + 1, trio.current_time() - began)
            if not isinstance(outcome, PutOff):
                return outcome
            self._counts.put_off += 1
            tries = tries.after(outcome)
            if not await self._waits_in_place(item, outcome, tries):
                return None

    def leave(self, item: ItemT) -> None:
        """Let go of an item without outcome, and give it back if it can be."""
        self._counts.left += 1
        if self._returnable is not None:
            self._returnable.put_back(item)
        if self._concluding is not None:
            self._concluding.conclude(item, None)

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
            self._counts.left += 1
            if self._returnable is not None:
                self._returnable.done(item)
            if self._concluding is not None:
                self._concluding.conclude(item, outcome)
            return False
        if self._returnable is not None and not outcome.held:
            self._tries[item] = tries
            self._returnable.put_back(item, due=trio.current_time() + outcome.delay)
            return False
        with trio.move_on_after(outcome.delay):
            await self._stopping.wait()
        await self._seats.step_back()
        if self._stopping.is_set():
            self.leave(item)
            return False
        return True


def reports_in(error: BaseException) -> BaseException | None:
    """The reports of a handler that lie in a group, where a stage does not look for them."""
    return error.subgroup((ItemError, StopStage)) if isinstance(error, BaseExceptionGroup) else None


def was_called_wrongly(error: BaseException) -> bool:
    """Whether a handler or record could not be called or awaited: no frame of its own is in the traceback."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return isinstance(error, TypeError) and traceback is not None and traceback.tb_frame.f_code.co_filename == __file__
