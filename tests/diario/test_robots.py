"""The court's robots.txt: when it is read, what it forbids, and what happens while it cannot be read (contract)."""

from __future__ import annotations

import contextlib
import logging

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from scenes import COURT, EPOCH, Scene, open_scene
from scripted_network import ScriptedTransport, answer
from virtual_world import make_world

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.run import exit_code_of
from trio_pipeline.diario.http import open_http
from trio_pipeline.diario.ledger.court_notes import RobotsCopy
from trio_pipeline.diario.robots import Robots
from trio_pipeline.diario.selection import Selection
from trio_pipeline.pacing import HostPaused, Network, Pacer
from trio_pipeline.retry import StopStage, TryAgain

DAY = 86_400.0
PDF = "http://court.test/novodiario/2025/20250623104-NR112.pdf"
BLOCKED = "<html><title>STIC — Página Bloqueada</title></html>".encode()
PLAIN, HTML = "text/plain", "text/html; charset=utf-8"
FORBIDDEN = b"User-agent: *\nDisallow: /novodiario/\n"


class Notes:
    """What would be in the ledger."""

    def __init__(self, world, copy=None):
        self.world = world
        self.kept = [] if copy is None else [copy]

    async def robots(self, host):
        await trio.lowlevel.checkpoint()
        assert host == "http://court.test"
        return self.kept[-1] if self.kept else None

    async def remember_robots(self, host, status, text):
        await trio.lowlevel.checkpoint()
        self.kept.append(RobotsCopy(self.world.now(), status, text))
        return self.kept[-1]


class Asked:
    """A court whose robots.txt gets these answers, the last one over and over, and who asks for it."""

    def __init__(self, *answers, copy=None, patience=1_800.0, interval=0.0):
        waiting = list(answers)
        self.transport = ScriptedTransport(lambda seen: made(waiting.pop(0) if len(waiting) > 1 else waiting[0]))
        self.world = make_world(lambda: self.transport)
        self.notes = Notes(self.world, copy)
        self.pacer = Pacer("court", interval=interval)
        self.patience = patience

    async def __aenter__(self):
        self._client = open_http(self.world, user_agent="trio-pipeline/1 (+me@example.org)")
        http = await self._client.__aenter__()
        self.robots = Robots(
            http,
            self.pacer,
            self.notes,
            self.world,
            base_url="http://court.test",
            patience=self.patience,
            network=Network(),
        )
        return self

    async def __aexit__(self, *error):
        await self._client.__aexit__(*error)

    @property
    def times(self):
        return [seen.at for seen in self.transport.seen]

    async def admit(self, url=PDF):
        await self.robots.admit(url)


def made(told):
    match told:
        case bytes():
            return answer(200, told, PLAIN)
        case Exception():
            raise told
        case status, body:
            return answer(status, body, HTML)


# What it says


async def test_what_is_not_forbidden_is_allowed(autojump_clock):
    async with Asked(b"User-agent: *\nDisallow: /intranet/\n") as asked:
        await asked.admit()
    (seen,) = asked.transport.seen
    assert str(seen.url) == "http://court.test/robots.txt"
    assert seen.headers["user-agent"].startswith("trio-pipeline/")


@pytest.mark.parametrize(
    "text",
    [
        FORBIDDEN,
        b"User-agent: *\nDisallow: /\n",
        b"\xef\xbb\xbfUSER-AGENT: *\r\nDISALLOW: /novodiario/\r\n",
        b"User-agent: *\nAllow: /\n\nUser-agent: trio-pipeline\nDisallow: /*.pdf$\n",
        # What is listed could not be asked for either.
        b"User-agent: *\nDisallow: /diario_oficial/\n",
    ],
)
async def test_what_is_forbidden_is_not_asked_for(autojump_clock, text):
    async with Asked(text) as asked:
        with pytest.raises(StopStage, match=r"^robots.txt of http://court.test forbids /.* to trio-pipeline"):
            await asked.admit()


async def test_rules_for_us_go_before_those_for_everybody(autojump_clock):
    async with Asked(b"User-agent: *\nDisallow: /\n\nUser-agent: trio-pipeline\nAllow: /\n") as asked:
        await asked.admit()


async def test_crawl_delay_is_the_least_pace(autojump_clock):
    async with Asked(b"User-agent: *\nCrawl-delay: 10\n", interval=2.0) as asked:
        await asked.admit()
        assert asked.pacer.statistics().interval == 10.0
        # Whoever wants to be faster is not; whoever wants to be slower is. It is not what the host has taught us.
        asked.pacer.interval = 0.0
        assert asked.pacer.statistics().interval == 10.0
        asked.pacer.interval = 12.0
        assert asked.pacer.statistics().interval == 12.0
        assert asked.pacer.learned().interval is None


@pytest.mark.parametrize(
    ("delay", "kept"), [("86400", 300.0), ("-3", 0.0), ("soon", 0.0), ("1e400", 0.0), ("nan", 0.0)]
)
async def test_absurd_crawl_delay_is_not_believed(autojump_clock, delay, kept, caplog):
    async with Asked(f"User-agent: *\nCrawl-delay: {delay}\n".encode()) as asked:
        with caplog.at_level(logging.WARNING, "trio_pipeline.robots"):
            await asked.admit()
        assert asked.pacer.statistics().interval == kept
    assert caplog.messages == (
        ["robots.txt of http://court.test asks for 86400 s between requests; 300 s are kept, the most that is believed"]
        if kept
        else []
    )


async def test_crawl_delay_that_is_taken_back(autojump_clock):
    async with Asked(b"User-agent: *\nCrawl-delay: 10\n", b"") as asked:
        await asked.admit()
        await trio.sleep(DAY)
        await asked.admit()
        assert asked.pacer.statistics().interval == 0.0


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Tribunal</title>", b"not found"])
async def test_some_page_in_its_place_forbids_nothing(autojump_clock, page):
    async with Asked((200, page)) as asked:
        await asked.admit()
        await asked.admit()
    assert [(copy.status, copy.text) for copy in asked.notes.kept] == [(200, "")]
    assert len(asked.times) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_file_that_is_not_there_forbids_nothing(autojump_clock, status):
    async with Asked((status, b"<h1>No</h1>")) as asked:
        await asked.admit()
        await asked.admit()
    assert [(copy.status, copy.text) for copy in asked.notes.kept] == [(status, "")]
    assert len(asked.times) == 1


@pytest.mark.parametrize("text", [b"", b"# nothing to say\n\n", b"Sitemap: /sitemap.xml", b"Disallow: /"])
async def test_file_without_rules_for_anybody_forbids_nothing(autojump_clock, text):
    async with Asked(text) as asked:
        await asked.admit()


async def test_no_more_than_500_kib_are_read(autojump_clock):
    filler = b"# " + b"x" * 97 + b"\n"
    beyond = b"User-agent: *\n" + filler * 5_200 + FORBIDDEN
    async with Asked(beyond) as asked:
        await asked.admit()
    assert 500_000 < len(asked.notes.kept[0].text) <= 500 * 1024


@given(st.binary(max_size=300))
def test_no_file_is_a_crash(data):
    async def main():
        async with Asked(b"User-agent: *\nAllow: /\n" + data) as asked:
            with contextlib.suppress(StopStage):
                await asked.admit()
        assert len(asked.notes.kept) == 1

    trio.run(main)


# When it is read


async def test_is_read_once_a_day(autojump_clock):
    async with Asked(b"") as asked:
        for _ in range(50):
            await asked.admit()
            await trio.sleep(3_600)
    assert asked.times == [0.0, DAY, 2 * DAY]


async def test_all_who_wait_learn_from_one_who_asks(autojump_clock):
    async with Asked(b"") as asked:
        asked.transport.pause = 5.0
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(asked.admit)
    assert asked.times == [0.0]


async def test_another_asks_when_the_first_is_cancelled(autojump_clock):
    async with Asked(b"") as asked:
        asked.transport.pause = 5.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asked.admit)
            with trio.move_on_after(2):
                await asked.admit()
    assert len(asked.times) <= 2


async def test_clock_that_was_set_back_is_no_reason_to_believe_a_copy(autojump_clock):
    tomorrow = RobotsCopy(EPOCH.replace(year=2026), 200, FORBIDDEN.decode())
    async with Asked(b"", copy=tomorrow) as asked:
        await asked.admit()
    assert asked.times == [0.0]


# While it cannot be read

UNKNOWN = [
    (503, b""),
    (500, b""),
    (429, b""),
    (200, BLOCKED),
    (403, BLOCKED),
    (200, b"Request Rejected. Your support ID is: 1"),
    (302, b""),
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
]


async def test_nobody_waits_for_the_next_try_who_is_let_go(autojump_clock):
    async def want():
        with pytest.raises(HostPaused, match=r"^robots.txt of http://court.test cannot be read: "):
            await asked.admit()

    async with Asked((500, b"")) as asked, trio.open_nursery() as nursery:
        with pytest.raises(TryAgain):
            await asked.admit()
        for _ in range(3):
            nursery.start_soon(want)
        await trio.sleep(1)
        asked.pacer.let_go()
        await want()
    assert (trio.current_time(), len(asked.times)) == (1, 1)


@pytest.mark.parametrize("told", UNKNOWN, ids=repr)
async def test_what_cannot_be_read_is_not_known(autojump_clock, told):
    async with Asked(told, b"") as asked:
        with pytest.raises(TryAgain, match=r"^robots.txt of http://court.test cannot be read: ") as caught:
            await asked.admit()
        assert not caught.value.counts
        assert asked.notes.kept == []
        await asked.admit()
    first, second = asked.times
    assert second - first >= 5.0


@pytest.mark.parametrize("told", UNKNOWN, ids=repr)
async def test_what_stays_unknown_ends_the_stages(autojump_clock, told):
    """Few tries are made, however many want to know."""
    ends = []

    async def want(asked):
        while True:
            try:
                await asked.admit()
            except TryAgain as error:
                await trio.sleep(error.after)
            except (StopStage, HostPaused) as error:
                ends.append(error.reason)
                return

    async with Asked(told) as asked, trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(want, asked)
    assert len(ends) == 20
    assert len(asked.times) < 20
    assert trio.current_time() < 2 * 1_800


@pytest.mark.parametrize("told", UNKNOWN, ids=repr)
async def test_older_copy_counts_meanwhile(autojump_clock, told, caplog):
    old = RobotsCopy(EPOCH.replace(year=2024), 200, "User-agent: *\nCrawl-delay: 4\n")
    async with Asked(told, FORBIDDEN, copy=old) as asked:
        await asked.admit()
        assert asked.pacer.asked_interval == 4.0
        assert "cannot be read" in caplog.text
        assert "the copy of 2024-07-01 08:00:00 counts" in caplog.text
        # Not asked again at once, but before long.
        await asked.admit()
        assert len(asked.times) == 1
        await trio.sleep(1_000)
        with pytest.raises(StopStage):
            await asked.admit()


async def test_copy_of_today_is_not_asked_for_again(autojump_clock):
    today = RobotsCopy(EPOCH, 200, FORBIDDEN.decode())
    async with Asked(b"", copy=today) as asked:
        with pytest.raises(StopStage):
            await asked.admit()
        assert asked.times == []
        await trio.sleep(DAY)
        await asked.admit()


# In a run


def forbid(scene: Scene) -> None:
    scene.court._robots = FORBIDDEN.decode()


async def test_runs_of_one_day_read_it_once(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        for day in (0, 0, 1, 1):
            await trio.sleep_until(day * DAY)
            await scene.run(selection=Selection(limit=1))
        assert scene.requests(scene.court, "robots") == 2
        assert scene.requests(scene.court, "pdf") == 4
        # Nothing is left to ask the court for, so that nothing is asked.
        await trio.sleep(5 * DAY)
        await scene.run()
        assert scene.requests(scene.court, "robots") == 2


async def test_court_that_forbids_it_is_not_asked_for_a_gazette(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, extract__kind="rules") as scene:
        forbid(scene)
        report = await scene.run()
        scene.check()
        assert exit_code_of(report) is ExitCode.STOPPED
        assert list(report.stopped) == ["download"]
        assert "forbids /novodiario/ to trio-pipeline" in report.stopped["download"]
        assert scene.requests(scene.court, "pdf") == 0
        assert scene.outcomes("download") == ["asked"] * 4
        # The court changes its mind, and is heard the day after.
        scene.court._robots = None
        await trio.sleep(DAY)
        assert exit_code_of(await scene.run()) is ExitCode.OK


async def test_gazette_that_is_fetched_again_needs_leave_too(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2) as scene:
        await scene.run(archive__kind="none", extract__kind="rules")
        await trio.sleep(DAY)
        forbid(scene)
        report = await scene.run()
    assert list(report.stopped) == ["download"]
    assert scene.requests(scene.court, "pdf") == 2


async def test_court_whose_rules_cannot_be_read_is_waited_for(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4) as scene:
        real = scene.network.apps[COURT]

        async def app(scope, receive, send):
            if scope["path"] == "/robots.txt" and trio.current_time() < 900:
                await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await real(scope, receive, send)

        scene.network.apps[COURT] = app
        report = await scene.run()
        scene.check()
    assert (report.ended_by, report.failed) == ("finished", 0)
    assert scene.requests(scene.court, "pdf") == 4
    assert 900 <= trio.current_time() < 1_500
    assert {attempt for (attempt,) in scene.rows("SELECT attempt FROM events WHERE outcome = 'put_off'")} == {1}
