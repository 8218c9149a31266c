"""Runs whose spool is too small for what they do (collaboration): the bound is kept, and nothing waits for ever.

Every run is under a limit in virtual time, so that waiting for ever is a failure.
"""

from __future__ import annotations

import dataclasses
import hashlib
from contextlib import contextmanager
from functools import partial

import pytest
import trio
from scenes import COURT, SMALL, Scene, open_scene, signals_at

from trio_pipeline.diario.selection import Selection

DONE = [("downloaded", "confirmed", "not_asked")]


@contextmanager
def bounded(scene: Scene, limit: int):
    """Fails if the directory ever holds more than `limit` bytes."""
    most = 0

    def look(directory):
        nonlocal most
        if directory == scene.spool:
            most = max(most, sum(path.stat().st_size for path in directory.iterdir()))

    scene.world.files.seen = look
    yield
    assert 0 < most <= limit


def without_length(app):
    """The same app, which does not say how long its answers are."""

    async def serve(scope, receive, send):
        async def sendable(message):
            if "headers" in message:
                message["headers"] = [header for header in message["headers"] if header[0] != b"content-length"]
            await send(message)

        await app(scope, receive, sendable)

    return serve


def with_body(scene: Scene, identifier: str, change) -> None:
    """Have the court publish something else as a gazette from now on."""
    for path, made in scene.court._by_path.items():
        if made.gazette.id == identifier:
            body = change(made.content())
            scene.court._by_path[path] = dataclasses.replace(made, length=len(body), content=partial(bytes, body))


def kept_apart(body: bytes) -> bytes:
    """Other bytes of the same length, which still are a PDF."""
    return body.replace(b"% ", b"%!", 1)


@pytest.mark.parametrize("expected", [100, SMALL, 50_000])
@pytest.mark.parametrize("room", [1, 2, 5])
async def test_bound_is_kept_whatever_is_expected(tmp_path, autojump_clock, expected, room):
    limit = room * SMALL
    async with open_scene(tmp_path, 12, tjro__expected_size=expected, run__spool_limit=limit) as scene:
        with bounded(scene, limit):
            report = await scene.run()
        scene.check()
    assert report.failed == 0
    assert scene.states() == DONE


async def test_bound_is_kept_when_nobody_says_how_long_a_body_is(tmp_path, autojump_clock):
    limit = 5 * SMALL // 2
    async with open_scene(tmp_path, 8, tjro__expected_size=500, run__spool_limit=limit) as scene:
        scene.network.apps[COURT] = without_length(scene.court)
        with bounded(scene, limit):
            report = await scene.run()
        scene.check()
    assert report.failed == 0
    assert scene.states() == DONE


async def test_body_larger_than_the_spool_goes_alone(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, tjro__expected_size=500, run__spool_limit=SMALL // 2) as scene:
        with bounded(scene, SMALL):
            report = await scene.run()
        scene.check()
    assert report.failed == 0
    assert scene.states() == DONE


async def test_room_is_made_rather_than_asked_for_twice(tmp_path, autojump_clock):
    """Submitted PDFs fill the spool but for what is expected; each download turns out to be longer.

    The court takes its time, so that what was downloaded before is in the archive when more room is needed.
    """
    limit = 7 * SMALL // 2
    async with open_scene(
        tmp_path,
        12,
        court={"latency": 1.0},
        archive={"queue": 3_600.0},
        archive__kind="internet-archive",
        tjro__workers=1,
        tjro__expected_size=100,
        run__spool_limit=limit,
    ) as scene:
        with bounded(scene, limit):
            await scene.run()
        scene.check()
    assert scene.requests(scene.court, "pdf") == 12
    assert scene.states() == [("downloaded", "submitted", "not_asked")]


async def test_size_that_did_not_fit_is_known_to_the_next_run(tmp_path, autojump_clock):
    """One PDF takes long to be opened, and there is no room for the other one before the run is cut off."""
    async with open_scene(tmp_path, 2, tjro__expected_size=100, run__spool_limit=SMALL) as scene:
        async with scene.world.open_processes(1) as processes:
            processes.pauses["count_pages"] = 1_000.0
        await scene.run(interrupts=signals_at(100.0, 100.0))
        processes.pauses.clear()
        ((size,),) = scene.rows("SELECT DISTINCT detail ->> 'size' FROM events WHERE outcome = 'put_off'")
        assert size == str(SMALL)
        asked = scene.requests(scene.court, "pdf")
        await scene.run()
        scene.check()
    assert scene.states() == DONE
    assert scene.requests(scene.court, "pdf") == asked + 2


async def test_full_spool_of_a_stopped_archive_ends_the_downloads(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        10,
        size=6_000,
        archive_faults=["archive:invalid-key=1x"],
        archive__kind="internet-archive",
        extract__kind="rules",
        run__spool_limit=4 * 6_000,
    ) as scene:
        with bounded(scene, 4 * 6_000):
            report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert sorted(report.stopped) == ["archive", "download"]
        assert "spool is full" in report.stopped["download"]
        assert len(scene.spooled()) <= 4
        assert report.counts["extract"]["extracted"] >= len(scene.spooled())
        kept = len(scene.spooled())
        with bounded(scene, 4 * 6_000):
            report = await scene.run()
        scene.check()
        assert report.ended_by == "finished"
        assert scene.states() == [("downloaded", "submitted", "extracted")]
        # What was in the spool did not have to be asked for again.
        assert scene.requests(scene.court, "pdf") <= 10 + 3
        assert kept >= 3


async def test_what_is_put_off_for_long_takes_nobody_s_room(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        8,
        archive_faults=["archive:item-slow-down=3x,retry-after=7200"],
        archive__kind="internet-archive",
        archive__layout="edition",
        run__spool_limit=2 * SMALL,
    ) as scene:
        with bounded(scene, 2 * SMALL):
            report = await scene.run()
        scene.check()
        assert report.ended_by == "finished"
        assert report.counts["archive"]["submitted"] == 5
        assert sum(counts["left"] for counts in report.counts.values()) == 3 + 5


async def test_what_is_put_off_for_a_while_is_waited_for(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        8,
        archive_faults=["archive:item-slow-down=3x,retry-after=600"],
        archive__kind="internet-archive",
        archive__layout="edition",
        run__spool_limit=2 * SMALL,
    ) as scene:
        with bounded(scene, 2 * SMALL):
            report = await scene.run()
        scene.check()
    assert report.ended_by == "finished"
    assert scene.requests(scene.court, "pdf") == 8
    assert {archive for _, archive, _ in scene.states()} <= {"submitted", "confirmed"}


async def test_submitted_pdfs_go_before_failed_ones(tmp_path, autojump_clock):
    """Room is asked for while one PDF is on its way into the archive, and others have gone there or were refused.

    The download after the next one has its room already: one PDF that waits, one that was refused, one on its way, and
    one that has gone make four.
    """
    async with open_scene(
        tmp_path,
        6,
        archive_faults=["archive:bad-content=1x"],
        court={"latency": 1.0},
        archive__kind="internet-archive",
        archive__workers=1,
        tjro__workers=1,
        tjro__expected_size=SMALL,
        run__spool_limit=4 * SMALL,
    ) as scene:
        await scene.run()
        rejected = scene.rows("SELECT id FROM diarios WHERE archive_state = 'rejected'")
        assert f"{rejected[0][0]}.pdf" in scene.spooled()
        assert len(scene.spooled()) == 4


async def test_pdfs_of_an_earlier_run_are_not_given_up_for_new_ones(tmp_path, autojump_clock):
    """Four old gazettes wait in a full spool for their upload; the newest have yet to be downloaded."""
    async with open_scene(
        tmp_path,
        8,
        archive_faults=["archive:item-slow-down=4x,retry-after=7200"],
        archive__kind="internet-archive",
        archive__layout="edition",
        tjro__expected_size=SMALL,
        run__spool_limit=4 * SMALL,
    ) as scene:
        await scene.run(selection=Selection(limit=4, oldest_first=True))
        assert len(scene.spooled()) == 4
        await trio.sleep(7_200)
        with bounded(scene, 4 * SMALL):
            await scene.run()
        scene.check()
    assert scene.states() == [("downloaded", "submitted", "not_asked")]
    assert scene.requests(scene.court, "pdf") == 8


async def test_leftovers_are_swept_and_what_is_known_is_kept(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, archive__kind="internet-archive") as scene:
        await scene.run()
        kept = scene.spooled()
        (scene.spool / "tjro-diario-2020-01-01-nr1.pdf").write_bytes(b"%PDF of nobody")
        (scene.spool / "tjro-diario-2020-01-01-nr1.part").write_bytes(b"%PDF")
        (scene.spool / kept[0]).write_bytes(b"cut short")
        (scene.spool / "notes.txt").write_text("somebody's own")
        await scene.run()
        scene.check()
    assert scene.spooled() == sorted([*kept[1:], "notes.txt"])


# Bytes that are not what they were


async def test_pdf_that_decayed_in_the_spool_is_brought_back(tmp_path, autojump_clock):
    faults = ["archive:invalid-key=1x"]
    async with open_scene(tmp_path, 3, size=6_000, archive_faults=faults, archive__workers=1) as scene:
        await scene.run(archive__kind="internet-archive")
        decayed = scene.spooled()
        for name in decayed:
            (scene.spool / name).write_bytes(b"x" * 6_000)
        report = await scene.run(archive__kind="internet-archive", extract__kind="rules")
        scene.check()
    assert decayed
    assert (report.ended_by, report.failed) == ("finished", 0)
    assert scene.states() == [("downloaded", "submitted", "extracted")]
    assert scene.bodies() == {name: [hashlib.md5(body).hexdigest()] for name, body in scene.contents().items()}


async def test_decayed_copy_is_passed_over(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3, size=6_000) as scene:
        await scene.run()
        broken = tmp_path / "archive" / "2025" / f"{scene.gazettes[0].id}.pdf"
        broken.write_bytes(kept_apart(broken.read_bytes()))
        missing = tmp_path / "archive" / "2025" / f"{scene.gazettes[1].id}.pdf"
        missing.unlink()
        report = await scene.run(archive__kind="internet-archive", extract__kind="rules")
        scene.check()
    assert report.failed == 0
    assert scene.requests(scene.court, "pdf") == 5
    sources = scene.rows("SELECT detail ->> 'source' FROM events WHERE outcome = 'restored' ORDER BY ALL")
    assert sources == [("court",), ("court",), (f"folder:{tmp_path / 'archive'}",)]
    assert scene.bodies() == {name: [hashlib.md5(body).hexdigest()] for name, body in scene.contents().items()}


async def test_other_bytes_from_the_court_are_never_kept(tmp_path, autojump_clock):
    """The court has replaced a gazette; what was published first is what counts, and is nowhere to be had."""
    async with open_scene(tmp_path, 2, size=6_000) as scene:
        await scene.run()
        replaced = scene.gazettes[0].id
        with_body(scene, replaced, kept_apart)
        (tmp_path / "archive" / "2025" / f"{replaced}.pdf").unlink()
        report = await scene.run(archive__kind="internet-archive", extract__kind="rules")
        scene.check()
        assert report.failed == 1
        assert scene.spooled() == [f"{scene.gazettes[1].id}.pdf"]
        ((error, state),) = scene.rows("SELECT error, archive_state FROM diarios WHERE id = ?", replaced)
        assert "other bytes than were downloaded first" in error
        assert state == "pending"
        assert len(scene.bodies()) == 1
