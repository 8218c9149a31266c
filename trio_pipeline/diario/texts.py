"""The text of every gazette that was read: one compressed file each, pages joined by form feeds.

This file does not know how the text was got or what is read in it.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import trio

from trio_pipeline.diario.judgements.lines import PAGE_BREAK
from trio_pipeline.world import World

__all__ = ["Texts", "read_text"]


_SUFFIX = ".txt.gz"


class Texts:
    """The directory of texts.

    Args:
        directory: Where it is; created when the first text is stored.
        world: Its files and threads.
    """

    def __init__(self, directory: Path, world: World) -> None:
        self._directory = directory
        self._world = world

    def path(self, identifier: str) -> Path:
        """Where the text of a gazette lies, or would."""
        return text_path(self._directory, identifier)

    async def kept(self) -> frozenset[str]:
        """The gazettes whose text is kept.

        Cancellation: a checkpoint.
        """
        names = await self._world.files.sizes(self._directory)
        return frozenset(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))

    async def store(self, identifier: str, pages: Sequence[str]) -> None:
        """Keep a gazette's text: under a temporary name, synced, renamed.

        Cancellation: the old text is kept, or the new one.
        """
        data = await self._world.threads.run(_compressed, PAGE_BREAK.join(pages))
        await self._world.files.make_directory(self._directory)
        part = self._directory / f"{identifier}.part"
        try:
            await self._write(part, data)
            await self._world.files.replace(part, text_path(self._directory, identifier))
        except BaseException:
            with trio.CancelScope(shield=True):
                await self._world.files.remove(part)
            raise

    async def _write(self, part: Path, data: bytes) -> None:
        file = await self._world.files.create(part)
        try:
            await file.write(data)
            await file.sync()
        finally:
            await file.close()


def text_path(directory: Path, identifier: str) -> Path:
    """Where the text of a gazette lies."""
    return directory / f"{identifier}{_SUFFIX}"


def read_text(directory: Path, identifier: str) -> str | None:
    """The text of a gazette, or None if it was never read. Blocks while it reads the file."""
    try:
        return gzip.decompress(text_path(directory, identifier).read_bytes()).decode("utf-8")
    except FileNotFoundError:
        return None


def _compressed(text: str) -> bytes:
    # No time in the header: the same text is the same file.
    return gzip.compress(text.encode("utf-8", "replace"), compresslevel=6, mtime=0)
