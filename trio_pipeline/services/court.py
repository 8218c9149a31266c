"""A stand-in for the court's server: the listing of its gazettes, and the PDFs.

This file does not know how the PDFs were made, nor which server is below.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit

from trio_pipeline.diario.model import Gazette, Judgement
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.ranges import parse_range
from trio_pipeline.services.service import Service, retry_after

__all__ = ["BLOCK_PAGE", "Court", "Publication", "listing_row"]

BLOCK_PAGE = (
    "<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>STIC — Página Bloqueada</title></head>\n"
    "<body><h1>STIC — Página Bloqueada</h1><p>O acesso a esta página foi bloqueado.</p></body></html>\n"
).encode()
"""What the court answers with status 200 to an address that it has blocked."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A gazette that the court publishes.

    Attributes:
        gazette: Which one.
        length: Of its PDF, in bytes.
        content: Makes the PDF; the same bytes each time.
        truth: The judgements that can be read in it, in the order of the document.
    """

    gazette: Gazette
    length: int
    content: Callable[[], bytes]
    truth: tuple[Judgement, ...] = ()


def listing_row(gazette: Gazette) -> dict[str, str]:
    """A gazette as the court's listing gives it."""
    row = {
        "relativePath": gazette.file_name,
        "year": f"{gazette.date:%Y}",
        "month": f"{gazette.date:%m}",
        "day": f"{gazette.date:%d}",
        "number": str(gazette.number),
        "url": urlsplit(gazette.url).path,
    }
    return {**row, "sufix": gazette.suffix} if gazette.suffix else row


class Court(Service):
    """The court.

    Args:
        publications: What it publishes, in any order.
        latency: Seconds from the beginning of a request for a PDF or a listing to its answer.
        bandwidth: Bytes a second of each body; None for no limit.
        plan: Which requests go wrong.
        robots: The text of /robots.txt; None if there is none.
    """

    def __init__(
        self,
        publications: Iterable[Publication],
        *,
        latency: float = 0.0,
        bandwidth: float | None = None,
        plan: FaultPlan | None = None,
        robots: str | None = "User-agent: *\nAllow: /\n",
    ) -> None:
        super().__init__(latency=latency, bandwidth=bandwidth, plan=plan)
        self._robots = robots
        self._newest_first = sorted(
            publications, key=lambda published: (published.gazette.date, published.gazette.number), reverse=True
        )
        self._by_path = {urlsplit(published.gazette.url).path: published for published in self._newest_first}

    async def _serve(self, exchange: Exchange) -> None:
        if exchange.method not in {"GET", "HEAD"}:
            await exchange.admit("other")
            await exchange.answer(405)
            return
        match exchange.path:
            case "/diario_oficial/list.php":
                year = exchange.query.get("ano", "")
                await self._list(exchange, self._rows_of(lambda gazette: str(gazette.date.year) == year))
            case "/diario_oficial/data-ultimo-diario.php":
                await self._list(exchange, self._rows_of_newest())
            case "/diario_oficial/ultimo-diario.php":
                await self._newest(exchange)
            case "/robots.txt":
                await self._robots_txt(exchange)
            case path if path in self._by_path:
                await self._pdf(exchange, self._by_path[path])
            case _:
                await exchange.admit("missing")
                await exchange.answer(404)

    def _rows_of(self, chosen: Callable[[Gazette], bool]) -> list[dict[str, str]]:
        gazettes = (published.gazette for published in self._newest_first)
        return [listing_row(gazette) for gazette in gazettes if chosen(gazette)]

    def _rows_of_newest(self) -> list[dict[str, str]]:
        """A day can have two: an edition and its supplement."""
        days = [published.gazette.date for published in self._newest_first[:1]]
        return self._rows_of(lambda gazette: gazette.date in days)

    async def _list(self, exchange: Exchange, rows: list[dict[str, str]]) -> None:
        await exchange.admit("listing", "tjro-listing", self.plan)
        await exchange.wait(self._latency)
        if not await self._failed(exchange):
            await exchange.answer_json(rows)

    async def _newest(self, exchange: Exchange) -> None:
        await exchange.admit("listing", "tjro-listing", self.plan)
        await exchange.wait(self._latency)
        if await self._failed(exchange):
            return
        if self._newest_first:
            location = urlsplit(self._newest_first[0].gazette.url).path
            await exchange.answer(302, headers=[("Location", location)])
        else:
            await exchange.answer(404)

    async def _robots_txt(self, exchange: Exchange) -> None:
        await exchange.admit("robots")
        if self._robots is None:
            await exchange.answer(404)
        else:
            await exchange.answer(200, self._robots.encode(), headers=[("Content-Type", "text/plain")])

    async def _pdf(self, exchange: Exchange, published: Publication) -> None:
        await exchange.admit("pdf", "tjro", self.plan)
        await exchange.wait(self._latency)
        if await self._failed(exchange):
            return
        headers = _validators(published)
        part = parse_range(_wanted_range(exchange, headers), published.length)
        if part is None:
            await exchange.answer(416, headers=[("Content-Range", f"bytes */{published.length}")])
            return
        start, end = part
        partial = end - start < published.length
        if partial:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{published.length}"
        content = b"" if exchange.method == "HEAD" else published.content()
        await exchange.answer(
            206 if partial else 200,
            content[start:end] if partial else content,
            headers=headers.items(),
            length=end - start,
        )

    async def _failed(self, exchange: Exchange) -> bool:
        """Give the answer that a fault asks for, if it asks for one."""
        if exchange.fault is not None and exchange.fault.name == "block-page":
            headers = [("Content-Type", "text/html; charset=utf-8"), *retry_after(exchange.fault)]
            await exchange.answer(200, BLOCK_PAGE, headers=headers)
            return True
        return await self.unavailable(exchange)


def _validators(published: Publication) -> dict[str, str]:
    """The headers that say which bytes these are. They follow from the gazette, so that no PDF is made for them."""
    tag = hashlib.sha256(f"{published.gazette.id} {published.length}".encode()).hexdigest()[:16]
    evening = datetime.datetime.combine(published.gazette.date, datetime.time(21), datetime.UTC)
    return {
        "Content-Type": "application/pdf",
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Last-Modified": format_datetime(evening, usegmt=True),
    }


def _wanted_range(exchange: Exchange, validators: dict[str, str]) -> str | None:
    """The Range header, unless an If-Range says that it is about other bytes."""
    condition = exchange.headers.get("if-range")
    if condition is not None and condition not in {validators["ETag"], validators["Last-Modified"]}:
        return None
    return exchange.headers.get("range")
