"""Contract tests: what was read once is read again from its text, without the PDF and without a request."""

from __future__ import annotations

import dataclasses
import gzip
import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from scenes import NEWEST, open_scene

from trio_pipeline.diario.extraction import extract
from trio_pipeline.diario.selection import Selection
from trio_pipeline.services.gazettes import make_gazettes

READ = {"extract__kind": "rules"}


async def requests_of(scene, **asked):
    """The requests that a run sends."""
    before = len(scene.network.begun)
    await scene.run(**READ, **asked)
    return scene.network.begun[before:]


@pytest.fixture
def made():
    return make_gazettes(2, newest=NEWEST, seed=3)


async def test_forced_reading_takes_the_kept_text(tmp_path, autojump_clock, made):
    async with open_scene(tmp_path, publications=made) as scene:
        await scene.run(**READ)
        first = scene.rows("SELECT * FROM decisions ORDER BY ALL")
        for pdf in scene.spool.iterdir():
            pdf.unlink()
        assert await requests_of(scene, selection=Selection(force=True), archive__kind="none") == []
        assert scene.rows("SELECT * FROM decisions ORDER BY ALL") == first != []
        assert scene.rows("SELECT count(*) FROM decision_rows") == [(2 * len(first),)]


async def test_newer_rules_read_again_by_themselves(tmp_path, autojump_clock, made, monkeypatch):
    async with open_scene(tmp_path, publications=made) as scene:
        await scene.run(**READ)
        monkeypatch.setattr("trio_pipeline.diario.job.READER_VERSION", "newer")
        assert await requests_of(scene) == []
        assert scene.rows("SELECT DISTINCT extractor_version FROM decisions") == [("newer",)]
        assert await requests_of(scene) == []
        assert scene.outcomes("extract").count("extracted") == 4


BOMB = gzip.compress(bytes(200_000_000))


@pytest.mark.parametrize("harm", ["gone", "cut", "garbage", "bomb"])
async def test_text_that_is_lost_is_made_again(tmp_path, autojump_clock, made, harm):
    async with open_scene(tmp_path, publications=made) as scene:
        await scene.run(**READ)
        text = tmp_path / "text" / f"{made[0].gazette.id}.txt.gz"
        whole = text.read_bytes()
        if harm == "gone":
            text.unlink()
        else:
            text.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"no text", "bomb": BOMB}[harm])
        await scene.run(**READ, selection=Selection(force=True))
        assert gzip.decompress(text.read_bytes()) == gzip.decompress(whole)
        assert {extracted for _, _, extracted in scene.states()} == {"extracted"}
        assert scene.network.count("GET", "novodiario") == 2, "the folder archive has them, the court is not asked"


class Meddling:
    """Worker processes, and somebody who does something to a PDF in the spool just before it is first read."""

    def __init__(self, world, name, meddle):
        self._open = world.open_processes
        self._name = name
        self._meddle = meddle

    @asynccontextmanager
    async def open(self, count):
        async with self._open(count) as self._processes:
            yield self

    async def run(self, function, path):
        if function is extract and self._name in path and self._meddle is not None:
            meddle, self._meddle = self._meddle, None
            meddle(Path(path))
        return await self._processes.run(function, path)


def cut(path):
    os.truncate(path, 1_000)


def other(path):
    path.write_bytes(b"%PDF no more")


def linked(path):
    path.symlink_to(path.rename(path.with_suffix(".elsewhere")))


def linked_to_nothing(path):
    path.unlink()
    path.symlink_to("nowhere")


def directory(path):
    path.unlink()
    path.mkdir()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("meddle", [cut, other, Path.unlink, linked, linked_to_nothing, directory, pipe])
async def test_pdf_that_is_changed_before_it_is_read_is_brought_back(tmp_path, autojump_clock, made, meddle):
    async with open_scene(tmp_path, publications=made) as scene:
        name = made[0].gazette.id
        scene.world = dataclasses.replace(scene.world, open_processes=Meddling(scene.world, name, meddle).open)
        report = await scene.run(**READ, archive__kind="none")
        assert report.ended_by == "finished"
        assert scene.outcomes("extract", name) == ["asked", "put_off", "extracted"]
        assert scene.rows("SELECT count(*) FROM decisions WHERE diario_id = ?", name) == [(len(made[0].truth),)]
        ((reason,),) = scene.rows("SELECT detail->>'reason' FROM events WHERE outcome = 'put_off'")
        assert reason == "its PDF is no longer what it was, and is brought back"


async def test_directory_that_is_not_empty_is_named_and_left_alone(tmp_path, autojump_clock, made):
    def full(path):
        directory(path)
        (path / "somebody's own").write_text("kept")

    async with open_scene(tmp_path, publications=made) as scene:
        name = made[0].gazette.id
        scene.world = dataclasses.replace(scene.world, open_processes=Meddling(scene.world, name, full).open)
        with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="Directory not empty"), flatten_subgroups=True):
            await scene.run(**READ, archive__kind="none")
        assert (scene.spool / f"{name}.pdf" / "somebody's own").read_text() == "kept"
