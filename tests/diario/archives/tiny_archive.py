"""The Internet Archive in a few lines: what an adapter needs to be talked to, and every answer can be replaced."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import dataclass, field

import httpx
import trio
from scripted_network import ScriptedTransport, Seen, answer, make_world

from trio_pipeline.diario.archives.internet_archive import InternetArchive
from trio_pipeline.diario.http import open_http
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.titles import Titles
from trio_pipeline.pacing import Network, Pacer

ACCESS_KEY, SECRET_KEY = "ACCESSKEY12345", "SECRETKEY67890"


def checksums_of(data: bytes) -> Checksums:
    return Checksums(len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())


def refusal(status: int, code: str = "", message: str = "", resource: str = "", **headers: str) -> httpx.Response:
    xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>"
    xml += f"<Resource>{resource}</Resource><RequestId>1</RequestId></Error>"
    return answer(status, xml.encode(), "application/xml", **headers)


def limits(over_limit: object = 0, **detail: object) -> bytes:
    """An answer of check_limit with room for ninety uploads, but for what is said otherwise."""
    roomy = {f"{whose}_tasks_queued": 0 for whose in ("accesskey", "bucket", "total")}
    roomy |= {"accesskey_ration": 100, "bucket_ration": 100, "total_global_limit": 100, "limit_reason": ""}
    return json.dumps({"over_limit": over_limit, "detail": roomy | detail}).encode()


@dataclass
class TinyArchive:
    """Keeps what is put into it and shows it at once.

    `next_answers` are given to uploads first, one each, None for its own; `other_answers` to addresses
    that hold the key.
    """

    items: dict[str, dict[str, bytes]] = field(default_factory=dict)
    dark: set[str] = field(default_factory=set)
    next_answers: list[httpx.Response | Exception | None] = field(default_factory=list)
    other_answers: dict[str, httpx.Response | Exception] = field(default_factory=dict)
    queued: object = 0
    found: list[dict[str, object]] = field(default_factory=list)

    def __call__(self, seen: Seen) -> httpx.Response:
        if seen.method == "PUT":
            given = self.next_answers.pop(0) if self.next_answers else None
        else:
            given = next((a for part, a in self.other_answers.items() if part in str(seen.url)), None)
        if isinstance(given, Exception):
            raise given
        return given or self._own(seen)

    def _own(self, seen: Seen) -> httpx.Response:
        match seen.method, seen.url.path.strip("/").split("/"):
            case "PUT", [item, name]:
                self.items.setdefault(item, {})[name] = seen.body
                return answer(200)
            case "GET", ["metadata", item]:
                return answer(200, json.dumps(self._metadata(item)).encode(), "application/json")
            case "GET", ["download", item, name] if name in self.items.get(item, {}):
                return answer(200, self.items[item][name])
            case "GET", ["services", "search", "v1", "scrape"]:
                return answer(200, json.dumps({"items": self.found, "count": len(self.found)}).encode())
            case "GET", [""]:
                return answer(200, limits(bucket_tasks_queued=self.queued), "application/json")
        return answer(404)

    def _metadata(self, item: str) -> dict[str, object]:
        if item in self.dark:
            return {"is_dark": True}
        if item not in self.items:
            return {}
        files = [{"name": name, "md5": checksums_of(data).md5} for name, data in self.items[item].items()]
        return {"files": [*files, {"name": f"{item}_files.xml"}], "metadata": {"identifier": item}}


class Notes:
    """What a search has found, in memory."""

    def __init__(self, found=None):
        self.found = found
        self.kept = []

    async def recall(self):
        await trio.lowlevel.checkpoint()
        return self.found

    async def keep(self, found):
        await trio.lowlevel.checkpoint()
        self.found = found
        self.kept.append(found)


class Opened:
    """An adapter to a TinyArchive, with its pacers and what the other side saw."""

    def __init__(self, http, world, transport, *, patience=math.inf, **options):
        self.s3_pacer = Pacer("s3", patience=patience)
        options = {"patience": patience, "network": Network(), "notes": Notes(), **options}
        self.metadata_pacer = Pacer("metadata")
        self.tiny = transport.script
        self.transport = transport
        options = {
            "s3_url": "https://s3.us.archive.org",
            "metadata_url": "https://archive.org",
            "collection": "opensource",
            "layout": "edition",
            "titles": Titles(),
            **options,
        }
        pacers = self.s3_pacer, self.metadata_pacer
        keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        self.archive = InternetArchive(world, http, *pacers, **keys, **options)

    def asked(self, method, part=""):
        return [seen for seen in self.transport.seen if seen.method == method and part in str(seen.url)]


@contextlib.asynccontextmanager
async def opened(tiny=None, *, reads=None, pause=0.0, **options):
    """An Internet Archive adapter for `options`."""
    transport = ScriptedTransport(tiny or TinyArchive(), reads=reads, pause=pause)
    world = make_world(transport)
    async with open_http(world, user_agent="tests") as http:
        yield Opened(http, world, transport, **options)
