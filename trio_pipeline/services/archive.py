"""A stand-in for the Internet Archive: its S3 interface, its metadata API and its searches in one ASGI app.

What is put is accepted at once and can be seen when its task is done, after the time of the queue. This file does not
know who uploads what, nor which server is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import trio

from trio_pipeline.services.accounts import Accounts
from trio_pipeline.services.bodies import Bodies, MemoryBodies
from trio_pipeline.services.control import ControlError, json_of
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.limits import Rations, Tasks
from trio_pipeline.services.metadata_api import MetadataApi
from trio_pipeline.services.ranges import parse_range
from trio_pipeline.services.s3_api import S3Api
from trio_pipeline.services.search_api import SearchApi
from trio_pipeline.services.service import Service
from trio_pipeline.services.shelf import Item, Shelf
from trio_pipeline.services.uploads import HeldItem, Uploads

__all__ = ["Archive", "HeldItem", "Rations"]


class Archive(Service):
    """The archive.

    Attributes:
        queue: Seconds from the acceptance of a file or a write until it can be seen; may be changed at any time.

    Args:
        latency: Seconds from the beginning of an upload or download to its answer. All else is answered at once.
        bandwidth: Bytes a second of each body; None for no limit.
        plan: Which requests go wrong.
        queue: See above.
        bodies: Where the bytes are kept; None for memory.
        keys: Secrets by access key; None lets everybody in.
        items: What is there already.
        rations: How many tasks may wait before `check_limit` says so, and uploads and writes are refused.
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
        rations: Rations | None = None,
    ) -> None:
        super().__init__(latency=latency, bandwidth=bandwidth, plan=plan)
        self.queue = queue
        accounts = Accounts(keys)
        self._tasks = Tasks(rations or Rations())
        self._shelf = Shelf()
        self._uploads = Uploads(self._shelf, bodies or MemoryBodies(), accounts, self._tasks)
        self._s3 = S3Api(self._shelf, self._uploads, accounts, self._tasks)
        self._metadata = MetadataApi(self._shelf, accounts, self._tasks)
        self._search = SearchApi(self._shelf)
        for held in items:
            self._uploads.hold(held)

    def items(self) -> list[Item]:
        """Every item, visible or not, in the order in which they were made."""
        return list(self._shelf.items.values())

    def lose_queue(self) -> None:
        """Forget every upload that waits, though it was accepted."""
        now = trio.current_time()
        self._tasks.forget(now)
        self._shelf.forget(now)

    def statistics(self) -> dict[str, object]:
        """What was counted; `uploads` has, for each `item/file`, how many bodies were stored and their checksums."""
        uploads = {name: {"bodies": len(sums), "md5": sums} for name, sums in self._uploads.stored.items()}
        waiting = self._tasks.waiting(trio.current_time())
        return {**super().statistics(), "tasks_queued": waiting, "uploads": uploads}

    async def _serve(self, exchange: Exchange) -> None:
        head, _, rest = exchange.path.lstrip("/").partition("/")
        match exchange.method:
            case "PUT":
                await self._s3.put(exchange, head, rest, plan=self.plan, latency=self._latency, queue=self.queue)
            case "DELETE":
                await self._s3.delete(exchange, head, rest)
            case "POST" if head == "metadata" and rest:
                await self._metadata.write(exchange, rest, plan=self.plan, queue=self.queue)
            case "POST" if _asks_to_scrape(exchange):
                await self._search.scrape(exchange, self.plan)
            case "GET" | "HEAD":
                await self._read(exchange, head, rest)
            case _:
                await exchange.admit("other")
                await exchange.answer(405)

    async def _read(self, exchange: Exchange, head: str, rest: str) -> None:
        if head == "metadata" and rest:
            await self._metadata.read(exchange, rest, self.plan)
        elif head == "download" and "/" in rest:
            await self._download(exchange, *rest.split("/", 1))
        elif head == "advancedsearch.php":
            await self._search.advanced(exchange, self.plan)
        elif _asks_to_scrape(exchange):
            await self._search.scrape(exchange, self.plan)
        elif not head and exchange.query.keys() & {"check_limit", "check_auth"}:
            await self._s3.check(exchange, self.plan)
        elif head in self._shelf.items and not rest:
            await self._s3.list(exchange, head)
        else:
            await exchange.admit("other")
            await exchange.answer(404)

    async def _download(self, exchange: Exchange, identifier: str, name: str) -> None:
        await exchange.admit("download", "archive-download", self.plan)
        await exchange.wait(self._latency)
        if await answered_by_fault(exchange):
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

    async def _control(self, exchange: Exchange, what: str) -> None:
        if (exchange.method, what) == ("POST", "dark"):
            self._darken(await json_of(exchange))
            await exchange.answer(204)
        else:
            await super()._control(exchange, what)

    def _darken(self, value: object) -> None:
        """Take an item down, as `{"item": …}` asks for."""
        identifier = value.get("item") if isinstance(value, dict) else None
        item = self._shelf.items.get(identifier) if isinstance(identifier, str) else None
        if item is None:
            raise ControlError("the body names no item that there is")
        item.is_dark = True


def _asks_to_scrape(exchange: Exchange) -> bool:
    return exchange.path == "/services/search/v1/scrape"
