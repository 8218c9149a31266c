"""Random programs over the core alone: what it promises, under every schedule that a seed can think of.

- `witness.py`: lives through one program, looks at it between any two steps, and keeps the first broken promise
- `pipelines.py`: pipelines that end in every way there is; scripts.py says what happens in one (pure), stages.py
  watches a stage of it, ends.py the ends of its channels
- `stage_items.py`, `stage_outcomes.py`, `stage_looks.py`, `stage_ends.py`, `stage_shared.py`: the parts of a watched
  stage: where its items are, what attempts came to, what must hold at any time, its sources, what stages share
- `backlogs.py`, `budgets.py`, `batches.py`, `fan_outs.py`: the ways between stages
- `databases.py`: a database on its own thread, with crashes
- `pacers.py`: a polite host; promised_pace.py has the numbers that were promised (pure)

This file does not know what the application is, or that there is one.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from trio_pipeline.simulation.core_programs.backlogs import BacklogProgram, CircleProgram
from trio_pipeline.simulation.core_programs.batches import BatchProgram
from trio_pipeline.simulation.core_programs.budgets import BudgetProgram
from trio_pipeline.simulation.core_programs.databases import DatabaseProgram
from trio_pipeline.simulation.core_programs.fan_outs import FanOutProgram
from trio_pipeline.simulation.core_programs.pacers import CalmProgram, PacerProgram
from trio_pipeline.simulation.core_programs.pipelines import PipelineProgram
from trio_pipeline.simulation.core_programs.witness import Program, Witness, live_through
from trio_pipeline.testing.trace import Trace

__all__ = ["PROGRAMS", "run_core_programs"]

PROGRAMS: dict[str, tuple[int, Callable[[random.Random, Witness], Program]]] = {
    "pipeline": (10, PipelineProgram),
    "backlog": (3, BacklogProgram),
    "circle": (2, CircleProgram),
    "budget": (4, BudgetProgram),
    "batches": (3, BatchProgram),
    "fan out": (3, FanOutProgram),
    "pacer": (6, PacerProgram),
    "calm": (1, CalmProgram),
    "database": (1, DatabaseProgram),
}
"""Each program by its name: how many of it a seed stands for, and what makes one."""


def run_core_programs(seed: int, trace: Trace) -> None:
    """Live through the programs that a seed stands for.

    Args:
        seed: The same one gives the same programs under the same schedules.
        trace: Is told what happens in them.

    Raises:
        Broken: A promise of the core did not hold; it says which one, the seed, and the program.
    """
    for name, (count, make) in PROGRAMS.items():
        for number in range(count):
            draw = random.Random(f"{seed}/{name}/{number}")
            witness = Witness(trace)
            live_through(f"seed {seed}, {name} {number}", draw, witness, make(draw, witness))
