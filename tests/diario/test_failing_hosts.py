"""Runs against a court and an archive that fail (collaboration): what is overcome, what is recorded, what stops a run.

Each fault of the stand-ins is met at least once.
"""

from __future__ import annotations

import hashlib

import pytest
import trio
from scenes import ARCHIVE, COURT, KEYS, Scene, open_scene
from trio_util import periodic

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.run import exit_code_of
from trio_pipeline.diario.archives.internet_archive import WrongRequest
from trio_pipeline.diario.credentials import Secret, Secrets
from trio_pipeline.diario.selection import Selection
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.limits import Rations

DAY = 86_400.0
WRONG_KEYS = Secrets(KEYS.archive_access, Secret("WRONG"), None, {})


def each_once(scene: Scene, layout: str = "year") -> dict[str, list[str]]:
    return {name: [hashlib.md5(body).hexdigest()] for name, body in scene.contents(layout).items()}


def newest_first(scene: Scene) -> list[str]:
    """The gazettes in the order in which a run takes them up."""
    ordered = sorted(scene.gazettes, key=lambda gazette: (-gazette.date.toordinal(), gazette.id))
    return [gazette.id for gazette in ordered]


async def run_to_the_end(scene: Scene, runs: int = 6) -> None:
    """Runs until everything is confirmed, days apart."""
    for _ in range(runs):
        await scene.run()
        scene.check()
        if scene.states() == [("downloaded", "confirmed", "not_asked")]:
            return
        await trio.sleep(DAY)
    pytest.fail(f"still {scene.states()} after {runs} runs")


# The court


@pytest.mark.parametrize(
    ("fault", "put_off"),
    [
        ("refuse=2x", 2),
        ("malformed=2x", 2),
        ("reset=2x", 2),
        ("truncate=2x", 2),
        ("stall=1x", 1),
        ("unavailable=2x", 2),
        ("unavailable=1x,retry-after=20", 1),
        ("unavailable=1x,retry-after=600", 1),
        ("block-page=1x", 1),
        ("block-page=900s", None),
    ],
)
async def test_faults_of_the_court_are_overcome(tmp_path, autojump_clock, fault, put_off):
    async with open_scene(tmp_path, 4, court_faults=[f"tjro:{fault}"], tjro__workers=1) as scene:
        report = await scene.run()
        scene.check()
    assert (report.ended_by, report.failed) == ("finished", 0)
    assert scene.states() == [("downloaded", "confirmed", "not_asked")]
    assert scene.court.statistics()["in_flight_max"]["pdf"] == 1
    if put_off is not None:
        # Two gazettes are in hand, and either of them may be the one that is asked for.
        words = [scene.outcomes("download", name) for name in newest_first(scene)]
        counts = [len(of_one) - 2 for of_one in words]
        assert words == [["asked", *["put_off"] * count, "downloaded"] for count in counts]
        assert sum(counts[:2]) == sum(counts) == put_off


@pytest.mark.parametrize("fault", ["reset", "truncate"])
async def test_gazette_that_always_breaks_off_fails_after_five_attempts(tmp_path, autojump_clock, fault):
    async with open_scene(tmp_path, 1, court_faults=[f"tjro:{fault}=1.0"]) as scene:
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed) == ("finished", 1)
        assert scene.outcomes("download") == ["asked", *["put_off"] * 4, "failed"]
        assert scene.states() == [("failed", "pending", "not_asked")]
        ((error, stage),) = scene.rows("SELECT error, error_stage FROM diarios")
        assert stage == "download"
        assert "broke off" in error
        assert scene.spooled() == []


async def test_gazette_that_failed_in_five_runs_is_rejected(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, court_faults=["tjro:truncate=1.0"], retry__attempts=2) as scene:
        for _ in range(4):
            report = await scene.run()
            assert report.failed == 2
            assert scene.states() == [("failed", "pending", "not_asked")]
        report = await scene.run()
        assert report.counts["download"] == {"put_off": 2, "rejected": 2, "left": 0}
        assert scene.states() == [("rejected", "pending", "not_asked")]
        asked = scene.requests(scene.court, "pdf")
        report = await scene.run()
        assert report.failed == 0
        assert scene.requests(scene.court, "pdf") == asked == 20
        scene.check()


async def test_gazette_that_the_court_does_not_have_fails_at_once(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 3) as scene:
        missing = scene.gazettes[1]
        scene.court._by_path = {path: made for path, made in scene.court._by_path.items() if made.gazette != missing}
        report = await scene.run()
        scene.check()
        assert report.failed == 1
        assert scene.outcomes("download", missing.id) == ["asked", "failed"]
        assert scene.rows("SELECT count(*) FROM diarios WHERE archive_state = 'confirmed'") == [(2,)]


async def test_body_that_is_no_pdf_is_never_kept(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 1) as scene:
        (published,) = scene.publications
        scene.court._by_path = {
            path: type(published)(published.gazette, 40, lambda: b"%PDF-1.7 but the rest of it is nothing !")
            for path in scene.court._by_path
        }
        report = await scene.run()
        scene.check()
        assert report.failed == 1
        assert scene.outcomes("download") == ["asked", *["put_off"] * 4, "failed"]
        assert "does not open" in scene.rows("SELECT error FROM diarios")[0][0]
        assert scene.spooled() == []


@pytest.mark.parametrize("extract", ["none", "rules"])
async def test_court_that_blocks_for_too_long_ends_the_run(tmp_path, autojump_clock, extract):
    async with open_scene(tmp_path, 6, court_faults=["tjro:block-page=90000s@2"], extract__kind=extract) as scene:
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert list(report.stopped) == ["download"]
        assert "block page" in report.stopped["download"]
        assert "wait some hours, raise tjro.interval" in report.stopped["download"]
        assert exit_code_of(report) is ExitCode.STOPPED
        assert report.failed == 0
        assert report.counts["download"]["downloaded"] == 2
        assert report.counts["archive"] == {"confirmed": 2, "left": 0}
        assert report.counts["download"]["left"] == 4
        # The ledger remembers how slow the court wants it.
        assert scene.rows("SELECT learned ->> 'blocked_interval' FROM paces WHERE hosts = 'tjro'")[-1] >= ("7.0",)
        assert scene.requests(scene.court, "pdf") < 10
        await trio.sleep(2 * DAY)
        began = trio.current_time()
        await scene.run()
        assert trio.current_time() - began >= 3 * 7.0
        assert scene.rows("SELECT count(*) FROM diarios WHERE archive_state = 'confirmed'") == [(6,)]


async def test_pauses_of_a_court_that_blocks_grow_in_sight_of_everybody(tmp_path, autojump_clock):
    """The next tries are 10, 20 and 40 minutes after the block pages."""
    seen = []

    async def watch(running):
        async for _ in periodic(1.0):
            until = running.view().hosts["tjro"].paused_until
            if until is not None and until > trio.current_time() and until not in seen:
                seen.append(until)

    faults = ["tjro:block-page=3x@1"]
    async with open_scene(tmp_path, 3, court_faults=faults, tjro__workers=1, run__patience=7_200) as scene:
        report = await scene.run(watchers=[watch])
        scene.check()
    assert report.ended_by == "finished"
    pauses = [later - earlier for earlier, later in zip([0.0, *seen], seen, strict=False)]
    assert [round(pause, -1) for pause in pauses] == [600, 1_200, 2_400]


async def test_deadline_does_not_excuse_a_court_that_blocks(tmp_path, autojump_clock):
    """The court has ended the downloads; the archive goes on until the deadline."""
    faults = ["tjro:block-page=90000s@2"]
    async with open_scene(
        tmp_path, 6, court_faults=faults, archive__kind="internet-archive", run__deadline=3_000
    ) as scene:
        scene.network.delay = lambda request: 5_000.0 if request.method == "PUT" else 0.0
        report = await scene.run()
        scene.check()
    assert report.ended_by == "deadline"
    assert list(report.stopped) == ["download"]
    assert exit_code_of(report) is ExitCode.STOPPED


async def test_court_that_cannot_be_reached_uses_up_no_attempt(tmp_path, autojump_clock):
    async def mend():
        await trio.sleep(1_200)
        scene.network.down.clear()

    async with open_scene(tmp_path, 5) as scene:
        scene.network.down.add(COURT)
        scene.network.nursery.start_soon(mend)
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed) == ("finished", 0)
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        # It was there again at 1200 s, and tried again every five minutes at least.
        assert 1_200 <= trio.current_time() <= 1_600


async def test_court_that_stays_away_ends_the_run(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 5) as scene:
        scene.network.down.add(COURT)
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert "look whether it can be reached from here" in report.stopped["download"]
        assert 1_200 <= trio.current_time() <= 2_400
        assert report.counts["download"]["left"] == 5
        assert "failed" not in scene.outcomes("download")
        scene.network.down.clear()
        await trio.sleep(DAY)
        assert (await scene.run()).ended_by == "finished"
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]


# The archive


@pytest.mark.parametrize(
    "fault",
    [
        "archive:refuse=2x",
        "archive:malformed=2x",
        "archive:reset=2x",
        "archive:stall=1x",
        "archive:unavailable=2x",
        "archive:internal=2x",
        "archive:gateway=2x",
        "archive:too-many=2x",
        "archive:too-many=1x,retry-after=60",
        "archive:key-slow-down=1x",
        "archive:namespace-shared=2x",
        "archive:auto-make-bucket=2x",
        "archive:bad-digest=1x",
        "archive-search:unavailable=2x",
        "archive-metadata:not-json=2x",
        "archive-metadata:too-many=2x",
        "archive-limit:not-json=2x",
        "archive:slow-down=1x",
        "archive:slow-down=1x,retry-after=1200",
        "archive:item-slow-down=2x",
        "archive:bucket-lock=2x",
        "archive:redirect=3x",
        "archive:answer-lost=1x",
        "archive-metadata:refuse=2x",
        "archive-metadata:malformed=2x",
        "archive-metadata:reset=2x",
        "archive-metadata:unavailable=2x",
        "archive-metadata:unavailable=1x,retry-after=600",
        "archive-metadata:stall=1x",
        "archive-limit:unavailable=5x",
        "archive-limit:over-limit=3x",
    ],
)
async def test_faults_of_the_archive_are_overcome(tmp_path, autojump_clock, fault):
    async with open_scene(tmp_path, 4, archive_faults=[fault], archive__kind="internet-archive") as scene:
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed) == ("finished", 0)
        assert {archive for _, archive, _ in scene.states()} <= {"submitted", "confirmed"}
        await run_to_the_end(scene)
    assert scene.bodies() == each_once(scene)


@pytest.mark.parametrize("fault", ["unavailable", "over-limit"])
async def test_nothing_is_sent_where_there_is_no_word_of_room(tmp_path, autojump_clock, fault):
    faults = [f"archive-limit:{fault}=1.0"]
    async with open_scene(tmp_path, 4, archive_faults=faults, archive__kind="internet-archive") as scene:
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert "beyond run.patience" in report.stopped["archive"]
        assert scene.requests(scene.archive, "upload") == 0
        # Nothing was begun, and the question was not asked for each gazette.
        assert set(scene.outcomes("archive")) == {"asked"}
        assert scene.requests(scene.archive, "check") < 15
        scene.archive.plan = FaultPlan()
        assert (await scene.run()).ended_by == "finished"
        await run_to_the_end(scene)


async def test_rationed_archive_refuses_nothing(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        30,
        archive={"queue": 600.0, "rations": Rations(accesskey=10)},
        archive__kind="internet-archive",
        run__patience=7_200.0,
    ) as scene:
        report = await scene.run()
        assert report.counts["archive"]["submitted"] == 30
        assert "503" not in scene.archive.statistics()["answers"]
        # A question a minute at most, and one when the room that it told of is used up.
        assert scene.requests(scene.archive, "check") < 30
        await run_to_the_end(scene)


async def test_room_is_told_while_it_runs(tmp_path, autojump_clock):
    told = []

    async def watch(running):
        await trio.sleep(100)
        told.extend([row async for row in running.commands()["view"]({}) if "archive" in row])

    async with open_scene(
        tmp_path, 12, archive={"queue": 600.0, "rations": Rations(accesskey=10)}, archive__kind="internet-archive"
    ) as scene:
        await scene.run(watchers=[watch])
    [row] = told
    assert (row["archive"], row["room"], row["queued"], row["ration"]) == ("internet-archive", 0, 9, 10)
    assert row["reason"].startswith("the archive has no room for uploads now")
    assert row["asked_at"] > row["closed_since"] >= "2025-07-01T08:00:00Z"
    assert "ACCESS" not in str(row)


async def test_answer_that_was_lost_costs_no_second_upload(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        3,
        archive_faults=["archive:answer-lost=1.0"],
        archive={"queue": 3_600.0},
        archive__kind="internet-archive",
        archive__layout="edition",
    ) as scene:
        report = await scene.run()
        assert report.counts["archive"] == {"submitted": 3, "left": 0}
        assert scene.rows("SELECT DISTINCT detail ->> 'acknowledged' FROM events WHERE outcome = 'submitted'") == [
            ("false",)
        ]
        while scene.states() != [("downloaded", "confirmed", "not_asked")]:
            await trio.sleep(600)
            report = await scene.run()
            assert report.counts["confirm"].keys() <= {"absent", "confirmed", "left"}
        scene.check()
    assert trio.current_time() < 3 * 3_600
    assert scene.bodies() == each_once(scene, "edition")


async def test_upload_that_never_arrived_is_made_again(tmp_path, autojump_clock):
    """The connection breaks after the whole body was sent, and the archive knows nothing of it."""

    async def swallow(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    async with open_scene(tmp_path, 2, archive__kind="internet-archive") as scene:
        real = scene.network.apps[ARCHIVE]

        async def app(scope, receive, send):
            lost = scope["method"] == "PUT" and scene.network.count("PUT", "") <= 2
            await (swallow if lost else real)(scope, receive, send)

        scene.network.apps[ARCHIVE] = app
        await scene.run()
        assert scene.states() == [("downloaded", "submitted", "not_asked")]
        assert scene.bodies() == {}
        await trio.sleep(300)
        report = await scene.run()
        assert report.counts["confirm"]["lost"] == 2
        assert report.counts["archive"]["submitted"] == 2
        scene.check()
        await run_to_the_end(scene)
    assert scene.bodies() == each_once(scene)
    assert scene.requests(scene.court, "pdf") == 2


async def test_archive_that_does_not_show_what_it_took_is_asked_for_a_day(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path, 2, archive={"queue": 30 * DAY}, archive__kind="internet-archive", archive__layout="edition"
    ) as scene:
        await scene.run()
        for _ in range(3):
            await trio.sleep(DAY)
            report = await scene.run()
            assert report.counts["confirm"] == {"absent": 2, "left": 2}
        scene.archive.lose_queue()
        await trio.sleep(DAY)
        report = await scene.run()
        assert report.counts["confirm"] == {"failed": 2, "left": 0}
        assert "still not in the archive" in scene.rows("SELECT error FROM diarios")[0][0]
        scene.archive.queue = 0.0
        await run_to_the_end(scene)
    assert [len(bodies) for bodies in scene.bodies().values()] == [2, 2]


async def test_look_that_fails_is_no_reason_to_upload_again(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        3,
        archive_faults=["archive-metadata:reset=1.0@3"],
        archive={"queue": 7_200.0},
        archive__kind="internet-archive",
        archive__layout="edition",
    ) as scene:
        await scene.run()
        await trio.sleep(300)
        for _ in range(6):
            report = await scene.run()
            scene.check()
            assert report.counts["confirm"].keys() <= {"put_off", "left"}
            assert scene.states() == [("downloaded", "submitted", "not_asked")]
            await trio.sleep(600)
    assert scene.bodies() == each_once(scene, "edition")


async def test_arrival_between_two_questions_is_no_reason_to_upload_again(tmp_path, autojump_clock):
    """The archive is asked for the file while it waits there, and for what waits there when it has arrived."""
    async with open_scene(
        tmp_path, 1, archive={"latency": 10.0, "queue": 700.0}, archive__kind="internet-archive"
    ) as scene:
        with trio.move_on_after(5):
            await scene.run()
        assert scene.outcomes("archive")[-1] == "started"
        await trio.sleep(100)
        scene.network.delay = lambda request: 1_000.0 if "check_limit" in str(request.url) else 0.0
        await scene.run()
        scene.check()
    assert scene.outcomes("confirm") == ["confirmed"]
    assert scene.bodies() == each_once(scene)


@pytest.mark.parametrize(("fault", "state"), [("bad-content", "rejected")])
async def test_file_that_the_archive_does_not_want_is_rejected(tmp_path, autojump_clock, fault, state):
    async with open_scene(
        tmp_path, 3, archive_faults=[f"archive:{fault}=1x"], archive__kind="internet-archive", archive__workers=1
    ) as scene:
        report = await scene.run()
        scene.check()
        assert (report.ended_by, report.failed) == ("finished", 1)
        assert sorted(scene.states()) == [("downloaded", state, "not_asked"), ("downloaded", "submitted", "not_asked")]
        report = await scene.run()
        assert report.failed == 0
        assert scene.network.count("PUT", "") == 3


@pytest.mark.parametrize(
    ("fault", "state", "word"),
    [("bad-content", "rejected", "BadContent"), ("access-denied", "rejected", "AccessDenied")],
)
async def test_what_the_archive_does_not_want_is_rejected(tmp_path, autojump_clock, fault, state, word):
    async with open_scene(
        tmp_path, 3, archive_faults=[f"archive:{fault}=1x"], archive__kind="internet-archive"
    ) as scene:
        report = await scene.run()
        assert (report.ended_by, report.failed) == ("finished", 1)
        for _ in range(3):
            await trio.sleep(600)
            await scene.run()
        scene.check()
        [(name, error)] = scene.rows("SELECT id, error FROM diarios WHERE archive_state = ?", state)
        assert word in error
        # It is not tried again; the others are where they should be.
        assert scene.outcomes("archive", name).count("started") == 1
        assert scene.rows("SELECT count(*) FROM diarios WHERE archive_state = 'confirmed'") == [(2,)]


@pytest.mark.parametrize("fault", ["missing-length", "invalid-bucket"])
async def test_request_that_was_wrong_itself_is_a_defect(tmp_path, autojump_clock, fault):
    async with open_scene(
        tmp_path, 2, archive_faults=[f"archive:{fault}=1x"], archive__kind="internet-archive"
    ) as scene:
        with pytest.RaisesGroup(pytest.RaisesExc(WrongRequest), allow_unwrapped=False):
            await scene.run()
        assert scene.ended_by() == ["defect"]


@pytest.mark.parametrize("fault", ["invalid-key", "bad-signature"])
async def test_refused_keys_stop_uploads_and_lose_nothing(tmp_path, autojump_clock, fault):
    async with open_scene(
        tmp_path, 3, archive_faults=[f"archive:{fault}=1x"], archive__kind="internet-archive"
    ) as scene:
        report = await scene.run()
        assert "archive" in report.stopped
        assert report.failed == 0
        assert "rejected" not in scene.outcomes("archive")
        await run_to_the_end(scene)
    assert scene.bodies() == each_once(scene)


async def test_after_spam_nothing_is_sent_until_a_person_says_so(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 4, archive_faults=["archive:spam=1x"], archive__kind="internet-archive") as scene:
        report = await scene.run(archive__workers=1)
        [(spam,)] = scene.rows("SELECT id FROM diarios WHERE archive_state = 'rejected'")
        assert f"trio-pipeline retry {spam}" in report.stopped["archive"]
        asked = scene.requests(scene.archive, "upload")
        for _ in range(3):
            await trio.sleep(3_600)
            report = await scene.run(extract__kind="rules")
            assert report.ended_by == "host"
            assert f"took {spam} for spam on 2025-07-01" in report.stopped["archive"]
        assert scene.requests(scene.archive, "upload") == asked
        assert scene.rows("SELECT count(*) FROM diarios WHERE extract_state = 'extracted'") == [(4,)]
        await scene.retry(spam)
        assert (await scene.run(extract__kind="rules")).ended_by == "finished"
        await trio.sleep(3_600)
        await scene.run(extract__kind="rules")
        scene.check()
        assert scene.states() == [("downloaded", "confirmed", "extracted")]


async def test_what_is_there_already_is_confirmed_after_spam(tmp_path, autojump_clock):
    faults = ["archive:spam=1x@1"]
    async with open_scene(tmp_path, 2, archive_faults=faults, archive__kind="internet-archive") as scene:
        await scene.run(archive__workers=1)
        await trio.sleep(3_600)
        await scene.run()
        states = scene.rows("SELECT archive_state FROM diarios ORDER BY ALL")
        assert states == [("confirmed",), ("rejected",)]


@pytest.mark.parametrize("layout", ["year", "edition"])
async def test_copy_with_other_bytes_fails_and_is_put_again(tmp_path, autojump_clock, layout):
    faults = ["archive:corrupt=1x"]
    async with open_scene(
        tmp_path, 3, archive_faults=faults, archive__kind="internet-archive", archive__layout=layout
    ) as scene:
        await scene.run()
        await trio.sleep(600)
        report = await scene.run()
        assert report.counts["confirm"] == {"confirmed": 2, "failed": 1, "left": 0}
        [(error, stage)] = scene.rows("SELECT error, error_stage FROM diarios WHERE archive_state = 'failed'")
        assert stage == "confirm"
        assert "other bytes" in error
        await scene.run()
        await trio.sleep(600)
        await scene.run()
        scene.check()
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        assert sorted(map(len, scene.bodies().values())) == [1, 1, 2]


async def test_old_bytes_are_no_answer_while_the_new_ones_are_queued(tmp_path, autojump_clock):
    faults = ["archive:corrupt=1x"]
    async with open_scene(tmp_path, 1, archive_faults=faults, archive__kind="internet-archive") as scene:
        await scene.run()
        await trio.sleep(600)
        assert (await scene.run()).failed == 1
        scene.archive.queue = 4 * 3_600.0
        for _ in range(6):
            assert (await scene.run()).failed == 0
            await trio.sleep(3_600)
        await trio.sleep(4 * 3_600)
        await scene.run()
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        assert scene.requests(scene.archive, "upload") == 2


async def test_file_that_never_appears_fails_after_a_day_and_is_put_again(tmp_path, autojump_clock):
    faults = ["archive:lost=1x"]
    async with open_scene(tmp_path, 2, archive_faults=faults, archive__kind="internet-archive") as scene:
        failed = 0
        for _ in range(6):
            failed += (await scene.run()).failed
            await trio.sleep(DAY / 2)
        scene.check()
        assert failed == 1
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        assert scene.requests(scene.archive, "upload") == 3


@pytest.mark.parametrize("layout", ["year", "edition"])
async def test_item_that_goes_dark_is_rejected_and_never_put_again(tmp_path, autojump_clock, layout):
    faults = ["archive:dark=1x@1"]
    async with open_scene(
        tmp_path, 2, archive_faults=faults, archive__kind="internet-archive", archive__layout=layout
    ) as scene:
        await scene.run()
        for _ in range(3):
            await trio.sleep(DAY)
            await scene.run()
        scene.check()
        assert "rejected" in {archive for _, archive, _ in scene.states()}
        assert "taken" in scene.rows("SELECT any_value(error) FROM diarios WHERE archive_state = 'rejected'")[0][0]
        assert scene.requests(scene.archive, "upload") == 2


@pytest.mark.parametrize("extract", ["none", "rules"])
@pytest.mark.parametrize("what", ["keys", "spam"])
async def test_refused_credentials_stop_the_archive_alone(tmp_path, autojump_clock, extract, what):
    faults = ["archive:spam=1.0"] if what == "spam" else []
    async with open_scene(
        tmp_path,
        8,
        size=6_000,
        archive_faults=faults,
        court={"latency": 1.0},
        archive__kind="internet-archive",
        archive__workers=1,
        extract__kind=extract,
    ) as scene:
        if what == "keys":
            scene.secrets = WRONG_KEYS
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert report.failed == 0
        assert scene.bodies() == {}
        assert "started" not in {
            outcome
            for (outcome,) in scene.rows(
                "SELECT arg_max(outcome, seq) FROM events WHERE stage = 'archive' GROUP BY diario_id"
            )
        }
        states = scene.rows("SELECT archive_state, count(*) FROM diarios GROUP BY ALL ORDER BY ALL")
        assert states == ([("pending", 8)] if what == "keys" else [("pending", 7), ("rejected", 1)])
        if extract == "rules":
            assert list(report.stopped) == ["archive"]
            assert scene.rows("SELECT count(*) FROM diarios WHERE extract_state = 'extracted'") == [(8,)]
        else:
            assert sorted(report.stopped) == ["archive", "download"]
            assert report.counts["download"]["left"] > 0
        if what == "keys":
            scene.secrets = KEYS
            await scene.run()
            await trio.sleep(300)
            await scene.run()
            assert scene.rows("SELECT count(*) FROM diarios WHERE archive_state = 'confirmed'") == [(8,)]
            assert scene.bodies() == each_once(scene)
            assert scene.requests(scene.court, "pdf") == 8


async def test_archive_that_cannot_be_reached_leaves_extraction_alone(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 6, size=6_000, archive__kind="internet-archive", extract__kind="rules") as scene:
        scene.network.down.add(ARCHIVE)
        report = await scene.run()
        scene.check()
        assert report.ended_by == "host"
        assert list(report.stopped) == ["archive"]
        assert scene.states() == [("downloaded", "pending", "extracted")]
        assert report.counts["archive"]["left"] == 6
        scene.network.down.clear()
        await trio.sleep(DAY)
        await scene.run()
        assert scene.bodies() == each_once(scene)
        assert scene.requests(scene.court, "pdf") == 6


async def test_dark_item_is_rejected(tmp_path, autojump_clock):
    async with open_scene(tmp_path, 2, archive__kind="internet-archive", archive__layout="edition") as scene:
        await scene.run(selection=Selection(limit=1))
        (item,) = scene.archive._shelf.items.values()
        item.is_dark = True
        await trio.sleep(300)
        report = await scene.run()
        scene.check()
    assert report.counts["confirm"] == {"rejected": 1, "left": 1}
    assert report.ended_by == "finished"


# Waiting


async def test_what_has_to_wait_long_gives_its_place_back(tmp_path, autojump_clock):
    """The first gazette is told to come back in ten minutes; the others are done meanwhile."""
    async with open_scene(
        tmp_path,
        5,
        archive_faults=["archive:item-slow-down=1x,retry-after=600"],
        archive__kind="internet-archive",
        archive__layout="edition",
        archive__workers=1,
    ) as scene:
        await scene.run()
        scene.check()
        order = scene.rows("SELECT diario_id, outcome, not_before FROM events WHERE stage = 'archive' ORDER BY seq")
    put_off = next(identifier for identifier, outcome, _ in order if outcome == "put_off")
    done = [identifier for identifier, outcome, _ in order if outcome == "submitted"]
    assert len(done) == 5
    assert done[-1] == put_off
    (not_before,) = [until for _, outcome, until in order if outcome == "put_off"]
    assert (not_before - scene.world.now()).total_seconds() == pytest.approx(0.0, abs=0.01)
    assert 600 <= trio.current_time() <= 601


async def test_what_has_to_wait_too_long_is_left_to_another_run(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        3,
        archive_faults=["archive:item-slow-down=1x,retry-after=7200"],
        archive__kind="internet-archive",
        archive__layout="edition",
        archive__workers=1,
    ) as scene:
        report = await scene.run()
        assert trio.current_time() < 60
        assert (report.ended_by, report.counts["archive"]["left"]) == ("finished", 1)
        # Too early still, with the PDF in the spool and without it.
        await trio.sleep(600)
        ((put_off,),) = scene.rows("SELECT diario_id FROM events WHERE outcome = 'put_off'")
        for has_pdf in (True, False):
            if not has_pdf:
                (scene.spool / f"{put_off}.pdf").unlink()
            puts, asked = scene.network.count("PUT", ""), scene.requests(scene.court, "pdf")
            report = await scene.run()
            assert report.counts["archive"] == {"left": 1} or report.counts["download"] == {"left": 1}
            assert scene.network.count("PUT", "") == puts
            assert scene.requests(scene.court, "pdf") == asked
        await trio.sleep(7_200)
        report = await scene.run()
        assert report.counts["archive"] == {"submitted": 1, "left": 0}
        scene.check()


async def test_upload_that_has_to_wait_is_not_hurried_by_another_stage(tmp_path, autojump_clock):
    """The PDF has to be brought back for its extraction, hours before the archive may be asked again."""
    async with open_scene(
        tmp_path,
        1,
        size=6_000,
        archive_faults=["archive:item-slow-down=1x,retry-after=7200"],
        archive__kind="internet-archive",
    ) as scene:
        await scene.run()
        next(scene.spool.iterdir()).unlink()
        report = await scene.run(extract__kind="rules")
        scene.check()
        assert scene.states() == [("downloaded", "pending", "extracted")]
        assert report.counts["archive"]["left"] == 1
        assert scene.network.count("PUT", "") == 1
        await trio.sleep(7_200)
        await scene.run(extract__kind="rules")
        scene.check()
    assert scene.bodies() == each_once(scene)
