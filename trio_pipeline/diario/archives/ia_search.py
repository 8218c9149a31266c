"""The Internet Archive's search, asked for everything that may be a gazette of the court.

The scraping API gives all results, page by page, where the ordinary search ends after 10,000.

This file does not know what is done with the results.
"""

from __future__ import annotations

from urllib.parse import urlencode

from trio_pipeline.diario.archives.ia_found import FoundItem, read_page
from trio_pipeline.diario.archives.ia_items import check_turned_away
from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.http import Http, RedirectRule
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import TryAgain

__all__ = ["search"]

# Items that say where the gazette is from, and those of the predecessor, whatever they say.
_QUERY = "originalurl:(*tjro.jus.br*) OR identifier:(tjro-diario-*)"
_PAGE = 10_000  # items; the most that the archive gives at once
_MOST_PAGES = 100
_LARGEST_PAGE = 32_000_000  # bytes


async def search(http: Http, pacer: Pacer, *, base_url: str, redirects: RedirectRule) -> list[FoundItem]:
    """Everything that is found.

    Args:
        http: The client.
        pacer: The pace of the archive's metadata API.
        base_url: Its address, without a slash at its end.
        redirects: Where it may send us.

    Raises:
        TryAgain: There was no answer, or none that can be read. No attempt is used up: it says nothing about a gazette.
        HostPaused: The host is paused for longer than its pacer's patience.

    Cancellation: a checkpoint.
    """
    found: list[FoundItem] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        asked = {"q": _QUERY, "fields": "identifier,originalurl,date", "count": _PAGE}
        query = urlencode(asked if cursor is None else asked | {"cursor": cursor})
        items, cursor = await _ask(http, pacer, f"{base_url}/services/search/v1/scrape?{query}", redirects)
        found += items
        if cursor is None:
            return found
    raise TryAgain("the archive's search does not come to an end", counts=False)


async def _ask(http: Http, pacer: Pacer, url: str, redirects: RedirectRule) -> tuple[list[FoundItem], str | None]:
    try:
        async with http.send("GET", url, pacer=pacer, redirects=redirects) as exchange:
            return await _page(exchange)
    except TryAgain as error:
        raise TryAgain(error.reason, after=error.after, counts=False) from error


async def _page(exchange: Exchange) -> tuple[list[FoundItem], str | None]:
    check_turned_away(exchange)
    if exchange.status != 200:
        reason = f"the archive's search was answered with status {exchange.status}"
        # Nothing is uploaded before it has been searched: a search that stays ill ends the stage as a host that does.
        exchange.permit.rejected(reason, exchange.retry_after)
        raise TryAgain(reason)
    # What is cut off cannot be read.
    body = await exchange.body.peek(_LARGEST_PAGE)
    try:
        page = read_page(body)
    except ValueError as error:
        reason = f"the answer of the archive's search cannot be read: {error}"
        exchange.permit.rejected(reason)
        raise TryAgain(reason) from error
    exchange.permit.succeeded()
    return page
