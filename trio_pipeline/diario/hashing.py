"""The checksums that a copy is known by, taken while its bytes go past or from a file.

This file does not know what the bytes are, or what they should be.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.sources import open_file
from trio_pipeline.world import Threads, World

__all__ = ["Hasher", "hash_file"]

# Bytes below which hashing takes less time than the way to another thread and back (0.15 ms).
_SMALL = 64 * 1024


class Hasher:
    """Both checksums of bytes that come in chunks.

    Args:
        threads: Where large chunks are hashed: 256 KB take most of a millisecond.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._size = 0
        self._sha256 = hashlib.sha256()
        # The Internet Archive knows files by it; nothing is trusted because of it.
        self._md5 = hashlib.md5(usedforsecurity=False)

    async def update(self, chunk: bytes) -> None:
        """Take the next chunk. Cancellation: a checkpoint before a large chunk, which is then not taken."""
        if len(chunk) < _SMALL:
            self._take(chunk)
        else:
            await self._threads.run(self._take, chunk)

    def _take(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)

    def checksums(self) -> Checksums:
        """The checksums of everything taken so far."""
        return Checksums(self._size, self._sha256.hexdigest(), self._md5.hexdigest())


async def hash_file(world: World, path: Path) -> Checksums:
    """The checksums of a file.

    Raises:
        OSError: It cannot be read.

    Cancellation: a checkpoint at every chunk.
    """
    hasher = Hasher(world.threads)
    async with open_file(world.files, path) as chunks:
        async for chunk in chunks:
            await hasher.update(chunk)
    return hasher.checksums()
