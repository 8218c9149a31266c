"""Collaboration tests: texts on a disk that is real, save where it fails."""

from __future__ import annotations

import dataclasses
import gzip
import os

import pytest
import trio

from trio_pipeline.diario.stored_text import MOST_CHARACTERS, TextLost, packed, pages_of
from trio_pipeline.diario.texts import Texts, read_text
from trio_pipeline.world import real_world

ID = "tjro-diario-2025-06-23-nr112"


class FailingFiles:
    """The real files, save that syncing does what the test wants."""

    def __init__(self, on_sync):
        self._real = real_world().files
        self._on_sync = on_sync

    def __getattr__(self, name):
        return getattr(self._real, name)

    async def create(self, path):
        file = await self._real.create(path)
        file.sync = self._on_sync
        return file


async def test_text_comes_back(tmp_path):
    await Texts(tmp_path / "new" / "text", real_world()).store(ID, packed("primeira página\n\f\fsegunda: ação"))
    assert read_text(tmp_path / "new" / "text", ID) == "primeira página\n\f\fsegunda: ação"


async def test_one_compressed_file_each(tmp_path):
    texts = Texts(tmp_path, real_world())
    await texts.store(ID, packed("a" * 100_000))
    await texts.store(f"{ID}-sup", packed("b"))
    assert {path.name for path in tmp_path.iterdir()} == {f"{ID}.txt.gz", f"{ID}-sup.txt.gz"}
    assert (tmp_path / f"{ID}.txt.gz").stat().st_size < 1000


async def test_same_text_is_same_file(tmp_path):
    for name in ("one", "two"):
        await Texts(tmp_path / name, real_world()).store(ID, packed("texto"))
    one, two = ((tmp_path / name / f"{ID}.txt.gz").read_bytes() for name in ("one", "two"))
    assert one == two


async def test_newer_text_replaces_older(tmp_path):
    texts = Texts(tmp_path, real_world())
    await texts.store(ID, packed("velho"))
    await texts.store(ID, packed("novo"))
    assert read_text(tmp_path, ID) == "novo"


def test_text_never_read_is_none(tmp_path):
    assert read_text(tmp_path, ID) is None
    assert read_text(tmp_path / "nowhere", ID) is None


async def test_half_a_character_keeps_its_place(tmp_path):
    await Texts(tmp_path, real_world()).store(ID, packed("a\ud835b"))
    text = read_text(tmp_path, ID)
    assert (len(text), text[0], text[2]) == (3, "a", "b")


def test_damaged_text_is_an_error(tmp_path):
    (tmp_path / f"{ID}.txt.gz").write_bytes(b"not compressed")
    with pytest.raises(TextLost, match="BadGzipFile"):
        read_text(tmp_path, ID)


@pytest.mark.parametrize("cut", [1, 4, 12])
def test_half_a_text_is_an_error(tmp_path, cut):
    (tmp_path / f"{ID}.txt.gz").write_bytes(packed("texto " * 1_000)[:-cut])
    with pytest.raises(TextLost, match="EOFError"):
        read_text(tmp_path, ID)


def bomb(megabytes):
    """Some hundred kilobytes that unpack to so many megabytes."""
    return gzip.compress(bytes(megabytes * 1_000_000), compresslevel=9)


@pytest.mark.parametrize("data", [bomb(200), bomb(50)], ids=["bytes", "characters"])
def test_text_that_unpacks_to_more_than_any_is_lost(tmp_path, data):
    (tmp_path / f"{ID}.txt.gz").write_bytes(data)
    for reading in (lambda: read_text(tmp_path, ID), lambda: pages_of(str(tmp_path / f"{ID}.txt.gz"))):
        with pytest.raises(TextLost, match=r"^the stored text is not what was stored: it is longer than any$"):
            reading()


def test_longest_text_comes_back(tmp_path):
    (tmp_path / f"{ID}.txt.gz").write_bytes(packed("a" * MOST_CHARACTERS + "\f"))
    assert len(read_text(tmp_path, ID)) == MOST_CHARACTERS + 1


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_what_is_no_file_is_no_text(tmp_path, make):
    make(tmp_path / f"{ID}.txt.gz")
    with pytest.raises(TextLost):
        pages_of(str(tmp_path / f"{ID}.txt.gz"))
    with pytest.raises(OSError, match=ID):
        read_text(tmp_path, ID)


async def test_directory_in_the_way_is_named(tmp_path):
    (tmp_path / f"{ID}.txt.gz").mkdir()
    with pytest.raises(IsADirectoryError, match=f"a directory is in the way of a text: .*{ID}.txt.gz"):
        await Texts(tmp_path, real_world()).store(ID, packed("novo"))
    assert [path.name for path in tmp_path.iterdir()] == [f"{ID}.txt.gz"]


async def test_full_disk_leaves_the_older(tmp_path):
    async def disk_is_full():
        raise OSError(28, "No space left on device")

    await Texts(tmp_path, real_world()).store(ID, packed("velho"))
    world = dataclasses.replace(real_world(), files=FailingFiles(disk_is_full))
    with pytest.raises(OSError, match="No space left"):
        await Texts(tmp_path, world).store(ID, packed("novo"))
    assert read_text(tmp_path, ID) == "velho"
    assert [path.name for path in tmp_path.iterdir()] == [f"{ID}.txt.gz"]


async def test_cancellation_leaves_the_older(tmp_path):
    await Texts(tmp_path, real_world()).store(ID, packed("velho"))
    world = dataclasses.replace(real_world(), files=FailingFiles(trio.sleep_forever))
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Texts(tmp_path, world).store, ID, packed("novo"))
            while not (tmp_path / f"{ID}.part").exists():
                await trio.lowlevel.checkpoint()
            scope.cancel()
    assert read_text(tmp_path, ID) == "velho"
    assert [path.name for path in tmp_path.iterdir()] == [f"{ID}.txt.gz"]
