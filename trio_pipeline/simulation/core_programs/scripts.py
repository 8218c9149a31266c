"""What happens in a random pipeline: its stages, what attempts come to, and what is done from outside.

Times are multiples of a quarter second, so that much happens in the same instant.

Pure: this file does not know how a script is performed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from trio_pipeline.retry import Backoff, GiveUp, Reject, RetryPolicy, StopPipeline, StopStage, TryAgain

__all__ = ["Defect", "Order", "PipelineScript", "QuarterRandom", "StageScript", "error_of"]

_ORDINARY = ["done"] * 6 + ["soon"] * 3 + ["later", "later", "much later", "too late", "not mine", "give up", "reject"]


class Defect(Exception):
    """Nobody classified it; it was put into the script."""


class QuarterRandom(random.Random):
    """Draws no other numbers between 0 and 1 than 0 and a half, so that pauses end when other things happen."""

    def random(self) -> float:
        """0 or a half."""
        return 0.5 if super().random() < 0.5 else 0.0


_ERRORS: dict[str, Callable[[], Exception]] = {
    "soon": lambda: TryAgain("soon"),
    "later": lambda: TryAgain("later", after=1.5),
    "much later": lambda: TryAgain("much later", after=6.0),
    "too late": lambda: TryAgain("too late", after=1_000.0),
    "not mine": lambda: TryAgain("not mine", after=0.5, counts=False),
    "give up": lambda: GiveUp("given up"),
    "reject": lambda: Reject("rejected"),
    "stop": lambda: StopStage("ordered by a handler"),
    "stop all": lambda: StopPipeline("ordered by a handler for all", grace=1.0),
    "defect": lambda: Defect("a handler's"),
    "defects": lambda: ExceptionGroup("two", [Defect("one"), ExceptionGroup("more", [Defect("other")])]),
}


def error_of(fate: str) -> Exception | None:
    """What a handler raises for an attempt to come to this; None if it returns."""
    return _ERRORS[fate]() if fate in _ERRORS else None


@dataclass(frozen=True, slots=True)
class StageScript:
    """One stage.

    Attributes:
        workers: At the start.
        source: "backlog", "channel" or "batches".
        capacity: Of the channel.
        patient: Of the backlog.
        policy: Of retries.
        works: Seconds of work on an attempt, one after the other.
        fates: What the attempts at an item come to, one after the other; done when there are no more.
        recording: Seconds that a record takes; None: there is no recorder.
        bad_record: The number of the record that fails.
        reserves: Bytes that each attempt holds.
        is_paced: Whether each attempt makes a request.
        deadline: Seconds that an attempt may take.
        ordered: Whether results leave in the order in which items came.
        ahead: How many items may be under way then.
    """

    workers: int
    source: str
    capacity: float
    patient: bool
    policy: RetryPolicy
    works: tuple[float, ...]
    fates: dict[int, tuple[str, ...]]
    recording: float | None
    bad_record: int | None
    reserves: int
    is_paced: bool
    deadline: float | None
    ordered: bool
    ahead: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody outside does to the pipeline so many seconds after the order before."""

    after: float
    what: str
    stage: int
    number: int


@dataclass(frozen=True, slots=True)
class PipelineScript:
    """A pipeline and what is done to it.

    Attributes:
        stages: One after the other.
        items: For each item the pause before it is fed, and how much later it is due.
        orders: In their order.
        outside: When everything is cancelled from outside.
        ends_drained: Whether the last order is to drain; else every stage has workers in the end.
    """

    stages: tuple[StageScript, ...]
    items: tuple[tuple[float, float], ...]
    orders: tuple[Order, ...]
    outside: float
    ends_drained: bool

    @classmethod
    def drawn(cls, draw: random.Random) -> PipelineScript:
        """A random one."""
        count = draw.choice([1, 1, 2, 2, 3, 4])
        items = draw.randrange(2, 9)
        # Half of all pipelines come to their end by themselves, so that what must be complete can be seen to be.
        calm = draw.random() < 0.5
        slow = draw.random() < 0.3
        pauses = [0.0, 0.5, 2.0] if slow else [0.0, 0.0, 0.0, 0.25]
        delays = [-math.inf, -math.inf, 0.0, 1.0, 3.0] if draw.random() < 0.5 else [-math.inf]
        return cls(
            stages=tuple(_stage(draw, number, count, items, calm=calm) for number in range(count)),
            items=tuple((draw.choice(pauses), draw.choice(delays)) for _ in range(items)),
            orders=tuple(_order(draw, count, calm=calm) for _ in range(draw.choice([0, 0, 2, 4, 6]))),
            outside=math.inf if calm else draw.choice([math.inf, math.inf, math.inf, 1.0, 2.5]),
            ends_drained=not calm and draw.random() < 0.3,
        )


def _stage(draw: random.Random, number: int, count: int, items: int, *, calm: bool) -> StageScript:
    sources = ["backlog", "backlog", "backlog", "channel"] if number == 0 else ["channel", "channel", "backlog"]
    if 0 < number == count - 1:
        sources.append("batches")
    kinds = ["done"] * 3 + _ORDINARY if calm else [*_ORDINARY, *_ORDINARY, "stop", "stop all", "defect", "defects"]
    troubled = draw.choice([0.0, 0.3, 0.8])
    ordered = draw.random() < 0.3
    return StageScript(
        workers=draw.choice([0, 1, 1, 2, 2, 3, 4]),
        source=draw.choice(sources),
        capacity=draw.choice([0, 0, 1, 3]),
        patient=draw.random() < 0.7,
        policy=RetryPolicy(
            attempts=draw.choice([1, 2, 3]), hold=draw.choice([0.0, 1.0, 2.0, 10.0]), patience=50.0, backoff=_BACKOFF
        ),
        works=tuple(draw.choice([0.0, 0.0, 0.25, 0.5, 1.0, 2.0]) for _ in range(5)),
        fates={
            item: tuple(draw.choice(kinds) for _ in range(draw.randrange(1, 6)))
            for item in range(items)
            if draw.random() < troubled
        },
        recording=draw.choice([None, 0.0, 0.0, 0.25, 1.0]),
        bad_record=draw.choice([0, 3]) if not calm and draw.random() < 0.1 else None,
        reserves=draw.choice([0, 0, 0, 30, 60]),
        is_paced=draw.random() < 0.15,
        deadline=draw.choice([None, None, None, None, 0.5, 0.75]),
        ordered=ordered,
        ahead=draw.choice([None, 1, 2, 3]) if ordered else None,
    )


_BACKOFF = Backoff(first=0.5, longest=2.0)


def _order(draw: random.Random, stages: int, *, calm: bool) -> Order:
    what = ["resize"] if calm else ["resize"] * 4 + ["stop", "drain", "cancel", "start"]
    return Order(
        after=draw.choice([0.0, 0.25, 0.5, 1.0, 2.0]),
        what=draw.choice(what),
        stage=draw.randrange(stages),
        number=draw.choice([0, 0, 1, 1, 2, 3]),
    )
