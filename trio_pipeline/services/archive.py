"""A stand-in for the Internet Archive: its S3 interface and its metadata API in one ASGI app.

What is put is accepted at once and can be seen when its task is done, after the time of the queue. This file does not
know who uploads what, nor which server is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

import trio

from trio_pipeline.services.bodies import Bodies, MemoryBodies
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.ranges import parse_range
from trio_pipeline.services.s3_errors import FAULT_ERRORS, S3Error
from trio_pipeline.services.s3_headers import credentials
from trio_pipeline.services.service import Service, retry_after
from trio_pipeline.services.shelf import Item, Shelf
from trio_pipeline.services.uploads import HeldItem, Uploads

__all__ = ["Archive", "HeldItem"]

_MISSING_LENGTH = S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")


class Archive(Service):
    """The archive.

    Attributes:
        queue: Seconds from the acceptance of a file until it can be seen; may be changed at any time.

    Args:
        latency: Seconds from the beginning of an upload or download to its answer. All else is answered at once.
        bandwidth: Bytes a second of each body; None for no limit.
        plan: Which requests go wrong.
        queue: See above.
        bodies: Where the bytes are kept; None for memory.
        keys: Secrets by access key; None lets everybody in.
        items: What is there already.
        ration: How many tasks may wait before `check_limit` says so and uploads are refused.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        bandwidth: float | None = None,
        plan: FaultPlan | None = None,
        queue: float = 0.0,
        bodies: Bodies | None = None,
        keys: Mapping[str, str] | None = None,
        items: Iterable[HeldItem] = (),
        ration: int = 1_000_000,
    ) -> None:
        super().__init__(latency=latency, bandwidth=bandwidth, plan=plan)
        self.queue = queue
        self._ration = ration
        self._shelf = Shelf()
        self._uploads = Uploads(self._shelf, bodies or MemoryBodies(), keys=keys, ration=ration)
        for held in items:
            self._uploads.hold(held)

    def items(self) -> list[Item]:
        """Every item, visible or not, in the order in which they were made."""
        return list(self._shelf.items.values())

    def statistics(self) -> dict[str, object]:
        """What was counted; `uploads` has, for each `item/file`, how many bodies were stored and their checksums."""
        uploads = {name: {"bodies": len(sums), "md5": sums} for name, sums in self._uploads.stored.items()}
        queued = self._shelf.queued(trio.current_time())
        return {**super().statistics(), "tasks_queued": queued, "uploads": uploads}

    async def _serve(self, exchange: Exchange) -> None:
        head, _, rest = exchange.path.lstrip("/").partition("/")
        if exchange.method == "PUT":
            await self._upload(exchange, head, rest)
        elif exchange.method not in {"GET", "HEAD"}:
            await exchange.admit("other")
            await exchange.answer(405)
        elif head == "metadata" and rest:
            await self._metadata(exchange, rest)
        elif head == "download" and "/" in rest:
            await self._download(exchange, *rest.split("/", 1))
        elif head == "advancedsearch.php":
            await self._search(exchange)
        elif not head and exchange.query.keys() & {"check_limit", "check_auth"}:
            await self._check(exchange)
        else:
            await exchange.admit("other")
            await exchange.answer(404)

    # Uploads

    async def _upload(self, exchange: Exchange, identifier: str, name: str) -> None:
        await exchange.admit("upload", "archive", self.plan)
        if exchange.length is None:
            await self._refuse(exchange, _MISSING_LENGTH)
            return
        received = self._uploads.begin(exchange.length)
        while data := await exchange.read():
            received.add(data)
        await exchange.wait(self._latency)
        if await self._failed(exchange):
            return
        now = trio.current_time()
        error = self._uploads.objection(exchange, identifier, name, received, now)
        if error is not None:
            await self._refuse(exchange, error)
            return
        self._uploads.accept(exchange, identifier, name, received, now + self.queue)
        if exchange.fault is not None and exchange.fault.name == "answer-lost":
            await exchange.cut(reset=False)
        await exchange.answer(200)

    async def _failed(self, exchange: Exchange) -> bool:
        """Give the answer that a fault asks for, if it asks for one."""
        fault = exchange.fault
        if fault is None:
            return False
        if fault.name == "redirect" and "redirected" not in exchange.query:
            host = exchange.headers.get("host", "127.0.0.1")
            location = f"http://{host}{quote(exchange.path)}?redirected=1"
            await exchange.answer(307, headers=[("Location", location)])
            return True
        error = FAULT_ERRORS.get(fault.name)
        if error is not None:
            await self._refuse(exchange, error)
        return error is not None

    async def _refuse(self, exchange: Exchange, error: S3Error) -> None:
        headers = [("Content-Type", "application/xml"), *retry_after(exchange.fault)]
        await exchange.answer(error.status, error.xml(exchange.path), headers=headers)

    # Reading

    async def _metadata(self, exchange: Exchange, identifier: str) -> None:
        await exchange.admit("metadata", "archive-metadata", self.plan)
        await exchange.wait(0)
        if await self.unavailable(exchange):
            return
        item = self._shelf.items.get(identifier)
        await exchange.answer_json({} if item is None else item.document(trio.current_time()))

    async def _download(self, exchange: Exchange, identifier: str, name: str) -> None:
        await exchange.admit("download", "archive-download", self.plan)
        await exchange.wait(self._latency)
        if await self.unavailable(exchange):
            return
        item = self._shelf.items.get(identifier)
        file = None if item is None or item.is_dark else item.file(name, trio.current_time())
        if file is None:
            await exchange.answer(404)
            return
        part = parse_range(exchange.headers.get("range"), file.size)
        if part is None:
            await exchange.answer(416, headers=[("Content-Range", f"bytes */{file.size}")])
            return
        headers = [("Content-Type", "application/pdf"), ("Accept-Ranges", "bytes"), ("ETag", f'"{file.md5}"')]
        whole = part == (0, file.size)
        if not whole:
            headers.append(("Content-Range", f"bytes {part[0]}-{part[1] - 1}/{file.size}"))
        await exchange.answer(200 if whole else 206, file.body.read(*part), headers=headers)

    async def _search(self, exchange: Exchange) -> None:
        await exchange.admit("search", "archive-metadata", self.plan)
        await exchange.wait(0)
        if await self.unavailable(exchange):
            return
        found = list(self._shelf.search(exchange.query.get("q", ""), trio.current_time()))
        rows = int(exchange.query.get("rows", "50"))
        start = (int(exchange.query.get("page", "1")) - 1) * rows
        await exchange.answer_json(
            {"response": {"numFound": len(found), "start": start, "docs": found[start : start + rows]}}
        )

    async def _check(self, exchange: Exchange) -> None:
        await exchange.admit("check", "archive-limit", self.plan)
        await exchange.wait(0)
        if await self.unavailable(exchange):
            return
        if "check_auth" in exchange.query:
            await exchange.answer_json(self._authorized(exchange))
        else:
            await exchange.answer_json(self._limits(exchange))

    def _authorized(self, exchange: Exchange) -> dict[str, object]:
        login = credentials(exchange.headers.get("authorization", ""))
        if login is None or self._uploads.wrong_keys(*login) is not None:
            return {"authorized": False, "error": "access key and secret do not match"}
        return {"authorized": True, "accesskey": login[0], "username": "stand-in@example.org"}

    def _limits(self, exchange: Exchange) -> dict[str, object]:
        now = trio.current_time()
        access, bucket = exchange.query.get("accesskey", ""), exchange.query.get("bucket", "")
        item = self._shelf.items.get(bucket)
        total = self._shelf.queued(now)
        over = exchange.fault is not None or total >= self._ration
        detail = {
            "accesskey_ration": self._ration,
            "accesskey_tasks_queued": total,
            "bucket_ration": self._ration,
            "bucket_tasks_queued": 0 if item is None else item.queued(now),
            "limit_reason": "accesskey_tasks_queued exceeds accesskey_ration" if over else "",
            "rationing_engaged": int(over),
            "rationing_level": self._ration,
            "total_global_limit": self._ration,
            "total_tasks_queued": total,
        }
        return {"bucket": bucket, "accesskey": access, "over_limit": int(over), "detail": detail}
