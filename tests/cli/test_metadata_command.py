"""Collaboration tests of `metadata`: what it wants before it asks anybody, and what it says."""

from __future__ import annotations

import signal

import pytest
import trio
from made_gazettes import checksums_of, gazette

from trio_pipeline.cli import metadata as command
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.world import real_world

OURS, THEIRS = gazette(1, "2025-06-23"), gazette(2, "2025-06-24")
CONTACT = "--set=tjro.contact=me@example.org"
# Nobody listens on this port of this machine.
NOBODY = ["--set=archive.metadata_url=http://127.0.0.1:9", "--set=run.patience=0"]


@pytest.fixture
def keys(typed, monkeypatch):
    monkeypatch.setenv("IA_ACCESS_KEY", "access")
    monkeypatch.setenv("IA_SECRET_KEY", "secret")


@pytest.fixture
def no_keys(typed, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def knows(tmp_path):
    """Writes a ledger with confirmed copies of these gazettes, each in the item of that name."""

    def fill(**items):
        sums = checksums_of(b"%PDF")
        detail = {"size": sums.size, "sha256": sums.sha256, "md5": sums.md5}

        async def write():
            async with open_ledger(tmp_path / "diarios.duckdb", real_world()) as ledger:
                await ledger.begin_run({}, "internet-archive")
                await ledger.add_gazettes([OURS, THEIRS])
                for name, item in items.items():
                    one = {"ours": OURS, "theirs": THEIRS}[name]
                    where = {"url": f"https://archive.org/download/{item}/{one.id}.pdf", "md5": sums.md5}
                    await ledger.record(Event(one.id, StageName.DOWNLOAD, "downloaded", detail=detail))
                    event = Event(one.id, StageName.ARCHIVE, "confirmed", target="internet-archive", detail=where)
                    await ledger.record(event)

        trio.run(write)

    return fill


@pytest.mark.usefixtures("keys")
def test_others_items_are_left_alone(typed, knows):
    knows(theirs="tjro-diario-2025-06-24")
    said = typed("metadata", CONTACT)
    assert (said.code, said.out) == (ExitCode.OK, "")
    assert said.err == "0 items of ours, nothing to change, 1 copies in others' items left alone\n"


@pytest.mark.usefixtures("no_keys")
def test_keys_are_wanted_before_anybody_is_asked(typed, knows):
    knows(ours=OURS.id)
    said = typed("metadata", CONTACT)
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert "IA_ACCESS_KEY and IA_SECRET_KEY" in said.err


@pytest.mark.usefixtures("keys")
def test_contact_is_wanted_before_anybody_is_asked(typed, knows):
    knows(ours=OURS.id)
    said = typed("metadata")
    assert (said.code, "tjro.contact" in said.err) == (ExitCode.USAGE, True)


@pytest.mark.usefixtures("keys")
def test_bad_template_is_wrong_usage(typed, knows):
    knows(ours=OURS.id)
    said = typed("metadata", CONTACT, "--set=archive.title={nummer}")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert "the nearest is {number}" in said.err


@pytest.mark.usefixtures("no_keys")
def test_dry_run_needs_no_keys(typed, knows):
    knows(theirs="tjro-diario-2025-06-24")
    assert typed("metadata", "--dry-run", CONTACT).code == ExitCode.OK


@pytest.mark.usefixtures("keys")
def test_archive_that_cannot_be_reached_ends_it(typed, knows):
    knows(ours=OURS.id)
    said = typed("metadata", *NOBODY)
    assert said.code == ExitCode.STOPPED
    assert said.out.splitlines()[1].startswith(f"{OURS.id}\t\t\t\t\tnot changed\tno connection")
    assert said.err.startswith("stopped: no connection")


@pytest.mark.usefixtures("keys")
def test_signal_ends_it_and_says_how_far_it_was(typed, knows, monkeypatch):
    async def interrupt(*_, **__):
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    knows(ours=OURS.id)
    monkeypatch.setattr(command, "update_metadata", interrupt)
    said = typed("metadata", CONTACT)
    assert (said.code, said.out) == (ExitCode.INTERRUPTED, "")
    assert said.err.startswith("0 of 1 items looked at")


@pytest.mark.usefixtures("keys")
def test_gazette_without_copy_is_told(typed, knows):
    knows(theirs="tjro-diario-2025-06-24")
    said = typed("metadata", CONTACT, OURS.id)
    assert said.code == ExitCode.ITEMS_FAILED
    assert said.err.startswith(f"{OURS.id}: the ledger knows no copy of it in the Internet Archive\n")
