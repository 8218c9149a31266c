"""A directory of which is known what a loss of power would leave.

It is a real directory, in which everything is done for real but syncing. The rules are in `files`, whose inner half
this is.

This file does not know Trio, chance (but for `Disk.lose_unsynced`), or why anything is done.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

__all__ = ["Content", "Disk", "os_error", "size_of", "sizes_in"]


@dataclass(eq=False)
class Content:
    """The bytes of a file, whatever its name.

    Attributes:
        path: Where it lies now; None when it was removed or replaced.
        size: Bytes in it now.
        synced: How many of them are durable.
        before: What was durable before the file was emptied, and may come back.
        is_cheated: A sync has failed, and none helps any more.
    """

    path: Path | None
    size: int = 0
    synced: int = 0
    before: bytes | None = None
    is_cheated: bool = False


@dataclass(eq=False)
class _Change:
    """What was done to names, and is not durable yet.

    Attributes:
        target: The name that was made or removed.
        source: The name that is gone, if this was a rename.
        made: Whether `target` is new; otherwise it is gone.
        lost: What had the name `target` before, and its bytes.
    """

    target: Path
    source: Path | None = None
    made: bool = True
    lost: tuple[Content, bytes] | None = None

    @property
    def names(self) -> set[Path]:
        return {self.target} if self.source is None else {self.target, self.source}


@dataclass(eq=False)
class Disk:
    """The directory. Paths are absolute ones in it.

    Attributes:
        root: The directory.
        capacity: Bytes that the directories changed through this object hold together.
        watch: Called after each change with a directory and the bytes in it.
        opened: The files that are open.
    """

    root: Path
    capacity: int
    watch: Callable[[Path, int], object] = lambda _directory, _size: None
    opened: set[BinaryIO] = field(default_factory=set, init=False)
    _contents: dict[Path, Content] = field(default_factory=dict, init=False)
    _changes: list[_Change] = field(default_factory=list, init=False)
    _used: dict[Path, int] = field(default_factory=dict, init=False)

    def resolve(self, path: Path) -> Path:
        """The path as it is known here.

        Raises:
            ValueError: It lies outside the world.
        """
        path = self.root / path
        if not path.is_relative_to(self.root):
            raise ValueError(f"{path} lies outside the simulated world {self.root}")
        return path

    def bytes_in(self, directory: Path) -> int:
        """The bytes in a directory, counted once and then kept."""
        if directory not in self._used:
            self._used[directory] = sum(sizes_in(directory).values())
        return self._used[directory]

    def room(self) -> int:
        """Bytes that can still be written."""
        return max(0, self.capacity - sum(self._used.values()))

    def open(self, path: Path) -> BinaryIO:
        file = path.open("rb", buffering=0)
        self.opened.add(file)
        return file

    def close(self, file: BinaryIO) -> None:
        file.close()
        self.opened.discard(file)

    def create(self, path: Path) -> tuple[Content, BinaryIO]:
        """Open a file for writing, emptied if it exists."""
        self.bytes_in(path.parent)
        content = self._look(path)
        if content is None:
            file = path.open("wb", buffering=0)
            content = self._contents[path] = Content(path)
            self._changes.append(_Change(path))
        else:
            before = content.before if content.before is not None else path.read_bytes()[: content.synced]
            file = path.open("wb", buffering=0)
            freed, content.size, content.synced = content.size, 0, 0
            content.before, content.is_cheated = before, False
            self._count(path.parent, -freed)
        self.opened.add(file)
        return content, file

    def reopen(self, path: Path) -> tuple[Content, BinaryIO]:
        """Open a file for writing at its end."""
        content = self._look(path)
        file = path.open("r+b", buffering=0)
        assert content is not None  # or there would be nothing to open
        file.seek(0, os.SEEK_END)
        self.opened.add(file)
        return content, file

    def append(self, content: Content, file: BinaryIO, data: bytes) -> None:
        """Write what fits."""
        fitting = data[: self.room()]
        file.write(fitting)
        content.size += len(fitting)
        if content.path is not None:
            self._count(content.path.parent, len(fitting))
        if fitting != data:
            raise os_error(errno.ENOSPC, Path(file.name))

    def sync(self, content: Content) -> None:
        """Make a file durable, and its name."""
        if not content.is_cheated:
            content.synced, content.before = content.size, None
        if content.path is not None:
            self._settle({content.path})

    def rename(self, source: Path, target: Path) -> None:
        for directory in (source.parent, target.parent):
            self.bytes_in(directory)
        content = self._look(source)
        if content is None or source == target:
            source.replace(target)
            return
        lost = self._part(target)
        source.replace(target)
        self._contents[target] = self._contents.pop(source)
        content.path = target
        self._changes.append(_Change(target, source, lost=lost))
        self._count(source.parent, -content.size)
        self._count(target.parent, content.size - (lost[0].size if lost else 0))

    def remove(self, path: Path) -> bool:
        self.bytes_in(path.parent)
        lost = self._part(path)
        if lost is None:
            return False
        path.unlink()
        self._changes.append(_Change(path, made=False, lost=lost))
        self._count(path.parent, -lost[0].size)
        return True

    def sync_directory(self, directory: Path) -> None:
        """Make durable what was done to the names in a directory."""
        self._settle({name for change in self._changes for name in change.names if name.parent == directory})

    def lose_unsynced(self, source: random.Random) -> tuple[int, int]:
        """Leave what a loss of power may leave: how many changes of names it has kept, and how many it has undone."""
        for file in list(self.opened):
            self.close(file)
        kept = 0
        undone: list[_Change] = []
        for change in self._changes:
            follows_lost_one = any(change.names & other.names for other in undone)
            if not follows_lost_one and source.random() < 0.5:
                kept += 1
            else:
                undone.append(change)
        for change in reversed(undone):
            self._undo(change)
        for path, content in sorted(self._contents.items()):
            _lose_tail(path, content, source)
        self._contents.clear()
        self._changes.clear()
        self._used.clear()
        return kept, len(undone)

    def _count(self, directory: Path, size: int) -> None:
        """Take note that a directory holds so many bytes more."""
        self._used[directory] = self.bytes_in(directory) + size
        self.watch(directory, self._used[directory])

    def _look(self, path: Path) -> Content | None:
        """What has this name. Nobody has touched what is not known, so that it is durable."""
        if path not in self._contents:
            size = size_of(path)
            if size is None:
                return None
            self._contents[path] = Content(path, size, size)
        return self._contents[path]

    def _part(self, path: Path) -> tuple[Content, bytes] | None:
        """Part a file from its name; what it was, in case that it comes back."""
        content = self._look(path)
        if content is None:
            return None
        data = path.read_bytes()
        del self._contents[path]
        content.path = None
        return content, data

    def _settle(self, names: set[Path]) -> None:
        """What was done to names is durable, and with it whatever led there."""
        pending = []
        for change in reversed(self._changes):
            if names & change.names:
                names |= change.names
            else:
                pending.append(change)
        self._changes = pending[::-1]

    def _undo(self, change: _Change) -> None:
        if change.source is not None:
            change.target.replace(change.source)
            self._contents[change.source] = self._contents.pop(change.target)
        elif change.made:
            change.target.unlink()
            del self._contents[change.target]
        if change.lost is not None:
            content, data = change.lost
            change.target.write_bytes(data)
            self._contents[change.target] = content


def _lose_tail(path: Path, content: Content, source: random.Random) -> None:
    """Make of a file's content what a loss of power may make of it."""
    if content.before is not None and source.random() < 0.25:
        path.write_bytes(content.before)
        return
    tail = content.size - content.synced
    if not tail:
        return
    match source.randrange(4):
        case 0:
            os.truncate(path, content.synced)
        case 1:
            os.truncate(path, content.synced + source.randrange(tail))
        case 2:
            # The length was stored before the bytes were.
            os.truncate(path, content.synced)
            os.truncate(path, content.size)
        case _:
            pass


def os_error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def sizes_in(directory: Path) -> dict[str, int]:
    try:
        with os.scandir(directory) as entries:
            found = {entry.name: entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False)}
    except FileNotFoundError:
        return {}
    # A directory is in no order that means anything; in the real one it need not be the same tomorrow.
    return dict(sorted(found.items()))
