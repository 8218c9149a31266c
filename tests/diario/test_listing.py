"""Runs without a catalog (collaboration): what the court lists is recorded, taken up, read again, and doubted."""

from __future__ import annotations

import datetime
import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from scenes import ARCHIVE, COURT, EPOCH, Scene, open_scene, signals_at

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.run import exit_code_of
from trio_pipeline.diario.job import Job
from trio_pipeline.diario.listing import dates_in
from trio_pipeline.diario.preflight import UsageError
from trio_pipeline.diario.preview import preview
from trio_pipeline.diario.selection import Selection
from trio_pipeline.services.court import listing_row

DAY = 86_400.0
LISTING = Path(__file__).parents[3] / "shared" / "data" / "tjro_listing.json"
BLOCKED = "<html><title>STIC — Página Bloqueada</title></html>".encode()


class Told:
    """What the court tells about its gazettes, before anybody meddles with it.

    `hidden` gazettes are not listed, as those of days to come are not. `lists` and `newest` are asked for each answer:
    they get its rows and give what is sent instead, rows or bytes or a status.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hidden: set[str] = set()
        self.lists = lambda rows: rows
        self.newest = lambda rows: rows[:1]
        self.asked: list[tuple[float, str]] = []
        self._real = scene.network.apps[COURT]
        scene.network.apps[COURT] = self

    async def __call__(self, scope, receive, send) -> None:
        if not scope["path"].startswith("/diario_oficial/"):
            await self._real(scope, receive, send)
            return
        name = scope["path"].rpartition("/")[2]
        query = scope["query_string"].decode()
        self.asked.append((trio.current_time(), query or name))
        rows = [
            listing_row(gazette)
            for gazette in sorted(self.scene.gazettes, key=lambda gazette: gazette.date, reverse=True)
            if gazette.id not in self.hidden and (not query or f"ano={gazette.date.year}" == query)
        ]
        await _send(send, self.newest(rows) if name == "data-ultimo-diario.php" else self.lists(rows))

    def readings(self, query: str) -> list[float]:
        return [moment for moment, asked in self.asked if asked == query]


async def _send(send, told) -> None:
    status, told = told if isinstance(told, tuple) else (200, told)
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    kind = b"text/html" if body.startswith(b"<") else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def open_told(directory, count=4, **options):
    async with open_scene(directory, count, **options) as scene:
        told = Told(scene)
        yield scene, told


def downloaded(scene: Scene) -> set[str]:
    return {name for (name,) in scene.rows("SELECT id FROM diarios WHERE download_state = 'downloaded'")}


def notes(scene: Scene) -> list[tuple]:
    return scene.rows("SELECT year, outcome, rows, reason FROM listings ORDER BY seq")


# What is new


async def test_listing_of_this_year_is_worked_through(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        report = await scene.run(listing=True)
        scene.check()
        assert (report.ended_by, report.stopped, report.faults) == ("finished", {}, {})
        assert report.counts["listing"] == {"read": 1, "new": 4, "left": 0}
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        assert notes(scene) == [(2025, "read", 4, None)]
        assert [url.rpartition("/")[2] for _, _, url in scene.network.begun][:2] == ["robots.txt", "list.php?ano=2025"]


async def test_day_after_day_only_what_is_new_is_downloaded(tmp_path, autojump_clock):
    async with open_told(tmp_path, 6) as (scene, told):
        newest_last = [gazette.id for gazette in sorted(scene.gazettes, key=lambda gazette: gazette.date)]
        told.hidden = set(newest_last[2:])
        for day, expected in enumerate([2, 1, 1, 1, 1, 0]):
            await trio.sleep_until(day * 3_600 * 24)
            told.hidden = set(newest_last[2 + day :])
            report = await scene.run(listing=True, tjro__stale_after=30 * DAY)
            assert report.counts["listing"] == {"read": 1, "new": expected, "left": 0}
            assert exit_code_of(report) is ExitCode.OK
        scene.check()
        assert scene.requests(scene.court, "pdf") == 6
        assert downloaded(scene) == set(newest_last)


async def test_new_gazettes_are_taken_up_while_the_run_lasts(tmp_path, autojump_clock):
    """Slow downloads keep the run going for hours; what is listed meanwhile goes first."""
    async with open_told(tmp_path, 10, tjro__workers=1) as (scene, told):
        newest = max(scene.gazettes, key=lambda gazette: gazette.date)
        told.hidden = {newest.id}
        scene.network.delay = lambda request: 1_200.0 if request.url.path.endswith(".pdf") else 0.0

        async def publish():
            await trio.sleep(2_000)
            told.hidden.clear()

        scene.network.nursery.start_soon(publish)
        report = await scene.run(listing=True)
        scene.check()
        order = [
            name for (name,) in scene.rows("SELECT diario_id FROM events WHERE outcome = 'downloaded' ORDER BY seq")
        ]
        assert report.counts["listing"]["new"] == 10
        first, *later = told.readings("ano=2025")
        # It waits for its turn like everybody.
        assert all(moment - first >= 3_600 * number for number, moment in enumerate(later, start=1))
        assert later[0] - first < 3_600 + 1_200 + 1
        # Two were in hand, and the newest went before all the others.
        assert order.index(newest.id) <= 6
        assert downloaded(scene) == {gazette.id for gazette in scene.gazettes}


async def test_what_is_known_is_worked_on_when_the_listing_cannot_be_read(tmp_path, autojump_clock):
    async with open_told(tmp_path, 4) as (scene, told):
        await scene.run(selection=Selection(limit=1))
        told.lists = lambda rows: (500, b"")
        report = await scene.run(listing=True, retry__attempts=2)
        scene.check()
        assert exit_code_of(report) is ExitCode.STOPPED
        assert report.faults == {"listing": "2025: the court answered with status 500"}
        assert report.counts["listing"] == {"put_off": 1, "failed": 1, "new": 0, "left": 0}
        assert report.failed == 0
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(limit=2), slice(-2, None)),
        (Selection(limit=2, oldest_first=True), slice(0, 2)),
        (Selection(until=datetime.date(2025, 6, 20)), slice(0, 3)),
        (Selection(limit=0), slice(0)),
    ],
)
async def test_only_what_was_asked_for_is_taken_up(tmp_path, autojump_clock, selection, expected):
    async with open_scene(tmp_path, 5) as scene:
        dates = sorted(gazette.date for gazette in scene.gazettes)[expected]
        report = await scene.run(listing=True, selection=selection)
        assert scene.rows("SELECT date FROM diarios WHERE download_state = 'downloaded' ORDER BY date") == [
            (date,) for date in dates
        ]
        assert report.counts["listing"]["new"] == len(dates)
        assert report.held_back == (0 if selection.limit is None else 5 - len(dates))
        # The others are known all the same.
        assert scene.rows("SELECT count(*) FROM diarios") == [(5,)]


async def test_every_year_asked_for_is_read_once_a_day(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 250) as scene:
        since = Selection(since=datetime.date(2024, 1, 1), limit=1)
        for hour in (0, 2, 23, 25):
            await trio.sleep_until(hour * 3_600)
            await scene.run(listing=True, selection=since)
        asked = [url.rpartition("=")[2] for _, _, url in scene.network.begun if "list.php" in url]
        # Newest first; the year that is over once a day.
        assert asked == ["2025", "2024", "2025", "2025", "2025", "2024"]


async def test_run_soon_after_another_does_not_read_again(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3) as scene:
        for minutes in (0, 10, 29, 31):
            await trio.sleep_until(minutes * 60)
            await scene.run(listing=True)
        assert scene.court.statistics()["requests"]["listing"] == 2


async def test_year_begins_while_the_run_lasts(tmp_path, autojump_clock):
    async with open_told(tmp_path, 6, tjro__workers=1, tjro__stale_after="300 days") as (scene, told):
        await trio.sleep_until((datetime.datetime(2025, 12, 31, 23) - EPOCH).total_seconds())  # noqa: DTZ001
        scene.network.delay = lambda request: 7_200.0 if request.url.path.endswith(".pdf") else 0.0
        report = await scene.run(listing=True)
        assert report.faults == {}
        assert told.readings("ano=2026")


async def test_limit_is_one_of_what_is_known_and_what_is_listed(tmp_path, autojump_clock):
    """The newest go first, and what is newest is known only when the listing has been read."""
    async with open_scene(tmp_path, 6) as scene:
        by_date = sorted(scene.gazettes, key=lambda gazette: (gazette.date, gazette.id))
        report = await scene.run(gazettes=by_date[:4], selection=Selection(limit=0))
        assert report.held_back == 4
        report = await scene.run(listing=True, selection=Selection(limit=3))
        assert report.counts["listing"]["new"] == 2
        assert report.held_back == 3
        newest = {date for (date,) in scene.rows("SELECT date FROM diarios WHERE download_state = 'downloaded'")}
        assert min(newest) >= by_date[3].date
        assert len(downloaded(scene)) == 3
        # Nothing to read now, and the limit is one of what is known.
        report = await scene.run(listing=True, selection=Selection(limit=2))
        assert report.counts["listing"] == {"new": 0, "left": 0}
        assert len(downloaded(scene)) == 5
        scene.check()


@pytest.mark.parametrize(("told_instead", "confirmed"), [(BLOCKED, 0), ((500, b""), 2)])
async def test_limit_does_not_wait_for_ever(tmp_path, autojump_clock, told_instead, confirmed):
    """What is known is worked on though the listing stays unread, as far as the court lets."""
    async with open_told(tmp_path, 4) as (scene, told):
        await scene.run(selection=Selection(limit=0))
        told.lists = lambda rows: told_instead
        report = await scene.run(listing=True, selection=Selection(limit=2))
        scene.check()
        assert exit_code_of(report) is ExitCode.STOPPED
        assert report.counts["archive"].get("confirmed", 0) == confirmed
        assert report.counts["download"]["left"] == 2 - confirmed


async def test_gazette_that_has_moved_is_known_by_its_new_address(tmp_path, autojump_clock):
    async with open_told(tmp_path, 2) as (scene, told):
        await scene.run(listing=True)
        moved = scene.gazettes[0]
        name = moved.file_name.replace("-NR", "7-NR")
        told.lists = lambda rows: [
            row | {"relativePath": name, "url": row["url"].replace(moved.file_name, name)}
            if row["relativePath"] == moved.file_name
            else row
            for row in rows
        ]
        await trio.sleep(3_600)
        report = await scene.run(listing=True)
        assert (report.faults, report.counts["listing"]["new"]) == ({}, 0)
        assert scene.rows("SELECT file_name FROM diarios WHERE id = ?", moved.id) == [(name,)]
        assert scene.requests(scene.court, "pdf") == 2


async def test_crash_after_the_reading_loses_no_gazette(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        scene.network.delay = lambda request: 50.0 if request.url.path.endswith(".pdf") else 0.0
        with trio.move_on_after(20):
            await scene.run(listing=True)
        report = await scene.run(listing=True)
        assert report.counts["listing"] == {"new": 0, "left": 0}
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_reading_can_be_drained(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        scene.network.delay = lambda request: 30.0 if "list.php" in str(request.url) else 0.0
        report = await scene.run(listing=True, interrupts=signals_at(10.0))
        assert (report.ended_by, report.signal, trio.current_time()) == ("drained", 2, 30.0)
        # What it listed is known, and taken up by the next run.
        assert report.counts["listing"] == {"read": 1, "new": 4, "left": 0}
        assert report.counts["download"]["left"] == 4
        await scene.run(listing=True)
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_reading_that_is_cut_off_is_left(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        scene.network.delay = lambda request: 30.0 if "list.php" in str(request.url) else 0.0
        report = await scene.run(listing=True, interrupts=signals_at(10.0), run__grace=5.0)
        assert (report.ended_by, report.counts["listing"]) == ("cancelled", {"new": 0, "left": 1})


async def test_listing_is_seen_while_the_run_is_on(tmp_path, autojump_clock):
    views = []

    async def watch(running):
        while True:
            views.append(running.view().stages[0])
            await trio.sleep(10)

    async with open_scene(tmp_path, 3) as scene:
        scene.network.delay = lambda request: 15.0
        await scene.run(listing=True, watchers=[watch])
    assert {stage.name for stage in views} == {"listing"}
    assert {(stage.at_once, stage.waiting) for stage in views} == {(1, 0)}
    busy, done = [stage.busy for stage in views], [stage.done for stage in views]
    assert (busy[1], done[1]) == (1, 0)
    assert (busy[-1], done[-1]) == (0, 1)


# What is doubted


def without_newest(rows):
    return rows[1:]


def cut_short(rows):
    return json.dumps(rows).encode()[:-40]


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        (lambda rows: [], "it lacks 3 of 3 gazettes that were known, tjro-diario-2025-06-23"),
        (without_newest, "it lacks 1 of 3 gazettes that were known, tjro-diario-2025-06-23"),
        (cut_short, "it is no JSON from its beginning to its end"),
        (lambda rows: b"[]]", "it is no JSON from its beginning to its end"),
        (lambda rows: [1, 2], "it holds no list of gazettes"),
        (lambda rows: {"diarios": rows}, "the answer is not a JSON list"),
        (lambda rows: b"null", "the answer is not a JSON list"),
        (lambda rows: b"", "an empty answer instead of a JSON list"),
        (lambda rows: b"<html>Em breve</html>", "a page instead of a JSON list"),
        (lambda rows: (404, b""), "the court does not have it: status 404"),
        (lambda rows: (500, b""), "the court answered with status 500"),
        (lambda rows: b"[" + b" " * 5_000_001, "larger than allowed: the limit is 5000000 bytes"),
    ],
    ids=[
        "empty",
        "lacks rows",
        "cut short",
        "more than JSON",
        "other JSON",
        "other shape",
        "nothing",
        "no bytes",
        "page",
        "404",
        "500",
        "endless",
    ],
)
async def test_fault_of_the_listing_is_never_nothing_new(tmp_path, autojump_clock, lists, fault):
    async with open_told(tmp_path, 3) as (scene, told):
        await scene.run(listing=True)
        told.lists = lists
        await trio.sleep(3_600)
        report = await scene.run(listing=True)
        scene.check()
        assert report.faults["listing"].startswith(f"2025: {fault}")
        assert exit_code_of(report) is ExitCode.STOPPED
        assert (report.ended_by, report.stopped, report.failed) == ("finished", {}, 0)
        assert notes(scene)[-1][1] == "failed"
        # Well again, and nothing is told any more.
        told.lists = lambda rows: rows
        report = await scene.run(listing=True)
        assert exit_code_of(report) is ExitCode.OK


async def test_first_listing_is_empty(tmp_path, autojump_clock):
    async with open_told(tmp_path, 3) as (scene, told):
        told.lists = lambda rows: []
        report = await scene.run(listing=True)
    assert report.faults == {"listing": "2025: it is empty"}


async def test_listing_of_another_year_is_not_taken_for_the_one_asked_for(tmp_path, autojump_clock):
    async with open_told(tmp_path, 3) as (scene, told):
        told.lists = lambda rows: [listing_row(gazette) for gazette in scene.gazettes]
        since = Selection(since=datetime.date(2024, 1, 1))
        report = await scene.run(listing=True, selection=since)
        assert report.faults == {"listing": "2024: 3 of its 3 gazettes are of other years"}
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


async def test_fault_that_passes_is_overcome(tmp_path, autojump_clock):
    async with open_told(tmp_path, 3) as (scene, told):
        faults = [b"", (503, b""), b"<html>Em breve</html>"]
        told.lists = lambda rows: faults.pop() if faults else rows
        report = await scene.run(listing=True)
        assert exit_code_of(report) is ExitCode.OK
        assert report.counts["listing"] == {"put_off": 3, "read": 1, "new": 3, "left": 0}
        assert [outcome for _, outcome, _, _ in notes(scene)] == ["put_off"] * 3 + ["read"]


async def test_rows_of_a_faulty_listing_are_used(tmp_path, autojump_clock):
    async with open_told(tmp_path, 4) as (scene, told):
        newest = max(scene.gazettes, key=lambda gazette: gazette.date)
        oldest = min(scene.gazettes, key=lambda gazette: gazette.date)
        told.hidden = {newest.id}
        await scene.run(listing=True)
        told.hidden = {oldest.id}
        await trio.sleep(3_600)
        report = await scene.run(listing=True)
        assert "it lacks 1 of 4" in report.faults["listing"]
        assert report.counts["listing"]["new"] == 1
        assert newest.id in downloaded(scene)


async def test_bad_rows_are_told_and_left_out(tmp_path, autojump_clock, caplog):
    async with open_told(tmp_path, 3) as (scene, told):
        told.lists = lambda rows: [rows[0], {"year": "2025", "url": "/etc/\x1b[2J"}, 7, *rows[1:]]
        report = await scene.run(listing=True)
        assert (report.faults, report.counts["listing"]["new"]) == ({}, 3)
    warnings = [message for message in caplog.messages if "left out" in message]
    assert [message.partition(": left out: ")[0] for message in warnings] == [
        "the listing of 2025, row 2",
        "the listing of 2025, row 3",
    ]
    assert "\x1b" not in caplog.text


async def test_block_page_in_place_of_the_listing_pauses_the_court(tmp_path, autojump_clock):
    async with open_told(tmp_path, 3) as (scene, told):
        told.lists = lambda rows: BLOCKED
        report = await scene.run(listing=True)
        scene.check()
        assert report.ended_by == "host"
        assert "block page" in report.stopped["listing"]
        assert "What to do: wait some hours" in report.stopped["listing"]
        assert report.counts["listing"]["left"] == 1
        assert len(told.asked) < 5


async def test_court_that_forbids_its_listing_is_not_asked(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3) as scene:
        scene.court._robots = "User-agent: *\nDisallow: /diario_oficial/\n"
        report = await scene.run(listing=True)
        assert "forbids /diario_oficial/" in report.stopped["listing"]
        assert exit_code_of(report) is ExitCode.STOPPED
        assert scene.requests(scene.court, "listing") == 0


# The newest edition


async def test_nothing_newer_for_ten_days_is_told(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3) as scene:
        # The newest is of 23 June.
        await trio.sleep_until((datetime.datetime(2025, 7, 2, 23, 59) - EPOCH).total_seconds())  # noqa: DTZ001
        assert exit_code_of(await scene.run(listing=True)) is ExitCode.OK
        await trio.sleep(3_600)
        report = await scene.run(listing=True)
        fault = "2025: nothing newer than 2025-06-23 is listed, and that is longer ago than tjro.stale_after"
        assert report.faults == {"listing": fault}
        assert exit_code_of(report) is ExitCode.STOPPED
        # Who asks for days long gone is not told.
        report = await scene.run(listing=True, selection=Selection(until=datetime.date(2025, 6, 20)))
        assert exit_code_of(report) is ExitCode.OK


@pytest.mark.parametrize("form", [lambda row: row, lambda row: [row], lambda row: {"data": "01/07/2025"}])
async def test_listing_that_lacks_the_newest_edition_is_told(tmp_path, autojump_clock, form):
    async with open_told(tmp_path, 3, tjro__stale_after="5 days") as (scene, told):
        newer = {"year": "2025", "month": "07", "day": "01"}
        told.newest = lambda rows: form(newer)
        report = await scene.run(listing=True)
        fault = "2025: it ends on 2025-06-23, though the newest edition is of 2025-07-01"
        assert report.faults == {"listing": fault}
        assert downloaded(scene) == {gazette.id for gazette in scene.gazettes}


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", (500, b""), b"null", [{"year": "2999", "month": "01", "day": "01"}]]
)
async def test_unreadable_word_about_the_newest_edition_is_ignored(tmp_path, autojump_clock, answer):
    async with open_told(tmp_path, 3, tjro__stale_after="5 days") as (scene, told):
        told.newest = lambda rows: answer
        report = await scene.run(listing=True)
        assert report.faults["listing"].startswith("2025: nothing newer than 2025-06-23 is listed")


@pytest.mark.parametrize(
    ("day", "newest", "fault"),
    [
        (2, {"year": "2025", "month": "06", "day": "23"}, None),
        (2, None, "2026: it is empty"),
        (2, {"year": "2026", "month": "01", "day": "02"}, "2026: it is empty"),
        (2, {"year": "2024", "month": "12", "day": "31"}, "2026: it is empty"),
    ],
)
async def test_new_year_has_an_empty_listing_at_first(tmp_path, autojump_clock, day, newest, fault):
    async with open_told(tmp_path, 3, tjro__stale_after="300 days") as (scene, told):
        await trio.sleep_until((datetime.datetime(2026, 1, day, 12) - EPOCH).total_seconds())  # noqa: DTZ001
        told.newest = lambda rows: newest
        report = await scene.run(listing=True)
        assert report.faults == ({} if fault is None else {"listing": fault})
        assert told.readings("ano=2026")


@pytest.mark.parametrize(
    ("data", "dates"),
    [
        (b'[{"year": "2025", "month": "06", "day": "26"}]', ["2025-06-26"]),
        (b'{"ultimo": "2025-06-26"}', ["2025-06-26"]),
        (b"26/06/2025", ["2025-06-26"]),
        (b'{"year": 2025, "month": 6, "day": 26}', ["2025-06-26"]),
        (b'{"year": "2025", "month": "13", "day": "26"}', []),
        (b'{"year": null, "month": [], "day": {}}', []),
        (b"[[[[", []),
        (b"\xff\xfe", []),
        (b"12025-06-261", []),
    ],
)
def test_dates_are_found_in_any_form(data, dates):
    assert [str(date) for date in dates_in(data)] == dates


# Before anything is sent


def job_of(scene: Scene, selection=None, **settings) -> Job:
    return Job(None, selection or Selection(), scene.settings_with(settings), scene.secrets)


async def test_dry_run_says_what_is_known_and_what_would_be_read(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3) as scene:
        seen = await preview(job_of(scene), scene.world)
        assert (seen.gazettes, seen.years) == (0, (2025,))
        await scene.run(selection=Selection(limit=1))
        begun = len(scene.network.begun)
        seen = await preview(job_of(scene, Selection(since=datetime.date(2023, 1, 1))), scene.world)
        assert (seen.gazettes, seen.years) == (2, (2023, 2024, 2025))
        assert len(scene.network.begun) == begun


async def test_uploads_that_are_not_known_yet_are_announced(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, archive__kind="internet-archive", archive__s3_url="https://s3.test") as scene:
        with pytest.raises(UsageError, match="what the court lists besides is found out only then"):
            await scene.run(listing=True)
        assert scene.network.begun == []


async def test_archive_goes_on_with_what_is_listed(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, archive__kind="internet-archive", extract__kind="rules") as scene:
        report = await scene.run(listing=True)
        assert report.counts["archive"]["submitted"] == 3
        assert scene.states() == [("downloaded", "submitted", "extracted")]
        assert scene.network.count("PUT", ARCHIVE) == 3


@pytest.fixture
def own_listing():
    if not LISTING.exists():
        pytest.skip("the court's own listing is not part of the project")
    return json.loads(LISTING.read_bytes())


async def test_the_courts_own_listing(tmp_path, own_listing, autojump_clock):
    rows = own_listing
    async with open_told(tmp_path, 1) as (scene, told):
        told.lists = lambda _: [row for row in rows if row["year"] == "2025"]
        report = await scene.run(listing=True, selection=Selection(limit=0))
        assert report.faults == {}
        assert scene.rows("SELECT count(*) FROM diarios") == [(sum(row["year"] == "2025" for row in rows),)]
