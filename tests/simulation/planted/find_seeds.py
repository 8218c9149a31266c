"""Searches, for each planted defect or those named, the first seed that finds it: `python find_seeds.py [NAME ...]`."""

from __future__ import annotations

import sys

from planted_defects import PLANTED, with_defect

from trio_pipeline.simulation.broken import Broken
from trio_pipeline.simulation.core_programs import run_core_programs
from trio_pipeline.testing.trace import Trace

SEEDS = 500


def first_seed(name: str) -> tuple[int, Broken] | None:
    with with_defect(name):
        for seed in range(SEEDS):
            try:
                run_core_programs(seed, Trace())
            except Broken as broken:
                return seed, broken
    return None


def main(names: list[str]) -> None:
    for name in names or PLANTED:
        found = first_seed(name)
        if found is None:
            line = f"    # {name}: not found by {SEEDS} seeds\n"
        else:
            line = f'    "{name}": ({found[0]}, "{found[1].invariant}"),\n'
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
