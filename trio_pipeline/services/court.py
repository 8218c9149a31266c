"""A stand-in for the court's server: the listing of its gazettes, and the PDFs.

This file does not know how the PDFs were made, nor which server is below.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable

import trio

from trio_pipeline.diario.model import Gazette
from trio_pipeline.services.control import ControlError, json_of
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.publications import Publication, listing_row, path_of, send_pdf
from trio_pipeline.services.service import Service

__all__ = ["Court", "Publication", "listing_row"]


class Court(Service):
    """The court.

    Args:
        publications: What it publishes, and from when on, in any order.
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
        self._by_path: dict[str, Publication] = {}
        self._versions: Counter[str] = Counter()
        for published in sorted(publications, key=_order, reverse=True):
            self._by_path[path_of(published)] = published

    def publish(self, publication: Publication) -> None:
        """Publish a gazette, from its `since` on; one that is there already is replaced."""
        known = {**self._by_path, path_of(publication): publication}
        self._by_path = dict(sorted(known.items(), key=lambda entry: _order(entry[1]), reverse=True))

    def publish_next(self, count: int) -> list[Gazette]:
        """Publish now the oldest of those that were to be published later. They, or as many as there are."""
        now = trio.current_time()
        waiting = sorted((one for one in self._by_path.values() if one.since > now), key=_order)[:count]
        for publication in waiting:
            self.publish(dataclasses.replace(publication, since=now))
        return [publication.gazette for publication in waiting]

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
            case path if path in self._by_path and self._by_path[path].since <= trio.current_time():
                await self._pdf(exchange, self._by_path[path])
            case _:
                await exchange.admit("missing")
                await exchange.answer(404)

    def _visible(self) -> list[Publication]:
        """What is published by now, newest first."""
        now = trio.current_time()
        return [published for published in self._by_path.values() if published.since <= now]

    def _rows_of(self, chosen: Callable[[Gazette], bool]) -> list[dict[str, str]]:
        gazettes = (published.gazette for published in self._visible())
        return [listing_row(gazette) for gazette in gazettes if chosen(gazette)]

    def _rows_of_newest(self) -> list[dict[str, str]]:
        """A day can have two: an edition and its supplement."""
        days = [published.gazette.date for published in self._visible()[:1]]
        return self._rows_of(lambda gazette: gazette.date in days)

    async def _list(self, exchange: Exchange, rows: list[dict[str, str]]) -> None:
        await exchange.admit("listing", "tjro-listing", self.plan)
        await exchange.wait(self._latency)
        if await answered_by_fault(exchange):
            return
        fault = "" if exchange.fault is None else exchange.fault.name
        if fault == "empty":
            rows = []
        elif fault == "lacks-rows":
            rows = [row for position, row in enumerate(rows) if position % 3]
        await exchange.answer_json(rows)

    async def _newest(self, exchange: Exchange) -> None:
        await exchange.admit("listing", "tjro-listing", self.plan)
        await exchange.wait(self._latency)
        if await answered_by_fault(exchange):
            return
        newest = self._visible()[:1]
        if newest:
            await exchange.answer(302, headers=[("Location", path_of(newest[0]))])
        else:
            await exchange.answer(404)

    async def _robots_txt(self, exchange: Exchange) -> None:
        await exchange.admit("robots", "tjro-robots", self.plan)
        await exchange.wait(0)
        if await answered_by_fault(exchange):
            return
        if self._robots is None:
            await exchange.answer(404)
        else:
            await exchange.answer(200, self._robots.encode(), headers=[("Content-Type", "text/plain")])

    async def _pdf(self, exchange: Exchange, published: Publication) -> None:
        await exchange.admit("pdf", "tjro", self.plan)
        await exchange.wait(self._latency)
        if await answered_by_fault(exchange):
            return
        if exchange.fault is not None and exchange.fault.name == "changed":
            self._versions[exchange.path] += 1
        await send_pdf(exchange, published, self._versions[exchange.path])

    async def _control(self, exchange: Exchange, what: str) -> None:
        if (exchange.method, what) == ("POST", "publish"):
            gazettes = self.publish_next(_count(await json_of(exchange)))
            await exchange.answer_json([listing_row(gazette) for gazette in gazettes])
        else:
            await super()._control(exchange, what)


def _order(published: Publication) -> tuple[object, ...]:
    return published.gazette.date, published.gazette.number


def _count(value: object) -> int:
    """How many to publish, as `{"count": …}` says."""
    count = value.get("count") if isinstance(value, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ControlError("the body names no count of gazettes to publish")
    return count
