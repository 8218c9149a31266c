"""Contract tests: what was read once is read again from its text, without the PDF and without a request."""

from __future__ import annotations

import gzip

import pytest
from scenes import NEWEST, open_scene

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


@pytest.mark.parametrize("harm", ["gone", "cut", "garbage"])
async def test_text_that_is_lost_is_made_again(tmp_path, autojump_clock, made, harm):
    async with open_scene(tmp_path, publications=made) as scene:
        await scene.run(**READ)
        text = tmp_path / "text" / f"{made[0].gazette.id}.txt.gz"
        whole = text.read_bytes()
        if harm == "gone":
            text.unlink()
        else:
            text.write_bytes(whole[: len(whole) // 2] if harm == "cut" else b"no text")
        await scene.run(**READ, selection=Selection(force=True))
        assert gzip.decompress(text.read_bytes()) == gzip.decompress(whole)
        assert {extracted for _, _, extracted in scene.states()} == {"extracted"}
        assert scene.network.count("GET", "novodiario") == 2, "the folder archive has them, the court is not asked"
