"""Contract of a pipeline towards those outside it: whatever they do to it, and when, they do no harm.

Somebody who is not cancelled with the pipeline, such as a listener at a control socket, turns all its knobs while it
works, while it ends for any reason, and after that.
"""

from __future__ import annotations

from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import Pipeline, Stage, open_pipeline
from trio_pipeline.retry import StopPipeline, StopStage, TryAgain

STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 2.0]),
        st.sampled_from(["resize", "stop", "drain", "cancel", "start", "wait", "statistics"]),
        st.integers(0, 3),
    ),
    max_size=12,
)
ENDS = ["sources", "defect", "stop stage", "stop pipeline", "body", "outside", "put off"]


class Defect(Exception):
    """Nobody classified it."""


class Meddler:
    """A pipeline that ends in one of many ways, and somebody beside it."""

    def __init__(self, end: str, steps: list[tuple[float, str, int]]) -> None:
        self.end = end
        self.steps = steps
        self.stages: list[Stage[Any, Any]] = []

    async def handle(self, item: int) -> int:
        await trio.sleep(item % 2)
        if item == 2:
            match self.end:
                case "defect":
                    raise Defect
                case "stop stage":
                    raise StopStage("enough")
                case "stop pipeline":
                    raise StopPipeline("enough", grace=1)
                case "put off":
                    raise TryAgain("later", after=100)
        return item

    def start(self, pipeline: Pipeline) -> None:
        source = Backlog.of(range(4))
        stage = pipeline.start_stage("work", self.handle, source=source, workers=2, ordered=len(self.stages) % 2 == 0)
        self.stages.append(stage)

    async def meddle(self, pipeline: Pipeline) -> None:
        for pause, what, number in self.steps:
            await trio.sleep(pause)
            stage = self.stages[number % len(self.stages)]
            match what:
                case "resize":
                    stage.workers = number
                case "stop":
                    stage.stop("meddled with")
                case "drain":
                    pipeline.drain(number)
                case "cancel":
                    pipeline.cancel()
                case "start":
                    try:
                        self.start(pipeline)
                    except RuntimeError as error:
                        assert "comes too late" in str(error)  # noqa: PT017
                case "wait":
                    with trio.move_on_after(number):
                        await stage.wait_ended()
                case _:
                    assert len(pipeline.statistics().stages) == len(self.stages)
        for stage in self.stages:
            stage.workers = 1

    async def run(self) -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        with trio.fail_after(100_000):
            async with trio.open_nursery() as nursery:
                with trio.move_on_after(1.5 if self.end == "outside" else 90_000):
                    async with open_pipeline() as pipeline:
                        self.start(pipeline)
                        nursery.start_soon(self.meddle, pipeline)
                        if self.end == "body":
                            await trio.sleep(1)
                            raise Defect
        assert trio.lowlevel.current_statistics().tasks_living == tasks


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), end=st.sampled_from(ENDS), steps=STEPS)
def test_meddling_does_no_harm(run_seeded, seed, end, steps):
    meddler = Meddler(end, steps)
    try:
        run_seeded(seed, meddler.run)
    except* Defect:
        assert end in ("defect", "body")
    for stage in meddler.stages:
        assert stage.ended
        assert (stage.statistics().busy, stage._seats.taken) == (0, {})
