"""Runs that are asked to end, in every stage (collaboration): the ledger is right, and the next run does the rest.

Every request for a gazette or an item takes ten seconds, and so does every reading, so that a signal can come while a
stage has work in hand. What is asked on the side (whether there is room, say) is answered at once.
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from signal import SIGINT, SIGTERM

import pytest
import trio
from scenes import ARCHIVE, COURT, Scene, open_scene, signals_at

from trio_pipeline.diario.selection import Selection
from trio_pipeline.services.faults import FaultPlan, parse_fault

# When a stage has its first items in hand, in a run that begins at 0.
MOMENTS = {"download": 5.0, "archive": 25.0, "extract": 15.0, "confirm": 1_005.0}
COUNT = 7


def slowness(request) -> float:
    is_slow = request.url.path.startswith(("/novodiario", "/metadata", "/download"))
    return 10.0 if is_slow or request.method == "PUT" else 0.0


@asynccontextmanager
async def open_slow_scene(directory, kind="internet-archive", **settings):
    async with open_scene(
        directory,
        COUNT,
        size=6_000,
        archive__kind=kind,
        archive__layout="edition",
        extract__kind="rules",
        **settings,
    ) as scene:
        scene.network.delay = slowness
        async with scene.world.open_processes(1) as processes:
            processes.pauses["extract"] = 10.0
        yield scene


async def run_until(scene: Scene, stage: str, *signals: float, **settings):
    """A run that gets its signals so many seconds after `stage` has its first items in hand."""
    if stage == "confirm":
        await scene.run()
        await trio.sleep_until(1_000)
    moments = [MOMENTS[stage] + later for later in signals]
    return await scene.run(interrupts=signals_at(*moments, number=SIGINT), **settings)


async def finish(scene: Scene) -> None:
    """Let everything be done, and check that it was done once."""
    for _ in range(3):
        await scene.run()
        await trio.sleep(1_000)
    scene.check()
    assert scene.states() == [("downloaded", "confirmed", "extracted")]
    assert scene.spooled() == []
    assert scene.rows("SELECT count(*) FROM decisions") == [(sum(len(made.truth) for made in scene.publications),)]
    assert scene.bodies() == {name: [hashlib.md5(body).hexdigest()] for name, body in scene.contents("edition").items()}


@pytest.mark.parametrize("stage", MOMENTS)
async def test_first_signal_drains(tmp_path, autojump_clock, stage):
    async with open_slow_scene(tmp_path) as scene:
        report = await run_until(scene, stage, 0.0)
        scene.check()
        assert (report.ended_by, report.signal, report.stopped) == ("drained", SIGINT, {})
        assert scene.ended_by()[-1] == "drained"
        # What was in hand came to its end, and nothing else was taken up.
        assert report.counts[stage].keys() & {"downloaded", "submitted", "extracted", "confirmed"}
        assert sum(counts["left"] for counts in report.counts.values()) > 0
        assert "started" not in scene.rows("SELECT arg_max(outcome, seq) FROM events GROUP BY diario_id, stage")
        await finish(scene)


@pytest.mark.parametrize("stage", MOMENTS)
async def test_second_signal_cancels(tmp_path, autojump_clock, stage):
    async with open_slow_scene(tmp_path) as scene:
        report = await run_until(scene, stage, 0.0, 1.0)
        assert trio.current_time() == MOMENTS[stage] + 1
        scene.check()
        assert (report.ended_by, report.signal) == ("cancelled", SIGINT)
        assert scene.ended_by()[-1] == "cancelled"
        assert not report.counts[stage].keys() & {"failed", "rejected", "put_off"}
        await finish(scene)


@pytest.mark.parametrize("stage", ["download", "archive", "extract"])
async def test_work_that_outlasts_the_grace_is_cut_off(tmp_path, autojump_clock, stage):
    async with open_slow_scene(tmp_path, run__grace=2.0) as scene:
        report = await run_until(scene, stage, 0.0)
        assert trio.current_time() == MOMENTS[stage] + 2
        assert (report.ended_by, report.signal) == ("cancelled", SIGINT)
        scene.check()
        await finish(scene)


async def test_what_was_downloaded_before_a_drain_is_not_downloaded_again(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        await run_until(scene, "download", 0.0)
        asked = scene.requests(scene.court, "pdf")
        # Three requests at once, and a fourth gazette that was in hand and waited for one of them to end.
        assert (asked, len(scene.spooled())) == (4, 4)
        assert scene.court.statistics()["in_flight_max"]["pdf"] == 3
        await finish(scene)
        assert scene.requests(scene.court, "pdf") == COUNT


async def test_upload_cut_off_before_its_body_is_repeated(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        # At 25 s uploads are on their way, and the archive sees nothing of them before 30 s.
        await run_until(scene, "archive", 0.0, 0.0)
        assert scene.bodies() == {}
        started = scene.outcomes("archive").count("started")
        assert started >= 2
        assert ("downloaded", "submitted", "pending") in scene.states() or (
            "downloaded",
            "submitted",
            "extracted",
        ) in scene.states()
        report = await scene.run()
        assert report.counts["confirm"]["lost"] == started
        await finish(scene)


async def test_upload_cut_off_after_its_body_is_found(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path, archive__workers=1) as scene:
        scene.archive._latency = 10.0
        # At 35 s the archive has the whole body and has yet to answer; it keeps it although nobody listens any more.
        await scene.run(interrupts=signals_at(35.0, 35.0), selection=Selection(limit=1))
        assert scene.outcomes("archive") == ["asked"] * COUNT + ["started"]
        await trio.sleep(10)
        assert len(scene.bodies()) == 1
        report = await scene.run(selection=Selection(limit=0))
        assert report.counts["confirm"] == {"confirmed": 1, "left": 0}
        scene.archive._latency = 0.0
        await finish(scene)


async def test_upload_cut_off_is_not_repeated_while_it_waits_there(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path, archive__workers=1) as scene:
        scene.archive._latency = 10.0
        scene.archive.queue = 3_600.0
        await scene.run(interrupts=signals_at(35.0, 35.0), selection=Selection(limit=1))
        await trio.sleep(10)
        report = await scene.run(selection=Selection(limit=0))
        assert report.counts["confirm"] == {"absent": 1, "left": 1}
        await trio.sleep(4_000)
        report = await scene.run(selection=Selection(limit=0))
        assert report.counts["confirm"] == {"confirmed": 1, "left": 0}
        assert [len(bodies) for bodies in scene.bodies().values()] == [1]


async def test_downloads_that_wait_for_room_do_not_hold_up_a_drain(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path, run__spool_limit=12_000, archive__workers=1) as scene:
        # Two PDFs fill the spool, and one download waits for room, which it gets when an upload has ended.
        report = await scene.run(interrupts=signals_at(25.0))
        assert trio.current_time() < 60.0
        assert report.ended_by == "drained"
        scene.check()
        await finish(scene)


async def test_signal_while_everything_waits_for_a_host(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        scene.network.down |= {COURT, ARCHIVE}
        report = await scene.run(interrupts=signals_at(400.0, 500.0, number=SIGTERM))
        assert trio.current_time() <= 460.0
        assert report.signal == SIGTERM
        assert report.counts["download"].get("failed", 0) == 0
        scene.check()
        scene.network.down.clear()
        await finish(scene)


async def test_deadline_drains(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        report = await scene.run(run__deadline=15.0)
        assert (report.ended_by, report.signal, report.stopped) == ("deadline", None, {})
        # Three gazettes were in hand, each of them with two requests, and two may be uploaded at once.
        assert trio.current_time() == 40.0
        scene.check()
        await finish(scene)


async def test_deadline_ends_what_outlasts_its_grace(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path, run__grace=1.0) as scene:
        report = await scene.run(run__deadline=15.0)
        assert (report.ended_by, trio.current_time()) == ("deadline", 16.0)
        await finish(scene)


async def test_deadline_after_the_end_is_no_end(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        report = await scene.run(run__deadline=10_000.0)
        assert (report.ended_by, trio.current_time() < 100) == ("finished", True)


async def test_run_cancelled_from_outside_says_so(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        with trio.move_on_after(25) as scope:
            await scene.run()
        assert scope.cancelled_caught
        scene.check()
        assert scene.ended_by() == ["cancelled"]
        await finish(scene)


async def test_control_command_drains(tmp_path, autojump_clock):
    async def watch(running):
        await trio.sleep(15)
        running.drain()

    async with open_slow_scene(tmp_path) as scene:
        report = await scene.run(watchers=[watch])
        assert (report.ended_by, report.signal) == ("drained", None)
        await finish(scene)


async def test_defect_ends_the_run_and_is_recorded(tmp_path, autojump_clock):
    async with open_slow_scene(tmp_path) as scene:
        async with scene.world.open_processes(1) as processes:
            processes.errors["extract"] = [ZeroDivisionError("a defect")]
        with pytest.raises(BaseExceptionGroup) as caught:
            await scene.run()
        (error,) = caught.value.exceptions
        assert isinstance(error, ZeroDivisionError)
        assert "stage: extract" in error.__notes__
        assert any(note.startswith("item: tjro-diario-") for note in error.__notes__)
        scene.check()
        assert scene.ended_by() == ["defect"]
        await finish(scene)


async def test_court_is_not_asked_for_what_a_paused_archive_has_once_a_run_is_ending(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 12, archive__kind="internet-archive", court={"bandwidth": 60.0}) as scene:
        await scene.run()
        await trio.sleep(3 * 3_600.0)
        await scene.run()  # confirmed: the PDFs have left the spool
        scene.archive.plan = FaultPlan([parse_fault("archive-download:unavailable=1.0,retry-after=600")], seed=0)
        end, before = trio.current_time() + 155.0, []

        async def watch(_running):
            await trio.sleep_until(end - 1.0)
            before.append(scene.court.statistics()["requests"]["pdf"])
            await trio.sleep_forever()

        await scene.run(extract__kind="rules", interrupts=signals_at(end), watchers=[watch])
        assert before == [scene.court.statistics()["requests"]["pdf"]]
