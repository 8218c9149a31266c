"""Files of which a crash loses what was not synced.

They lie in a real directory, since databases and readers of PDFs want real files; nothing is ever synced in earnest.
What would be durable is kept in mind instead, so that `SimulatedFiles.lose_unsynced` can leave in the directory what a
loss of power may leave.

What it may leave, as POSIX has it and Linux' journaling file systems do it:

- Content that was synced stays. Of a tail that was not, there may be nothing, a start, all, or its length in zeros.
- A name that was made, renamed or removed since its directory was last synced may be the old one or the new one. A file
  that is synced takes its own name along. Of two changes to one name, the later one never stays without the earlier.
- A file emptied by `create` may have its old content again, until the new one is synced.
- After a sync that failed, the next one succeeds and stores nothing (which is what Linux does).
- Directories stay, and so does whatever was not touched through these files.

This file does not know what the files contain, nor when a crash comes.
"""

from __future__ import annotations

import errno
import os
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

import outcome
import trio

from trio_pipeline.testing.trace import Trace
from trio_pipeline.world import NewFile, OldFile

__all__ = ["SimulatedFiles"]

T = TypeVar("T")

_BUFFER_LIMIT = 1024 * 1024
"""Bytes that are written to a file at the latest; before that, chance decides."""


@dataclass(eq=False)
class _Content:
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
    lost: tuple[_Content, bytes] | None = None

    @property
    def names(self) -> set[Path]:
        return {self.target} if self.source is None else {self.target, self.source}


@dataclass
class _Disk:
    """What both the files and those that are open know."""

    root: Path
    random: random.Random
    trace: Trace
    error_chance: float
    full_chance: float
    short_read_chance: float
    capacity: int
    watch: Callable[[Path, int], object] = lambda _directory, _size: None
    contents: dict[Path, _Content] = field(default_factory=dict)
    changes: list[_Change] = field(default_factory=list)
    used: dict[Path, int] = field(default_factory=dict)
    opened: set[BinaryIO] = field(default_factory=set)

    def resolve(self, path: Path) -> Path:
        """The path as it is known here.

        Raises:
            ValueError: It lies outside the world.
        """
        path = self.root / path
        if not path.is_relative_to(self.root):
            raise ValueError(f"{path} lies outside the simulated world {self.root}")
        return path

    async def act(self, operation: str, path: Path, action: Callable[[], T], *, grows: bool = False) -> T:
        """Do something between two steps; it may fail, and once begun it is not cancelled."""
        await trio.lowlevel.checkpoint()
        result = outcome.capture(self._try, operation, path, action, grows)
        await trio.lowlevel.cancel_shielded_checkpoint()
        return result.unwrap()

    def _try(self, operation: str, path: Path, action: Callable[[], T], grows: bool) -> T:  # noqa: FBT001
        name = path.relative_to(self.root).as_posix()
        try:
            if self.error_chance and self.random.random() < self.error_chance:
                raise _os_error(errno.EIO, path)
            if grows and self.full_chance and self.random.random() < self.full_chance:
                raise _os_error(errno.ENOSPC, path)
            result = action()
        except OSError as error:
            self.trace.note("files", operation, name, errno.errorcode.get(error.errno or 0, "error"))
            raise
        self.trace.note("files", operation, name, *([result] if isinstance(result, int | str) else []))
        return result

    def know(self, directory: Path) -> int:
        """The bytes in a directory, counted once and then kept."""
        if directory not in self.used:
            self.used[directory] = sum(_sizes(directory).values())
        return self.used[directory]

    def count(self, directory: Path, size: int) -> None:
        """Take note that a directory holds so many bytes more."""
        self.used[directory] = self.know(directory) + size
        self.watch(directory, self.used[directory])

    def room(self) -> int:
        return max(0, self.capacity - sum(self.used.values()))

    def look(self, path: Path) -> _Content | None:
        """What has this name. Nobody has touched what is not known, so that it is durable."""
        if path not in self.contents:
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                return None
            self.contents[path] = _Content(path, size, size)
        return self.contents[path]

    def take_name(self, path: Path) -> tuple[_Content, bytes] | None:
        """Part a file from its name; what it was, in case that it comes back."""
        content = self.look(path)
        if content is None:
            return None
        data = path.read_bytes()
        del self.contents[path]
        content.path = None
        return content, data

    def settle(self, path: Path) -> None:
        """What was done to a name is durable, and with it whatever led there."""
        names = {path}
        for change in reversed(self.changes):
            if names & change.names:
                names |= change.names
        self.changes = [change for change in self.changes if not names & change.names]

    def close(self, file: BinaryIO) -> None:
        file.close()
        self.opened.discard(file)

    def settle_directory(self, directory: Path) -> None:
        for name in [name for change in self.changes for name in change.names if name.parent == directory]:
            self.settle(name)


class _New:
    """A file being written. Like the real one it keeps bytes to itself for a while."""

    def __init__(self, disk: _Disk, content: _Content, path: Path, file: BinaryIO) -> None:
        self._disk = disk
        self._content = content
        self._path = path
        self._file = file
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        def write() -> str:
            self._waiting += data
            if len(self._waiting) >= _BUFFER_LIMIT or self._disk.random.random() < 0.5:
                self._flush()
            # Two runs that write other bytes are not the same.
            return f"{len(data)} {zlib.crc32(data):08x}"

        await self._disk.act("write", self._path, write, grows=True)

    async def sync(self) -> None:
        def sync() -> None:
            self._flush()
            if not self._content.is_cheated:
                self._content.synced = self._content.size
                self._content.before = None
            if self._content.path is not None:
                self._disk.settle(self._content.path)

        try:
            await self._disk.act("sync", self._path, sync, grows=True)
        except OSError:
            self._content.is_cheated = True
            raise

    async def close(self) -> None:
        # What still waits was never written, as in the real file.
        self._disk.close(self._file)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def _flush(self) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        fitting = data[: self._disk.room()]
        self._file.write(fitting)
        self._content.size += len(fitting)
        if self._content.path is not None:
            self._disk.count(self._content.path.parent, len(fitting))
        if fitting != data:
            raise _os_error(errno.ENOSPC, self._path)


class _Old:
    def __init__(self, disk: _Disk, path: Path, file: BinaryIO) -> None:
        self._disk = disk
        self._path = path
        self._file = file

    async def read(self, size: int) -> bytes:
        if size > 1 and self._disk.short_read_chance and self._disk.random.random() < self._disk.short_read_chance:
            size = self._disk.random.randint(1, size)
        return await self._disk.act("read", self._path, lambda: self._file.read(size))

    async def close(self) -> None:
        self._disk.close(self._file)
        await trio.lowlevel.cancel_shielded_checkpoint()


class SimulatedFiles:
    """The files of a simulated world: `World.files` on a directory of one's own.

    Every operation happens between two checkpoints, at both of which others may run and a crash may come; the first
    one can be cancelled. Bytes that were written go to the file at once or later, by chance, as the contract allows.

    Args:
        root: An existing directory. Nothing may go on outside it. Put it into memory (`/dev/shm`) for speed.
        random: Decides what chance decides; nobody else should draw from it.
        trace: Is told every operation.
        error_chance: Of each operation, that the disk fails (EIO).
        full_chance: Of each operation that needs room, that the disk is full for it (ENOSPC).
        short_read_chance: Of each read, that it gives less than was asked for.
        capacity: Bytes that the directories used through this object hold together; more is ENOSPC.
    """

    def __init__(
        self,
        root: Path,
        random: random.Random,
        trace: Trace,
        *,
        error_chance: float = 0.0,
        full_chance: float = 0.0,
        short_read_chance: float = 0.0,
        capacity: int = 10**12,
    ) -> None:
        self._disk = _Disk(root.absolute(), random, trace, error_chance, full_chance, short_read_chance, capacity)

    @property
    def root(self) -> Path:
        """The directory of the world."""
        return self._disk.root

    @property
    def open_files(self) -> int:
        """Files that are open now, for reading or for writing."""
        return len(self._disk.opened)

    @property
    def watch(self) -> Callable[[Path, int], object]:
        """Called after each change with a directory and the bytes in it; assign your own. It may raise."""
        return self._disk.watch

    @watch.setter
    def watch(self, function: Callable[[Path, int], object]) -> None:
        self._disk.watch = function

    def bytes_in(self, directory: Path) -> int:
        """The bytes in the plain files of a directory."""
        return self._disk.know(self._disk.resolve(directory))

    async def create(self, path: Path) -> NewFile:
        """As `World.files`."""
        path = self._disk.resolve(path)

        def create() -> _New:
            self._disk.know(path.parent)
            content = self._disk.look(path)
            if content is None:
                file = path.open("wb", buffering=0)
                content = self._disk.contents[path] = _Content(path)
                self._disk.changes.append(_Change(path))
            else:
                content.before = content.before if content.before is not None else path.read_bytes()[: content.synced]
                file = path.open("wb", buffering=0)
                freed, content.size, content.synced, content.is_cheated = content.size, 0, 0, False
                self._disk.count(path.parent, -freed)
            self._disk.opened.add(file)
            return _New(self._disk, content, path, file)

        return await self._disk.act("create", path, create, grows=True)

    async def open(self, path: Path) -> OldFile:
        """As `World.files`."""
        path = self._disk.resolve(path)

        def open_() -> _Old:
            file = path.open("rb", buffering=0)
            self._disk.opened.add(file)
            return _Old(self._disk, path, file)

        return await self._disk.act("open", path, open_)

    async def replace(self, source: Path, target: Path) -> None:
        """As `World.files`. Between the rename and the directory's sync is a step at which either name may be lost.

        Cancellation: once the rename has happened, the sync follows.
        """
        source, target = self._disk.resolve(source), self._disk.resolve(target)
        await self._disk.act("rename", source, lambda: self._rename(source, target))
        with trio.CancelScope(shield=True):
            await self._disk.act("sync directory", target.parent, lambda: self._disk.settle_directory(target.parent))

    def _rename(self, source: Path, target: Path) -> None:
        disk = self._disk
        for directory in {source.parent: None, target.parent: None}:
            disk.know(directory)
        content = disk.look(source)
        lost = disk.take_name(target) if content is not None and source != target else None
        source.replace(target)
        if content is None or source == target:
            return
        del disk.contents[source]
        disk.contents[target] = content
        content.path = target
        disk.changes.append(_Change(target, source, lost=lost))
        disk.trace.note("files", "new name", target.relative_to(disk.root).as_posix())
        disk.count(source.parent, -content.size)
        disk.count(target.parent, content.size - (lost[0].size if lost else 0))

    async def remove(self, path: Path) -> bool:
        """As `World.files`. The file may come back until its directory is synced."""
        path = self._disk.resolve(path)

        def remove() -> bool:
            self._disk.know(path.parent)
            lost = self._disk.take_name(path)
            if lost is None:
                return False
            path.unlink()
            self._disk.changes.append(_Change(path, made=False, lost=lost))
            self._disk.count(path.parent, -lost[0].size)
            return True

        return await self._disk.act("remove", path, remove)

    async def size(self, path: Path) -> int | None:
        """As `World.files`."""
        path = self._disk.resolve(path)
        return await self._disk.act("size", path, lambda: _size(path))

    async def sizes(self, directory: Path) -> dict[str, int]:
        """As `World.files`, in the order of the names."""
        directory = self._disk.resolve(directory)
        return await self._disk.act("sizes", directory, lambda: _sizes(directory))

    async def make_directory(self, path: Path) -> None:
        """As `World.files`. A directory is durable at once."""
        path = self._disk.resolve(path)
        await self._disk.act("make_directory", path, lambda: path.mkdir(parents=True, exist_ok=True), grows=True)

    async def free_space(self, path: Path) -> int:
        """As `World.files`: what the capacity leaves."""
        path = self._disk.resolve(path)

        def free_space() -> int:
            path.stat()
            self._disk.know(path)
            return self._disk.room()

        return await self._disk.act("free_space", path, free_space)

    def lose_unsynced(self) -> None:
        """Leave in the directory what a loss of power may leave, and close what is open."""
        disk = self._disk
        for file in list(disk.opened):
            disk.close(file)
        kept: list[_Change] = []
        undone: list[_Change] = []
        for change in disk.changes:
            follows_lost_one = any(change.names & other.names for other in undone)
            stays = not follows_lost_one and disk.random.random() < 0.5
            (kept if stays else undone).append(change)
        for change in reversed(undone):
            self._undo(change)
        for path, content in sorted(disk.contents.items()):
            _lose_tail(path, content, disk.random)
        disk.trace.note("files", "power lost", len(kept), len(undone))
        disk.contents.clear()
        disk.changes.clear()
        disk.used.clear()

    def _undo(self, change: _Change) -> None:
        contents = self._disk.contents
        if change.source is not None:
            change.target.replace(change.source)
            contents[change.source] = contents.pop(change.target)
        elif change.made:
            change.target.unlink()
            del contents[change.target]
        if change.lost is not None:
            content, data = change.lost
            change.target.write_bytes(data)
            contents[change.target] = content


def _lose_tail(path: Path, content: _Content, source: random.Random) -> None:
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


def _os_error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _sizes(directory: Path) -> dict[str, int]:
    try:
        with os.scandir(directory) as entries:
            found = {entry.name: entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False)}
    except FileNotFoundError:
        return {}
    # A directory is in no order that means anything; in the real one it need not be the same tomorrow.
    return dict(sorted(found.items()))
