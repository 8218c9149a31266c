"""Every fault that can be asked for, over a connection that can break (contract): what a client sees of it.

The connections are in memory; `test_stand_ins_in_memory` says that those over TCP show the same.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from functools import partial

import pytest
import trio
from made_gazettes import judgement

from trio_pipeline.services.archive import Archive, HeldItem
from trio_pipeline.services.connection import STATE_KEY, Connection
from trio_pipeline.services.court import Court
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.gemini import Gemini
from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.memory_streams import memory_streams

PDF = b"%PDF-1.4 " + bytes(range(256)) * 8
ITEM = "tjro-diario-2025"
SAID = "7002770-82.2024.8.22.0011: Recurso não provido, à unanimidade."
QUESTION = json.dumps({"contents": [{"parts": [{"text": SAID}]}]}).encode()
PATCH = b'-target=metadata&-patch=[{"op":"add","path":"/x","value":"y"}]'
KEYS = "Authorization: LOW a:b\r\n"

REQUESTS = {
    "tjro": ("GET /novodiario/2025/20250623104-NR112.pdf", "", b""),
    "tjro-listing": ("GET /diario_oficial/list.php?ano=2025", "", b""),
    "tjro-robots": ("GET /robots.txt", "", b""),
    "archive": (f"PUT /{ITEM}/new.pdf", KEYS, PDF),
    "archive-limit": (f"GET /?check_limit=1&accesskey=a&bucket={ITEM}", "", b""),
    "archive-metadata": (f"GET /metadata/{ITEM}", "", b""),
    "archive-write": (f"POST /metadata/{ITEM}", KEYS, PATCH),
    "archive-search": ("GET /services/search/v1/scrape?q=x", "", b""),
    "archive-download": (f"GET /download/{ITEM}/held.pdf", "", b""),
    "gemini": ("POST /v1beta/models/gemini-x:generateContent", "x-goog-api-key: k\r\n", QUESTION),
}

# A model's mistakes, each of which is an answer.
ANSWERS = frozenset(
    {"max-tokens", "safety", "recitation", "spii", "blocklist", "prohibited", "other", "blocked-prompt"}
    | {"empty-answer", "thoughts", "split-text", "broken-json", "wrong-schema", "forgets", "obeys"}
    | {"made-up-number", "made-up-name", "made-up-counsel", "made-up-decision"}
)
# What comes of a fault, wherever it can be had: a status, or how the answer ends.
STATUSES = {
    "unavailable": 503,
    "too-many": 429,
    "internal": 500,
    "block-page": 200,
    "forbidden-block": 403,
    "forbidden": 403,
    "missing": 404,
    "not-json": 200,
    "page": 200,
    "empty": 200,
    "lacks-rows": 200,
    "short-length": 200,
    "no-ranges": 200,
    "changed": 200,
    "over-limit": 200,
    "conflict": 200,
    "lost": 200,
    "corrupt": 200,
    "dark": 200,
    "slow-down": 503,
    "key-slow-down": 503,
    "item-slow-down": 503,
    "spam": 503,
    "bucket-lock": 503,
    "namespace-shared": 500,
    "auto-make-bucket": 503,
    "bad-content": 400,
    "bad-digest": 400,
    "invalid-bucket": 400,
    "missing-length": 411,
    "invalid-key": 403,
    "bad-signature": 403,
    "access-denied": 403,
    "gateway": 502,
    "redirect": 307,
    "per-minute": 429,
    "per-day": 429,
    "exhausted": 429,
    "internal-error": 500,
    "overloaded": 503,
    "deadline": 504,
    "invalid-argument": 400,
    "failed-precondition": 400,
    "wrong-key": 400,
    "permission-denied": 403,
    "no-model": 404,
    **dict.fromkeys(ANSWERS, 200),
}
NO_ANSWER = {"refuse": b"", "answer-lost": b"", "malformed": b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n"}
HALF = {"truncate", "stall", "long-length"}
WITHOUT_END = {"endless", "trickle"}
EVERY = [(where, name) for where, names in FAULTS.items() for name in names]
PATIENCE = 600.0
NOW = datetime.datetime(2025, 7, 1, 8, 0, 0)  # noqa: DTZ001 -- as World.now gives it


class Talk:
    """One request to a stand-in that has a fault, and what came back within ten minutes."""

    def __init__(self, head, body, how, seconds):
        self.head = head
        self.body = body
        self.how = how
        self.seconds = seconds

    @property
    def status(self):
        return int(self.head.split()[1])

    @property
    def length(self):
        lines = dict(line.split(": ", 1) for line in self.head.lower().split("\r\n")[1:])
        return int(lines["content-length"]) if "content-length" in lines else None


class World:
    def __init__(self, published, *faults):
        plan = FaultPlan([parse_fault(fault) for fault in faults])
        gazettes = [published(PDF), published(b"2", number=111), published(b"3", number=110), published(b"4", number=1)]
        self.court = Court(gazettes, plan=plan)
        self.archive = Archive(plan=plan, items=[HeldItem(ITEM, {"held.pdf": PDF}, owner="a")])
        self.gemini = Gemini([judgement()], now=lambda: NOW, plan=plan)

    def app(self, where):
        return {"tjro": self.court, "archive": self.archive, "gemini": self.gemini}[where.partition("-")[0]]

    async def ask(self, where, extra="", most=100_000):
        line, headers, body = REQUESTS[where]
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}{extra}{length}\r\n"
        app = self.app(where)
        ours, theirs = memory_streams()
        connection = Connection(theirs)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(serve_asgi, app, connection, state={STATE_KEY: connection}))
            talk = await self._talk(ours, head.encode() + body, most)
            await ours.aclose()
        return talk

    async def _talk(self, stream, data, most):
        began, received, how = trio.current_time(), b"", "silence"
        with trio.move_on_after(PATIENCE):
            try:
                await stream.send_all(data)
                while (chunk := await stream.receive_some()) and len(received) < most:
                    received += chunk
                how = "endless" if chunk else "end"
            except trio.BrokenResourceError:
                how = "reset"
        head, _, body = received.partition(b"\r\n\r\n")
        return Talk(head.decode("latin-1"), body, how, trio.current_time() - began)

    async def metadata(self):
        return json.loads((await self.ask("archive-metadata")).body)


def test_every_fault_is_told_here():
    told = STATUSES.keys() | NO_ANSWER.keys() | HALF | WITHOUT_END | {"reset"}
    assert {name for _, name in EVERY} == told


@pytest.mark.parametrize(("where", "name"), [pair for pair in EVERY if pair[1] in STATUSES])
async def test_status(autojump_clock, published, where, name):
    world = World(published, f"{where}:{name}=1x")
    talk = await world.ask(where)
    assert (talk.status, talk.how) == (STATUSES[name], "end")
    assert talk.length == len(talk.body)
    assert world.app(where).statistics()["faults"] == {name: 1}
    assert (await world.ask(where)).how == "end"


@pytest.mark.parametrize(("where", "name"), [pair for pair in EVERY if pair[1] in NO_ANSWER])
async def test_no_answer(autojump_clock, published, where, name):
    talk = await World(published, f"{where}:{name}=1x").ask(where)
    assert (talk.head.encode("latin-1") + b"\r\n\r\n" if talk.head else b"") == NO_ANSWER[name]
    assert talk.how == "end"


@pytest.mark.parametrize(("where", "name"), [pair for pair in EVERY if pair[1] in HALF])
async def test_half_an_answer(autojump_clock, published, where, name):
    talk = await World(published, f"{where}:{name}=1x").ask(where)
    if where in {"archive", "archive-write", "gemini"}:
        assert talk.head == ""  # what comes only half is the request
    else:
        assert 0 < len(talk.body) < talk.length
    assert talk.how == ("silence" if name == "stall" else "end")


@pytest.mark.parametrize("where", FAULTS)
async def test_reset(autojump_clock, published, where):
    assert (await World(published, f"{where}:reset=1x").ask(where)).how == "reset"


@pytest.mark.parametrize("where", ["tjro", "tjro-listing"])
async def test_endless(autojump_clock, published, where):
    talk = await World(published, f"{where}:endless=1x").ask(where)
    assert (talk.how, talk.length, talk.seconds) == ("endless", None, 0.0)
    assert "transfer-encoding: chunked" in talk.head.lower()


@pytest.mark.parametrize("where", ["tjro", "tjro-listing"])
async def test_trickle(autojump_clock, published, where):
    talk = await World(published, f"{where}:trickle=1x").ask(where)
    assert (talk.how, len(talk.body)) == ("silence", PATIENCE / 5)
    assert talk.length > len(talk.body)


@pytest.mark.parametrize("where", FAULTS)
async def test_nobody_stays_behind_when_the_client_leaves(autojump_clock, published, where):
    for name in FAULTS[where]:
        world = World(published, f"{where}:{name}=1x")
        await world.ask(where)
        assert world.app(where).statistics()["in_flight"] == 0


class TestPdfs:
    async def test_short_length_is_half_of_a_whole_answer(self, autojump_clock, published):
        talk = await World(published, "tjro:short-length=1x").ask("tjro")
        assert talk.body == PDF[: len(PDF) // 2]

    async def test_long_length_has_everything(self, autojump_clock, published):
        talk = await World(published, "tjro:long-length=1x").ask("tjro")
        assert (talk.body, talk.length) == (PDF, 2 * len(PDF))

    async def test_range_is_ignored(self, autojump_clock, published):
        world = World(published, "tjro:no-ranges=1x")
        talk = await world.ask("tjro", "Range: bytes=5-9\r\n")
        assert (talk.status, talk.body) == (200, PDF)
        assert "accept-ranges" not in talk.head.lower()
        assert (await world.ask("tjro", "Range: bytes=5-9\r\n")).status == 206

    async def test_change_stays(self, autojump_clock, published):
        world = World(published, "tjro:changed=1x@1")
        before, changed, after = [await world.ask("tjro") for _ in range(3)]
        assert before.body == PDF
        assert changed.body != PDF
        assert changed.body.startswith(PDF)
        assert (after.head, after.body) == (changed.head, changed.body)

    async def test_change_has_other_validators(self, autojump_clock, published):
        world = World(published, "tjro:changed=1x@1")
        tag = next(line[6:] for line in (await world.ask("tjro")).head.split("\r\n") if line.startswith("etag"))
        talk = await world.ask("tjro", f"Range: bytes=5-9\r\nIf-Range: {tag}\r\n")
        assert (talk.status, len(talk.body)) == (200, talk.length)
        assert tag not in talk.head


class TestListings:
    async def rows(self, published, name):
        talk = await World(published, f"tjro-listing:{name}=1x").ask("tjro-listing")
        return [row["number"] for row in json.loads(talk.body)]

    async def test_empty(self, autojump_clock, published):
        assert await self.rows(published, "empty") == []

    async def test_every_third_row_is_missing(self, autojump_clock, published):
        assert await self.rows(published, "lacks-rows") == ["111", "110"]

    @pytest.mark.parametrize("name", ["not-json", "page"])
    async def test_page(self, autojump_clock, published, name):
        talk = await World(published, f"tjro-listing:{name}=1x").ask("tjro-listing")
        assert b"<html>" in talk.body
        assert "text/html" in talk.head


class TestRobots:
    @pytest.mark.parametrize("name", ["page", "block-page"])
    async def test_page(self, autojump_clock, published, name):
        talk = await World(published, f"tjro-robots:{name}=1x").ask("tjro-robots")
        assert "text/html" in talk.head


class TestUploads:
    async def test_lost_file_never_appears(self, autojump_clock, published):
        world = World(published, "archive:lost=1x")
        await world.ask("archive")
        assert [file["name"] for file in (await world.metadata())["files"]] == ["held.pdf"]

    async def test_corrupt_file_has_another_checksum(self, autojump_clock, published):
        world = World(published, "archive:corrupt=1x")
        await world.ask("archive")
        (file,) = [file for file in (await world.metadata())["files"] if file["name"] == "new.pdf"]
        assert file["md5"] == hashlib.md5(PDF + b"\0").hexdigest()
        assert file["size"] == str(len(PDF) + 1)

    async def test_dark_item_takes_nothing_more(self, autojump_clock, published):
        world = World(published, "archive:dark=1x")
        await world.ask("archive")
        assert (await world.metadata())["is_dark"] is True
        assert (await world.ask("archive")).status == 403

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("slow-down", "SlowDown.*total_tasks_queued exceeds total_global_limit"),
            ("key-slow-down", "SlowDown.*accesskey_tasks_queued exceeds accesskey_ration"),
            ("item-slow-down", "SlowDown.*bucket_tasks_queued exceeds bucket_ration"),
            ("spam", "SlowDown.*appears to be spam"),
            ("bucket-lock", "InternalError.*short term bucket lock"),
            ("namespace-shared", "InternalError.*bucket namespace is shared"),
            ("auto-make-bucket", "InternalError.*auto_make_bucket requested"),
            ("bad-content", "BadContent"),
            ("bad-digest", "BadDigest"),
            ("invalid-bucket", "InvalidBucketName"),
            ("missing-length", "MissingContentLength"),
            ("invalid-key", "InvalidAccessKeyId"),
            ("bad-signature", "SignatureDoesNotMatch"),
            ("access-denied", "AccessDenied"),
            ("internal", "InternalError"),
            ("too-many", "TooManyRequests"),
            ("gateway", "<h1>502 Bad Gateway"),
        ],
    )
    async def test_error_is_worded_as_the_archive_does(self, autojump_clock, published, name, said):
        world = World(published, f"archive:{name}=1x")
        talk = await world.ask("archive")
        assert re.search(said, talk.body.decode())
        assert world.archive.statistics()["uploads"] == {}


class TestWaiting:
    @pytest.mark.parametrize("where", [where for where in FAULTS if "too-many" in FAULTS[where]])
    async def test_too_many_says_how_long(self, autojump_clock, published, where):
        assert "retry-after: 60" in (await World(published, f"{where}:too-many=1x").ask(where)).head.lower()
        own = await World(published, f"{where}:too-many=1x,retry-after=7").ask(where)
        assert "retry-after: 7" in own.head.lower()

    @pytest.mark.parametrize("where", FAULTS)
    async def test_others_say_it_if_asked_to(self, autojump_clock, published, where):
        assert "retry-after" not in (await World(published, f"{where}:unavailable=1x").ask(where)).head.lower()
        own = await World(published, f"{where}:unavailable=1x,retry-after=7").ask(where)
        assert "retry-after: 7" in own.head.lower()


async def test_item_that_is_not_shown_though_it_is_there(autojump_clock, published):
    world = World(published, "archive-metadata:empty=1x")
    assert await world.metadata() == {}
    assert (await world.metadata())["files_count"] == 1
