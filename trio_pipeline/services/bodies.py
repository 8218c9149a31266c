"""Where the archive's stand-in keeps the bytes it was sent: in memory, or in one file without a name.

This file does not know whose bytes they are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Bodies", "Body", "MemoryBodies", "open_file_bodies"]


class Body(Protocol):
    """Bytes of a known length that are being written or read."""

    def append(self, data: bytes) -> None:
        """Add to the end. More than the length announced is a ValueError."""

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`."""


class Bodies(Protocol):
    """A place for bodies."""

    def reserve(self, length: int) -> Body:
        """Room for a body of `length` bytes."""


class MemoryBodies:
    """Keeps everything in memory: for simulated worlds and tests."""

    def reserve(self, length: int) -> Body:
        """Room for a body of `length` bytes."""
        return _MemoryBody(length)


class _MemoryBody:
    def __init__(self, length: int) -> None:
        self._length = length
        self._data = bytearray()

    def append(self, data: bytes) -> None:
        _check_room(len(self._data), len(data), self._length)
        self._data += data

    def read(self, start: int, end: int) -> bytes:
        return bytes(self._data[start:end])


@contextmanager
def open_file_bodies() -> Iterator[Bodies]:
    """Keep everything in a temporary file, which is gone when the context is left.

    The calls block, on purpose: the file stays in the page cache, where 64 KB cost some 20 us, while a thread would
    cost more and would let a virtual clock jump.
    """
    with tempfile.TemporaryFile() as file:
        yield _FileBodies(file.fileno())


class _FileBodies:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = 0

    def reserve(self, length: int) -> Body:
        # The length is known beforehand, so bodies that come at the same time do not mix.
        body = _FileBody(self._descriptor, self._end, length)
        self._end += length
        return body


class _FileBody:
    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._length = length
        self._written = 0

    def append(self, data: bytes) -> None:
        _check_room(self._written, len(data), self._length)
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self._offset + self._written)
            self._written += written
            view = view[written:]

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._descriptor, min(end, self._written) - start, self._offset + start)


def _check_room(written: int, more: int, length: int) -> None:
    if written + more > length:
        raise ValueError(f"{written + more} bytes for a body of {length}")
