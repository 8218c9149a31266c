"""The Internet Archive adapter against a tiny one (collaboration): what it asks, what it sends, how it reacts."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import traceback

import httpx
import pytest
import trio
from scripted_network import GAZETTE, PDF, Pieces, answer
from tiny_archive import ACCESS_KEY, SECRET_KEY, TinyArchive, checksums_of, opened, refusal

from trio_pipeline.diario.archives.internet_archive import WrongRequest, archive_hosts
from trio_pipeline.diario.sources import Absent
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import GiveUp, Reject, StopStage, TryAgain

SUMS = checksums_of(PDF)
ITEM = GAZETTE.id
NAME = f"{ITEM}.pdf"
YEAR = "tjro-diario-2025"


def edition(number):
    return dataclasses.replace(GAZETTE, id=f"tjro-diario-2025-06-23-nr{number}", number=number)


@pytest.fixture
def pdf(tmp_path):
    path = tmp_path / "spool.pdf"
    path.write_bytes(PDF)
    return path


class TestFind:
    async def test_one_question_for_an_edition(self, autojump_clock):
        async with opened() as there:
            await there.archive.find(GAZETTE, SUMS)
        [seen] = there.transport.seen
        assert str(seen.url) == f"https://archive.org/metadata/{ITEM}"
        assert "authorization" not in seen.headers

    async def test_same_bytes_are_confirmed(self, autojump_clock):
        async with opened(TinyArchive({ITEM: {NAME: PDF}})) as there:
            copy = await there.archive.find(GAZETTE, SUMS)
        assert (copy.state, copy.md5) == ("confirmed", SUMS.md5)
        assert copy.url == f"https://archive.org/download/{ITEM}/{NAME}"

    async def test_somebody_elses_copy_is_adopted(self, autojump_clock):
        async with opened(TinyArchive({ITEM: {"Diário 112.pdf": PDF}})) as there:
            copy = await there.archive.find(GAZETTE, SUMS)
        assert copy.url == f"https://archive.org/download/{ITEM}/Di%C3%A1rio%20112.pdf"

    async def test_other_bytes_under_our_name_are_left_alone(self, autojump_clock):
        async with opened(TinyArchive({ITEM: {NAME: b"%PDF other"}})) as there:
            with pytest.raises(Reject, match="other bytes"):
                await there.archive.find(GAZETTE, SUMS)

    async def test_other_files_of_the_item_do_not_matter(self, autojump_clock):
        async with opened(TinyArchive({ITEM: {"cover.jpg": b"jpg"}})) as there:
            assert await there.archive.find(GAZETTE, SUMS) is None

    async def test_dark_item_is_rejected(self, autojump_clock):
        async with opened(TinyArchive(dark={ITEM})) as there:
            with pytest.raises(Reject, match=r"taken the item .* down"):
                await there.archive.find(GAZETTE, SUMS)

    @pytest.mark.parametrize("status", [429, 503])
    async def test_rejection_waits(self, autojump_clock, status):
        tiny = TinyArchive(other_answers={"metadata": answer(status, retry_after="50")})
        async with opened(tiny) as there:
            with pytest.raises(TryAgain, match="asks to wait") as caught:
                await there.archive.find(GAZETTE, SUMS)
        assert (caught.value.after, caught.value.counts) == (50.0, False)
        assert there.metadata_pacer.statistics().rejected == 1
        assert there.s3_pacer.statistics().rejected == 0

    @pytest.mark.parametrize(
        "given", [answer(500), answer(404), answer(200, b"<html>"), answer(200, b"[]"), answer(200, b"{} {}")]
    )
    async def test_other_answers_are_tried_again(self, autojump_clock, given):
        async with opened(TinyArchive(other_answers={"metadata": given})) as there:
            with pytest.raises(TryAgain, match="metadata") as caught:
                await there.archive.find(GAZETTE, SUMS)
        assert caught.value.counts

    async def test_endless_answer_is_cut_off(self, autojump_clock):
        endless = httpx.Response(200, stream=Pieces(b" " * 1_000_000 for _ in range(100)))
        async with opened(TinyArchive(other_answers={"metadata": endless})) as there:
            with pytest.raises(TryAgain, match="larger than they can be"):
                await there.archive.find(GAZETTE, SUMS)


class TestYear:
    async def test_one_question_for_a_whole_year(self, autojump_clock):
        async with opened(layout="year", pause=1.0) as there, trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(there.archive.find, edition(number), SUMS)
        assert len(there.transport.seen) == 1
        assert there.transport.seen[0].url.path == f"/metadata/{YEAR}"

    async def test_confirmations_ask_anew_once_for_all(self, autojump_clock, pdf):
        async with opened(layout="year") as there:
            for number in range(3):
                assert await there.archive.find(edition(number), checksums_of(b"%d" % number)) is None
                await there.archive.put(edition(number), SUMS, pdf)
            due = trio.current_time() + 300
            await trio.sleep_until(due)
            for number in range(3):
                assert await there.archive.find(edition(number), SUMS, since=due)
                await trio.sleep(100)
        assert len(there.asked("GET", "metadata")) == 2

    async def test_remembered_answer_is_too_old_for_what_was_due_later(self, autojump_clock):
        async with opened(layout="year") as there:
            for _ in range(2):
                await there.archive.find(GAZETTE, SUMS, since=trio.current_time())
                await trio.sleep(0.1)
        assert len(there.transport.seen) == 2

    async def test_failed_question_is_asked_again(self, autojump_clock):
        tiny = TinyArchive(other_answers={"metadata": answer(500)})
        async with opened(tiny, layout="year") as there:
            with pytest.raises(TryAgain):
                await there.archive.find(GAZETTE, SUMS)
            tiny.other_answers.clear()
            assert await there.archive.find(GAZETTE, SUMS) is None

    async def test_failed_upload_is_looked_for_anew(self, autojump_clock, pdf):
        """Its bytes may have arrived all the same: the answer from before does not tell."""
        tiny = TinyArchive({YEAR: {}}, next_answers=[refusal(500)])
        async with opened(tiny, layout="year") as there:
            assert await there.archive.find(GAZETTE, SUMS) is None
            await trio.sleep(1)
            with pytest.raises(TryAgain):
                await there.archive.put(GAZETTE, SUMS, pdf)
            tiny.items[YEAR][NAME] = PDF
            await trio.sleep(1)
            assert await there.archive.find(edition(1), checksums_of(b"")) is None
            assert (await there.archive.find(GAZETTE, SUMS)).state == "confirmed"
        assert len(there.asked("GET")) == 2

    async def test_upload_that_succeeded_at_last_leaves_no_doubt(self, autojump_clock, pdf):
        async with opened(TinyArchive(next_answers=[refusal(500)]), layout="year") as there:
            await there.archive.find(GAZETTE, SUMS)
            await trio.sleep(1)
            with pytest.raises(TryAgain):
                await there.archive.put(GAZETTE, SUMS, pdf)
            await there.archive.put(GAZETTE, SUMS, pdf)
            await there.archive.find(GAZETTE, SUMS)
        assert len(there.asked("GET")) == 1

    async def test_files_of_a_year_are_side_by_side(self, autojump_clock, pdf):
        async with opened(layout="year") as there:
            await there.archive.put(GAZETTE, SUMS, pdf)
            await there.archive.put(edition(113), SUMS, pdf)
        assert sorted(there.tiny.items[YEAR]) == [NAME, "tjro-diario-2025-06-23-nr113.pdf"]


class TestPut:
    async def test_sends_what_the_archive_wants(self, autojump_clock, pdf):
        async with opened() as there:
            copy = await there.archive.put(GAZETTE, SUMS, pdf)
        [seen] = there.transport.seen
        assert str(seen.url) == f"https://s3.us.archive.org/{ITEM}/{NAME}"
        assert seen.headers["authorization"] == f"LOW {ACCESS_KEY}:{SECRET_KEY}"
        assert seen.headers["content-length"] == str(len(PDF))
        assert seen.headers["content-md5"] == SUMS.md5
        assert "transfer-encoding" not in seen.headers
        assert seen.body == PDF
        assert (copy.state, copy.acknowledged) == ("submitted", True)

    async def test_no_answer_to_a_whole_body_is_submitted(self, autojump_clock, pdf):
        tiny = TinyArchive(next_answers=[httpx.ReadError("reset")])
        async with opened(tiny) as there:
            copy = await there.archive.put(GAZETTE, SUMS, pdf)
        assert (copy.state, copy.acknowledged) == ("submitted", False)

    async def test_timeout_after_a_whole_body_is_submitted(self, autojump_clock, pdf):
        async with opened(TinyArchive(next_answers=[httpx.ReadTimeout("timed out")])) as there:
            assert not (await there.archive.put(GAZETTE, SUMS, pdf)).acknowledged

    async def test_reset_half_way_is_tried_again(self, autojump_clock, tmp_path):
        large = b"%PDF" + b"x" * 600_000
        (tmp_path / "large.pdf").write_bytes(large)
        tiny = TinyArchive(next_answers=[httpx.ReadError("reset")])
        async with opened(tiny, reads=1) as there:
            with pytest.raises(TryAgain, match="broke off") as caught:
                await there.archive.put(GAZETTE, checksums_of(large), tmp_path / "large.pdf")
        assert caught.value.counts

    async def test_no_connection_uses_up_no_attempt(self, autojump_clock, pdf):
        async with opened(TinyArchive(next_answers=[httpx.ConnectError("refused")])) as there:
            with pytest.raises(TryAgain, match="no connection") as caught:
                await there.archive.put(GAZETTE, SUMS, pdf)
        assert not caught.value.counts

    async def test_storage_node_gets_a_fresh_body_and_the_keys(self, autojump_clock, pdf):
        node = answer(307, location=f"https://ia801.us.archive.org/{ITEM}/{NAME}")
        async with opened(TinyArchive(next_answers=[node])) as there:
            assert (await there.archive.put(GAZETTE, SUMS, pdf)).acknowledged
        first, second = there.transport.seen
        assert second.url.host == "ia801.us.archive.org"
        assert first.body == second.body == PDF
        assert second.headers["authorization"] == first.headers["authorization"]
        assert second.headers["host"] == "ia801.us.archive.org"

    async def test_stranger_gets_nothing(self, autojump_clock, pdf):
        away = answer(307, location="https://us.archive.org.evil.test/")
        async with opened(TinyArchive(next_answers=[away])) as there:
            with pytest.raises(TryAgain, match="not followed"):
                await there.archive.put(GAZETTE, SUMS, pdf)
        assert len(there.transport.seen) == 1

    async def test_first_upload_to_an_item_goes_alone(self, autojump_clock, pdf):
        async with opened(layout="year", pause=1.0) as there, trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(there.archive.put, edition(number), SUMS, pdf)
        assert [seen.at for seen in there.transport.seen] == [0.0, 1.0, 1.0, 1.0]
        assert there.archive._creating == {}  # 5,000 items, 5,000 locks otherwise

    async def test_first_upload_that_fails_leaves_the_next_alone(self, autojump_clock, pdf):
        tiny = TinyArchive(next_answers=[refusal(500), None])

        async def put(number):
            with contextlib.suppress(TryAgain):
                await there.archive.put(edition(number), SUMS, pdf)

        async with opened(tiny, layout="year", pause=1.0) as there, trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(put, number)
        assert [seen.at for seen in there.transport.seen] == [0.0, 1.0, 2.0, 2.0]

    async def test_uploads_to_a_known_item_go_together(self, autojump_clock, pdf):
        async with opened(TinyArchive({YEAR: {}}), layout="year", pause=1.0) as there:
            await there.archive.find(GAZETTE, SUMS)
            async with trio.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(there.archive.put, edition(number), SUMS, pdf)
        assert [seen.at for seen in there.asked("PUT")] == [1.0, 1.0, 1.0]


class TestRefusals:
    async def refused(self, pdf, *answers, error=TryAgain, **options):
        async with opened(TinyArchive(next_answers=list(answers)), **options) as there:
            with pytest.raises(error) as caught:
                await there.archive.put(GAZETTE, SUMS, pdf)
            self.there = there
        return caught.value

    async def test_full_queue_pauses_all(self, autojump_clock, pdf):
        error = await self.refused(pdf, refusal(503, "SlowDown", "", "total_tasks_queued exceeds"))
        assert (error.after, error.counts) == (60.0, False)
        assert self.there.s3_pacer.statistics().paused_until == 60.0

    async def test_pause_is_as_long_as_asked(self, autojump_clock, pdf):
        error = await self.refused(pdf, refusal(503, "SlowDown", "", "accesskey exceeds", retry_after="90"))
        assert error.after == self.there.s3_pacer.statistics().paused_until == 90.0

    async def test_full_queue_of_an_item_pauses_that_item(self, autojump_clock, pdf):
        tiny = TinyArchive({YEAR: {}}, next_answers=[refusal(503, "SlowDown", "", "bucket_tasks_queued exceeds")])
        last_year = dataclasses.replace(GAZETTE, id="x", date=GAZETTE.date.replace(year=2024))
        async with opened(tiny, layout="year") as there:
            with pytest.raises(TryAgain) as first:
                await there.archive.put(GAZETTE, SUMS, pdf)
            await trio.sleep(20)
            with pytest.raises(TryAgain, match="queue for the item") as second:
                await there.archive.wait_for_room(edition(1))
            await there.archive.wait_for_room(last_year)
            assert trio.current_time() == 20
            await trio.sleep(40)
            await there.archive.wait_for_room(edition(1))
        assert (first.value.after, second.value.after) == (60.0, 40.0)
        assert not first.value.counts
        assert not second.value.counts
        assert there.s3_pacer.statistics().rejected == 0

    async def test_spam_stops_the_stage(self, autojump_clock, pdf):
        error = await self.refused(pdf, refusal(503, "SlowDown", "appears to be spam"), error=StopStage)
        assert "spam" in error.reason
        assert len(self.there.transport.seen) == 1

    @pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch"])
    async def test_refused_keys_stop_the_stage(self, autojump_clock, pdf, code):
        assert code in (await self.refused(pdf, refusal(403, code), error=StopStage)).reason

    async def test_bad_content_is_rejected(self, autojump_clock, pdf):
        await self.refused(pdf, refusal(400, "BadContent", "empty or broken PDF"), error=Reject)

    async def test_somebody_elses_item_is_rejected(self, autojump_clock, pdf):
        await self.refused(pdf, refusal(403, "AccessDenied"), error=Reject)

    async def test_bucket_lock_is_tried_soon(self, autojump_clock, pdf):
        error = await self.refused(pdf, refusal(503, "InternalError", "short term bucket lock"))
        assert (error.after, error.counts) == (None, False)
        assert self.there.s3_pacer.statistics().rejected == 0

    @pytest.mark.parametrize("given", [refusal(411), refusal(400, "InvalidBucketName")])
    async def test_defect_of_ours_is_loud(self, autojump_clock, pdf, given):
        await self.refused(pdf, given, error=WrongRequest)

    async def test_rejection_lowers_the_pace(self, autojump_clock, pdf):
        error = await self.refused(pdf, refusal(429, retry_after="7"))
        assert (error.after, error.counts) == (7.0, False)
        assert self.there.s3_pacer.statistics().rejected == 1

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_fault_of_the_archive_counts(self, autojump_clock, pdf, status):
        assert (await self.refused(pdf, refusal(status))).counts
        assert self.there.s3_pacer.statistics().rejected == 0

    async def test_unknown_refusal_is_given_up(self, autojump_clock, pdf):
        await self.refused(pdf, refusal(409, "Strange"), error=GiveUp)

    async def test_refusal_whose_body_breaks_off_still_counts_as_one(self, autojump_clock, pdf):
        broken = httpx.Response(429, stream=Pieces([b"<Error>", httpx.ReadError("reset")]))
        assert not (await self.refused(pdf, broken)).counts

    async def test_bad_digest_of_a_whole_file_is_put_once_more(self, autojump_clock, pdf):
        async with opened(TinyArchive(next_answers=[refusal(400, "BadDigest")])) as there:
            assert (await there.archive.put(GAZETTE, SUMS, pdf)).acknowledged
        assert len(there.transport.seen) == 2

    async def test_second_bad_digest_is_given_up(self, autojump_clock, pdf):
        digest = refusal(400, "BadDigest"), refusal(400, "BadDigest")
        assert "the file is whole" in (await self.refused(pdf, *digest, error=GiveUp)).reason

    async def test_bad_digest_of_a_damaged_file_is_given_up(self, autojump_clock, pdf):
        pdf.write_bytes(b"!" + PDF[1:])
        error = await self.refused(pdf, refusal(400, "BadDigest"), error=GiveUp)
        assert "not the one that was recorded" in error.reason
        assert len(self.there.transport.seen) == 1


class TestQueued:
    @pytest.mark.parametrize(("count", "queued"), [(0, False), (3, True)])
    async def test_says_what_the_archive_says(self, autojump_clock, count, queued):
        async with opened(TinyArchive(queued=count), layout="year") as there:
            assert await there.archive.queued(GAZETTE) is queued
        query = dict(there.transport.seen[0].url.params)
        assert query == {"check_limit": "1", "accesskey": ACCESS_KEY, "bucket": YEAR}

    @pytest.mark.parametrize(
        "given", [answer(500), answer(503), answer(200, b"oops"), answer(200, b"{}"), httpx.ReadError("reset")]
    )
    async def test_every_failure_is_unknown(self, autojump_clock, given):
        async with opened(TinyArchive(other_answers={"check_limit": given})) as there:
            assert await there.archive.queued(GAZETTE) is None

    async def test_pause_of_the_archive_is_told(self, autojump_clock):
        async with opened(patience=10.0) as there:
            async with there.s3_pacer.request() as permit:
                permit.rejected("SlowDown", 100.0)
            with pytest.raises(HostPaused):
                await there.archive.queued(GAZETTE)


class TestOpen:
    async def test_storage_node_is_followed_without_keys(self, autojump_clock):
        node = answer(302, location=f"https://ia801.us.archive.org/1/{NAME}")
        tiny = TinyArchive(other_answers={"/download/": node, "ia801": answer(200, PDF)})
        async with opened(tiny) as there, there.archive.open(GAZETTE) as body:
            assert b"".join([chunk async for chunk in body.chunks]) == PDF
        assert all("authorization" not in seen.headers for seen in there.transport.seen)

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    async def test_what_cannot_be_read_is_absent(self, autojump_clock, status):
        async with opened(TinyArchive(other_answers={"download": answer(status)})) as there:
            with pytest.raises(Absent, match=str(status)):
                async with there.archive.open(GAZETTE):
                    pass

    @pytest.mark.parametrize(
        ("given", "counts"),
        [(answer(503), False), (answer(500), True), (answer(200, b"<html>", "text/html"), True)],
    )
    async def test_other_answers_are_tried_again(self, autojump_clock, given, counts):
        async with opened(TinyArchive(other_answers={"download": given})) as there:
            with pytest.raises(TryAgain) as caught:
                async with there.archive.open(GAZETTE):
                    pass
        assert caught.value.counts is counts

    async def test_too_large_is_not_taken(self, autojump_clock):
        async with opened(TinyArchive({ITEM: {NAME: PDF}}), size_limit=10) as there:
            with pytest.raises(TryAgain, match="larger than allowed"):
                async with there.archive.open(GAZETTE):
                    pass


class TestSecrets:
    ECHO = refusal(403, "SignatureDoesNotMatch", f"LOW {ACCESS_KEY}:{SECRET_KEY}", f"{SECRET_KEY}")

    async def test_keys_are_in_no_log_and_no_error(self, autojump_clock, caplog, pdf):
        for name in (None, "httpx", "httpcore"):
            caplog.set_level(logging.DEBUG, logger=name)
        answers = [self.ECHO, httpx.ReadError("reset"), httpx.ConnectError("x"), refusal(411), refusal(409)]
        told = []
        async with opened(TinyArchive(next_answers=list(answers), queued=1)) as there:
            await there.archive.queued(GAZETTE)
            for _ in answers:
                try:
                    told.append(repr(await there.archive.put(GAZETTE, SUMS, pdf)))
                except (TryAgain, GiveUp, StopStage, WrongRequest) as error:
                    told.append(repr(error) + "".join(traceback.format_exception(error)))
        told.append(repr(there.archive))
        everything = caplog.text + "".join(told)
        assert "check_limit" not in caplog.text
        assert "(key)" in everything  # the echo was there, and was blotted out
        assert ACCESS_KEY not in everything
        assert SECRET_KEY not in everything


@pytest.mark.parametrize(
    "target",
    [
        "https://s3.us.archive.org/other",
        "https://us.archive.org/a",
        "https://ia801.us.archive.org:8443/a",
        "https://mirror.test/a",
    ],
)
def test_hosts_that_may_be_trusted(target):
    assert archive_hosts(["mirror.test"])(httpx.URL("https://s3.us.archive.org/a"), httpx.URL(target))


@pytest.mark.parametrize(
    "target",
    [
        "http://s3.us.archive.org/a",
        "http://ia801.us.archive.org/a",
        "https://archive.org/a",
        "https://xus.archive.org/a",
        "https://us.archive.org.evil.test/a",
        "http://mirror.test/a",
        "http://127.0.0.1/a",
        "https://sub.mirror.test/a",
    ],
)
def test_hosts_that_may_not_be_trusted(target):
    assert not archive_hosts(["mirror.test"])(httpx.URL("https://s3.us.archive.org/a"), httpx.URL(target))


def test_stand_in_may_send_to_its_other_port():
    may_follow = archive_hosts()
    assert may_follow(httpx.URL("http://127.0.0.1:8000/a"), httpx.URL("http://127.0.0.1:8001/a"))
    assert not may_follow(httpx.URL("http://127.0.0.1:8000/a"), httpx.URL("http://127.0.0.2:8001/a"))
