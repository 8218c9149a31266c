"""What the Internet Archive's search has found, read from its JSON.

Pure: this file does not know how it was asked, or what follows from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FoundItem", "read_page"]

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item that the search has found.

    Attributes:
        identifier: The item.
        url: Where it says that its content is from; empty if it does not say.
        date: The day that it is about, as it says: `2025-06-23`, or more; empty if it does not say.
    """

    identifier: str
    url: str = ""
    date: str = ""


def read_page(body: bytes) -> tuple[list[FoundItem], str | None]:
    """A page of the scraping API: its items, and the cursor of the next page or None.

    Items that could not be asked for are left out.

    Raises:
        ValueError: It is not what that answer looks like.
    """
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    match answer:
        case {"items": list(items), "cursor": str(cursor)} if cursor:
            return list(_items(items)), cursor
        case {"items": list(items)}:
            return list(_items(items)), None
        case _:
            raise ValueError("there are no items")


def _items(entries: list[object]) -> Iterator[FoundItem]:
    for entry in entries:
        match entry:
            case {"identifier": str(identifier), **fields} if _IDENTIFIER.fullmatch(identifier):
                for url in _texts(fields.get("originalurl")) or [""]:
                    yield FoundItem(identifier, url, next(iter(_texts(fields.get("date"))), ""))


def _texts(value: object) -> list[str]:
    """The values of a field, of which the archive gives one as text and several as a list."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.isprintable() and len(text) <= 500]
