"""Runs whose own network goes away (collaboration): nobody is blamed, everything waits, and work resumes by itself."""

from __future__ import annotations

import json
import logging

import pytest
import trio
from scenes import ARCHIVE, COURT, Scene, open_scene, signals_at

HOUR = 3_600.0
DONE = [("downloaded", "confirmed", "not_asked")]


async def lose(scene: Scene, *places: str, after: float, hours: float) -> None:
    """After some seconds, nobody answers at these places for hours."""
    await trio.sleep(after)
    scene.network.silence(*places)
    await trio.sleep(hours * HOUR)
    scene.network.silence()


def attempts(scene: Scene) -> int:
    """The most attempts that were used up by a gazette in a stage."""
    return scene.rows("SELECT max(attempt) FROM events")[0][0]


def open_slow_scene(directory, count, **more):
    """Downloads take half a minute and uploads some seconds, so that some are under way at any time."""
    return open_scene(directory, count, court={"bandwidth": 100.0}, archive={"bandwidth": 1_000.0}, **more)


@pytest.mark.parametrize("kind", ["folder", "internet-archive"])
@pytest.mark.parametrize("after", [0.0, 30.0, 100.0, 200.0])
async def test_eight_hours_without_network_cost_nothing_but_time(tmp_path, autojump_clock, kind, after):
    async with open_slow_scene(tmp_path, 24, archive__kind=kind, tjro__interval=2.0) as scene:
        scene.network.nursery.start_soon(lambda: lose(scene, COURT, ARCHIVE, after=after, hours=8))
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed, report.stopped) == ("finished", 0, {})
        # Five minutes is the longest pause between two tries; the rest is work.
        assert 8 * HOUR + after < trio.current_time() < 9 * HOUR + after
        assert not {"failed", "rejected"} & {*scene.outcomes("download"), *scene.outcomes("archive")}
        # No attempt is used up: whatever is put off is put off in its first one.
        assert attempts(scene) == 1
        await trio.sleep(2 * HOUR)
        await scene.run()
        assert scene.states() == DONE


async def test_archive_that_falls_silent_alone_is_held_to_account(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path, 100, archive__kind="internet-archive", tjro__workers=1) as scene:
        scene.network.nursery.start_soon(lambda: lose(scene, ARCHIVE, after=100.0, hours=8))
        report = await scene.run(extract__kind="rules")
        scene.check()
        assert set(report.stopped) == {"archive", "confirm"}
        assert report.counts["download"]["downloaded"] == 100
        assert "failed" not in scene.outcomes("archive")


async def test_court_that_refuses_is_no_lost_network(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        scene.network.down.add(COURT)
        report = await scene.run()
        assert report.ended_by == "host"
        assert trio.current_time() < HOUR


async def test_file_that_always_stalls_fails_all_the_same(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 1, court_faults=["tjro:stall=1.0"]) as scene:
        report = await scene.run()
        assert (report.ended_by, report.failed) == ("finished", 1)
        # The first silence might have been the network's.
        assert scene.outcomes("download") == ["asked", *["put_off"] * 5, "failed"]
        assert attempts(scene) == 5


async def test_it_is_told_since_when_nobody_can_be_reached(tmp_path, autojump_clock, caplog):
    told = {}

    async def watch(running):
        for moment in (50.0, 4 * HOUR, 8.4 * HOUR):
            await trio.sleep_until(moment)
            rows = [row async for row in running.commands()["view"]({})]
            told[moment] = next(row["network_gone_since"] for row in rows if "run" in row)

    caplog.set_level(logging.WARNING)
    async with open_slow_scene(tmp_path, 12, tjro__interval=200.0) as scene:
        scene.network.nursery.start_soon(lambda: lose(scene, COURT, ARCHIVE, after=500.0, hours=8))
        await scene.run(watchers=[watch])
    assert told[50.0] is told[8.4 * HOUR] is None
    assert "2025-07-01T08:" in told[4 * HOUR]
    said = [record.getMessage() for record in caplog.records if record.name == "trio_pipeline.hosts"]
    assert said == ["no host can be reached: waiting", "a host can be reached again"]
    json.dumps(told)


async def test_deadline_ends_the_waiting(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, run__deadline=2 * HOUR) as scene:
        scene.network.silence(COURT)
        report = await scene.run()
        scene.check()
        assert report.ended_by == "deadline"
        assert 2 * HOUR <= trio.current_time() <= 2 * HOUR + 60
        assert (report.failed, report.stopped) == (0, {})


@pytest.mark.parametrize("kind", ["folder", "internet-archive"])
@pytest.mark.parametrize("after", [0.0, 100.0])
@pytest.mark.parametrize("later", [600.0, 1 * HOUR, 2.1 * HOUR, 5 * HOUR])
async def test_signal_ends_the_waiting(tmp_path, autojump_clock, kind, after, later):
    grace = 10 * HOUR  # none of it is used up
    async with open_slow_scene(tmp_path, 24, archive__kind=kind, tjro__interval=2.0, run__grace=grace) as scene:
        scene.network.nursery.start_soon(lambda: lose(scene, COURT, ARCHIVE, after=after, hours=8))
        report = await scene.run(interrupts=signals_at(later))
        scene.check()
        assert (report.ended_by, report.failed, report.stopped) == ("drained", 0, {})
        # At most a connection is being tried for, which takes half a minute.
        assert trio.current_time() <= later + 30
