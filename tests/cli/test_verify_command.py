"""Collaboration tests of `verify`: what is asked for, what is printed, and how it ends. The archive is a folder."""

from __future__ import annotations

import json
import signal

import pytest
import trio
from made_gazettes import checksums_of, gazette

from trio_pipeline.cli import verify as command
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.world import real_world

OLD, NEW, WAITING = gazette(1, "2024-08-29"), gazette(2, "2025-06-23"), gazette(3, "2025-06-24")
PDF = b"%PDF-1.7 and more"


def detail_of(data):
    sums = checksums_of(data)
    return {"size": sums.size, "sha256": sums.sha256, "md5": sums.md5, "pages": 1}


@pytest.fixture
def archive(tmp_path):
    """A folder with copies of two gazettes, and a ledger that knows them, and of an upload of a third one."""
    folder = tmp_path / "archive"
    events = []
    for one in (OLD, NEW):
        path = folder / f"{one.id}.pdf"
        folder.mkdir(exist_ok=True)
        path.write_bytes(PDF)
        events.append(Event(one.id, StageName.DOWNLOAD, "downloaded", detail=detail_of(PDF)))
        where = {"url": path.as_uri(), "md5": checksums_of(PDF).md5}
        events.append(Event(one.id, StageName.ARCHIVE, "confirmed", target=f"folder:{folder}", detail=where))

    async def fill():
        async with open_ledger(tmp_path / "diarios.duckdb", real_world()) as ledger:
            await ledger.begin_run({}, f"folder:{folder}")
            await ledger.add_gazettes([OLD, NEW, WAITING])
            await ledger.record_all(events)

    trio.run(fill)
    return folder


@pytest.fixture
def uploaded(archive, tmp_path):
    """Besides, a third gazette was put into the Internet Archive."""

    async def fill():
        async with open_ledger(tmp_path / "diarios.duckdb", real_world()) as ledger:
            where = {"url": "https://archive.org/download/some-item/a.pdf", "md5": checksums_of(PDF).md5}
            await ledger.record_all(
                [
                    Event(WAITING.id, StageName.DOWNLOAD, "downloaded", detail=detail_of(PDF)),
                    Event(WAITING.id, StageName.ARCHIVE, "confirmed", target="internet-archive", detail=where),
                ]
            )

    trio.run(fill)


@pytest.mark.usefixtures("archive")
def test_all_is_well(typed):
    said = typed("verify")
    assert (said.code, said.out) == (ExitCode.OK, "")
    assert said.err == "2 copies, 0 with a problem\n"


def test_problem_is_a_row_with_advice(typed, archive):
    (archive / f"{OLD.id}.pdf").unlink()
    (archive / f"{NEW.id}.pdf").write_bytes(b"%PDF")
    said = typed("verify")
    assert said.code == ExitCode.ITEMS_FAILED
    table = [line.split("\t") for line in said.out.splitlines()]
    assert table[0] == ["id", "archive", "url", "state", "problem", "reason"]
    assert [(row[0], row[3], row[4]) for row in table[1:]] == [
        (NEW.id, "confirmed", "other bytes"),
        (OLD.id, "confirmed", "missing"),
    ]
    assert said.err.splitlines() == [
        "2 copies, 2 with a problem",
        "to archive again what is missing: trio-pipeline run --force --from 2024-08-29 --to 2025-06-23",
    ]


def test_problem_as_json(typed, archive):
    (archive / f"{NEW.id}.pdf").unlink()
    [row] = [json.loads(line) for line in typed("verify", "--json").out.splitlines()]
    assert row == {
        "id": NEW.id,
        "archive": f"folder:{archive}",
        "url": (archive / f"{NEW.id}.pdf").as_uri(),
        "state": "confirmed",
        "problem": "missing",
        "reason": f"there is no file {archive / NEW.id}.pdf",
    }


def test_only_what_was_named_is_looked_at(typed, archive):
    (archive / f"{NEW.id}.pdf").unlink()
    assert typed("verify", OLD.id).code == ExitCode.OK
    assert typed("verify", "--limit", 0).err == "0 copies, 0 with a problem\n"
    assert typed("verify", "--limit", 1).code == ExitCode.ITEMS_FAILED
    said = typed("verify", OLD.id, WAITING.id)
    assert said.code == ExitCode.ITEMS_FAILED
    assert said.err.splitlines()[0] == f"{WAITING.id}: the ledger knows no copy of it"


def test_quiet_says_what_is_wrong_alone(typed, archive):
    assert typed("verify", "-q").err == ""
    (archive / f"{NEW.id}.pdf").unlink()
    said = typed("verify", "-q")
    assert NEW.id in said.out
    assert said.err == ""


@pytest.mark.usefixtures("uploaded")
def test_nobody_is_asked_without_contact(typed):
    said = typed("verify")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert "tjro.contact" in said.err


@pytest.mark.usefixtures("uploaded")
def test_one_archive_can_be_chosen(typed, archive):
    assert typed("verify", f"--archive=folder:{archive}").err == "2 copies, 0 with a problem\n"
    assert typed("verify", "--archive=folder:elsewhere").err == "0 copies, 0 with a problem\n"
    assert typed("verify", "--archive=internet-archive").code == ExitCode.USAGE
    said = typed("verify", "--archive=none")
    assert (said.code, "nothing to look at" in said.err) == (ExitCode.USAGE, True)


@pytest.mark.usefixtures("uploaded")
def test_archive_that_cannot_be_reached_ends_it(typed):
    # Nobody listens on this port of this machine.
    said = typed("verify", "--set=archive.metadata_url=http://127.0.0.1:9", "--set=run.patience=0")
    assert said.code == ExitCode.STOPPED
    assert f"{WAITING.id}\tinternet-archive" in said.out
    assert said.err.startswith("stopped: no connection")
    assert "3 copies, 1 with a problem" in said.err


@pytest.mark.usefixtures("archive")
def test_signal_ends_it_and_says_how_far_it_was(typed, monkeypatch):
    async def interrupt(copies, verification, *_, **__):
        verification.total, verification.asked = 2, 1
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    monkeypatch.setattr(command, "compare", interrupt)
    said = typed("verify")
    assert (said.code, said.out) == (ExitCode.INTERRUPTED, "")
    assert said.err == "ended early: 1 of 2 looked at, 0 with a problem\n"


def test_copies_of_a_run_come_from_the_run(typed, tmp_path, archive, pipeline):
    asked = []

    async def answer(arguments):
        asked.append(arguments)
        return
        yield

    with pipeline(tmp_path / "diarios.duckdb", {"copies": answer}):
        said = typed("verify", OLD.id, "--limit=3")
    assert asked == [{"ids": [OLD.id], "archive": None, "limit": 3}]
    assert "knows no copy" in said.err
