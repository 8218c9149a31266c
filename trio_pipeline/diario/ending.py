"""How a run ends: by a signal, a deadline, a host or because its work is done; and the account of it.

This file does not know what the stages do.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass

import trio

from trio_pipeline._defects import leaves
from trio_pipeline.diario.flow import Flow
from trio_pipeline.diario.stages.listing import LISTING
from trio_pipeline.nursery import Pipeline
from trio_pipeline.telemetry import Telemetry

__all__ = ["Ending", "Interrupts", "Report"]

Interrupts = AsyncIterable[int]
"""Numbers of the signals that arrive: the first drains, the second cancels."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended.

    Attributes:
        run_id: The run.
        ended_by: `finished`, `deadline`, `drained`, `cancelled`, `host` or `defect`, as `runs.ended_by` has it.
        signal: The number of the first signal, or None.
        stopped: Why stages ended before their work did, by stage.
        faults: What hosts did wrong that ended no stage, by stage: a listing that lacks what it had, say.
        counts: How often each stage had each outcome, and what is `left`, by stage; as `runs.counts` has it.
        held_back: How many gazettes with work to do the limit has left to other runs.
    """

    run_id: str
    ended_by: str
    signal: int | None
    stopped: Mapping[str, str]
    faults: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    held_back: int

    @property
    def failed(self) -> int:
        """How many gazettes failed or were rejected in this run, stage by stage."""
        of_gazettes = [counts for stage, counts in self.counts.items() if stage != LISTING]
        return sum(counts.get("failed", 0) + counts.get("rejected", 0) for counts in of_gazettes)


class Ending:
    """What brings a run to its end before its work does, and the account of it.

    Args:
        grace: Seconds that work in hand gets when the run is drained.
        let_go: Lets nobody wait any more for a host that is out of service: what waits is no work in hand.

    Attributes:
        error: What the run was torn down by, or None.
        pipeline: What is drained; set as soon as it is open.
    """

    def __init__(self, grace: float, let_go: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self.pipeline: Pipeline | None = None
        self._grace = grace
        self._let_go = let_go
        self._signal: int | None = None
        self._deadline_is_over = False

    def has_begun(self) -> bool:
        """Whether nothing new is taken up any more."""
        return self.pipeline is not None and self.pipeline.draining

    def drain(self) -> None:
        """Take up nothing new; what is in hand may end within the grace."""
        assert self.pipeline is not None
        self.pipeline.drain(self._grace)
        self._let_go()

    async def heed(self, interrupts: Interrupts) -> None:
        """Drain at the first signal, cancel at the second."""
        assert self.pipeline is not None
        async for number in interrupts:
            if self._signal is None:
                self._signal = number
                self.drain()
            else:
                self.pipeline.cancel()

    async def drain_after(self, deadline: float) -> None:
        """Drain when the deadline is over."""
        assert self.pipeline is not None
        await trio.sleep(deadline)
        if not self.pipeline.draining:
            self._deadline_is_over = True
            self.drain()

    def report(self, run_id: str, flow: Flow, telemetry: Telemetry, held_back: int) -> Report:
        """The account, once the pipeline has ended.

        Args:
            run_id: The run.
            flow: Its stages.
            telemetry: Its times.
            held_back: How many gazettes the limit has left to other runs, besides those that were listed.
        """
        outcomes = {name: stage.counts for name, stage in telemetry.snapshot().stages.items()}
        left = flow.left()
        counts: dict[str, Mapping[str, int]] = {}
        if flow.lister is not None:
            held_back += flow.lister.held_back
            counts[LISTING] = {**outcomes.get(LISTING, {}), "new": flow.lister.found, "left": flow.lister.left}
        for name in flow.stages:
            counts[name.value] = {**outcomes.get(name.value, {}), "left": left.get(name, 0)}
        stopped = self._stopped(flow)
        return Report(run_id, self._ended_by(stopped), self._signal, stopped, _faults(flow), counts, held_back)

    def _stopped(self, flow: Flow) -> dict[str, str]:
        """Why stages ended before their work did. That the run was drained later does not excuse a host."""
        drained = None if self.pipeline is None else self.pipeline.stopped
        listing = [] if flow.listing is None else [flow.listing.statistics()]
        told = [*listing, *(stage.statistics() for stage in flow.stages.values())]
        return {stage.name: stage.stopped for stage in told if stage.stopped is not None and stage.stopped != drained}

    def _ended_by(self, stopped: Mapping[str, str]) -> str:
        if self.error is not None and not _is_cancellation(self.error):
            return "defect"
        if self._deadline_is_over and self._signal is None:
            return "deadline"
        if self.error is not None or self.pipeline is None or self.pipeline.cancelled:
            return "cancelled"
        if self.pipeline.draining:
            return "drained"
        return "host" if stopped else "finished"


def _faults(flow: Flow) -> dict[str, str]:
    if flow.lister is None or not flow.lister.faults:
        return {}
    return {LISTING: "; ".join(f"{year}: {reason}" for year, reason in sorted(flow.lister.faults.items()))}


def _is_cancellation(error: BaseException) -> bool:
    return all(isinstance(leaf, trio.Cancelled) for leaf in leaves(error))
