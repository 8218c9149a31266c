"""The whole application in worlds made from a seed, and what must be true of each of them.

- `scenario.py`: what a world will be like, drawn from its seed (pure)
- `stand_ins.py`: the court and the archive, which outlive every crash
- `one_life.py`: a run of the main job in such a world, watched from all sides; people.py presses keys
- `sightings.py`: what was seen (pure); ledger_rows.py reads the ledger afterwards
- `invariants.py`: what must be true of every life, with keeping.py and asking.py; accounting.py what of a whole world
- `worlds.py`: lives that follow each other; story.py tells of them
- `core_programs/`: random programs over the core alone
"""

from __future__ import annotations

from trio_pipeline.simulation.scenario import Scenario, draw_scenario
from trio_pipeline.simulation.stand_ins import prepare
from trio_pipeline.simulation.worlds import Violation, WorldEnd, run_world

__all__ = ["Scenario", "Violation", "WorldEnd", "draw_scenario", "prepare", "run_world"]
