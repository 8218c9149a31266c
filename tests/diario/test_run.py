"""Whole runs of the main job (collaboration): what becomes of gazettes, and that it becomes of them once.

Against the stand-ins in memory, on virtual time.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import urllib.parse

import pytest
import trio
from scenes import ARCHIVE, COURT, EPOCH, NEWEST, Scene, open_scene

from trio_pipeline.db_thread import DatabaseInUse
from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.preflight import UsageError
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.texts import read_text

HOUR = 3600.0


def each_once(scene: Scene, layout: str = "year") -> dict[str, list[str]]:
    """The bodies that an archive has when every gazette was uploaded once, whole."""
    return {name: [hashlib.md5(body).hexdigest()] for name, body in scene.contents(layout).items()}


async def test_run_into_folder(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, size=6_000, extract__kind="rules") as scene:
        report = await scene.run()
        scene.check()
    assert (report.ended_by, report.failed, report.stopped) == ("finished", 0, {})
    assert scene.states() == [("downloaded", "confirmed", "extracted")]
    assert scene.ended_by() == ["finished"]
    for published in scene.publications:
        copy = tmp_path / "archive" / "2025" / f"{published.gazette.id}.pdf"
        assert copy.read_bytes() == published.content()
    assert scene.spooled() == []


async def test_records_say_what_the_files_are(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, size=6_000, extract__kind="rules") as scene:
        await scene.run()
    for published in scene.publications:
        content = published.content()
        sums = len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
        recorded = scene.rows("SELECT size, sha256, md5 FROM diarios WHERE id = ?", published.gazette.id)
        assert recorded == [sums]
        copies = scene.rows("SELECT md5, url FROM copies WHERE diario_id = ?", published.gazette.id)
        assert copies == [(sums[2], (tmp_path / "archive" / "2025" / f"{published.gazette.id}.pdf").as_uri())]


async def test_judgements_and_texts_are_kept(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, size=6_000, archive__kind="none", extract__kind="rules") as scene:
        await scene.run()
    for published in scene.publications:
        read = scene.rows(
            "SELECT numero_processo FROM decisions WHERE diario_id = ? ORDER BY span", published.gazette.id
        )
        assert [number for (number,) in read] == [judgement.numero_processo for judgement in published.truth]
        text = read_text(tmp_path / "text", published.gazette.id)
        assert all(judgement.numero_processo in text for judgement in published.truth)
    assert scene.states() == [("downloaded", "not_asked", "extracted")]
    assert scene.spooled() == []


@pytest.mark.parametrize("layout", ["year", "edition"])
async def test_run_into_internet_archive(tmp_path, autojump_clock, layout):
    async with open_scene(tmp_path, 4, archive__kind="internet-archive", archive__layout=layout) as scene:
        report = await scene.run()
        scene.check()
    assert (report.ended_by, report.failed) == ("finished", 0)
    assert scene.states() == [("downloaded", "submitted", "not_asked")]
    assert scene.bodies() == each_once(scene, layout)
    # It may yet turn out not to have arrived.
    assert len(scene.spooled()) == 4


async def test_second_run_confirms_when_it_is_due(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, archive__kind="internet-archive") as scene:
        await scene.run()
        early = await scene.run()
        assert early.counts["confirm"] == {"left": 4}
        await trio.sleep(300)
        report = await scene.run()
        scene.check()
    assert report.counts["confirm"] == {"confirmed": 4, "left": 0}
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]
    assert scene.bodies() == each_once(scene)
    assert scene.spooled() == []


@pytest.mark.parametrize("kind", ["folder", "internet-archive"])
async def test_run_with_nothing_left_asks_nobody(tmp_path, autojump_clock, kind):
    async with open_scene(tmp_path, 3, archive__kind=kind, size=6_000, extract__kind="rules") as scene:
        await scene.run()
        await trio.sleep(300)
        await scene.run()
        asked, events = len(scene.network.begun), scene.rows("SELECT count(*) FROM events")
        report = await scene.run()
    assert report.ended_by == "finished"
    assert len(scene.network.begun) == asked
    assert scene.rows("SELECT count(*) FROM events") == events


async def test_other_archive_is_served_from_the_first(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 5, size=6_000, archive__layout="edition") as scene:
        await scene.run(archive__kind="folder", extract__kind="none")
        assert scene.requests(scene.court, "pdf") == 5
        for _ in range(2):
            await scene.run(archive__kind="internet-archive", extract__kind="rules")
            await trio.sleep(300)
        scene.check()
    assert scene.requests(scene.court, "pdf") == 5
    assert scene.states() == [("downloaded", "confirmed", "extracted")]
    assert scene.bodies() == each_once(scene, "edition")
    assert scene.rows("SELECT count(*), count(DISTINCT archive) FROM copies WHERE state = 'confirmed'") == [(10, 2)]


async def test_archive_of_the_last_run_is_the_one_shown(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2) as scene:
        await scene.run(archive__kind="folder")
        await scene.run(archive__kind="internet-archive")
        assert scene.states() == [("downloaded", "submitted", "not_asked")]
        await scene.run(archive__kind="folder")
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_what_is_in_the_archive_already_is_not_uploaded(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, archive__kind="internet-archive") as scene:
        await scene.run()
        await trio.sleep(300)
        (tmp_path / "diarios.duckdb").unlink()
        report = await scene.run()
        scene.check()
    assert report.counts["archive"] == {"confirmed": 3, "left": 0}
    assert scene.bodies() == each_once(scene)


async def test_archive_with_a_long_queue(tmp_path, autojump_clock):
    """Issue 2, point 9: the spool has room for a tenth, and nothing can be seen in the archive for six hours."""
    most, steps = 50 * 3_000, []

    class Bound(trio.abc.Instrument):
        def __init__(self, spool):
            self.spool = spool

        def after_task_step(self, task):
            if self.spool.statistics().used > most:
                steps.append(self.spool.statistics())

    async def watch(running):
        trio.lowlevel.add_instrument(bound := Bound(running._spool))
        try:
            await trio.sleep_forever()
        finally:
            trio.lowlevel.remove_instrument(bound)

    on_disk = []
    async with open_scene(
        tmp_path,
        500,
        court={"latency": 0.05},
        archive={"latency": 0.1, "queue": 6 * HOUR},
        archive__kind="internet-archive",
        archive__layout="edition",
        run__spool_limit=most,
    ) as scene:
        scene.world.files.seen = lambda directory: on_disk.append(
            sum(path.stat().st_size for path in directory.iterdir()) if directory == scene.spool else 0
        )
        report = await scene.run(watchers=[watch])
        assert trio.current_time() < HOUR
        assert (report.ended_by, report.failed) == ("finished", 0)
        assert scene.states() == [("downloaded", "submitted", "not_asked")]
        assert scene.bodies() == each_once(scene, "edition")
        assert 40 <= len(scene.spooled()) <= 50
        await trio.sleep(2 * HOUR)
        report = await scene.run(watchers=[watch])
        assert report.counts["confirm"] == {"absent": 500, "left": 500}
        await trio.sleep(6 * HOUR)
        report = await scene.run(watchers=[watch])
        assert report.counts["confirm"] == {"confirmed": 500, "left": 0}
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        scene.check()
    assert steps == []
    assert max(on_disk) <= most
    assert scene.bodies() == each_once(scene, "edition")
    assert scene.requests(scene.court, "pdf") == 500


async def test_looks_that_are_due_together_cost_one_request(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 40, archive={"queue": HOUR}, archive__kind="internet-archive") as scene:
        await scene.run()
        await trio.sleep(300)
        before = scene.requests(scene.archive, "metadata")
        await scene.run()
        assert scene.requests(scene.archive, "metadata") == before + 1
        await trio.sleep(HOUR)
        await scene.run()
        assert scene.requests(scene.archive, "metadata") == before + 2
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_no_look_is_answered_from_before_it_was_due(tmp_path, autojump_clock):
    """The downloads take so long that the looks at the first uploads are due in the same run."""
    async with open_scene(
        tmp_path, 8, court={"latency": 55.0}, archive__kind="internet-archive", tjro__workers=1
    ) as scene:
        report = await scene.run()
    assert trio.current_time() == 8 * 55
    # Uploaded at 55 s and 110 s, and due five minutes later.
    assert report.counts["confirm"] == {"confirmed": 2, "left": 6}


# What a run takes up


def downloads(scene: Scene) -> list[str]:
    return [name for (name,) in scene.rows("SELECT diario_id FROM events WHERE outcome = 'downloaded' ORDER BY seq")]


@pytest.mark.parametrize("oldest_first", [False, True])
async def test_order_is_by_date(tmp_path, autojump_clock, oldest_first):
    async with open_scene(tmp_path, 6, tjro__workers=1) as scene:
        await scene.run(
            gazettes=sorted(scene.gazettes, key=lambda gazette: gazette.number % 3),
            selection=Selection(oldest_first=oldest_first),
        )
    asked = [urllib.parse.urlsplit(url).path for _, _, url in scene.network.begun]
    paths = {urllib.parse.urlsplit(gazette.url).path: gazette.date for gazette in scene.gazettes}
    dates = [paths[path] for path in asked if path != "/robots.txt"]
    in_order = sorted(paths.values(), reverse=not oldest_first)
    # Two workers, one of them spare, get ready side by side: each may be overtaken by the one behind it.
    assert sorted(dates) == sorted(in_order)
    assert all(abs(in_order.index(date) - place) <= 1 for place, date in enumerate(dates))


async def test_limit_takes_up_the_newest(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 5) as scene:
        report = await scene.run(selection=Selection(limit=2))
        first = downloads(scene)
        assert set(first) == {gazette.id for gazette in scene.gazettes[:2]}
        assert report.ended_by == "finished"
        await scene.run(selection=Selection(limit=2, oldest_first=True))
        assert set(downloads(scene)) - set(first) == {gazette.id for gazette in scene.gazettes[-2:]}
        await scene.run()
    assert len(downloads(scene)) == 5


async def test_limit_does_not_keep_from_confirming(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 5, archive__kind="internet-archive") as scene:
        await scene.run(selection=Selection(limit=3))
        await trio.sleep(300)
        report = await scene.run(selection=Selection(limit=1))
    assert report.counts["confirm"]["confirmed"] == 3
    assert report.counts["download"]["downloaded"] == 1


async def test_days_that_were_not_asked_for_are_left_alone(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 8) as scene:
        since, until = NEWEST - datetime.timedelta(days=6), NEWEST - datetime.timedelta(days=2)
        await scene.run(selection=Selection(since=since, until=until))
    days = scene.rows("SELECT DISTINCT date FROM diarios WHERE archive_state = 'confirmed'")
    assert {day for (day,) in days} == {gazette.date for gazette in scene.gazettes if since <= gazette.date <= until}
    assert scene.rows("SELECT count(*) FROM diarios WHERE date < ? AND download_state <> 'not_asked'", since) == [(0,)]


async def test_what_a_catalog_names_no_longer_is_still_done(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        await scene.run(selection=Selection(limit=1))
        await scene.run(gazettes=[])
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_force_does_again_what_is_done_and_downloads_from_the_copy(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, size=6_000, extract__kind="rules") as scene:
        await scene.run()
        report = await scene.run(selection=Selection(force=True))
        scene.check()
    assert report.counts["extract"]["extracted"] == 3
    assert report.counts["archive"]["confirmed"] == 3
    assert scene.requests(scene.court, "pdf") == 3
    assert scene.states() == [("downloaded", "confirmed", "extracted")]


async def test_force_within_a_limit_leaves_the_rest_done(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 5) as scene:
        await scene.run()
        report = await scene.run(selection=Selection(force=True, limit=2))
    assert report.counts["archive"]["confirmed"] == 2
    assert scene.outcomes("archive").count("reset") == 2
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]


# What is checked and recorded


async def test_run_is_recorded_with_settings_and_counts(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, court={"latency": 5.0}) as scene:
        report = await scene.run()
    ((run_id, started, ended, config, counts),) = scene.rows(
        "SELECT run_id, started_at, ended_at, config, counts FROM runs"
    )
    assert run_id == report.run_id
    assert (started, (ended - started).total_seconds()) == (EPOCH, 5.0)
    assert json.loads(config)["tjro"]["base_url"] == f"http://{COURT}"
    assert (
        json.loads(counts)
        == report.counts
        == {
            "download": {"downloaded": 2, "left": 0},
            "archive": {"confirmed": 2, "left": 0},
            "confirm": {"left": 0},
        }
    )
    assert "SECRET" not in config


async def test_keys_are_nowhere_in_the_ledger(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, archive__kind="internet-archive", archive_faults=["archive:spam=1x"]) as scene:
        await scene.run()
    for file in tmp_path.glob("diarios.duckdb*"):
        assert b"SECRET" not in file.read_bytes()


async def test_uploads_to_the_real_archive_have_to_be_accepted(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path, 2, archive__kind="internet-archive", archive__s3_url="https://s3.us.archive.org"
    ) as scene:
        with pytest.raises(UsageError, match="2 files"):
            await scene.run()
    assert scene.network.begun == []
    assert scene.ended_by() == []


async def test_two_runs_do_not_share_a_ledger(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, court={"latency": 10.0}) as scene, trio.open_nursery() as nursery:
        nursery.start_soon(scene.run)
        await trio.sleep(5)
        with pytest.raises(DatabaseInUse):
            await scene.run()
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_reading_from_the_archive_needs_no_keys(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, size=6_000, archive__kind="internet-archive") as scene:
        await scene.run()
        await trio.sleep(300)
        await scene.run()
        scene.secrets = Secrets(None, None, None, {})
        await scene.run(archive__kind="folder", extract__kind="rules")
    assert scene.network.count("GET", f"{ARCHIVE}/download/") == 2
    assert scene.requests(scene.court, "pdf") == 2
