"""Files in memory, which tests can look into, stop at any operation and fail.

This file does not know what is written.
"""

from __future__ import annotations

from pathlib import Path

import trio

__all__ = ["MemoryFiles"]


class MemoryFiles:
    """A disk: names and bytes. Every operation is a checkpoint before it happens.

    `operations` are those that began, in order. `stops` holds operations at which a task waits for its event, `errors`
    those that fail.
    """

    def __init__(self, free: int = 10**12) -> None:
        self.contents: dict[Path, bytes] = {}
        self.free = free
        self.operations: list[tuple[str, str]] = []
        self.stops: dict[tuple[str, str], trio.Event] = {}
        self.errors: dict[tuple[str, str], OSError] = {}
        self.open_files = 0

    def names(self) -> set[str]:
        """The names of all files."""
        return {path.name for path in self.contents}

    async def begin(self, operation: str, path: Path) -> None:
        """Be about to do something."""
        step = (operation, path.name)
        self.operations.append(step)
        await trio.lowlevel.checkpoint()
        if step in self.stops:
            await self.stops[step].wait()
        if step in self.errors:
            raise self.errors[step]

    async def create(self, path):
        await self.begin("create", path)
        self.contents[path] = b""
        self.open_files += 1
        return _New(self, path)

    async def append(self, path):
        await self.begin("append", path)
        if path not in self.contents:
            raise FileNotFoundError(path)
        self.open_files += 1
        return _New(self, path)

    async def open(self, path):
        await self.begin("open", path)
        if path not in self.contents:
            raise FileNotFoundError(path)
        self.open_files += 1
        return _Old(self, path)

    async def replace(self, source, target):
        await self.begin("replace", target)
        self.contents[target] = self.contents.pop(source)

    async def remove(self, path):
        await self.begin("remove", path)
        return self.contents.pop(path, None) is not None

    async def size(self, path):
        await self.begin("size", path)
        return len(self.contents[path]) if path in self.contents else None

    async def sizes(self, directory):
        await self.begin("sizes", directory)
        return {path.name: len(data) for path, data in self.contents.items() if path.parent == directory}

    async def make_directory(self, path):
        await self.begin("make_directory", path)

    async def free_space(self, path):
        await self.begin("free_space", path)
        return self.free


class _Open:
    def __init__(self, files, path) -> None:
        self.files = files
        self.path = path
        self.is_open = True

    async def close(self):
        self.files.open_files -= self.is_open
        self.is_open = False


class _New(_Open):
    async def write(self, data):
        await self.files.begin("write", self.path)
        self.files.contents[self.path] += data

    async def sync(self):
        await self.files.begin("sync", self.path)


class _Old(_Open):
    position = 0

    async def read(self, size):
        await self.files.begin("read", self.path)
        data = self.files.contents[self.path][self.position : self.position + size]
        self.position += len(data)
        return data
