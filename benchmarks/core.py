"""What a stage costs: microseconds an item and stage, against the same workers on bare memory channels.

    python benchmarks/core.py [ITEMS [ROUNDS]]

Handlers do nothing, so that the figures show the machinery alone. Rounds of the variants take turns and the median
counts; it is processor time, so that a busy machine disturbs little. No network, no files, no database.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import open_pipeline

WORKERS = 3
BUFFER = 10
STAGES = (1, 2, 4)


async def increment(number: int) -> int:
    return number + 1


async def forget(*_: object) -> None:
    """A record that is kept nowhere."""


async def worker(source: trio.MemoryReceiveChannel[int], sink: trio.MemorySendChannel[int]) -> None:
    """What one would write without a pipeline."""
    with source, sink:
        async for number in source:
            await sink.send(await increment(number))


async def take_all(results: trio.MemoryReceiveChannel[int]) -> float:
    """Receive to the end, and return the seconds of processor time that it took."""
    began = time.process_time()
    async for _ in results:
        pass
    return time.process_time() - began


async def bare(items: int, stages: int) -> float:
    feed, source = trio.open_memory_channel[int](items)
    for number in range(items):
        feed.send_nowait(number)
    feed.close()
    async with trio.open_nursery() as nursery:
        for _ in range(stages):
            sink, results = trio.open_memory_channel[int](BUFFER)
            with source, sink:
                for _ in range(WORKERS):
                    nursery.start_soon(worker, source.clone(), sink.clone())
            source = results
        return await take_all(source)


async def pipeline(items: int, stages: int, record: Callable[..., Awaitable[None]] | None = None) -> float:
    source: Backlog[int] | trio.MemoryReceiveChannel[int] = Backlog.of(range(items))
    async with open_pipeline() as running:
        for stage in range(stages):
            sink, results = trio.open_memory_channel[int](BUFFER)
            running.start_stage(str(stage), increment, source=source, sink=sink, workers=WORKERS, record=record)
            source = results
        return await take_all(results)


async def recorded(items: int, stages: int) -> float:
    return await pipeline(items, stages, forget)


VARIANTS = {"bare channels": bare, "pipeline": pipeline, "pipeline, recorded": recorded}


def measure(items: int, rounds: int, stages: int) -> dict[str, float]:
    """The median of each variant, in microseconds an item and stage."""
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name, variant in VARIANTS.items():
            seconds[name].append(trio.run(variant, items, stages))
    return {name: statistics.median(taken) / items / stages * 1e6 for name, taken in seconds.items()}


def main(items: int = 20_000, rounds: int = 7) -> None:
    print(f"{items} items, {WORKERS} workers a stage, median of {rounds} rounds; us an item and stage (x bare)")
    print(f"{'stages':<20}" + "".join(f"{name:>22}" for name in VARIANTS))
    for stages in STAGES:
        figures = measure(items, rounds, stages)
        base = figures["bare channels"]
        print(f"{stages:<20}" + "".join(f"{f'{figure:.2f} ({figure / base:.2f})':>22}" for figure in figures.values()))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*map(int, sys.argv[1:]))
