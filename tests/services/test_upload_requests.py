"""The official client's upload and ours of the same file, header by header (end-to-end).

Where they differ, the table in docs/internet_archive.md says so and why; a difference that is not in it, and a row
without a difference, fail here.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from pathlib import Path

import trio
from official_client import ACCESS, SECRET, open_client

from trio_pipeline.diario.archives.internet_archive import InternetArchive
from trio_pipeline.diario.http import open_http
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.titles import Titles
from trio_pipeline.pacing import Network, Pacer
from trio_pipeline.services.shelf import SYSTEM_FIELDS
from trio_pipeline.world import real_world

DOCUMENT = Path(__file__).parents[2] / "docs" / "internet_archive.md"
PDF = b"%PDF-1.4 " + bytes(range(256)) * 40
SUMS = Checksums(len(PDF), hashlib.sha256(PDF).hexdigest(), hashlib.md5(PDF).hexdigest())
GAZETTE = Gazette(
    "tjro-diario-2024-08-29-nr162-sup",
    "tjro",
    datetime.date(2024, 8, 29),
    162,
    "SUP",
    "https://www.tjro.jus.br/novodiario/2024/20240829914-NR162-SUP.pdf",
    "20240829914-NR162-SUP.pdf",
)
ITEM = archive_item(GAZETTE, "year")
COLLECTION = "test_collection"


class NothingFound:
    """What a search has found."""

    async def recall(self):
        await trio.lowlevel.checkpoint()
        return []

    async def keep(self, found):
        await trio.lowlevel.checkpoint()


async def put_ours(client, path):
    async with open_http(real_world(), user_agent="trio-pipeline/1 (+https://example.org)") as http:
        archive = InternetArchive(
            real_world(),
            http,
            Pacer("uploads"),
            Pacer("reads"),
            s3_url=client.url,
            metadata_url=client.url,
            access_key=ACCESS,
            secret_key=SECRET,
            collection=COLLECTION,
            layout="year",
            titles=Titles(),
            patience=60.0,
            network=Network(),
            notes=NothingFound(),
        )
        copy = await archive.put(GAZETTE, SUMS, path)
        assert copy.state == "submitted"


def by_their_command(document):
    """Puts the same file by `ia upload`, with the metadata that an item and its file have, and no other option."""

    async def put_theirs(client, path):
        [file] = document["files"]
        own = {key: value for key, value in file.items() if key not in SYSTEM_FIELDS}
        (client.home / "files.json").write_text(json.dumps([{"name": str(path), **own}]))
        about = {key: value for key, value in document["metadata"].items() if key != "identifier"}
        pairs = [(key, one) for key, value in about.items() for one in ([value] if isinstance(value, str) else value)]
        metadata = [word for key, value in pairs for word in ("--metadata", f"{key}:{value}")]
        await client.ia("upload", ITEM, "--file-metadata", "files.json", *metadata)

    return put_theirs


async def recorded(directory, put):
    """What one of them sends to put the file into a new item, and what the stand-in shows then."""
    home = directory / put.__name__
    home.mkdir()
    path = home / f"{GAZETTE.id}.pdf"
    path.write_bytes(PDF)
    async with open_client(home) as client:
        await put(client, path)
        [(line, headers)] = [head for head in client.archive.heads if head[0].startswith("PUT")]
        [item] = client.archive.items()
        assert len(headers) == len(dict(headers))
        return line, dict(headers), item.document(float("inf"))


def told():
    """The rows of the table: of each header, what the document says that the client sends, and we."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert all(why.endswith(".") for *_, why in rows)
    return {name: (theirs, ours) for name, theirs, ours, _ in rows}


def agrees(cell, value):
    """Whether a cell is right: `none`, the value itself between backticks, or some words for one that varies."""
    if cell == "none" or value is None:
        return cell == "none" and value is None
    return not cell.startswith("`") or cell == f"`{value}`"


async def test_requests_agree_but_for_what_is_explained(tmp_path):
    our_line, ours, document = await recorded(tmp_path, put_ours)
    their_line, theirs, their_document = await recorded(tmp_path, by_their_command(document))
    assert document == their_document
    assert our_line == their_line
    different = {name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)}
    assert told().keys() == different
    for name, cells in told().items():
        assert agrees(cells[0], theirs.get(name)), name
        assert agrees(cells[1], ours.get(name)), name
    assert document["metadata"]["subject"] == ["Diário da Justiça", "TJRO", "Rondônia"]
    assert ours["x-archive-filemeta00-original--name"] == GAZETTE.file_name


async def test_our_request_shows_keys_in_one_place_only(tmp_path):
    line, ours, _ = await recorded(tmp_path, put_ours)
    assert ours.pop("authorization") == f"LOW {ACCESS}:{SECRET}"
    assert "CANARY" not in f"{line} {ours}"
