"""Random pipelines: every item accounted for, whatever fails, whoever resizes, drains or cancels, and however it ends.

This file does not know what one stage promises: `stages` and `stage_looks` do.
"""

from __future__ import annotations

import math
import random
from typing import Any

import trio

from trio_pipeline.channels import Sink, Source, batched
from trio_pipeline.nursery import Pipeline, open_pipeline
from trio_pipeline.simulation.core_programs.ends import BacklogSink, WatchedSink
from trio_pipeline.simulation.core_programs.scripts import Defect, Order, PipelineScript, QuarterRandom
from trio_pipeline.simulation.core_programs.stage_ends import StageBacklog, StageSource
from trio_pipeline.simulation.core_programs.stage_looks import check, look
from trio_pipeline.simulation.core_programs.stage_shared import Shared
from trio_pipeline.simulation.core_programs.stages import WatchedStage
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["PipelineProgram"]

_OUT = "every defect comes out, flat, and nothing else does"
_NOTES = "a defect names its stage and its item"
_IN_TIME = "a pipeline that is cut off ends at once"
_LATE_SERVICES = "services are cancelled when the last stage has ended, and not before"
_TASKS = "no task outlives the pipeline"
_HELD = "no byte and no place outlives the pipeline"
_SAYS = "a pipeline says truly whether it is draining, and whether it was cut off"
_GIVEN = "every item that was fed is given to the first stage"
_ENDED = "a stage that has ended has closed its ends"


class PipelineProgram:
    """A pipeline made from a script, and what the script orders."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._witness = witness
        self._hold = witness.hold
        self._script = PipelineScript.drawn(draw)
        self._random = QuarterRandom(draw.randrange(2**32))
        self._collects = draw.choice([None, 0, 1, math.inf, math.inf])
        self._shared = Shared(witness)
        self._shared.stop_all = self._see_drain
        self._stages: list[WatchedStage] = []
        self._pipeline: Pipeline
        self._errors: list[BaseException] = []
        self._fed = 0
        self._cancelled_at = math.inf
        self._drained_at = math.inf
        self._grace_ends = math.inf
        self._ended_at = math.inf
        self._all_ended_at = math.inf
        self._services = 0
        self._started = 0

    @property
    def _cut_at(self) -> float:
        """When everything in flight is cancelled; the end of a grace cancels nothing if nothing is left by then."""
        grace_ends = self._grace_ends if self._grace_ends <= self._all_ended_at else math.inf
        return min(self._cancelled_at, grace_ends, self._shared.defect_at, self._script.outside)

    def _is_cut_off(self) -> bool:
        return trio.current_time() >= self._cut_at

    async def run(self) -> None:
        """As `Program`."""
        tasks = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as around:
            try:
                with trio.move_on_at(self._script.outside):
                    async with open_pipeline(random_source=self._random) as self._pipeline:
                        self._start_all(around)
                        await self._obey()
            except BaseExceptionGroup as group:
                self._errors = list(group.exceptions)
            self._ended_at = trio.current_time()
            # Somebody outside may hold on to a pipeline in which nothing happens any more.
            end = min(self._ended_at, self._all_ended_at)
            self._hold(end <= self._cut_at, _IN_TIME, "at", end, "not", self._cut_at)
            around.cancel_scope.cancel()
        living = trio.lowlevel.current_statistics().tasks_living
        self._hold(living == tasks, _TASKS, living, "not", tasks)
        self._hold(not self._services, _LATE_SERVICES, "one is left")

    # How it is put together.

    def _start_all(self, around: trio.Nursery) -> None:
        self._pipeline.start_service(self._serve)
        for number, script in enumerate(self._script.stages):
            before = self._stages[-1] if self._stages else None
            watched = WatchedStage(f"stage{number}", script, self._shared, before, self._is_cut_off)
            self._stages.append(watched)
            sink = self._open_source(watched, around if before is None else None)
            if before is not None:
                before.sink = WatchedSink(sink, before.sending)
        if self._collects is not None:
            send, receive = trio.open_memory_channel[int](0)
            around.start_soon(self._collect, receive)
            self._stages[-1].sink = WatchedSink(send, self._stages[-1].sending)
        for watched in self._stages:
            self._start(watched)

    def _open_source(self, watched: WatchedStage, feeds: trio.Nursery | None) -> Sink[Any]:
        """Make the source of a stage; returns the other end of it, which is fed if there is who feeds it."""
        script = watched.script
        if script.source == "backlog":
            backlog = StageBacklog(self._witness, watched, patient=script.patient)
            watched.source = backlog
            if feeds is not None:
                feeds.start_soon(self._fill, backlog)
            return BacklogSink(backlog)
        send, receive = trio.open_memory_channel[int](script.capacity)
        source: Source[object] = receive if script.source == "channel" else batched(receive, size=2, seconds=0.5)
        watched.source = StageSource(source, receive, watched)
        if feeds is not None:
            feeds.start_soon(self._send, send)
        return send

    def _start(self, watched: WatchedStage) -> None:
        script = watched.script
        watched.stage = self._pipeline.start_stage(
            watched.name,
            watched.handle,
            source=watched.source,
            sink=watched.sink,
            workers=script.workers,
            policy=script.policy,
            record=None if script.recording is None else watched.record,
            deadline=script.deadline,
            ordered=script.ordered,
            ahead=script.ahead,
        )
        self._started += 1
        self._pipeline.start_service(self._see_end, watched)

    # Who is around it.

    async def _fill(self, backlog: StageBacklog) -> None:
        for item, (pause, delay) in enumerate(self._script.items):
            if pause:
                await trio.sleep(pause)
            try:
                backlog.put(item, due=trio.current_time() + delay)
            except trio.ClosedResourceError:
                return
            self._fed += 1
        backlog.close()

    async def _send(self, send: trio.MemorySendChannel[int]) -> None:
        with send:
            for item, (pause, _) in enumerate(self._script.items):
                await trio.sleep(pause)
                try:
                    await send.send(item)
                except trio.BrokenResourceError:
                    return
                self._fed += 1

    async def _collect(self, receive: trio.MemoryReceiveChannel[int]) -> None:
        assert self._collects is not None
        with receive:
            number = 0
            while number < self._collects:
                try:
                    await receive.receive()
                except trio.EndOfChannel:
                    return
                number += 1

    async def _serve(self) -> None:
        self._services += 1
        try:
            await trio.sleep_forever()
        finally:
            self._services -= 1
            all_ended = all(watched.stage.ended for watched in self._stages)
            self._hold(all_ended or self._is_cut_off(), _LATE_SERVICES, "at", trio.current_time())

    async def _see_end(self, watched: WatchedStage) -> None:
        await watched.stage.wait_ended()
        self._hold(watched.stage.ended and watched.source.closed, _ENDED, watched.name)
        self._hold(watched.sink is None or watched.sink.closed, _ENDED, watched.name)

    # What is done to it.

    async def _obey(self) -> None:
        for order in self._script.orders:
            await trio.sleep(order.after)
            self._carry_out(order)
        await trio.sleep(1.0)
        if self._script.ends_drained:
            self._drain(1.0)
        for watched in self._stages:
            if not watched.stage.workers:
                watched.stage.workers = 1

    def _carry_out(self, order: Order) -> None:
        watched = self._stages[order.stage]
        self._witness.note(order.what, order.stage, order.number, trio.current_time())
        match order.what:
            case "resize":
                watched.limit_lowered |= order.number < watched.stage.workers
                watched.stage.workers = order.number
                watched.resized_at = trio.current_time()
                self._hold(watched.stage.workers == order.number, "a stage has the workers that it was given")
            case "stop":
                watched.stage.stop("ordered")
            case "drain":
                self._drain([0.0, 0.5, 2.0, math.inf][order.number])
                if order.number and not all(watched.stage.ended for watched in self._stages):
                    self._start_late()
            case "cancel":
                self._cancelled_at = min(self._cancelled_at, trio.current_time())
                self._pipeline.cancel()
            case "start" if not all(watched.stage.ended for watched in self._stages):
                self._start_late()

    def _drain(self, grace: float) -> None:
        self._see_drain(grace)
        self._pipeline.drain(grace)

    def _see_drain(self, grace: float) -> None:
        if min(self._drained_at, self._cancelled_at) == math.inf:
            self._drained_at = trio.current_time()
            self._grace_ends = self._drained_at + grace

    def _start_late(self) -> None:
        """One more stage, with something to do if it may."""
        watched = WatchedStage(
            f"stage{len(self._stages)}", self._script.stages[0], self._shared, None, self._is_cut_off
        )
        backlog = StageBacklog(self._witness, watched, patient=True)
        watched.source = backlog
        backlog.put(0)
        backlog.close()
        self._start(watched)
        self._stages.append(watched)
        is_stopped = watched.stage.stopped is not None
        self._hold(is_stopped or not self._pipeline.draining, _SAYS, watched.name, "starts while it drains")

    # What must hold.

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        if not self._started:
            return
        is_cut_off = self._is_cut_off()
        if moment is not None and self._all_ended_at == math.inf and all(each.stage.ended for each in self._stages):
            self._all_ended_at = moment
        for watched in self._stages:
            look(watched, moment, is_cut_off=is_cut_off)
            if moment is not None and isinstance(watched.source, StageBacklog):
                watched.source.check_quiet(moment)

    def check(self) -> None:
        """As `Program`."""
        is_cut_off = self._ended_at >= self._cut_at
        for watched in self._stages:
            check(watched, is_cut_off=is_cut_off)
        self._check_flow(is_cut_off=is_cut_off)
        self._check_errors()
        hold, statistics = self._hold, self._pipeline.statistics()
        says = (statistics.draining, self._pipeline.draining, self._pipeline.cancelled)
        hold(statistics.draining == self._pipeline.draining, _SAYS, says)
        hold(self._pipeline.draining == (min(self._drained_at, self._cancelled_at) < math.inf), _SAYS, says)
        hold(self._pipeline.cancelled or self._cancelled_at == math.inf, _SAYS, says)
        hold(not self._pipeline.cancelled or min(self._cancelled_at, self._grace_ends) < math.inf, _SAYS, says)
        hold(self._shared.budget.statistics().used == 0, _HELD, self._shared.budget.statistics())
        hold(self._shared.pacer.statistics().in_flight == 0, _HELD, self._shared.pacer.statistics())

    def _check_flow(self, *, is_cut_off: bool) -> None:
        """What left one stage has come to the next."""
        first = self._stages[0]
        if first.stage.stopped is None and not is_cut_off:
            left = len(first.source.inside) if isinstance(first.source, StageBacklog) else 0
            self._hold(self._fed == len(self._script.items), _GIVEN, self._fed)
            self._hold(first.source.given + left == self._fed, _GIVEN, first.source.given)
        for before, after in zip(self._stages, self._stages[1:], strict=False):
            if before.sink is None or after.stage.stopped is not None or is_cut_off:
                continue
            if isinstance(after.source, StageSource) and after.script.source == "channel":
                sent = len(before.sink.sent)
                self._hold(after.source.given == sent, "what a stage sends the next receives", sent, after.source.given)

    def _check_errors(self) -> None:
        hold, defects = self._hold, self._shared.defects
        hold(all(isinstance(error, Defect) for error in self._errors), _OUT, self._errors)
        came = sorted(map(str, self._errors))
        hold(came == sorted(map(str, defects)), _OUT, came, "of", defects)
        for error in self._errors:
            notes = [note.partition(":")[0] for note in getattr(error, "__notes__", [])]
            hold(sorted(notes) == ["item", "stage"], _NOTES, repr(error), notes)
