"""How gazettes go through the stages of a run (collaboration): order, waiting, second tries, what breaks outside."""

from __future__ import annotations

import errno

import pytest
import trio
import trio_parallel
from scenes import Scene, open_scene, signals_at

from trio_pipeline.diario.ledger.queries import resettable
from trio_pipeline.diario.selection import Selection

DONE = [("downloaded", "confirmed", "not_asked")]


def newest_first(scene: Scene) -> list[str]:
    ordered = sorted(scene.gazettes, key=lambda gazette: (-gazette.date.toordinal(), gazette.id))
    return [gazette.id for gazette in ordered]


def order_of(scene: Scene, outcome: str) -> list[str]:
    return [name for (name,) in scene.rows("SELECT diario_id FROM events WHERE outcome = ? ORDER BY seq", outcome)]


async def open_processes(scene: Scene):
    async with scene.world.open_processes(1) as processes:
        return processes


async def test_resumed_gazettes_wait_behind_newer_ones(tmp_path, autojump_clock):
    """Old gazettes wait in the spool for their upload when a new one comes in."""
    async with open_scene(
        tmp_path,
        6,
        archive={"latency": 10.0},
        archive_faults=["archive:item-slow-down=4x,retry-after=7200"],
        archive__kind="internet-archive",
        archive__layout="edition",
        archive__workers=1,
        tjro__workers=1,
    ) as scene:
        await scene.run(selection=Selection(limit=4, oldest_first=True))
        assert order_of(scene, "submitted") == []
        await trio.sleep(7_200)
        await scene.run()
    # Two of the old ones were in hand before the first download had ended.
    newest = newest_first(scene)
    submitted = order_of(scene, "submitted")
    assert (set(submitted[:2]), submitted[2:]) == (set(newest[2:4]), [*newest[:2], *newest[4:]])


async def test_gazette_that_is_put_off_comes_next_when_it_is_due(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        12,
        court_faults=["tjro:unavailable=1x,retry-after=28"],
        court={"latency": 10.0},
        tjro__workers=1,
        retry__hold=5.0,
    ) as scene:
        await scene.run()
    (put_off,) = set(order_of(scene, "put_off"))
    # Two are in hand at first, and either of them may be the one that is asked for.
    assert put_off in newest_first(scene)[:2]
    # It is due while the fourth of the others is on its way, and the one after that is in hand already.
    assert order_of(scene, "downloaded").index(put_off) == 4


async def test_no_more_at_once_than_workers(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        12,
        court={"latency": 1.0},
        archive={"latency": 3.0},
        archive__kind="internet-archive",
        archive__layout="edition",
        tjro__workers=4,
        archive__workers=2,
    ) as scene:
        await scene.run()
    assert scene.court.statistics()["in_flight_max"]["pdf"] == 4
    assert scene.archive.statistics()["in_flight_max"]["upload"] == 2


async def test_requests_keep_their_distance(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 6, tjro__interval=2.0) as scene:
        await scene.run()
    assert scene.court.statistics()["spacing_min"]["all"] == pytest.approx(2.0)
    # Six gazettes, after robots.txt.
    assert trio.current_time() == pytest.approx(12.0)


async def test_numbers_of_a_running_pipeline(tmp_path, autojump_clock):
    views = []

    async def watch(running):
        while True:
            views.append(running.view())
            await trio.sleep(5)

    async with open_scene(
        tmp_path, 5, court={"latency": 10.0}, tjro__workers=2, archive__kind="internet-archive"
    ) as scene:
        report = await scene.run(watchers=[watch])
    middle = views[1]
    assert middle.run_id == report.run_id
    stages = {stage.name: stage for stage in middle.stages}
    assert list(stages) == ["download", "archive", "confirm"]
    # One gazette more is in hand than there are requests.
    assert (stages["download"].at_once, stages["download"].busy, stages["download"].waiting) == (2, 3, 2)
    assert (middle.hosts["tjro"].in_flight, middle.hosts["tjro"].waiting) == (2, 1)
    assert scene.court.statistics()["in_flight_max"]["pdf"] == 2
    last = {stage.name: stage for stage in views[5].stages}
    assert (last["download"].done, last["confirm"].waiting) == (4, 4)


async def test_failed_gazette_is_tried_again_while_the_run_is_on(tmp_path, autojump_clock):
    async def retry(running):
        await trio.sleep(50)
        rows = await running._ledger.read(lambda connection: resettable(connection, {}))
        await running.retry(rows)

    async with open_scene(
        tmp_path, 4, court={"latency": 20.0}, court_faults=["tjro:reset=1x"], tjro__workers=1, retry__attempts=1
    ) as scene:
        report = await scene.run(watchers=[retry])
        scene.check()
    (failed,) = order_of(scene, "failed")
    assert failed in newest_first(scene)[:2]
    assert scene.outcomes("download", failed) == ["asked", "failed", "reset", "downloaded"]
    assert scene.states() == DONE
    assert report.counts["download"] == {"failed": 1, "downloaded": 4, "left": 0}


async def test_rejected_gazette_is_left_alone_until_it_is_reset(tmp_path, autojump_clock):
    async def retry(running):
        rows = await running._ledger.read(lambda connection: resettable(connection, {}))
        await running.retry(rows)

    async with open_scene(
        tmp_path,
        3,
        court={"latency": 10.0},
        archive_faults=["archive:bad-content=1x"],
        archive__kind="internet-archive",
        archive__workers=1,
        tjro__workers=1,
    ) as scene:
        newest, other, oldest = scene.gazettes
        await scene.run(gazettes=[newest])
        await scene.run(gazettes=[newest, other])
        assert scene.outcomes("archive", newest.id) == ["asked", "started", "rejected"]
        # A run that has not taken it up leaves it to the next one.
        await scene.run(gazettes=[oldest], watchers=[retry])
        assert scene.outcomes("archive", newest.id)[3:] == ["reset"]
        await scene.run()
        scene.check()
    assert scene.outcomes("archive", newest.id)[4:] == ["started", "submitted"]
    assert scene.requests(scene.court, "pdf") == 3


async def test_worker_process_that_dies_costs_no_attempt(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, size=6_000, extract__kind="rules") as scene:
        processes = await open_processes(scene)
        for call in ("count_pages", "extract"):
            processes.errors[call] = [trio_parallel.BrokenWorkerError() for _ in range(2)]
        report = await scene.run()
        scene.check()
        assert report.failed == 0
        assert scene.requests(scene.court, "pdf") == 2
        assert scene.states() == [("downloaded", "confirmed", "extracted")]


@pytest.mark.parametrize(
    ("call", "deaths", "states"),
    [
        ("count_pages", 3, {("rejected", "pending", "pending")}),
        ("extract", 5, {("downloaded", "confirmed", "rejected")}),
    ],
)
async def test_pdf_that_kills_worker_processes_is_rejected_alone(tmp_path, autojump_clock, call, deaths, states):
    async with open_scene(tmp_path, 3, size=6_000, extract__kind="rules", tjro__workers=1) as scene:
        processes = await open_processes(scene)
        # One dies beside others, and two alone. Of two PDFs that are read side by side both are tried again, in turns,
        # so that the other one has killed two when the first kills its third.
        processes.errors[call] = [trio_parallel.BrokenWorkerError() for _ in range(deaths)]
        report = await scene.run(extract__workers=1)
        scene.check()
        assert report.failed == 1
        assert {*scene.states()} == {*states, ("downloaded", "confirmed", "extracted")}
        ((reason,),) = scene.rows("SELECT error FROM diarios WHERE error IS NOT NULL")
        assert reason == "it killed 2 fresh worker processes with nothing else running: unknown"


async def test_worker_processes_that_die_in_a_run_that_ends_reject_nothing(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 1, size=6_000, extract__kind="rules") as scene:
        processes = await open_processes(scene)
        processes.pauses["extract"] = 50.0
        processes.errors["extract"] = [trio_parallel.BrokenWorkerError() for _ in range(3)]
        report = await scene.run(interrupts=signals_at(20.0), run__grace=1_000)
        scene.check()
        assert (report.ended_by, report.failed) == ("drained", 0)
        assert scene.states() == [("downloaded", "confirmed", "pending")]
        assert scene.outcomes("extract") == ["asked", "put_off"]
        processes.errors.clear()
        await scene.run()
        assert scene.states() == [("downloaded", "confirmed", "extracted")]


async def test_pdf_that_is_read_for_ever_fails_and_holds_up_nobody(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, size=6_000, extract__kind="rules", extract__workers=1) as scene:
        (await open_processes(scene)).pauses["extract"] = 1e9
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed) == ("finished", 3)
        assert scene.states() == [("downloaded", "confirmed", "failed")]
        assert "could not be read in 10 minutes" in scene.rows("SELECT error FROM diarios")[0][0]
        # It may have been the machine's fault, so the PDFs are kept for another try.
        assert len(scene.spooled()) == 3


async def test_pdf_that_is_opened_for_ever_fails(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 1) as scene:
        (await open_processes(scene)).pauses["count_pages"] = 1e9
        report = await scene.run()
        scene.check()
    assert (report.ended_by, report.failed) == ("finished", 1)
    assert "did not open" in scene.rows("SELECT error FROM diarios")[0][0]
    assert scene.spooled() == []


async def test_full_disk_ends_the_run_and_the_next_one_goes_on(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, archive__kind="internet-archive", tjro__workers=1) as scene:
        scene.world.files.full_after = 2
        with pytest.raises(BaseExceptionGroup) as caught:
            await scene.run()
        (error,) = caught.value.exceptions
        assert isinstance(error, OSError)
        assert error.errno == errno.ENOSPC
        assert "stage: download" in error.__notes__
        scene.check()
        assert scene.ended_by() == ["defect"]
        scene.world.files.full_after = None
        await scene.run()
        scene.check()
    assert {archive for _, archive, _ in scene.states()} <= {"submitted", "confirmed"}
    assert [len(bodies) for bodies in scene.bodies().values()] == [1] * 4


async def test_spool_that_cannot_be_used_leaves_no_run_behind(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2) as scene:
        scene.spool.write_text("a file where the directory should be")
        with pytest.raises(OSError):
            await scene.run()
    assert scene.ended_by() == []
