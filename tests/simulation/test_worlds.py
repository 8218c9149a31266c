"""End-to-end tests of the worlds: fifty of them keep every promise, and a world is the same wherever it is lived."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trio

from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper
from trio_pipeline.pacing import Permit
from trio_pipeline.simulation.campaign import Totals, open_campaign
from trio_pipeline.simulation.stand_ins import prepare
from trio_pipeline.simulation.worlds import run_world
from trio_pipeline.testing.files import SimulatedFiles


@pytest.mark.parametrize("first", [0, 25])
def test_fifty_worlds_keep_every_promise(first):
    totals, failures = Totals(), []
    with open_campaign(range(first, first + 25), workers=2) as ends:
        for end in ends:
            totals.add(end)
            failures += end.failures
    assert failures == []
    assert totals.worlds == 25
    assert totals.crashes > 20
    assert totals.clock > 25 * 86_400


def hashes(hash_seed, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "trio_pipeline", "simulate", "--trace", "--workers", "1", *arguments],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines()]


def test_world_is_the_same_in_another_process():
    one, other = hashes(1, "--seeds", "0..3"), hashes(2, "--seeds", "0..3")
    assert one == other
    assert [seed for seed, _ in one] == ["0", "1", "2", "3"]
    assert len({digest for _, digest in one}) == 4


def test_story_changes_nothing():
    prepare()
    lines = []
    told, silent = run_world(1, tell=lines.append), run_world(1)
    assert told.digest == silent.digest
    assert lines[0].startswith("life 0 begins")
    assert any("ledger: download" in line for line in lines)
    assert any("request GET court.localhost" in line for line in lines)


def found_by(*seeds):
    """The sentences that are not true in one of these worlds; the first in which any is not will do."""
    prepare()
    for seed in seeds:
        broken = {violation.invariant for violation in run_world(seed).violations}
        if broken:
            return broken
    return set()


class TestPlantedDefect:
    """A defect is planted in this process, and the lives, which are forked from it, have it too."""

    def test_request_that_waits_for_no_turn(self, monkeypatch):
        async def start(self):
            await trio.lowlevel.checkpoint()

        monkeypatch.setattr(Permit, "start", start)
        assert "the pace is kept" in found_by(*range(10))

    def test_upload_whose_start_is_not_recorded(self, monkeypatch):
        async def note(self, item, stage, outcome, detail=None):
            await trio.lowlevel.checkpoint()
            self._follow(item, stage, outcome)

        monkeypatch.setattr(Bookkeeper, "note", note)
        assert "what is archived was recorded, and is right" in found_by(*range(10))

    def test_rename_without_sync(self, monkeypatch):
        async def forget_to_sync(self):
            await trio.lowlevel.checkpoint()

        async def create(self, path, *, original=SimulatedFiles.create):
            file = await original(self, path)
            monkeypatch.setattr(type(file), "sync", forget_to_sync)
            return file

        monkeypatch.setattr(SimulatedFiles, "create", create)
        assert found_by(*range(30)) & {"a final name holds a whole PDF", "texts are whole"}

    def test_record_that_is_not_stored(self, monkeypatch):
        async def record(self, event, *, patience=0.0, original=Ledger.record):
            if event.outcome != "put_off":
                await original(self, event, patience=patience)

        monkeypatch.setattr(Ledger, "record", record)
        assert "no acknowledged record is lost" in found_by(*range(20))
