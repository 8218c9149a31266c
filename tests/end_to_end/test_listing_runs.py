"""Runs without a catalog, by the command alone (end-to-end): the court's listing says what there is."""

from __future__ import annotations

import pytest
from job_processes import stand_ins


@pytest.fixture
def court_of_2024():
    """A court whose newest gazettes are of a year that is over, whatever day it is."""
    with stand_ins("--gazettes=6", "--newest=2024-06-28") as services:
        yield services


def test_listing_is_read_and_worked_through_once(job, court_of_2024):
    address = f"--set=tjro.base_url={court_of_2024.tjro}"
    command = ["run", "--set=tjro.interval=0", "--from=2024-01-01", "--to=2024-12-31", address]
    done = job.do(*command)
    assert done.code == 0, done.err
    assert "listing: 1 read, 6 new" in done.err
    assert job.states() == {("downloaded", "confirmed", "extracted"): 6}
    # A year that is over is read once a day, and so are the rules for robots.
    asked = court_of_2024.seen_by_court()["requests"]
    assert asked == {"robots": 1, "listing": 1, "pdf": 6}
    assert job.do(*command).code == 0
    assert court_of_2024.seen_by_court()["requests"] == asked


def test_dry_run_asks_nobody(job, court_of_2024):
    address = f"--set=tjro.base_url={court_of_2024.tjro}"
    done = job.do("run", "--dry-run", "--from=2023-01-01", "--to=2024-12-31", address)
    assert done.code == 0
    assert "0 gazettes would be taken up" in done.out
    assert "listing of 2023 to 2024 would be read" in done.out
    assert court_of_2024.seen_by_court()["requests"] == {}
    assert not job.database.exists()


def test_listing_that_is_empty_is_told(job, court_of_2024):
    address = f"--set=tjro.base_url={court_of_2024.tjro}"
    done = job.do("run", "--set=tjro.interval=0", "--set=retry.attempts=1", "--to=2023-12-31", address)
    assert done.code == 3
    assert "listing is not to be relied on: 2023: it is empty" in done.err
