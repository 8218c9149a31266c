"""A pipeline: stages of workers in supervised nurseries; drain, cancel, resize.

A stage takes items from a source, calls a handler for each in one of its workers, awaits the record of what came of it,
and only then hands the result on. So what a crash costs is at most the work that was in flight, provided that the
record is durable and that the source is filled from it at the next start.

    async with open_pipeline() as pipeline:
        pipeline.start_stage("fetch", fetch, source=addresses, sink=send_page, workers=3)
        pipeline.start_stage("count", count, source=pages, workers=2)

Leaving the block waits for every stage to end: by its source, by `drain`, or by an error. An item's failure, which a
handler reports with one of the errors of `retry`, ends nothing else. Every other exception is a defect: it cancels the
pipeline and comes out in one flat exception group, with stage and item in its notes.

This file does not know what the items are, nor where records are kept.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple

import trio

from trio_pipeline._attempts import Recorder, within
from trio_pipeline._defects import flat_group
from trio_pipeline._stage import Stage
from trio_pipeline._stage_counts import StageStatistics
from trio_pipeline._usage import check_async, check_deadline, check_sink, check_source
from trio_pipeline.channels import Sink, Source
from trio_pipeline.retry import RetryPolicy

__all__ = ["Pipeline", "PipelineStatistics", "Recorder", "Stage", "StageStatistics", "open_pipeline"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class PipelineStatistics:
    """What a pipeline has done so far.

    Attributes:
        stages: Each stage in the order in which they were started.
        stopped: Why it takes up nothing new any more, or None if it does.
    """

    stages: tuple[StageStatistics, ...]
    stopped: str | None = None

    @property
    def draining(self) -> bool:
        """Whether it takes up nothing new any more."""
        return self.stopped is not None


class Pipeline:
    """Stages that live and end together. Made by `open_pipeline`."""

    def __init__(self, nursery: trio.Nursery, services: trio.Nursery, random_source: random.Random) -> None:
        self._nursery = nursery
        self._services = services
        self._random = random_source
        self._stages: list[Stage[Any, Any]] = []
        self._stopped: str | None = None
        self._cancelled = False

    @property
    def draining(self) -> bool:
        """Whether `drain` or `cancel` was called, or a handler raised `StopPipeline`."""
        return self._stopped is not None

    @property
    def stopped(self) -> str | None:
        """Why it takes up nothing new, if it is draining; the first of several reasons."""
        return self._stopped

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled: by `cancel`, or because the grace of a drain was over."""
        return self._cancelled

    def start_stage(
        self,
        name: str,
        handler: Callable[[ItemT], Awaitable[ResultT]],
        *,
        source: Source[ItemT],
        sink: Sink[ResultT] | None = None,
        workers: int = 1,
        policy: RetryPolicy | None = None,
        record: Recorder[ItemT, ResultT] | None = None,
        deadline: float | None = None,
        ordered: bool = False,
        ahead: int | None = None,
    ) -> Stage[ItemT, ResultT]:
        """Start a stage. It owns `source` and `sink` from here on, and closes them when it ends.

        Args:
            name: What it is called in statistics and in the notes of errors.
            handler: Called with each item. What it returns goes to `sink`. It reports a failure by raising `TryAgain`,
                `GiveUp`, `Reject`, `StopStage` or `StopPipeline`; any other exception is a defect, and so is one of
                these in a group, as it comes out of a nursery.
            source: Where the items come from. An item that has to wait long goes back there, if it is a `Backlog`; so
                the items of one have to be hashable, and equal ones share their attempts. Batches can be made of a
                channel, not of what waits for a word about each item, a `Backlog` or a `Branch`.
            sink: Where the results go; None if nowhere.
            workers: How many items are worked on at once; 0 is a pause. A pipeline whose block has ended warns of a
                stage that never had one.
            policy: How often and after which pauses a failed attempt is repeated.
            record: Awaited with every outcome before the stage acts on it.
            deadline: Seconds that one attempt may take; then the handler is cancelled, and the attempt has failed as if
                it had raised `TryAgain`, which uses it up. Neither pauses nor the record count. A handler that returns
                or raises although it was cancelled is taken at its word, and one that shields itself takes as long as
                it likes.
            ordered: Whether results go to the sink in the order in which the items were received. An item without
                result leaves a gap that holds up nobody. One that went back to its `Backlog` has its place in the
                order in which it is received again.
            ahead: With `ordered`, how many items may have been received and not let go of yet, so that a slow one
                holds up the others before their results fill the memory. None for twice as many as `workers`.

        Raises:
            TypeError: `workers` is no whole number or `deadline` no number; `handler` or `record` is not async;
                `source` is no source or makes batches of a `Backlog` or `Branch`; `sink` is no sink.
            ValueError: `workers` is negative, `deadline` is not more than 0, `ahead` is less than 1 or given without
                `ordered`; `source` or `sink` was handed to another stage already.
            trio.ClosedResourceError: `source` or `sink` is an end of a channel that was closed.
            RuntimeError: The pipeline has ended.
        """
        check_async(name, "handler", handler)
        if record is not None:
            check_async(name, "record", record)
        if deadline is not None:
            check_deadline(name, deadline)
        if ahead is not None and (not ordered or ahead < 1):
            raise ValueError(f"stage {name!r}: ahead={ahead} needs ordered=True, and room for one item at least")
        self._check_unowned(name, "source", source)
        self._check_unowned(name, "sink", sink)
        check_source(name, source)
        check_sink(name, sink)
        stage = Stage(
            name,
            handler if deadline is None else within(deadline, handler),
            source=source,
            sink=sink,
            workers=workers,
            policy=policy or RetryPolicy(),
            record=record,
            random_source=self._random,
            ordered=ordered,
            ahead=ahead,
            stop_pipeline=lambda order: self.drain(order.grace, reason=order.reason),
        )
        try:
            self._nursery.start_soon(stage.run, name=f"stage {name}")
        except RuntimeError:
            raise RuntimeError(f"stage {name!r} comes too late: its pipeline has ended") from None
        self._stages.append(stage)
        if self._stopped is not None:
            stage.stop(self._stopped)
        return stage

    def start_service(self, service: Callable[[*Ts], Awaitable[object]], *args: *Ts, name: str | None = None) -> None:
        """Start something that accompanies the stages: a display, a listener for signals.

        It is cancelled when the last stage has ended, and not before, so that it sees them all out. An exception out of
        it is a defect, which cancels the pipeline.

        Raises:
            TypeError: `service` is not async.
            RuntimeError: The pipeline has ended.
        """
        self._services.start_soon(service, *args, name=name)

    def drain(self, grace: float = math.inf, *, reason: str = "the pipeline is draining") -> None:
        """Take up nothing new; what workers hold may end within `grace` seconds, then it is cancelled.

        What waits stays where it is. Draining again changes nothing.

        Args:
            grace: Seconds, at least 0.
            reason: Why, for the statistics of the pipeline and of each stage.

        Raises:
            ValueError: `grace` is negative or no number.
        """
        if not grace >= 0:
            raise ValueError(f"what is in hand cannot have {grace} s to end; 0 cancels it at once")
        if self.draining:
            return
        self._stopped = reason
        for stage in self._stages:
            stage.stop(reason)
        # After the last stage has ended, whoever still holds the pipeline finds its nursery closed.
        if not all(stage.ended for stage in self._stages):
            self._nursery.start_soon(self._cancel_after, grace, name="grace of the drain")

    def cancel(self) -> None:
        """End now: everything in flight is cancelled."""
        if self._stopped is None:
            self._stopped = "the pipeline was cancelled"
        self._cancelled = True
        self._nursery.cancel_scope.cancel(reason="the pipeline was cancelled")

    def statistics(self) -> PipelineStatistics:
        """What it has done so far."""
        return PipelineStatistics(tuple(stage.statistics() for stage in self._stages), self._stopped)

    def _warn_of_endless_pauses(self) -> None:
        """Say which stages will hold up the end, since nobody inside the pipeline is left to give them workers."""
        if self.draining or self._services.child_tasks:
            return
        for stage in self._stages:
            if stage.never_worked:
                warnings.warn(
                    f"stage {stage.name!r} has no workers and never had any: the pipeline cannot end before somebody "
                    "sets its `workers` or drains the pipeline",
                    RuntimeWarning,
                    stacklevel=4,  # at the `async with` of the pipeline, beyond `open_pipeline` and contextlib
                )

    def _check_unowned(self, name: str, what: str, end: object) -> None:
        for stage in self._stages:
            if stage.owns(end):
                advice = "a clone() of it" if hasattr(end, "clone") else "another one"
                raise ValueError(
                    f"stage {name!r}: its {what} was handed to stage {stage.name!r} already, which closes it when it "
                    f"ends; hand over {advice}"
                )

    async def _cancel_after(self, grace: float) -> None:
        with trio.move_on_after(grace):
            for stage in self._stages:
                await stage.wait_ended()
            return
        self.cancel()


@asynccontextmanager
async def open_pipeline(*, random_source: random.Random | None = None) -> AsyncIterator[Pipeline]:
    """Open a pipeline. Leaving the block waits until every stage has ended; its services end after them.

    Args:
        random_source: For the jitter of pauses; a world's own where runs are to be repeatable.

    Raises:
        BaseExceptionGroup: A defect: the first exception that no stage knows what to do with cancels the others. The
            group is flat; the notes of each exception name stage and item. What the block raises comes in it, too.

    Cancellation: cancels every stage and waits for its workers to end.
    """
    with flat_group("the pipeline failed"):
        async with trio.open_nursery() as services:
            async with trio.open_nursery() as nursery:
                pipeline = Pipeline(nursery, services, random_source or random.SystemRandom())
                yield pipeline
                pipeline._warn_of_endless_pauses()  # noqa: SLF001 - it lives in this file
            services.cancel_scope.cancel(reason="the stages have ended")
