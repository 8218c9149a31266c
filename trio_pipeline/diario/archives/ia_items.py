"""What the Internet Archive's items hold, asked for as seldom as possible.

An item of a whole year is hundreds of files, and its answer is the same for all of them: it is kept for the run, and
asked for again when a caller says that it must not be older than a certain time.

This file does not know gazettes, or what follows from an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from trio_pipeline.diario.archives.ia_answers import Description, Item, read_description, read_item
from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.http import Http, RedirectRule
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import TryAgain

__all__ = ["Items", "check_turned_away"]

T = TypeVar("T")

# Bytes; an item of a year with all its derived files has less than one million.
_LARGEST_ANSWER = 16_000_000


@dataclass(slots=True)
class _Remembered:
    # Held while the answer is on its way, so that who else wants it waits for that one.
    lock: trio.Lock = field(default_factory=trio.Lock)
    asked_at: float = -math.inf
    item: Item | None = None


class Items:
    """Reads the metadata of items.

    Args:
        http: The client.
        pacer: The pace of the metadata API.
        metadata_url: Its address, without a slash at its end.
        redirects: Where it may send us.
        remember: Whether answers are kept.
    """

    def __init__(self, http: Http, pacer: Pacer, *, metadata_url: str, redirects: RedirectRule, remember: bool) -> None:
        self._http = http
        self._pacer = pacer
        self._metadata_url = metadata_url
        self._redirects = redirects
        self._remember = remember
        self._remembered: dict[str, _Remembered] = {}

    async def get(self, name: str, *, since: float = -math.inf) -> Item:
        """What the archive says about an item.

        Args:
            name: The item's identifier.
            since: Trio time; an answer to an earlier question does not do.

        Raises:
            TryAgain: There was no answer, or none that can be read.
            HostPaused: The host is paused for longer than its pacer's patience.

        Cancellation: a checkpoint; what is remembered stays as it was.
        """
        if not self._remember:
            return await self._ask(name, read_item)
        known = self._remembered.setdefault(name, _Remembered())
        async with known.lock:
            if known.item is None or known.asked_at < since:
                asked_at = trio.current_time()
                known.item = await self._ask(name, read_item)
                known.asked_at = asked_at
            return known.item

    async def describe(self, name: str) -> Description:
        """What is said about an item and its files; never remembered. Raises and is cancelled as `get`."""
        return await self._ask(name, read_description)

    async def _ask(self, name: str, read: Callable[[bytes], T]) -> T:
        url = f"{self._metadata_url}/metadata/{name}"
        async with self._http.send("GET", url, pacer=self._pacer, redirects=self._redirects) as exchange:
            check_turned_away(exchange)
            if exchange.status != 200:
                raise TryAgain(f"the archive's metadata were answered with status {exchange.status}")
            body = await exchange.body.peek(_LARGEST_ANSWER + 1)
            if len(body) > _LARGEST_ANSWER:
                raise TryAgain("the archive's metadata are larger than they can be")
            try:
                answer = read(body)
            except ValueError as error:
                raise TryAgain("the archive's metadata cannot be read") from error
            exchange.permit.succeeded()
            return answer


def check_turned_away(exchange: Exchange) -> None:
    """Give the verdict on an answer that asks us to wait.

    Raises:
        TryAgain: It does. No attempt is used up.
    """
    if exchange.status in {429, 503}:
        reason = f"the archive asks to wait: status {exchange.status}"
        exchange.permit.rejected(reason, exchange.retry_after)
        raise TryAgain(reason, after=exchange.retry_after, counts=False)
