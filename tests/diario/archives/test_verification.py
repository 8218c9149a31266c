"""Copies compared with a tiny Internet Archive and with folders (collaboration): what is found, and what it costs."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote

import httpx
import pytest
import trio
from held_copies import body, edition, held, minutes_ago
from scripted_network import ScriptedTransport, answer, make_world
from tiny_archive import TinyArchive

from trio_pipeline.diario.findings import Problem
from trio_pipeline.diario.settings import load_settings
from trio_pipeline.diario.verification import Verification, verify
from trio_pipeline.diario.visits import visiting_pacer
from trio_pipeline.pacing import Learned

YEAR = "tjro-diario-2025"
THEIRS = "somebodys-gazettes"


def name(number):
    return f"{edition(number).id}.pdf"


def year(*numbers):
    return {YEAR: {name(number): body(number) for number in numbers}}


class Look:
    """Copies that were verified, and what came of it."""

    def __init__(self, script, *, learned=None, **options):
        self.transport = ScriptedTransport(script, pause=options.pop("pause", 0.0))
        self.download = options.pop("download", False)
        self.settings = load_settings({"tjro.contact": "me@example.org", **options}, {}).settings
        self.pacer = visiting_pacer(self.settings, Learned(blocked_interval=learned))
        self.verification = Verification()

    async def at(self, *copies):
        world = make_world(self.transport)
        await verify(copies, self.verification, self.settings, self.pacer, world, download=self.download)
        return [(finding.copy.gazette.number, finding.problem) for finding in self.verification.findings]

    @property
    def asked(self):
        return [seen.url.path for seen in self.transport.seen]


class TestInternetArchive:
    async def test_item_is_asked_for_once(self, autojump_clock):
        look = Look(TinyArchive(year(*range(50))))
        assert await look.at(*(held(number) for number in range(50))) == []
        assert look.asked == [f"/metadata/{YEAR}"]
        assert (look.verification.asked, look.verification.total) == (50, 50)

    async def test_request_says_who_asks_and_needs_no_key(self, autojump_clock):
        look = Look(TinyArchive(year(1)))
        await look.at(held(1))
        [seen] = look.transport.seen
        assert seen.headers["user-agent"].endswith("(+me@example.org)")
        assert "authorization" not in seen.headers

    async def test_what_is_wrong_is_told_one_by_one(self, autojump_clock):
        there = year(1, 2)
        there[YEAR][name(2)] = b"%PDF of somebody else"
        look = Look(TinyArchive(there, dark={"taken-down"}))
        found = await look.at(held(1), held(2), held(3), held(4, "taken-down"), held(5, "never-was"))
        assert sorted(found) == [
            (2, Problem.OTHER_BYTES),
            (3, Problem.MISSING),
            (4, Problem.TAKEN_DOWN),
            (5, Problem.MISSING),
        ]

    async def test_upload_is_given_its_time(self, autojump_clock):
        young, old = minutes_ago(60), minutes_ago(25 * 60)
        look = Look(TinyArchive(year()))
        found = await look.at(
            held(1, state="submitted", submitted_at=young),
            held(2, state="submitted", submitted_at=old),
            held(3, state="submitted", submitted_at=young, acknowledged=False),
        )
        # What was not answered is overdue after an hour, what was after a day.
        assert found == [(1, Problem.NOT_YET_THERE), (2, Problem.MISSING), (3, Problem.MISSING)]

    async def test_upload_that_is_there_already_is_well(self, autojump_clock):
        look = Look(TinyArchive(year(1)))
        assert await look.at(held(1, state="submitted", submitted_at=minutes_ago(1))) == []

    async def test_upload_without_address_is_looked_for_at_our_own(self, autojump_clock):
        """The program ended between the first byte and the answer."""
        look = Look(TinyArchive(year(1)))
        assert await look.at(held(1, state="submitted", url=None, acknowledged=False)) == []
        assert look.asked == [f"/metadata/{YEAR}"]

    async def test_adopted_copy_is_looked_for_where_it_was_found(self, autojump_clock):
        theirs = f"https://archive.org/download/{THEIRS}/{quote('Diário 1.pdf')}"
        look = Look(TinyArchive({THEIRS: {"Diário 1.pdf": body(1)}}))
        assert await look.at(held(1, url=theirs)) == []
        assert look.asked == [f"/metadata/{THEIRS}"]

    @pytest.mark.parametrize("url", ["https://archive.org/details/x", "https://archive.org/download/../metadata", "x"])
    async def test_address_that_means_no_file_is_told(self, autojump_clock, url):
        look = Look(TinyArchive())
        assert await look.at(held(1, url=url)) == [(1, Problem.UNREADABLE)]
        assert look.asked == []

    async def test_two_questions_at_a_time_at_the_pace_that_is_set(self, autojump_clock):
        items = {f"tjro-diario-{number:04}": {name(number): body(number)} for number in range(6)}
        copies = [held(number, f"tjro-diario-{number:04}") for number in range(6)]
        look = Look(TinyArchive(items), pause=10.0)
        assert await look.at(*copies) == []
        assert [seen.at for seen in look.transport.seen] == [0, 0, 10, 10, 20, 20]
        began = trio.current_time()
        paced = Look(TinyArchive(items), **{"archive.interval": 7})
        await paced.at(*copies)
        assert [seen.at - began for seen in paced.transport.seen] == [0, 7, 14, 21, 28, 35]

    async def test_pace_that_runs_have_learned_is_kept(self, autojump_clock):
        look = Look(TinyArchive(), learned=9.0)
        await look.at(held(1, "first-item"), held(2, "second-item"))
        assert [seen.at for seen in look.transport.seen] == [0, 9]


class TestFailures:
    async def test_answer_that_fails_is_asked_for_again(self, autojump_clock):
        answers = [answer(500), answer(429, retry_after="5"), answer(200, b"<html>")]
        tiny = TinyArchive(year(1))
        look = Look(lambda seen: answers.pop() if answers else tiny(seen))
        assert await look.at(held(1)) == []
        assert len(look.asked) == 4

    async def test_item_that_cannot_be_read_holds_up_no_other(self, autojump_clock):
        look = Look(TinyArchive(year(1), other_answers={"metadata/broken": answer(500)}))
        assert await look.at(held(2, "broken-item"), held(1)) == [(2, Problem.NOT_ASKED)]
        assert look.verification.stopped is None
        assert look.asked.count("/metadata/broken-item") == 5

    async def test_host_that_is_gone_ends_it(self, autojump_clock):
        look = Look(TinyArchive(other_answers={"metadata": httpx.ConnectError("refused")}))
        found = await look.at(held(1), held(2, "other-item"), held(3, "third-item"))
        assert sorted(found) == [(number, Problem.NOT_ASKED) for number in (1, 2, 3)]
        assert "no connection" in look.verification.stopped
        # That is after run.patience.
        assert trio.current_time() <= 1800 + 300

    async def test_cancelled_it_keeps_what_was_found(self, autojump_clock):
        tiny = TinyArchive(other_answers={"metadata/slow": answer(429, retry_after="1000")})
        look = Look(tiny)
        with trio.move_on_after(100):
            await look.at(held(1, "gone-item"), held(2, "slow-item"))
        assert [finding.copy.gazette.number for finding in look.verification.findings] == [1]


class TestDownload:
    async def test_bytes_are_compared(self, autojump_clock):
        look = Look(TinyArchive(year(1, 2)), download=True)
        assert await look.at(held(1), held(2)) == []
        assert len(look.asked) == 3
        assert (look.verification.asked, look.verification.total) == (4, 4)

    async def test_other_bytes_under_the_right_md5_are_found(self, autojump_clock):
        decayed = bytes([*body(1)[:-1], 0])
        look = Look(TinyArchive(year(1), other_answers={"download": answer(200, decayed)}), download=True)
        assert await look.at(held(1)) == [(1, Problem.OTHER_BYTES)]
        assert "sha256" in look.verification.findings[0].reason

    async def test_what_is_known_to_be_wrong_is_not_fetched(self, autojump_clock):
        look = Look(TinyArchive(year(1)), download=True)
        assert sorted(await look.at(held(2), held(3, "never-was"))) == [(2, Problem.MISSING), (3, Problem.MISSING)]
        assert not any("download" in path for path in look.asked)

    async def test_storage_nodes_are_followed_to(self, autojump_clock):
        tiny = TinyArchive(year(1))

        def script(seen):
            if seen.url.path.startswith("/download"):
                return answer(302, location=f"https://ia801.us.archive.org/0/items/{YEAR}/{name(1)}")
            return answer(200, body(1)) if seen.url.host != "archive.org" else tiny(seen)

        look = Look(script, download=True)
        assert await look.at(held(1)) == []
        assert look.transport.seen[-1].url.host == "ia801.us.archive.org"

    async def test_file_that_may_not_be_read_is_told(self, autojump_clock):
        look = Look(TinyArchive(year(1), other_answers={"download": answer(403)}), download=True)
        assert await look.at(held(1)) == [(1, Problem.UNREADABLE)]

    async def test_cut_body_is_fetched_again(self, autojump_clock):
        tiny, answers = TinyArchive(year(1)), [answer(200, body(1)[:-9], content_length=str(len(body(1))))]

        def script(seen):
            return answers.pop() if answers and "download" in seen.url.path else tiny(seen)

        look = Look(script, download=True)
        assert await look.at(held(1)) == []


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "archive"

    def held(self, folder, number):
        """A copy in a folder, of the given bytes."""
        path = folder / "2025" / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body(number))
        return held(number, archive=f"folder:{folder}", url=path.as_uri()), path

    async def test_bytes_are_always_read(self, autojump_clock, folder):
        (good, _), (decayed, path), (gone, lost) = (self.held(folder, number) for number in (1, 2, 3))
        path.write_bytes(bytes([*body(2)[:-1], 0]))
        lost.unlink()
        look = Look(TinyArchive())
        assert await look.at(good, decayed, gone) == [(2, Problem.OTHER_BYTES), (3, Problem.MISSING)]
        assert look.asked == []

    async def test_shorter_file_is_told_by_its_size(self, autojump_clock, folder):
        copy, path = self.held(folder, 1)
        path.write_bytes(b"%PDF")
        look = Look(TinyArchive())
        await look.at(copy)
        assert look.verification.findings[0].reason == f"4 bytes, and should be {len(body(1))}"

    async def test_what_cannot_be_read_is_told(self, autojump_clock, folder):
        copy, path = self.held(folder, 1)
        path.unlink()
        path.symlink_to(path)
        look = Look(TinyArchive())
        assert await look.at(copy) == [(1, Problem.UNREADABLE)]

    async def test_copy_without_address_is_looked_for_at_its_own(self, autojump_clock, folder):
        copy, _ = self.held(folder, 1)
        look = Look(TinyArchive())
        assert await look.at(dataclasses.replace(copy, url=None)) == []

    async def test_lost_host_keeps_no_folder_from_being_read(self, autojump_clock, folder):
        copy, path = self.held(folder, 1)
        path.write_bytes(b"%PDF")
        look = Look(TinyArchive(other_answers={"metadata": httpx.ConnectError("refused")}))
        found = await look.at(held(2), copy)
        assert found == [(1, Problem.OTHER_BYTES), (2, Problem.NOT_ASKED)]
