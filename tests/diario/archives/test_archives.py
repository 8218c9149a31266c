"""What every archive does (contract): the folder, and the Internet Archive in both layouts."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
import trio
from scripted_network import GAZETTE, PDF, ScriptedTransport, make_world
from tiny_archive import checksums_of, opened

from trio_pipeline.diario.archives.folder import FolderArchive
from trio_pipeline.diario.sources import Absent
from trio_pipeline.retry import GiveUp

SUMS = checksums_of(PDF)
OTHER = dataclasses.replace(GAZETTE, id="tjro-diario-2025-06-24-nr113", number=113)


@contextlib.asynccontextmanager
async def open_archive(kind, directory):
    if kind == "folder":
        yield FolderArchive(make_world(ScriptedTransport(lambda seen: None)), directory / "archive")
    else:
        async with opened(layout=kind) as there:
            yield there.archive


@pytest.fixture(params=["folder", "year", "edition"])
def kind(request):
    return request.param


@pytest.fixture
def pdf(tmp_path):
    path = tmp_path / "spool.pdf"
    path.write_bytes(PDF)
    return path


async def test_holds_nothing_at_first(autojump_clock, kind, tmp_path):
    async with open_archive(kind, tmp_path) as archive:
        assert await archive.find(GAZETTE, SUMS) is None


async def test_finds_what_was_put(autojump_clock, kind, tmp_path, pdf):
    async with open_archive(kind, tmp_path) as archive:
        put = await archive.put(GAZETTE, SUMS, pdf)
        found = await archive.find(GAZETTE, SUMS, since=trio.current_time())
        assert found.state == "confirmed"
        assert (put.archive, put.url, put.md5) == (archive.target, archive.url(GAZETTE), SUMS.md5)
        assert (found.archive, found.url, found.md5) == (put.archive, put.url, put.md5)


async def test_finds_nothing_in_its_neighbour(autojump_clock, kind, tmp_path, pdf):
    async with open_archive(kind, tmp_path) as archive:
        await archive.put(GAZETTE, SUMS, pdf)
        other = checksums_of(b"%PDF of another day")
        assert await archive.find(OTHER, other, since=trio.current_time()) is None


async def test_putting_twice_is_putting_once(autojump_clock, kind, tmp_path, pdf):
    async with open_archive(kind, tmp_path) as archive:
        assert await archive.put(GAZETTE, SUMS, pdf) == await archive.put(GAZETTE, SUMS, pdf)
        assert await archive.find(GAZETTE, SUMS, since=trio.current_time()) is not None


async def test_gives_back_what_was_put(autojump_clock, kind, tmp_path, pdf):
    async with open_archive(kind, tmp_path) as archive:
        await archive.put(GAZETTE, SUMS, pdf)
        async with archive.open(GAZETTE) as body:
            assert body.length == len(PDF)
            assert b"".join([chunk async for chunk in body.chunks]) == PDF


async def test_what_is_not_there_is_absent(autojump_clock, kind, tmp_path):
    async with open_archive(kind, tmp_path) as archive:
        with pytest.raises(Absent):
            async with archive.open(GAZETTE):
                pass


async def test_other_file_than_recorded_is_not_put(autojump_clock, kind, tmp_path, pdf):
    pdf.write_bytes(PDF + b"!")
    async with open_archive(kind, tmp_path) as archive:
        with pytest.raises(GiveUp, match="not the one that was recorded"):
            await archive.put(GAZETTE, SUMS, pdf)
        assert await archive.find(GAZETTE, SUMS, since=trio.current_time()) is None


async def test_missing_file_is_an_error_of_the_disk(autojump_clock, kind, tmp_path):
    async with open_archive(kind, tmp_path) as archive:
        with pytest.raises((OSError, GiveUp)):
            await archive.put(GAZETTE, SUMS, tmp_path / "gone.pdf")


async def test_nothing_is_queued_when_nothing_was_put(autojump_clock, kind, tmp_path):
    async with open_archive(kind, tmp_path) as archive:
        assert await archive.queued(GAZETTE) is False
