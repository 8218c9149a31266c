"""Which items of others may already hold a gazette: the predecessor's, and other people's copies.

They are searched for once, and what was found is kept. An item comes into question by the address that it says its
content is from, or by its date; what is in it only its checksums tell.

This file does not know how the search is asked, or where its results are kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import trio

from trio_pipeline.diario.archives.ia_found import FoundItem
from trio_pipeline.diario.model import Gazette

__all__ = ["Adoption", "SearchNotes"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class SearchNotes(Protocol):
    """Where the results of a search are kept from run to run."""

    async def recall(self) -> Sequence[FoundItem] | None:
        """What was found; None if nobody has searched. Cancellation: a checkpoint."""

    async def keep(self, found: Sequence[FoundItem]) -> None:
        """Keep what was found. Cancellation: nothing is kept, or all of it."""


class Adoption:
    """Knows items that may hold a gazette.

    Args:
        search: Asks the archive.
        notes: Where the results are kept.
        again: Whether to search even if somebody has.
    """

    def __init__(self, search: Callable[[], Awaitable[list[FoundItem]]], notes: SearchNotes, *, again: bool) -> None:
        self._search = search
        self._notes = notes
        self._again = again
        self._lock = trio.Lock()
        self._items: Mapping[str, Sequence[str]] | None = None

    async def candidates(self, gazette: Gazette) -> list[str]:
        """The items that may hold a gazette, those that name its address first.

        Of all who ask at first, one searches and the others wait for that.

        Raises:
            TryAgain: The archive could not be searched. No attempt is used up.
            HostPaused: The host is paused for longer than its pacer's patience.

        Cancellation: a checkpoint.
        """
        async with self._lock:
            if self._items is None:
                self._items = _by_key(await self._found())
        found = [name for key in (_address(gazette.url), gazette.date.isoformat()) for name in self._items.get(key, ())]
        return list(dict.fromkeys(found))

    async def _found(self) -> Sequence[FoundItem]:
        kept = None if self._again else await self._notes.recall()
        if kept is not None:
            return kept
        found = await self._search()
        await self._notes.keep(found)
        return found


def _by_key(found: Sequence[FoundItem]) -> Mapping[str, Sequence[str]]:
    """The items by the addresses and the days that they may be about."""
    items: dict[str, list[str]] = defaultdict(list)
    for item in found:
        if item.url:
            items[_address(item.url)].append(item.identifier)
        for text in (item.date, item.identifier):
            if (day := _DATE.search(text)) is not None:
                items[day[0]].append(item.identifier)
    return items


def _address(url: str) -> str:
    """What tells two addresses of gazettes apart: http is no other place than https, nor is a host in capitals."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.netloc.lower()}{parts.path}"
