"""Something asked about each of many things, with retries and pauses, until all are answered or the host wants no more.

This is a pipeline of one stage: what a run does with gazettes, done by a command that records nothing.

This file does not know what is asked, or of whom.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import Done, Failed, Outcome, PutOff, Rejected, RetryPolicy, StopStage
from trio_pipeline.world import World

__all__ = ["go_round"]

TaskT = TypeVar("TaskT", bound=Hashable)
ResultT = TypeVar("ResultT")

_AT_ONCE = 2
"""What is worked on at a time; the host's pacer counts requests."""


async def go_round(
    name: str,
    tasks: Sequence[TaskT],
    work: Callable[[TaskT], Awaitable[ResultT]],
    tell: Callable[[TaskT, Done[ResultT] | Failed | Rejected], None],
    *,
    settings: Settings,
    world: World,
) -> str | None:
    """Do `work` for each of `tasks`, in their order.

    Args:
        name: Of the round, for the notes of a defect.
        tasks: What is to be worked on, each once.
        work: Raises what the handler of a stage raises, or HostPaused.
        tell: Is told once what became of each task, a failure also where a round that stopped has not come to it.
        settings: How often and for how long an attempt is repeated.
        world: For the jitter.

    Returns:
        Why the round stopped before its end, or None.

    Raises:
        BaseExceptionGroup: A defect.

    Cancellation: what is in hand is given up, and nothing more is told.
    """
    left: dict[TaskT, str] = dict.fromkeys(tasks, "")

    async def handle(task: TaskT) -> ResultT:
        try:
            return await work(task)
        except HostPaused as error:
            raise StopStage(f"{error.reason}; paused for longer than run.patience") from error

    async def record(task: TaskT, outcome: Outcome[ResultT], _attempt: int, _elapsed: float) -> None:
        if isinstance(outcome, PutOff):
            left[task] = outcome.reason
        else:
            del left[task]
            tell(task, outcome)
        await trio.lowlevel.checkpoint()

    async with open_pipeline(random_source=world.random) as pipeline:
        stage = pipeline.start_stage(
            name, handle, source=Backlog.of(tasks), workers=_AT_ONCE, policy=_policy(settings), record=record
        )
    # What is left was not come to, or would have had to wait for longer than run.patience: for the host, both times.
    stopped = stage.statistics().stopped or next(iter(left.values()), None)
    for task, reason in left.items():
        tell(task, Failed(reason or stopped or ""))
    return stopped


def _policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(attempts=settings.retry.attempts, hold=settings.retry.hold, patience=settings.run.patience)
