"""Many worlds, in worker processes, and what they add up to.

Each seed is one world of the application and the programs over the core. A worker imports everything once and forks the
lives of its worlds. This file does not know how results are shown.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from trio_pipeline.simulation.core_programs import run_core_programs
from trio_pipeline.simulation.stand_ins import prepare
from trio_pipeline.simulation.worlds import WorldEnd, run_world
from trio_pipeline.testing.trace import Trace

__all__ = ["SeedEnd", "Totals", "open_campaign", "run_seed"]


@dataclass(frozen=True, slots=True)
class SeedEnd:
    """What became of a seed.

    Attributes:
        seed: The seed.
        digest: Of all that happened; the same each time.
        seconds: Of real time that it took.
        world: The application's world.
        failures: What was not as it must be, one text each.
    """

    seed: int
    digest: str
    seconds: float
    world: WorldEnd
    failures: tuple[str, ...]


@dataclass(slots=True)
class Totals:
    """What seeds add up to.

    Attributes:
        worlds: How many there were.
        lives: How many lives they had.
        crashes: How many of these were killed.
        requests: How many requests they made.
        clock: Virtual seconds that they lasted.
        failed: The seeds in which something was not as it must be.
    """

    worlds: int = 0
    lives: int = 0
    crashes: int = 0
    requests: int = 0
    clock: float = 0.0
    failed: list[int] = field(default_factory=list)

    def add(self, end: SeedEnd) -> None:
        """Count a seed in."""
        self.worlds += 1
        self.lives += end.world.lives
        self.crashes += end.world.crashes
        self.requests += end.world.requests
        self.clock += end.world.clock
        if end.failures:
            self.failed.append(end.seed)


def run_seed(seed: int) -> SeedEnd:
    """Run everything that a seed stands for."""
    began = time.perf_counter()
    failures: list[str] = []
    trace = Trace()
    try:
        run_core_programs(seed, trace)
    except Exception as error:  # noqa: BLE001 -- it is what is looked for, and is told with the seed
        failures.append(f"seed {seed}: the core:\n{''.join(traceback.format_exception(error))}")
    world = run_world(seed)
    trace.note(world.digest)
    failures += map(str, world.violations)
    return SeedEnd(seed, trace.digest, time.perf_counter() - began, world, tuple(failures))


@contextmanager
def open_campaign(seeds: Sequence[int], workers: int) -> Iterator[Iterator[SeedEnd]]:
    """Run seeds, and give what became of them in their order. Leaving the context ends what still runs.

    Args:
        seeds: Which ones.
        workers: In how many processes.
    """
    # Not forked: this process may have threads, and its own imports are not what the worlds need.
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers, max(1, len(seeds))), _begin_worker) as pool:
        yield pool.imap(run_seed, seeds)


def _begin_worker() -> None:
    # Ctrl-C goes to all processes of a terminal; the parent is the one that ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    prepare()
