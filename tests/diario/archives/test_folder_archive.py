"""The folder archive: names, whole files only, nothing lost (contract)."""

from __future__ import annotations

import dataclasses
import errno
from pathlib import Path

import pytest
import trio
from scripted_network import GAZETTE, PDF, ScriptedTransport, make_world
from tiny_archive import checksums_of

from trio_pipeline.diario.archives.folder import FolderArchive
from trio_pipeline.retry import GiveUp

SUMS = checksums_of(PDF)
NAME = "tjro-diario-2025-06-23-nr112.pdf"


@pytest.fixture
def world():
    return make_world(ScriptedTransport(lambda seen: None))


@pytest.fixture
def pdf(tmp_path):
    path = tmp_path / "spool.pdf"
    path.write_bytes(PDF)
    return path


def names(folder):
    return sorted(path.name for path in (folder / "2025").iterdir())


class DiskThat:
    """Files of which `create` gives one that fails when written to, or never ends syncing."""

    def __init__(self, files, *, fills_up=False, hangs=False):
        self._files = files
        self._fills_up = fills_up
        self._hangs = hangs

    def __getattr__(self, name):
        return getattr(self._files, name)

    async def create(self, path):
        self._file = await self._files.create(path)
        return self

    async def write(self, data):
        if self._fills_up:
            raise OSError(errno.ENOSPC, "No space left on device")
        await self._file.write(data)

    async def sync(self):
        if self._hangs:
            await trio.sleep_forever()
        await self._file.sync()

    async def close(self):
        await self._file.close()


async def test_copy_has_a_name_that_people_recognise(world, tmp_path, pdf):
    archive = FolderArchive(world, tmp_path / "archive")
    copy = await archive.put(GAZETTE, SUMS, pdf)
    path = tmp_path / "archive" / "2025" / NAME
    assert path.read_bytes() == PDF
    assert copy.url == path.as_uri()
    assert archive.target == f"folder:{tmp_path / 'archive'}"


async def test_copy_is_confirmed_at_once(world, tmp_path, pdf):
    assert (await FolderArchive(world, tmp_path).put(GAZETTE, SUMS, pdf)).state == "confirmed"


async def test_only_the_copy_is_left(world, tmp_path, pdf):
    await FolderArchive(world, tmp_path).put(GAZETTE, SUMS, pdf)
    assert names(tmp_path) == [NAME]


async def test_relative_folder_has_an_absolute_target(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive = FolderArchive(world, Path("archive"))
    assert archive.target == f"folder:{tmp_path / 'archive'}"


async def test_damaged_copy_is_not_found_and_is_kept_when_replaced(world, tmp_path, pdf):
    archive = FolderArchive(world, tmp_path)
    await archive.put(GAZETTE, SUMS, pdf)
    damaged = b"!" + PDF[1:]
    (tmp_path / "2025" / NAME).write_bytes(damaged)
    assert await archive.find(GAZETTE, SUMS) is None
    await archive.put(GAZETTE, SUMS, pdf)
    assert await archive.find(GAZETTE, SUMS) is not None
    [aside] = [name for name in names(tmp_path) if "replaced" in name]
    assert (tmp_path / "2025" / aside).read_bytes() == damaged


async def test_source_of_other_bytes_leaves_nothing(world, tmp_path, pdf):
    pdf.write_bytes(b"!" + PDF[1:])
    with pytest.raises(GiveUp):
        await FolderArchive(world, tmp_path).put(GAZETTE, SUMS, pdf)
    assert names(tmp_path) == []


async def test_full_disk_comes_out_as_it_is(world, tmp_path, pdf):
    world = dataclasses.replace(world, files=DiskThat(world.files, fills_up=True))
    with pytest.raises(OSError, match="No space left"):
        await FolderArchive(world, tmp_path).put(GAZETTE, SUMS, pdf)
    assert names(tmp_path) == []


async def test_cancelled_copy_leaves_nothing(world, tmp_path, pdf, autojump_clock):
    world = dataclasses.replace(world, files=DiskThat(world.files, hangs=True))
    with trio.move_on_after(1):
        await FolderArchive(world, tmp_path).put(GAZETTE, SUMS, pdf)
    assert names(tmp_path) == []


async def test_large_file_is_copied_in_chunks(world, tmp_path):
    data = PDF * 200
    (tmp_path / "large.pdf").write_bytes(data)
    archive = FolderArchive(world, tmp_path / "archive")
    await archive.put(GAZETTE, checksums_of(data), tmp_path / "large.pdf")
    async with archive.open(GAZETTE) as body:
        chunks = [chunk async for chunk in body.chunks]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) == 256 * 1024


async def test_reading_can_be_left_early(world, tmp_path, pdf):
    archive = FolderArchive(world, tmp_path)
    await archive.put(GAZETTE, SUMS, pdf)
    async with archive.open(GAZETTE) as body:
        await anext(body.chunks)
