"""Downloads that break off and are gone on with (collaboration): what is asked for, what is sent, what is kept."""

from __future__ import annotations

import pytest
from scenes import COURT, open_scene, signals_at
from test_spool_pressure import bounded

SIZE = 600_000
DONE = [("downloaded", "confirmed", "not_asked")]


class Meddling:
    """Passes requests on to the court; changes the answers to those for PDFs, and takes both down."""

    def __init__(self, app, change_answer=lambda asked, status, headers: (status, headers)):
        self.app = app
        self.change_answer = change_answer
        self.asked = []
        self.statuses = []
        self.sent = 0

    async def __call__(self, scope, receive, send):
        if not scope["path"].endswith(".pdf"):
            await self.app(scope, receive, send)
            return
        asked = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append(asked)

        async def changed(message):
            if message["type"] == "http.response.start":
                headers = {name.decode(): value.decode() for name, value in message["headers"]}
                status, headers = self.change_answer(asked, message["status"], headers)
                self.statuses.append(status)
                raw = [(name.encode(), value.encode()) for name, value in headers.items()]
                message = {**message, "status": status, "headers": raw}
            self.sent += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, changed)

    @property
    def ranges(self):
        return [asked.get("range") for asked in self.asked]


def check_archived(scene):
    scene.check()
    assert scene.states() == DONE
    for published in scene.publications:
        copy = scene.directory / "archive" / str(published.gazette.date.year) / f"{published.gazette.id}.pdf"
        assert copy.read_bytes() == published.content()
    assert scene.spooled() == []


@pytest.mark.parametrize("fault", ["reset", "truncate", "stall"])
async def test_only_what_is_missing_is_sent(tmp_path, autojump_clock, fault):
    async with open_scene(tmp_path, 1, size=SIZE, court_faults=[f"tjro:{fault}=1x"]) as scene:
        court = scene.network.apps[COURT] = Meddling(scene.court)
        report = await scene.run()
        check_archived(scene)
    assert report.failed == 0
    first, second = court.asked
    assert "range" not in first
    assert second["range"].startswith("bytes=")
    assert second["if-range"].startswith('"')
    assert court.statuses == [200, 206]
    assert court.sent == SIZE


async def test_line_that_always_breaks_brings_a_gazette_in_the_end(tmp_path, autojump_clock):
    """Each answer breaks in its middle; with two attempts, it would fail at the second one if they counted."""
    async with open_scene(tmp_path, 1, size=4_000_000, court_faults=["tjro:reset=3x"], retry__attempts=2) as scene:
        await scene.run()
        check_archived(scene)
        attempts = scene.rows("SELECT attempt FROM events WHERE stage = 'download' AND attempt IS NOT NULL")
    assert attempts == [(1,)] * 4


def without_tag(asked, status, headers):
    return status, {name: value for name, value in headers.items() if name not in {"etag", "last-modified"}}


def weak_tag(asked, status, headers):
    return status, {**headers, "etag": f"W/{headers['etag']}"}


@pytest.mark.parametrize("change", [without_tag, weak_tag])
async def test_bytes_that_cannot_be_told_from_others_come_from_their_start(tmp_path, autojump_clock, change):
    async with open_scene(tmp_path, 1, size=SIZE, court_faults=["tjro:reset=1x"]) as scene:
        court = scene.network.apps[COURT] = Meddling(scene.court, change)
        await scene.run()
        check_archived(scene)
    assert court.ranges == [None, None]


def other_tag(asked, status, headers):
    return status, {**headers, "etag": '"other"'} if status == 206 else headers


def other_start(asked, status, headers):
    return status, {**headers, "content-range": f"bytes 1-{SIZE - 1}/{SIZE}"} if status == 206 else headers


def other_length(asked, status, headers):
    size = int(asked.get("range", "bytes=0-")[6:-1])
    return status, {**headers, "content-range": f"bytes {size}-{SIZE}/{SIZE + 1}"} if status == 206 else headers


def several_parts(asked, status, headers):
    return status, {**headers, "content-type": "multipart/byteranges; boundary=x"} if status == 206 else headers


def no_such_range(asked, status, headers):
    return 416 if status == 206 else status, headers


@pytest.mark.parametrize("change", [other_tag, other_start, other_length, several_parts, no_such_range])
async def test_what_is_not_the_rest_is_not_taken(tmp_path, autojump_clock, change):
    async with open_scene(tmp_path, 1, size=SIZE, court_faults=["tjro:reset=1x"], retry__attempts=2) as scene:
        court = scene.network.apps[COURT] = Meddling(scene.court, change)
        await scene.run()
        check_archived(scene)
    assert [asked is not None for asked in court.ranges] == [False, True, False]


async def test_server_that_knows_no_ranges_begins_again(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 1, size=SIZE, court_faults=["tjro:reset=1x"]) as scene:

        async def without_ranges(scope, receive, send):
            headers = [header for header in scope["headers"] if header[0] != b"range"]
            await scene.court({**scope, "headers": headers}, receive, send)

        court = scene.network.apps[COURT] = Meddling(without_ranges)
        await scene.run()
        check_archived(scene)
    assert court.statuses == [200, 200]
    assert court.ranges[1] is not None


async def test_bad_joint_is_thrown_away(tmp_path, autojump_clock):
    """The rest that comes is said to be the right one, and is not."""
    async with open_scene(tmp_path, 1, size=SIZE, court_faults=["tjro:reset=1x"], retry__attempts=2) as scene:
        is_resumed = False

        async def joining_badly(scope, receive, send):
            nonlocal is_resumed
            is_resumed = any(name == b"range" for name, _ in scope["headers"])

            async def garbled(message):
                if is_resumed and message["type"] == "http.response.body":
                    message = {**message, "body": bytes(len(message["body"]))}
                await send(message)

            await scene.court(scope, receive, garbled)

        court = scene.network.apps[COURT] = Meddling(joining_badly)
        await scene.run()
        check_archived(scene)
        reasons = scene.rows("SELECT detail ->> 'reason' FROM events WHERE outcome = 'put_off' ORDER BY seq")
    assert [asked is not None for asked in court.ranges] == [False, True, False]
    assert reasons[1][0].startswith("resumed at byte 524288, and then: the PDF does not open")


async def test_parts_give_way_and_nothing_waits_for_ever(tmp_path, autojump_clock):
    faults = ["tjro:reset=0.5", "tjro:stall=0.2"]
    async with open_scene(tmp_path, 10, size=6_000, court_faults=faults, run__spool_limit=15_000) as scene:
        with bounded(scene, 15_000):
            for _ in range(3):
                await scene.run()
        check_archived(scene)


async def test_drained_run_leaves_no_part(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, size=SIZE, court_faults=["tjro:reset=1.0"]) as scene:
        await scene.run(interrupts=signals_at(2.0, 2.5))
        scene.check()
        assert scene.spooled() == []
