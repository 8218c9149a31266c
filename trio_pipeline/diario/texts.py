"""The text of every gazette that was read: one file each.

This file does not know how the text was got, how it is packed, or what is read in it.
"""

from __future__ import annotations

from pathlib import Path

import trio

from trio_pipeline.diario.plain_files import read_plain
from trio_pipeline.diario.stored_text import unpacked
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

    async def store(self, identifier: str, data: bytes) -> None:
        """Keep a gazette's text: under a temporary name, synced, renamed.

        Args:
            identifier: The gazette.
            data: The text as `stored_text` packs it.

        Raises:
            OSError: It cannot be kept.

        Cancellation: the old text is kept, or the new one.
        """
        await self._world.files.make_directory(self._directory)
        part = self._directory / f"{identifier}.part"
        try:
            await self._write(part, data)
            await self._put_in_place(part, text_path(self._directory, identifier))
        except BaseException:
            with trio.CancelScope(shield=True):
                await self._world.files.remove(part)
            raise

    async def _put_in_place(self, part: Path, path: Path) -> None:
        try:
            await self._world.files.replace(part, path)
        except IsADirectoryError as error:
            raise IsADirectoryError(error.errno, "a directory is in the way of a text", str(path)) from None

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
    """The text of a gazette, or None if it was never read. Blocks while it reads the file.

    Raises:
        TextLost: The file is not what was stored.
        OSError: It cannot be read.
    """
    try:
        data = read_plain(text_path(directory, identifier))
    except FileNotFoundError:
        return None
    return unpacked(data)
