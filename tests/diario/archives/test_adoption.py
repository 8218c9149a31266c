"""Copies that others have put into the archive (collaboration): found once, adopted by their bytes, never put twice."""

from __future__ import annotations

import dataclasses
import json

import httpx
import pytest
import trio
from scenes import Scene, open_scene
from scripted_network import GAZETTE, PDF, answer
from tiny_archive import Notes, TinyArchive, checksums_of, opened

from trio_pipeline.diario.archives.ia_found import FoundItem
from trio_pipeline.diario.selection import Selection
from trio_pipeline.retry import TryAgain
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.uploads import HeldItem

SUMS = checksums_of(PDF)
DAY = GAZETTE.date.isoformat()
PREDECESSOR = f"tjro-diario-{DAY}"


class TestCandidates:
    @pytest.mark.parametrize(
        "said",
        [
            {"identifier": "somebodys-copy", "originalurl": GAZETTE.url},
            {"identifier": "somebodys-copy", "originalurl": ["x", GAZETTE.url.replace("https", "http")]},
            {"identifier": "somebodys-copy", "date": f"{DAY}T00:00:00Z"},
            {"identifier": PREDECESSOR},
        ],
    )
    async def test_address_day_or_name_will_do(self, autojump_clock, said):
        name = said["identifier"]
        tiny = TinyArchive({name: {"Diário 112.pdf": PDF}}, found=[said])
        async with opened(tiny) as there:
            copy = await there.archive.adopt(GAZETTE, SUMS)
        assert (copy.state, copy.md5) == ("confirmed", SUMS.md5)
        assert copy.url == f"https://archive.org/download/{name}/Di%C3%A1rio%20112.pdf"

    async def test_other_bytes_and_dark_items_are_no_obstacle(self, autojump_clock):
        found = [{"identifier": PREDECESSOR}, {"identifier": "dark", "originalurl": GAZETTE.url}]
        tiny = TinyArchive(
            {PREDECESSOR: {"a.pdf": b"%PDF of the other edition of that day"}}, dark={"dark"}, found=found
        )
        async with opened(tiny) as there:
            assert await there.archive.adopt(GAZETTE, SUMS) is None

    async def test_gazettes_without_candidates_cost_nothing(self, autojump_clock):
        tiny = TinyArchive(found=[{"identifier": "tjro-diario-1999-01-01"}])
        async with opened(tiny) as there:
            for number in range(20):
                other = dataclasses.replace(GAZETTE, id=f"x{number}", number=number)
                assert await there.archive.adopt(other, SUMS) is None
        assert len(there.transport.seen) == 1


class TestSearch:
    async def test_one_asks_and_the_others_wait(self, autojump_clock):
        tiny = TinyArchive(found=[{"identifier": PREDECESSOR}])
        async with opened(tiny, pause=5.0) as there, trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(there.archive.adopt, GAZETTE, SUMS)
        assert len(there.asked("GET", "scrape")) == 1
        [seen] = there.asked("GET", "scrape")
        assert dict(seen.url.params)["fields"] == "identifier,originalurl,date"

    async def test_what_was_found_before_is_not_searched_again(self, autojump_clock):
        notes = Notes([FoundItem(PREDECESSOR)])
        async with opened(TinyArchive({PREDECESSOR: {"a.pdf": PDF}}), notes=notes) as there:
            assert await there.archive.adopt(GAZETTE, SUMS) is not None
        assert there.asked("GET", "scrape") == []

    async def test_force_searches_again(self, autojump_clock):
        notes = Notes([])
        tiny = TinyArchive({PREDECESSOR: {"a.pdf": PDF}}, found=[{"identifier": PREDECESSOR}])
        async with opened(tiny, notes=notes, search_again=True) as there:
            assert await there.archive.adopt(GAZETTE, SUMS) is not None
        assert notes.kept == [[FoundItem(PREDECESSOR)]]

    async def test_pages_are_read_to_the_end(self, autojump_clock):
        class Paged(TinyArchive):
            def __call__(self, seen):
                if "scrape" not in str(seen.url):
                    return super().__call__(seen)
                number = int(dict(seen.url.params).get("cursor", "0"))
                page = {"items": [{"identifier": f"item-{number}"}]} | (
                    {"cursor": f"{number + 1}"} if number < 3 else {}
                )
                return answer(200, json.dumps(page).encode())

        notes = Notes()
        async with opened(Paged(), notes=notes) as there:
            await there.archive.adopt(GAZETTE, SUMS)
        assert [item.identifier for item in notes.found] == ["item-0", "item-1", "item-2", "item-3"]

    @pytest.mark.parametrize(
        "given", [answer(500), answer(503), answer(404), answer(200, b"oops"), answer(200, b"{}"), httpx.ReadError("x")]
    )
    async def test_without_an_answer_nobody_knows(self, autojump_clock, given):
        notes = Notes()
        async with opened(TinyArchive(other_answers={"scrape": given}), notes=notes) as there:
            with pytest.raises(TryAgain) as caught:
                await there.archive.adopt(GAZETTE, SUMS)
        assert not caught.value.counts
        assert notes.kept == []

    async def test_search_without_an_end_is_given_up(self, autojump_clock):
        endless = answer(200, json.dumps({"items": [], "cursor": "again"}).encode())
        async with opened(TinyArchive(other_answers={"scrape": endless})) as there:
            with pytest.raises(TryAgain, match="does not come to an end"):
                await there.archive.adopt(GAZETTE, SUMS)


def hold(scene: Scene, *names: str, right: int) -> None:
    """Others have put the first few gazettes into these items, `right` of them with the right bytes."""
    for position, (name, made) in enumerate(zip(names, scene.publications, strict=False)):
        body = made.content() if position < right else b"%PDF of another edition of that day"
        about = {"originalurl": made.gazette.url, "mediatype": "texts"}
        scene.archive._uploads.hold(HeldItem(name, {made.gazette.file_name: body}, about))


async def test_copies_of_others_are_adopted_and_the_wrong_one_is_not(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 6, archive__kind="internet-archive") as scene:
        hold(scene, "a-copy", "another-copy", "third-copy", "no-copy", right=3)
        await scene.run()
        await trio.sleep(600)
        await scene.run(gazettes=[])
        scene.check()
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        urls = scene.rows("SELECT archive_url FROM diarios")
        assert sum("-copy/" in url for (url,) in urls) == 3
        assert sum("/download/tjro-diario-2025/" in url for (url,) in urls) == 3
        assert scene.requests(scene.archive, "upload") == 3
        # Once, for both runs.
        assert scene.requests(scene.archive, "search") == 1


async def test_adopted_copy_is_where_the_pdf_comes_back_from(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, archive__kind="internet-archive") as scene:
        hold(scene, "a-copy", "another-copy", right=2)
        await scene.run()
        asked = scene.requests(scene.court, "pdf")
        await scene.run(extract__kind="rules")
        scene.check()
        assert scene.states() == [("downloaded", "confirmed", "extracted")]
        assert scene.requests(scene.court, "pdf") == asked == 2


async def test_nothing_is_uploaded_before_it_was_searched(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path, 3, archive_faults=["archive-search:unavailable=1.0"], archive__kind="internet-archive"
    ) as scene:
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert report.failed == 0
        assert scene.requests(scene.archive, "upload") == 0
        scene.archive.plan = FaultPlan()
        assert (await scene.run()).ended_by == "finished"
        assert scene.requests(scene.archive, "upload") == 3


async def test_force_looks_for_others_copies_again(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, archive__kind="internet-archive") as scene:
        await scene.run()
        await trio.sleep(600)
        await scene.run()
        await scene.run(selection=Selection(force=True))
        assert scene.requests(scene.archive, "search") == 1
        scene.check()
