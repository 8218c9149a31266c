"""Hostile PDFs in a row, through the worker processes of a run: what becomes of each, and what it costs.

usage: python benchmarks/hostile.py [COUNT [SEED]]          2000 PDFs from seed 0 on, if nothing else is said

Each is opened and read as by `trio-pipeline run`, but for the time it may take: 20 s instead of 10 min. Prints, for
each kind, how often which reason was given; and the most memory that this process and any of its workers ever had.
Ends with exit code 1 if one of them had neither a text nor a reason.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from hostile_pdfs import hostile_pdf

from trio_pipeline._memory import read_memory_use
from trio_pipeline.diario.extraction import extract
from trio_pipeline.diario.pdf import PdfUnreadable, count_pages
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.retry import Reject
from trio_pipeline.world import real_world

LONGEST = 20.0  # seconds
WORKERS = os.cpu_count() or 1


class Watch:
    """The most memory that a worker ever had, in bytes, and the processes that there were."""

    def __init__(self) -> None:
        self.most = 0
        self.seen: set[str] = set()

    async def run(self) -> None:
        """Look ten times a second, where the system has /proc."""
        while True:
            self._look()
            await trio.sleep(0.1)

    def _look(self) -> None:
        for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
            for child in task.read_text().split():
                self._look_at(child)

    def _look_at(self, child: str) -> None:
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
        except (FileNotFoundError, ProcessLookupError):
            return
        if b"spawn_main" in command and found is not None:
            self.seen.add(child)
            self.most = max(self.most, int(found[1]) * 1024)


async def outcome_of(quarantine: Quarantine, name: str, path: Path) -> str:
    """What became of a PDF, in a few words."""
    try:
        await quarantine.run(name, count_pages, str(path), seconds=LONGEST)
        extraction = await quarantine.run(name, extract, str(path), seconds=LONGEST)
    except (PdfUnreadable, Reject) as error:
        return re.sub(r"-?\d[\d,]*", "N", error.reason)
    except trio.TooSlowError:
        return f"took longer than {LONGEST:g} s"
    return "read" if extraction.text.data else "NOTHING"


def write_hostile_pdf(seed: int, path: Path) -> str:
    kind, content = hostile_pdf(seed)
    path.write_bytes(content)
    return kind


async def measure(count: int, first: int) -> int:
    outcomes: Counter[tuple[str, str]] = Counter()
    watch = Watch()
    world = real_world()
    with tempfile.TemporaryDirectory() as folder:
        async with world.open_processes(WORKERS) as processes, trio.open_nursery() as services:
            services.start_soon(watch.run)
            quarantine = Quarantine(processes, world.open_processes, at_once=WORKERS, is_ending=lambda: False)
            seeds = iter(range(first, first + count))

            async def work() -> None:
                for seed in seeds:
                    path = Path(folder, f"{seed}.pdf")
                    kind = write_hostile_pdf(seed, path)
                    outcomes[kind, await outcome_of(quarantine, f"{kind} {seed}", path)] += 1
                    await trio.Path(path).unlink()

            async with trio.open_nursery() as workers:
                for _ in range(WORKERS + 1):
                    workers.start_soon(work)
            services.cancel_scope.cancel()
    for (kind, outcome), times in sorted(outcomes.items()):
        print(f"{times:5}  {kind}: {outcome}")
    print(f"{outcomes.total():5}  in all, in {len(watch.seen)} worker processes")
    print(f"most memory: this process {read_memory_use().peak or 0:,} bytes, a worker {watch.most:,} bytes")
    return int(any("NOTHING" in outcome for _, outcome in outcomes))


def main(arguments: list[str]) -> None:
    count, first = (int(argument) for argument in [*arguments, *["2000", "0"][len(arguments) :]])
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    begun = time.perf_counter()
    code = trio.run(measure, count, first)
    print(f"{time.perf_counter() - begun:.0f} s")
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
