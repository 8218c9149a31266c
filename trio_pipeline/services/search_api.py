"""The archive's two searches: the older one with pages, and the one for scraping, with a cursor.

This file does not know the language of queries.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_right
from collections.abc import Sequence

import trio

from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.query import QueryError, parse_query
from trio_pipeline.services.shelf import Item, Shelf

__all__ = ["SearchApi"]

_LEAST, _MOST, _USUAL = 100, 10_000, 5_000


class SearchApi:
    """Searches among what can be seen.

    Args:
        shelf: What there is.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def advanced(self, exchange: Exchange, plan: FaultPlan) -> None:
        """`advancedsearch.php`. Raises and is cancelled as `Exchange.answer`."""
        if await _refused_by_fault(exchange, plan):
            return
        try:
            answer = self._paged(exchange)
        except _BadRequest as error:
            await exchange.answer_json({"error": str(error)}, status=400)
        else:
            await exchange.answer_json(answer)

    async def scrape(self, exchange: Exchange, plan: FaultPlan) -> None:
        """`services/search/v1/scrape`. Raises and is cancelled as `Exchange.answer`."""
        if await _refused_by_fault(exchange, plan):
            return
        try:
            answer = self._scraped(exchange)
        except _BadRequest as error:
            await exchange.answer_json({"error": str(error), "errorType": "RangeException"}, status=400)
        else:
            await exchange.answer_json(answer)

    def _paged(self, exchange: Exchange) -> dict[str, object]:
        if exchange.query.get("output", "json") != "json":
            raise _BadRequest("output other than json is not served here")
        wanted = [text for name, texts in exchange.every_query.items() if name.startswith("fl") for text in texts]
        fields = [field for text in wanted for field in text.split(",")]
        found = self._found(exchange)
        rows, page = _number(exchange, "rows", 50), _number(exchange, "page", 1)
        start = (max(page, 1) - 1) * rows
        docs = [_shown(item, fields) for item in found[start : start + rows]]
        header = {"status": 0, "params": {"query": exchange.query.get("q", ""), "rows": rows, "start": start}}
        return {
            "responseHeader": header,
            "response": {"numFound": len(found), "start": start, "docs": docs},
        }

    def _scraped(self, exchange: Exchange) -> dict[str, object]:
        count = _number(exchange, "count", _USUAL)
        if not _LEAST <= count <= _MOST:
            raise _BadRequest(f"count must be between {_LEAST} and {_MOST}")
        found = sorted(self._found(exchange), key=lambda item: item.identifier)
        if exchange.query.get("total_only") == "true":
            return {"items": [], "count": 0, "total": len(found)}
        start = bisect_right([item.identifier for item in found], _last_seen(exchange.query.get("cursor", "")))
        part = found[start : start + count]
        fields = exchange.query.get("fields", "identifier").split(",")
        items = [_shown(item, fields) for item in part]
        answer: dict[str, object] = {"items": items, "count": len(part), "total": len(found)}
        if start + count < len(found):
            answer["cursor"] = _cursor(part[-1].identifier)
        return answer

    def _found(self, exchange: Exchange) -> list[Item]:
        if any(name.startswith("sort") for name in exchange.query):
            raise _BadRequest("sorting is not served here")
        try:
            query = parse_query(exchange.query.get("q", ""))
        except QueryError as error:
            raise _BadRequest(str(error)) from error
        return [item for item, record in self._shelf.records(trio.current_time()) if query.matches(record)]


class _BadRequest(ValueError):
    """What was asked cannot be answered. The message says why."""


async def _refused_by_fault(exchange: Exchange, plan: FaultPlan) -> bool:
    await exchange.admit("search", "archive-search", plan)
    await exchange.wait(0)
    return await answered_by_fault(exchange)


def _number(exchange: Exchange, name: str, usual: int) -> int:
    text = exchange.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _BadRequest(f"{name} is not a number")
    return int(text)


def _shown(item: Item, fields: Sequence[str]) -> dict[str, object]:
    """What a search says of an item: everything, unless fields are named."""
    about: dict[str, object] = {"identifier": item.identifier, **item.metadata}
    wanted = {field.strip() for field in fields} | {"identifier"}
    return {name: value for name, value in about.items() if not fields or name in wanted}


def _cursor(identifier: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([identifier]).encode()).decode()


def _last_seen(cursor: str) -> str:
    """The identifier after which a cursor goes on; without one, the empty text, which is before all."""
    if not cursor:
        return ""
    try:
        value = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except ValueError:
        value = None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    raise _BadRequest("the cursor is not valid")
