"""Hostile PDFs through real worker processes: each comes to a text or to a reason, and the next goes on.

`benchmarks/hostile.py` has two thousand of them.
"""

from __future__ import annotations

from collections import Counter

import pytest
import trio_parallel
from hostile_pdfs import KINDS, hostile_pdf

from trio_pipeline._processes import open_real_processes
from trio_pipeline.diario.extraction import Extraction, extract
from trio_pipeline.diario.pdf import PdfUnreadable, count_pages

SEEDS = range(2 * len(KINDS))
MEMORY = 400 * 1024 * 1024  # bytes; with less, a bomb goes off sooner

# Whatever the seed, these are never read.
ALWAYS_REFUSED = {
    "no PDF": "does not open",
    "encrypted": "does not open",
    "scan": "it is a scan",
}


async def outcome_of(processes, path):
    try:
        pages = await processes.run(count_pages, str(path))
        extraction = await processes.run(extract, str(path))
    except (PdfUnreadable, MemoryError) as error:
        return error
    except trio_parallel.BrokenWorkerError as error:
        return error
    assert isinstance(extraction, Extraction)
    assert extraction.text.pages == pages
    return extraction


async def test_each_comes_to_a_text_or_a_reason(tmp_path):
    outcomes = Counter()
    async with open_real_processes(1, memory_limit=MEMORY) as processes:
        for seed in SEEDS:
            kind, content = hostile_pdf(seed)
            path = tmp_path / "g.pdf"
            path.write_bytes(content)
            outcome = await outcome_of(processes, path)
            outcomes[type(outcome)] += 1
            if kind in ALWAYS_REFUSED:
                assert isinstance(outcome, PdfUnreadable)
                assert ALWAYS_REFUSED[kind] in outcome.reason
            if isinstance(outcome, PdfUnreadable):
                assert outcome.reason.isprintable()
    # Otherwise they are not hostile, or nothing of it was tried.
    assert outcomes[Extraction] > 3
    assert outcomes[PdfUnreadable] > 10
    assert outcomes.total() - outcomes[Extraction] - outcomes[PdfUnreadable] > 0


@pytest.mark.parametrize("seed", range(len(KINDS)), ids=sorted(KINDS))
def test_same_seed_is_same_pdf(seed):
    assert hostile_pdf(seed) == hostile_pdf(seed)
    assert hostile_pdf(seed)[0] == hostile_pdf(seed + len(KINDS))[0] == sorted(KINDS)[seed]
    assert len(hostile_pdf(seed)[1]) < 5_000_000
