"""How fast text and judgements are got out of PDFs, compared with what the PDF library does bare.

usage: python benchmarks/extraction.py GAZETTE.pdf [TIMES [WORKERS]]      50 times, a worker a processor, if not said

Bare: pypdfium2 alone, in as many processes: each opens the file and takes the text of every page. Ours: the stage
`extract` of a run, with its record in the ledger and its text file, from a spool whose files are verified already (a
run hashes what it downloads while it comes). Both begin when the processes have started, and are taken in turns of ten
gazettes, since processors are fast and slow for seconds; told is what all turns took. Then the parts of the work for
one gazette, in processor time: in a worker the least of some rounds in which each part has its turn, in the run's own
process the mean of all gazettes.
"""

from __future__ import annotations

import datetime
import os
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import trio

from trio_pipeline.diario.extraction import Extraction, PackedText, extract, masked_pages
from trio_pipeline.diario.hashing import hash_file
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.judgements import READER_VERSION, judgements_of
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import Ledger, open_ledger
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.packed_readings import packed_reading
from trio_pipeline.diario.pdf import read_pages
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.readers import Reader
from trio_pipeline.diario.spool import take_over_spool
from trio_pipeline.diario.stages.extract import Extracted, Extractor
from trio_pipeline.diario.stored_text import packed
from trio_pipeline.diario.texts import Texts
from trio_pipeline.world import Processes, World, real_world

AT_A_TIME = 10  # gazettes in a turn
ROUNDS = 15  # for the parts of the work


def bare(path: str) -> int:
    """Take the text of every page with pypdfium2, and give the number of characters."""
    document = pypdfium2.PdfDocument(path)
    try:
        return sum(len(page.get_textpage().get_text_range()) for page in document)
    finally:
        document.close()


async def timed(jobs: range, workers: int, do: Callable[[int], Awaitable[object]]) -> float:
    """Seconds for some jobs, `workers` at once."""
    numbers = iter(jobs)

    async def work() -> None:
        for number in numbers:
            await do(number)

    begun = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(workers):
            nursery.start_soon(work)
    return time.perf_counter() - begun


def copies(path: Path, folder: Path, count: int) -> list[Gazette]:
    """Gazettes with these bytes, in a spool."""
    folder.mkdir()
    day = datetime.date(2025, 6, 23)
    gazettes = [
        Gazette(f"g{number}", "tjro", day, number, "", f"https://x/{number}", "g.pdf") for number in range(count)
    ]
    for gazette in gazettes:
        shutil.copyfile(path, folder / f"{gazette.id}.pdf")
    return gazettes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds.

    Attributes:
        bare: What all gazettes took bare.
        ours: What they took in the stage of a run.
        own: Processor time of the run's own process for one of them.
    """

    bare: float
    ours: float
    own: float


async def compare(path: Path, times: int, workers: int) -> Comparison:
    """Read a gazette so many times both ways."""
    world = real_world()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gazettes = copies(path, folder / "spool", times)
        checksums = await hash_file(world, path)
        async with (
            open_ledger(folder / "diarios.duckdb", world) as ledger,
            world.open_processes(workers) as processes,
        ):
            await ledger.add_gazettes(gazettes)
            await ledger.begin_run({}, None)
            items = [Item(gazette, checksums) for gazette in gazettes]
            ours = await stage(world, processes, ledger, folder, items, workers)

            async def alone(_: int) -> None:
                await processes.run(bare, str(path))

            # As in a run, one gazette more is at hand than there are processes.
            hands = workers + 1
            for warm_up in (alone, ours):
                await timed(range(hands), hands, warm_up)
            turns = [range(first, min(first + AT_A_TIME, times)) for first in range(0, times, AT_A_TIME)]
            bare_seconds, our_seconds, own_seconds = 0.0, 0.0, 0.0
            for turn in turns:
                bare_seconds += await timed(turn, hands, alone)
                begun = time.process_time()
                our_seconds += await timed(turn, hands, ours)
                own_seconds += time.process_time() - begun
    return Comparison(bare_seconds, our_seconds, own_seconds / times)


async def stage(
    world: World, processes: Processes, ledger: Ledger, folder: Path, items: list[Item], workers: int
) -> Callable[[int], Awaitable[None]]:
    """What a run does to one of the gazettes."""
    known = {item.gazette.id: item.checksums for item in items if item.checksums is not None}
    spool = await take_over_spool(folder / "spool", limit=10**12, known=known, world=world)
    quarantine = Quarantine(processes, world.open_processes, at_once=workers, is_ending=lambda: False)
    extractor = Extractor(
        reader=Reader(READER_VERSION), spool=spool, texts=Texts(folder / "text", world), quarantine=quarantine
    )
    for identifier, checksums in known.items():
        assert await spool.verify(identifier, checksums)

    async def extract_and_record(number: int) -> None:
        result = await extractor.extract(items[number])
        assert isinstance(result, Extracted)
        event = Event(items[number].gazette.id, StageName.EXTRACT, result.outcome, detail=result.detail)
        await ledger.record_extraction(event, result.parts)

    return extract_and_record


def processor_time(do: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.process_time()
    do()
    return (time.process_time() - begun) * 1000


def parts_of_the_work(path: str) -> dict[str, float]:
    """Milliseconds of processor time in a worker for each part of one gazette."""
    texts = read_pages(path)
    masked = masked_pages(texts)
    reading = judgements_of(masked)
    answer = Extraction(PackedText(len(texts), packed(masked.text)), packed_reading(reading))
    parts = {
        "text, bare": lambda: bare(path),
        "text, ours": lambda: read_pages(path),
        "masking": lambda: masked_pages(texts),
        "rules": lambda: judgements_of(masked),
        "compression": lambda: packed(masked.text),
        "packing": lambda: packed_reading(reading),
        "transfer": lambda: pickle.loads(pickle.dumps(answer)),
        "all in the worker": lambda: extract(path),
    }
    rounds = [{name: processor_time(do) for name, do in parts.items()} for _ in range(ROUNDS)]
    return {name: min(one[name] for one in rounds) for name in parts}


def main(arguments: list[str]) -> None:
    if not 1 <= len(arguments) <= 3:
        sys.exit(__doc__)
    path = Path(arguments[0]).resolve()
    times, workers = (int(given) for given in [*arguments[1:], *["50", str(os.cpu_count())][len(arguments) - 1 :]])
    pages = len(pypdfium2.PdfDocument(path)) * times
    took = trio.run(compare, path, times, workers)
    print(f"{pages} pages, {workers} processes")
    print(f"bare {pages / took.bare:8.0f} pages/s")
    print(f"ours {pages / took.ours:8.0f} pages/s, {took.bare / took.ours:.1%} of the bare rate")
    parts = parts_of_the_work(str(path)) | {"run's own process": took.own * 1000}
    for name, milliseconds in parts.items():
        print(f"{name:18} {milliseconds:7.1f} ms")
    whole = parts["all in the worker"] + parts["run's own process"]
    print(f"rules are {parts['rules'] / whole:.1%} of the whole time")


if __name__ == "__main__":
    main(sys.argv[1:])
