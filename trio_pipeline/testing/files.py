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
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import outcome
import trio

from trio_pipeline.testing._disk import Content, Disk, os_error, size_of, sizes_in
from trio_pipeline.testing.trace import Trace
from trio_pipeline.world import NewFile, OldFile

__all__ = ["SimulatedFiles"]

T = TypeVar("T")

_BUFFER_LIMIT = 1024 * 1024
"""Bytes that are written to a file at the latest; before that, chance decides."""


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
        self._disk = Disk(root.absolute(), capacity)
        self._door = _Door(self._disk, random, trace, error_chance, full_chance, short_read_chance)

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
        return self._disk.bytes_in(self._disk.resolve(directory))

    async def create(self, path: Path) -> NewFile:
        """As `World.files`."""
        path = self._disk.resolve(path)
        content, file = await self._door.act("create", path, lambda: self._disk.create(path), grows=True)
        return _New(self._door, content, path, file)

    async def append(self, path: Path) -> NewFile:
        """As `World.files`."""
        path = self._disk.resolve(path)
        content, file = await self._door.act("append", path, lambda: self._disk.reopen(path))
        return _New(self._door, content, path, file)

    async def open(self, path: Path) -> OldFile:
        """As `World.files`."""
        path = self._disk.resolve(path)
        return _Old(self._door, path, await self._door.act("open", path, lambda: self._disk.open(path)))

    async def replace(self, source: Path, target: Path) -> None:
        """As `World.files`. Between the rename and the directory's sync is a step at which either name may be lost.

        Cancellation: once the rename has happened, the sync follows.
        """
        source, target = self._disk.resolve(source), self._disk.resolve(target)

        def rename() -> str:
            self._disk.rename(source, target)
            return f"to {target.relative_to(self.root).as_posix()}"

        await self._door.act("rename", source, rename)
        with trio.CancelScope(shield=True):
            await self._door.act("sync directory", target.parent, lambda: self._disk.sync_directory(target.parent))

    async def remove(self, path: Path) -> bool:
        """As `World.files`. The file may come back until its directory is synced."""
        path = self._disk.resolve(path)
        return await self._door.act("remove", path, lambda: self._disk.remove(path))

    async def size(self, path: Path) -> int | None:
        """As `World.files`."""
        path = self._disk.resolve(path)
        return await self._door.act("size", path, lambda: size_of(path))

    async def sizes(self, directory: Path) -> dict[str, int]:
        """As `World.files`, in the order of the names."""
        directory = self._disk.resolve(directory)
        return await self._door.act("sizes", directory, lambda: sizes_in(directory))

    async def make_directory(self, path: Path) -> None:
        """As `World.files`. A directory is durable at once."""
        path = self._disk.resolve(path)
        await self._door.act("make_directory", path, lambda: path.mkdir(parents=True, exist_ok=True), grows=True)

    async def free_space(self, path: Path) -> int:
        """As `World.files`: what the capacity leaves."""
        path = self._disk.resolve(path)

        def free_space() -> int:
            path.stat()
            self._disk.bytes_in(path)
            return self._disk.room()

        return await self._door.act("free_space", path, free_space)

    def lose_unsynced(self) -> None:
        """Leave in the directory what a loss of power may leave, and close what is open."""
        self._door.trace.note("files", "power lost", *self._disk.lose_unsynced(self._door.random))


@dataclass(eq=False)
class _Door:
    """The way from a task to the disk: steps, mishaps, and a line in the trace."""

    disk: Disk
    random: random.Random
    trace: Trace
    error_chance: float
    full_chance: float
    short_read_chance: float

    async def act(self, operation: str, path: Path, action: Callable[[], T], *, grows: bool = False) -> T:
        """Do something between two steps; it may fail, and once begun it is not cancelled."""
        await trio.lowlevel.checkpoint()
        result = outcome.capture(self._try, operation, path, action, grows)
        await trio.lowlevel.cancel_shielded_checkpoint()
        return result.unwrap()

    def _try(self, operation: str, path: Path, action: Callable[[], T], grows: bool) -> T:  # noqa: FBT001
        name = path.relative_to(self.disk.root).as_posix()
        try:
            if self.happens(self.error_chance):
                raise os_error(errno.EIO, path)
            if grows and self.happens(self.full_chance):
                raise os_error(errno.ENOSPC, path)
            result = action()
        except OSError as error:
            self.trace.note("files", operation, name, errno.errorcode.get(error.errno or 0, "error"))
            raise
        self.trace.note("files", operation, name, *([result] if isinstance(result, int | str) else []))
        return result

    def happens(self, chance: float) -> bool:
        return chance > 0 and self.random.random() < chance


class _New:
    """A file being written. Like the real one it keeps bytes to itself for a while."""

    def __init__(self, door: _Door, content: Content, path: Path, file: BinaryIO) -> None:
        self._door = door
        self._content = content
        self._path = path
        self._file = file
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        def write() -> str:
            self._waiting += data
            if len(self._waiting) >= _BUFFER_LIMIT or self._door.random.random() < 0.5:
                self._flush()
            # Two runs that write other bytes are not the same.
            return f"{len(data)} {zlib.crc32(data):08x}"

        await self._door.act("write", self._path, write, grows=True)

    async def sync(self) -> None:
        def sync() -> None:
            self._flush()
            self._door.disk.sync(self._content)

        try:
            await self._door.act("sync", self._path, sync, grows=True)
        except OSError:
            self._content.is_cheated = True
            raise

    async def close(self) -> None:
        # What still waits was never written, as in the real file.
        self._door.disk.close(self._file)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def _flush(self) -> None:
        data = bytes(self._waiting)
        self._waiting.clear()
        self._door.disk.append(self._content, self._file, data)


class _Old:
    """A file being read."""

    def __init__(self, door: _Door, path: Path, file: BinaryIO) -> None:
        self._door = door
        self._path = path
        self._file = file

    async def read(self, size: int) -> bytes:
        if size > 1 and self._door.happens(self._door.short_read_chance):
            size = self._door.random.randint(1, size)
        return await self._door.act("read", self._path, lambda: self._file.read(size))

    async def close(self) -> None:
        self._door.disk.close(self._file)
        await trio.lowlevel.cancel_shielded_checkpoint()
