"""The checksums that a copy is known by, taken while its bytes go past or from a file.

This file does not know what the bytes are, or what they should be.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.sources import open_file
from trio_pipeline.world import World

__all__ = ["Hasher", "hash_file"]


class Hasher:
    """Both checksums of bytes that come in chunks, as a network or a file gives them: 256 KB take a millisecond.

    Attributes:
        size: Bytes taken so far.
    """

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        # The Internet Archive knows files by it; nothing is trusted because of it.
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Take the next chunk."""
        self.size += len(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)

    def checksums(self) -> Checksums:
        """The checksums of everything taken so far."""
        return Checksums(self.size, self._sha256.hexdigest(), self._md5.hexdigest())


async def hash_file(world: World, path: Path) -> Checksums:
    """The checksums of a file.

    Raises:
        OSError: It cannot be read.

    Cancellation: a checkpoint at every chunk.
    """
    hasher = Hasher()
    async with open_file(world.files, path) as chunks:
        async for chunk in chunks:
            hasher.update(chunk)
    return hasher.checksums()
