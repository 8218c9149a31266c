"""Many worlds, in worker processes, and what they add up to.

Each seed is one world of the application and the programs over the core. A worker imports everything once and forks the
lives of its worlds. This file does not know how results are shown.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from trio_pipeline.simulation.core_programs import run_core_programs
from trio_pipeline.simulation.memory_directories import clear_after
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
    hands = [_Worker() for _ in range(min(workers, len(seeds)))]
    try:
        yield _in_order(seeds, hands)
    finally:
        with _interrupts_wait():
            for hand in hands:
                hand.end()


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the block; processes that are started in it begin with its waiting."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_order(seeds: Sequence[int], hands: list[_Worker]) -> Iterator[SeedEnd]:
    waiting = iter(seeds)
    ends: dict[int, SeedEnd] = {}
    for seed in seeds:
        while seed not in ends:
            for hand in hands:
                if hand.seed is None and (following := next(waiting, None)) is not None:
                    hand.begin(following)
            busy = {hand.connection: hand for hand in hands if hand.seed is not None}
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                end = busy[connection].receive()
                ends[end.seed] = end
        yield ends.pop(seed)


class _Worker:
    """A process that runs one seed at a time.

    Attributes:
        seed: The seed that it runs, or None.
        connection: Has something to read when it is done.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self._start()

    def _start(self) -> None:
        # Not forked: this process may have threads, and what it has imported is not what the worlds need.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        # Until it is in a group of its own.
        with _interrupts_wait():
            self._process.start()
        theirs.close()

    def begin(self, seed: int) -> None:
        """Have a seed run."""
        self.seed = seed
        with suppress(ConnectionError):  # that it has died is found out by `receive`
            self.connection.send(seed)

    def receive(self) -> SeedEnd:
        """What became of it; if the process has died, that, and there is a new one."""
        assert self.seed is not None
        seed, self.seed = self.seed, None
        try:
            end = self.connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            failure = f"seed {seed}: its process died, exit status {self._process.exitcode}"
            self._start()
            return SeedEnd(seed, "", 0.0, WorldEnd(seed), (failure,))
        assert isinstance(end, SeedEnd)
        return end

    def end(self) -> None:
        """End the process, whatever it does, with the life that it has forked, and clear up after it."""
        number = self._process.pid
        assert number is not None
        # Killed, for an exception of a signal handler would be lost in a finalizer. It may not lead a group yet.
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self.connection.close()
        clear_after(number)


def _work(connection: Connection) -> None:
    # Ctrl-C goes to all of a terminal's group; the parent is the one that ends this, and what this has forked.
    os.setpgrp()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    logging.disable()
    prepare()
    with suppress(EOFError, ConnectionError):  # whoever asks is gone
        while True:
            connection.send(run_seed(connection.recv()))
