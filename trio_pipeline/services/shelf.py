"""The items and files that the archive's stand-in holds, and those that still wait in its queue.

Pure: times are given. This file does not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trio_pipeline.services.bodies import Body
from trio_pipeline.services.query import Record
from trio_pipeline.services.s3_headers import Metadata

__all__ = ["SYSTEM_FIELDS", "Item", "Shelf", "StoredFile"]

SYSTEM_FIELDS = frozenset({"name", "source", "format", "size", "md5", "sha1"})
"""What the archive itself says about a file: nobody can write it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One body that was put.

    Attributes:
        name: Within its item.
        size: In bytes.
        md5: In hex.
        sha1: In hex.
        body: The bytes.
        metadata: From `x-archive-filemeta` headers, and as it was written since.
        due: When its task is done, from which time on it can be seen.
    """

    name: str
    size: int
    md5: str
    sha1: str
    body: Body
    metadata: Metadata
    due: float

    def described(self, metadata: Metadata) -> dict[str, object]:
        """An entry of `files[]`, in which numbers are strings, as in the real one."""
        return {
            **metadata,
            "name": self.name,
            "source": "original",
            "format": "Text PDF",
            "size": str(self.size),
            "md5": self.md5,
            "sha1": self.sha1,
        }


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What was said about an item before a write that still waits."""

    until: float
    metadata: Metadata
    documents: dict[str, object]
    files: dict[tuple[str, int], Metadata]


@dataclass(slots=True)
class Item:
    """One item.

    Attributes:
        identifier: Its name.
        owner: The access key that made it.
        metadata: As the last accepted write left it, though that may still wait.
        is_dark: Whether it was taken down.
        files: Every body of every name, in the order they were put.
        documents: What was written to other targets, by their names.
        earlier: What is shown as long as a write waits, in the order of the writes.
    """

    identifier: str
    owner: str
    metadata: Metadata = field(default_factory=dict)
    is_dark: bool = False
    files: dict[str, list[StoredFile]] = field(default_factory=dict)
    documents: dict[str, object] = field(default_factory=dict)
    earlier: list[_Earlier] = field(default_factory=list)

    def file(self, name: str, now: float) -> StoredFile | None:
        """What can be seen under a name, or None."""
        done = [file for file in self.files.get(name, ()) if file.due <= now]
        # Of tasks that were done at the same time, the later one was done last.
        return max(reversed(done), key=lambda file: file.due) if done else None

    def add(self, file: StoredFile) -> None:
        """Put a file into the item."""
        self.files.setdefault(file.name, []).append(file)

    def show_as_it_is(self, now: float, until: float) -> None:
        """Whatever is written next about the item can be seen from `until` on."""
        self.earlier = [earlier for earlier in self.earlier if earlier.until > now]
        if until > now:
            files = {
                (name, index): file.metadata for name, bodies in self.files.items() for index, file in enumerate(bodies)
            }
            self.earlier.append(_Earlier(until, dict(self.metadata), dict(self.documents), files))

    def document(self, now: float) -> dict[str, object]:
        """The answer of the metadata API; empty as long as nothing can be seen."""
        shown = next((earlier for earlier in self.earlier if earlier.until > now), None)
        about: dict[str, object] = {"identifier": self.identifier, **(shown or self).metadata}
        if self.is_dark:
            return {"is_dark": True, "metadata": about}
        files = [file for name in sorted(self.files) if (file := self.file(name, now))]
        if not files:
            return {}
        return {
            "files": [file.described(self._said_of(file, shown)) for file in files],
            "files_count": len(files),
            "item_size": sum(file.size for file in files),
            "metadata": about,
            **(shown or self).documents,
        }

    def record(self, now: float) -> Record:
        """What a search finds it by: its metadata, and the checksums and names of its files. Empty if nothing does."""
        if self.is_dark or not self.document(now):
            return {}
        files = [file for name in self.files if (file := self.file(name, now))]
        found = {key: [value] if isinstance(value, str) else value for key, value in self.metadata.items()}
        checksums = {"md5": [file.md5 for file in files], "sha1": [file.sha1 for file in files]}
        return {**found, **checksums, "name": [file.name for file in files], "identifier": [self.identifier]}

    def _said_of(self, file: StoredFile, shown: _Earlier | None) -> Metadata:
        if shown is None:
            return file.metadata
        bodies = self.files[file.name]
        index = next(index for index, body in enumerate(bodies) if body is file)
        return shown.files.get((file.name, index), file.metadata)


class Shelf:
    """All items, in the order in which they were made.

    Attributes:
        items: Each by its name.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}

    def forget(self, now: float) -> None:
        """Drop every file that cannot be seen yet."""
        for item in self.items.values():
            for name, bodies in item.files.items():
                item.files[name] = [file for file in bodies if file.due <= now]

    def records(self, now: float) -> Iterator[tuple[Item, Record]]:
        """Every item that a search can find, and what it finds it by."""
        for item in self.items.values():
            record = item.record(now)
            if record:
                yield item, record
