"""What a stage costs: microseconds an item and stage, against bare memory channels, aiostream and aiometer.

    pip install --group benchmarks --editable .    # pip 25.1 or later, in an environment of its own
    python benchmarks/core.py [ITEMS [ROUNDS]]

Handlers do nothing, so that the figures show the machinery alone. In every round each variant has its turn; a figure is
the median of its rounds, a ratio the median of what it was to bare channels in the same round. It is processor time, so
that a busy machine disturbs little. No network, no files, no database.

Every variant has the same number of workers a stage. aiostream's stages are a chain of `map`; aiometer has no stages,
so that its second one begins with a list of what the first one gave. Ends with 1 if the pipeline, without recorder and
deadline, costs more than 1.3 times bare channels, or not less than the other libraries that are installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType

import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import open_pipeline

WORKERS = 3
BUFFER = 10
STAGES = (1, 2, 4)
MOST = 1.3  # times bare channels

BARE, OURS = "bare channels", "pipeline"

Variant = Callable[[int, int], float]
"""From a number of items and of stages to the seconds of processor time that they took."""


async def increment(number: int) -> int:
    return number + 1


async def forget(*_: object) -> None:
    """A record that is kept nowhere."""


async def worker(source: trio.MemoryReceiveChannel[int], sink: trio.MemorySendChannel[int]) -> None:
    """What one would write without a pipeline."""
    with source, sink:
        async for number in source:
            await sink.send(await increment(number))


async def take_all(results: AsyncIterator[int]) -> float:
    """Receive to the end, and return the seconds of processor time that it took."""
    began = time.process_time()
    async for _ in results:
        pass
    return time.process_time() - began


def filled_channel(items: int) -> trio.MemoryReceiveChannel[int]:
    """A closed channel that holds these items."""
    feed, source = trio.open_memory_channel[int](items)
    for number in range(items):
        feed.send_nowait(number)
    feed.close()
    return source


async def bare(items: int, stages: int) -> float:
    source = filled_channel(items)
    async with trio.open_nursery() as nursery:
        for _ in range(stages):
            sink, results = trio.open_memory_channel[int](BUFFER)
            with source, sink:
                for _ in range(WORKERS):
                    nursery.start_soon(worker, source.clone(), sink.clone())
            source = results
        return await take_all(source)


async def pipeline(
    source: Backlog[int] | trio.MemoryReceiveChannel[int],
    stages: int,
    record: Callable[..., Awaitable[None]] | None = None,
) -> float:
    async with open_pipeline() as running:
        for stage in range(stages):
            sink, results = trio.open_memory_channel[int](BUFFER)
            running.start_stage(str(stage), increment, source=source, sink=sink, workers=WORKERS, record=record)
            source = results
        return await take_all(results)


async def plain(items: int, stages: int) -> float:
    return await pipeline(filled_channel(items), stages)


async def recorded(items: int, stages: int) -> float:
    return await pipeline(filled_channel(items), stages, forget)


async def from_backlog(items: int, stages: int) -> float:
    """The first stage takes from a backlog, the others from channels."""
    return await pipeline(Backlog.of(range(items)), stages)


async def aiostream_chain(aiostream: ModuleType, items: int, stages: int) -> float:
    source = aiostream.stream.iterate(range(items))
    for _ in range(stages):
        source = aiostream.stream.map(source, increment, ordered=False, task_limit=WORKERS)
    async with source.stream() as results:
        return await take_all(results)


async def aiometer_lists(aiometer: ModuleType, items: int, stages: int) -> float:
    numbers = list(range(items))
    began = time.process_time()
    for _ in range(stages):
        async with aiometer.amap(increment, numbers, max_at_once=WORKERS) as results:
            numbers = [number async for number in results]
    return time.process_time() - began


def on_trio(variant: Callable[[int, int], Awaitable[float]]) -> Variant:
    return functools.partial(trio.run, variant)


def on_asyncio(variant: Callable[[int, int], Awaitable[float]]) -> Variant:
    return lambda items, stages: asyncio.run(variant(items, stages))


def others() -> dict[str, Variant]:
    """The other libraries; says on stderr which are missing."""
    found: dict[str, ModuleType] = {}
    for name in ("aiostream", "aiometer"):
        try:
            found[name] = importlib.import_module(name)
        except ImportError:
            print(f"{name} is not installed and is not compared: pip install --group benchmarks", file=sys.stderr)
    variants: dict[str, Variant] = {}
    if "aiostream" in found:
        variants["aiostream"] = on_asyncio(functools.partial(aiostream_chain, found["aiostream"]))
    if "aiometer" in found:
        lists = functools.partial(aiometer_lists, found["aiometer"])
        variants |= {"aiometer (trio)": on_trio(lists), "aiometer (asyncio)": on_asyncio(lists)}
    return variants


def measure(variants: dict[str, Variant], items: int, rounds: int, stages: int) -> dict[str, tuple[float, float]]:
    """Of each variant the microseconds an item and stage, and how many times that of bare channels this is."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            seconds[name].append(variant(items, stages))
    return {
        name: (
            statistics.median(taken) / items / stages * 1e6,
            statistics.median(one / base for one, base in zip(taken, seconds[BARE], strict=True)),
        )
        for name, taken in seconds.items()
    }


def misses(figures: dict[str, tuple[float, float]], rivals: dict[str, Variant]) -> list[str]:
    """What the pipeline should be and is not."""
    cost, ratio = figures[OURS]
    slower = [f"not below {name}" for name in rivals if cost >= figures[name][0]]
    return ([f"above {MOST:g} times {BARE}"] if ratio > MOST else []) + slower


def main(items: int = 20_000, rounds: int = 7) -> int:
    rivals = others()
    ours = {OURS: plain, "pipeline, recorded": recorded, "pipeline, backlog": from_backlog}
    variants = {BARE: on_trio(bare)} | {name: on_trio(variant) for name, variant in ours.items()} | rivals
    print(f"{items} items, {WORKERS} workers a stage, median of {rounds} rounds; us an item and stage (x bare)")
    print(f"{'stages':<8}" + "".join(f"{name:>20}" for name in variants))
    missed = []
    for stages in STAGES:
        figures = measure(variants, items, rounds, stages)
        print(f"{stages:<8}" + "".join(f"{f'{cost:.2f} ({ratio:.2f})':>20}" for cost, ratio in figures.values()))
        missed += [f"{stages} stages: {what}" for what in misses(figures, rivals)]
    print("\n".join(missed) or f"within {MOST:g} times {BARE}" + "".join(f", below {name}" for name in rivals))
    return 1 if missed else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*map(int, sys.argv[1:])))
