"""The archive's own command-line client against the stand-in, in a process of its own (end-to-end).

It takes the stand-in for the archive: uploads, lists, searches, reads, writes, verifies and deletes without an error.
"""

from __future__ import annotations

import json

import pytest
from official_client import open_client

from trio_pipeline.services.archive import Rations

ITEM = "tjro-diario-2025"
PDF = b"%PDF-1.4 " + bytes(range(256)) * 40


@pytest.fixture
def opened(tmp_path):
    def open_with_file(**settings):
        (tmp_path / "a.pdf").write_bytes(PDF)
        return open_client(tmp_path, **settings)

    return open_with_file


async def test_upload_is_listed_read_verified_and_deleted(opened):
    about = ("--metadata", "title:Diário da Justiça", "--metadata", "collection:test_collection")
    async with opened() as client:
        await client.ia("upload", ITEM, "a.pdf", *about, "--verify", "--size-hint", str(len(PDF)))
        assert (await client.ia("list", ITEM)).split() == ["a.pdf"]
        listed = await client.ia("list", "--all", "--verbose", ITEM)
        assert str(len(PDF)) in listed
        read = json.loads(await client.ia("metadata", ITEM))
        assert read["metadata"]["title"] == "Diário da Justiça"
        assert "already exists" in await client.ia("upload", ITEM, "a.pdf", "--checksum")
        (client.home / "there").mkdir()
        await client.ia("download", ITEM, "--checksum", "--destdir", "there")
        assert (client.home / "there" / ITEM / "a.pdf").read_bytes() == PDF
        assert "skipping" in await client.ia("download", ITEM, "--checksum", "--destdir", "there")
        await client.ia("delete", ITEM, "a.pdf")
        assert (await client.ia("metadata", "--exists", ITEM, code=1)) != ""
        assert client.archive.statistics()["uploads"][f"{ITEM}/a.pdf"]["bodies"] == 1
        assert set(client.answers()) == {"200", "204"}


async def test_metadata_is_changed(opened):
    async with opened() as client:
        await client.ia("upload", ITEM, "a.pdf", "--metadata", "title:before", "--metadata", "subject:one")
        for change in (
            ("--modify", "title:after", "--modify", "volume:7"),
            ("--append-list", "subject:two"),
            ("--append", "title:wards"),
            ("--modify", "volume:REMOVE_TAG"),
            ("--target", "files/a.pdf", "--modify", "title:of the file"),
            ("--modify", "title:afterwards, at last", "--expect", "title:after wards"),
        ):
            await client.ia("metadata", ITEM, *change)
        read = json.loads(await client.ia("metadata", ITEM))
        assert read["metadata"] == {
            "identifier": ITEM,
            "title": "afterwards, at last",
            "subject": ["one", "two"],
        }
        assert read["files"][0]["title"] == "of the file"
        assert "400" not in client.answers()


async def test_change_that_changes_nothing_is_no_error(opened):
    async with opened() as client:
        await client.ia("upload", ITEM, "a.pdf", "--metadata", "title:same")
        assert "warning (400): no changes" in await client.ia("metadata", ITEM, "--modify", "title:same")


async def test_items_are_found(opened):
    async with opened() as client:
        for item in ("tjro-diario-2024", "tjro-diario-2025"):
            await client.ia("upload", item, "a.pdf", "--metadata", f"date:{item[-4:]}")
        found = await client.ia("search", "identifier:tjro-diario-*", "--itemlist")
        assert found.split() == ["tjro-diario-2024", "tjro-diario-2025"]
        assert (await client.ia("search", "date:2024", "--num-found")).strip() == "1"
        rows = await client.ia("search", "date:2024", "--field", "date")
        assert json.loads(rows) == {"identifier": "tjro-diario-2024", "date": "2024"}
        paged = await client.ia("search", "date:2025", "--parameters", "rows=5", "--parameters", "page=1", "--itemlist")
        assert paged.split() == ["tjro-diario-2025"]


async def test_room_is_asked_for(opened):
    async with opened() as client:
        assert "accepting requests" in await client.ia("upload", ITEM, "--status-check")
    async with opened(rations=Rations(accesskey=0)) as client:
        assert "over limit" in await client.ia("upload", ITEM, "--status-check", code=1)


async def test_refusal_is_understood(opened):
    async with opened(rations=Rations(accesskey=0)) as client:
        said = await client.ia("upload", ITEM, "a.pdf", code=1)
        assert "rationed" in said
