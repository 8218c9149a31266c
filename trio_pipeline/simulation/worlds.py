"""Worlds: lives that follow each other in one directory, until nothing is left to do, with a look at each from outside.

This file does not know what a life is like inside, nor what is right.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trio_pipeline.diario.run import Report
from trio_pipeline.simulation.accounting import EVERY_ITEM, everything_is_done, is_settled
from trio_pipeline.simulation.invariants import OF_EVERY_LIFE
from trio_pipeline.simulation.keeping import folder_copies
from trio_pipeline.simulation.ledger_rows import read_ledger
from trio_pipeline.simulation.memory_directories import open_memory_directory
from trio_pipeline.simulation.one_life import SIGHTINGS, STAND_INS, lead
from trio_pipeline.simulation.scenario import (
    DAY,
    OTHER_BYTES,
    HeldKind,
    LifePlan,
    Scenario,
    ScheduleKind,
    draw_scenario,
)
from trio_pipeline.simulation.sightings import History, LedgerRows, LifeSeen, Sightings
from trio_pipeline.simulation.stand_ins import StandIns, history_of, open_stand_ins
from trio_pipeline.simulation.story import story_of
from trio_pipeline.testing.lives import End, live
from trio_pipeline.testing.schedules import InOrder, Priorities, RandomWalk, Schedule
from trio_pipeline.testing.world import EPOCH

__all__ = ["Violation", "WorldEnd", "run_world"]

_CALM_LIVES = 12
"""Lives without trouble after which everything must be done: a gazette may fail in each for what came before."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be, and is.

    Attributes:
        seed: The world.
        invariant: The sentence that is not true.
        fact: Why.
        life: In which life it was seen, from 0.
        step: How many steps that life had.
        clock: Trio's time at its end.
    """

    seed: int
    invariant: str
    fact: str
    life: int
    step: int
    clock: float

    def __str__(self) -> str:
        where = f"life {self.life}, step {self.step}, {self.clock:.3f} s of virtual time"
        return f"seed {self.seed}: not so: {self.invariant}\n  {where}\n  {self.fact}"


@dataclass(slots=True)
class WorldEnd:
    """How a world ended.

    Attributes:
        seed: The world.
        digest: Of all that happened in it; the same each time.
        lives: How many there were.
        crashes: How many of them were killed.
        requests: How many were made.
        clock: Virtual seconds that it lasted.
        violations: What was not as it must be.
    """

    seed: int
    digest: str = ""
    lives: int = 0
    crashes: int = 0
    requests: int = 0
    clock: float = 0.0
    violations: list[Violation] = field(default_factory=list)


def run_world(seed: int, *, tell: Callable[[str], object] | None = None) -> WorldEnd:
    """Live through the world of a seed.

    Args:
        seed: Of everything.
        tell: Is told the story, line by line, life by life.
    """
    with open_memory_directory() as directory:
        return _World(draw_scenario(seed), directory, tell).run()


class _World:
    def __init__(self, scenario: Scenario, directory: Path, tell: Callable[[str], object] | None) -> None:
        self._scenario = scenario
        self._directory = directory
        self._tell = tell
        self._history: History = history_of(scenario)
        self._stand_ins = StandIns(scenario)
        self._rows = LedgerRows()
        self._hash = hashlib.blake2b(digest_size=16)
        self._end = WorldEnd(scenario.seed)
        self._fill_folder()

    def _fill_folder(self) -> None:
        """Put what is there from the beginning where no program of this world has put it."""
        contents: tuple[tuple[HeldKind, bytes | None], ...] = (("same", None), ("other", OTHER_BYTES))
        for held, data in contents:
            for name, path in folder_copies(self._scenario, self._history, self._directory, held):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data or self._history.bodies[name])
                os.utime(path, (0, 0))

    def _let_decay(self, plan: LifePlan, number: int) -> None:
        """Change or take away files that no program has open."""
        dice = random.Random(f"{self._scenario.seed}/{number}/decay")
        for decay in plan.decays:
            place, what = decay.split()
            paths = [path for path in sorted((self._directory / place).rglob("*.pdf")) if path.stat().st_size]
            for path in paths:
                if dice.random() < 0.5:
                    continue
                if what == "loses":
                    path.unlink()
                    continue
                data = bytearray(path.read_bytes())
                data[dice.randrange(len(data))] ^= 0x10
                path.write_bytes(data)
                self._history.decayed[path.relative_to(self._directory).as_posix()] = bytes(data)

    def run(self) -> WorldEnd:
        for plan in self._scenario.lives:
            self._live(plan)
        for number in range(_CALM_LIVES):
            if self._end.violations:
                break
            if number == 0:
                self._stand_ins.calm_down()
            seen = self._live(LifePlan(pause=DAY, is_calm=True))
            if is_settled(seen) or self._end.violations:
                break
        if not self._end.violations:
            self._judge(seen, EVERY_ITEM, everything_is_done(seen, self._history))
        self._end.digest = self._hash.hexdigest()
        return self._end

    def _live(self, plan: LifePlan) -> LifeSeen:
        number, began = self._end.lives, self._end.clock + plan.pause
        self._let_decay(plan, number)
        end = live(
            partial(
                lead,
                scenario=self._scenario,
                plan=plan,
                stand_ins=self._stand_ins,
                history=self._history,
                directory=self._directory,
            ),
            seed=self._scenario.seed,
            crash_at=plan.crash_at,
            number=number,
            start=began,
            schedule=_schedule(plan.schedule, f"{self._scenario.seed}/{number}/schedule"),
            keep_lines=self._tell is not None,
        )
        seen = self._look(plan, end, began)
        self._take_down(seen, end)
        for name, invariant in OF_EVERY_LIFE.items():
            self._judge(seen, name, invariant(seen, self._history))
        self._history.lives.append(seen)
        return seen

    def _look(self, plan: LifePlan, end: End[Report], began: float) -> LifeSeen:
        """Put together what was seen of a life from inside and what can be seen of it from outside."""
        if STAND_INS in end.kept:
            self._stand_ins = open_stand_ins(end.kept[STAND_INS])
        sightings: Sightings = end.kept.get(SIGHTINGS) or Sightings()
        before, self._rows = self._rows, read_ledger(self._directory / "diarios.duckdb", EPOCH)
        return LifeSeen(
            scenario=self._scenario,
            plan=plan,
            number=self._end.lives,
            directory=self._directory,
            began=began,
            ended=max(began, end.clock),
            steps=end.steps,
            # One that was killed while it tidied up has ended by itself.
            crashed=end.crashed and sightings.ended is None,
            error=end.error,
            sightings=sightings,
            before=before,
            after=self._rows,
            stores=self._stand_ins.stores(),
        )

    def _take_down(self, seen: LifeSeen, end: End[Report]) -> None:
        world = self._end
        world.lives += 1
        world.crashes += seen.crashed
        world.requests += len(seen.sightings.requests)
        world.clock = seen.ended
        here = str(self._directory)
        told = (end.digest, end.steps, end.clock, seen.crashed, end.error, seen.after, seen.stores, seen.sightings)
        self._hash.update(repr(told).replace(here, ".").encode())
        if self._tell is not None:
            for line in story_of(seen, end.lines):
                self._tell(line.replace(here, "."))

    def _judge(self, seen: LifeSeen, invariant: str, facts: Iterator[str]) -> None:
        for fact in facts:
            violation = Violation(self._scenario.seed, invariant, fact, seen.number, seen.steps, seen.ended)
            self._end.violations.append(violation)
            if self._tell is not None:
                self._tell(f"NOT SO: {invariant}: {fact}")


def _schedule(kind: ScheduleKind, seed: str) -> Schedule:
    number = random.Random(seed).getrandbits(64)
    match kind:
        case "walk":
            return RandomWalk(number)
        case "priorities":
            return Priorities(number, changes=3, steps=3000)
        case "order":
            return InOrder()
