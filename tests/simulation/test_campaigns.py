"""Contract tests of campaigns: results in the order of the seeds, and no waiting for a dead process."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from trio_pipeline.simulation.campaign import SeedEnd, Totals, open_campaign
from trio_pipeline.simulation.worlds import WorldEnd

MEMORY = Path("/dev/shm")


def test_results_come_in_order():
    with open_campaign([3, 1, 2], workers=2) as ends:
        assert [end.seed for end in ends] == [3, 1, 2]
    assert multiprocessing.active_children() == []


def test_process_that_dies_is_told():
    with open_campaign([1, 2], workers=1) as ends:
        (worker,) = multiprocessing.active_children()
        worker.kill()
        first, second = ends
    assert first.failures == ("seed 1: its process died, exit status -9",)
    assert second.failures == ()


def test_campaign_that_is_left_leaves_nothing():
    with open_campaign(range(100), workers=2) as ends:
        next(ends)
        workers = multiprocessing.active_children()
    assert multiprocessing.active_children() == []
    assert [path for worker in workers for path in MEMORY.glob(f"tp-{worker.pid}-*")] == []


def test_totals_add_up():
    totals = Totals()
    for seed, failures in ((0, ()), (5, ("seed 5: …",))):
        world = WorldEnd(seed, lives=3, crashes=2, requests=10, clock=100.0)
        totals.add(SeedEnd(seed, "", 1.0, world, failures))
    assert totals == Totals(worlds=2, lives=6, crashes=4, requests=20, clock=200.0, failed=[5])
