"""The items and files that the archive's stand-in holds, and those that still wait in its queue.

Pure: times are given. This file does not know HTTP.
"""

from __future__ import annotations

import bisect
import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trio_pipeline.services.bodies import Body
from trio_pipeline.services.s3_headers import Metadata

__all__ = ["Item", "Shelf", "StoredFile"]

_TERM = re.compile(r'(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?:"(?P<quoted>[^"]*)"|\(?(?P<plain>[^\s"()]+)\)?)')


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One body that was put.

    Attributes:
        name: Within its item.
        size: In bytes.
        md5: In hex.
        sha1: In hex.
        body: The bytes.
        metadata: From `x-archive-filemeta` headers.
        due: When its task is done, from which time on it can be seen.
    """

    name: str
    size: int
    md5: str
    sha1: str
    body: Body
    metadata: Metadata
    due: float


@dataclass(slots=True)
class Item:
    """One item.

    Attributes:
        identifier: Its name.
        owner: The access key that made it.
        metadata: As it was when it was made.
        is_dark: Whether it was taken down.
        files: Every body of every name, in the order they were put.
    """

    identifier: str
    owner: str
    metadata: Metadata = field(default_factory=dict)
    is_dark: bool = False
    files: dict[str, list[StoredFile]] = field(default_factory=dict)

    def queued(self, now: float) -> int:
        """How many of its tasks are not done."""
        return sum(file.due > now for bodies in self.files.values() for file in bodies)

    def file(self, name: str, now: float) -> StoredFile | None:
        """What can be seen under a name, or None."""
        done = [file for file in self.files.get(name, ()) if file.due <= now]
        # Of tasks that were done at the same time, the later one was done last.
        return max(reversed(done), key=lambda file: file.due) if done else None

    def document(self, now: float) -> dict[str, object]:
        """The answer of the metadata API; empty as long as nothing can be seen."""
        files = [file for name in sorted(self.files) if (file := self.file(name, now))]
        about: dict[str, object] = {"identifier": self.identifier, **self.metadata}
        if self.is_dark:
            return {"is_dark": True, "metadata": about}
        if not files:
            return {}
        return {
            "files": [_described(file) for file in files],
            "files_count": len(files),
            "item_size": sum(file.size for file in files),
            "metadata": about,
        }


def _described(file: StoredFile) -> dict[str, object]:
    # Numbers are strings in files[], as in the real answer.
    return {
        "name": file.name,
        "source": "original",
        "format": "Text PDF",
        "size": str(file.size),
        "md5": file.md5,
        "sha1": file.sha1,
        **file.metadata,
    }


class Shelf:
    """All items."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self._due: list[float] = []  # of every file, sorted: uploads ask for `queued` thousands of times

    def add(self, item: Item, file: StoredFile) -> None:
        """Put a file into an item."""
        item.files.setdefault(file.name, []).append(file)
        bisect.insort(self._due, file.due)

    def queued(self, now: float) -> int:
        """How many tasks of all items are not done."""
        return len(self._due) - bisect.bisect_right(self._due, now)

    def search(self, query: str, now: float) -> Iterator[Mapping[str, object]]:
        """The metadata of the items that can be seen and have all `key:value` terms of a query, in their order.

        A value may have wildcards; `md5` and `name` look at the items' files. Anything else in the query is ignored.
        """
        terms = [(term["key"], term["quoted"] or term["plain"] or "") for term in _TERM.finditer(query)]
        for item in self.items.values():
            document = item.document(now)
            if document and not item.is_dark and all(_has(item, key, value, now) for key, value in terms):
                yield {"identifier": item.identifier, **item.metadata}


def _has(item: Item, key: str, wanted: str, now: float) -> bool:
    if key in {"md5", "sha1", "name"}:
        files = [file for name in item.files if (file := item.file(name, now))]
        values = [str(getattr(file, key)) for file in files]
    else:
        found = {"identifier": item.identifier, **item.metadata}.get(key, [])
        values = [found] if isinstance(found, str) else found
    return any(fnmatch.fnmatchcase(value, wanted) for value in values)
