"""An archive that is a folder on this machine.

A copy is written under another name, goes through both checksums on its way, is synced and then renamed: under its own
name there is never anything but a whole copy, whatever crashes. So it is confirmed at once.

This file does not know whose folder it is. Two runs with different databases must not put the same gazette at a time.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from trio_pipeline.diario.archives import Copy
from trio_pipeline.diario.hashing import Hasher, hash_file
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.sources import Absent, Body, open_file
from trio_pipeline.retry import GiveUp
from trio_pipeline.world import World

__all__ = ["FolderArchive"]


class FolderArchive:
    """Keeps gazettes as `folder/year/id.pdf`.

    Its errors are GiveUp when the file handed over is not what it should be, and OSError for everything that the disk
    does, a full one included.

    Args:
        world: For its files.
        folder: Created when the first copy comes.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder.absolute()

    @property
    def target(self) -> str:
        """`folder:` and the absolute path."""
        return f"folder:{self._folder}"

    @property
    def name(self) -> str:
        """The target; what the folder is called as a source."""
        return self.target

    def url(self, gazette: Gazette) -> str:
        """A `file:` address."""
        return self._path(gazette).as_uri()

    def _path(self, gazette: Gazette) -> Path:
        # The id tells court, day, number and suffix, and no two gazettes share one; the court's file names are neither
        # as plain nor, across its folders, as unique.
        return self._folder / str(gazette.date.year) / f"{gazette.id}.pdf"

    async def find(
        self,
        gazette: Gazette,
        checksums: Checksums,
        *,
        since: float = -math.inf,  # noqa: ARG002 -- nothing is remembered
    ) -> Copy | None:
        """See `Archive.find`. What is there is read and compared by size and checksum.

        Cancellation: a checkpoint.
        """
        if not await self._holds(self._path(gazette), checksums):
            return None
        return self._copy(gazette, checksums)

    async def adopt(self, gazette: Gazette, checksums: Checksums) -> None:  # noqa: ARG002 -- the same for all
        """A folder has one place for each gazette. Cancellation: a checkpoint."""
        await trio.lowlevel.checkpoint()

    async def wait_for_room(self, gazette: Gazette) -> None:  # noqa: ARG002 -- the same for all
        """A folder takes whatever the disk does. Cancellation: a checkpoint."""
        await trio.lowlevel.checkpoint()

    async def put(self, gazette: Gazette, checksums: Checksums, path: Path) -> Copy:
        """See `Archive.put`. Other bytes that stand under the name are kept beside it.

        Raises:
            GiveUp: The file is not the one that the checksums were taken of.

        Cancellation: a checkpoint; then there is a whole copy or none.
        """
        target = self._path(gazette)
        await self._world.files.make_directory(target.parent)
        await self._set_aside(target, checksums)
        partial = target.with_name(f".{target.name}.part")
        try:
            await self._write(path, partial, checksums)
            await self._world.files.replace(partial, target)
        except BaseException:
            with trio.CancelScope(shield=True):
                await self._world.files.remove(partial)
            raise
        return self._copy(gazette, checksums)

    async def queued(self, gazette: Gazette) -> bool:  # noqa: ARG002 -- the same for all
        """False: a copy is there when `put` returns. Cancellation: a checkpoint."""
        await trio.lowlevel.checkpoint()
        return False

    @asynccontextmanager
    async def open(
        self,
        gazette: Gazette,
        partial: Partial | None = None,  # noqa: ARG002 -- a folder does not break off
    ) -> AsyncIterator[Body]:
        """See `Source.open`.

        Raises:
            Absent: There is no copy.
            OSError: It cannot be read.

        Cancellation: as `open_file`.
        """
        path = self._path(gazette)
        length = await self._world.files.size(path)
        if length is None:
            raise Absent("there is no copy in the folder")
        async with open_file(self._world.files, path) as chunks:
            yield Body(length, chunks)

    async def _holds(self, path: Path, checksums: Checksums) -> bool:
        if await self._world.files.size(path) != checksums.size:
            return False
        return await hash_file(self._world, path) == checksums

    async def _set_aside(self, path: Path, checksums: Checksums) -> None:
        """Rename what is there and different: a copy that decayed, or what the court had published before."""
        if await self._world.files.size(path) is None or await self._holds(path, checksums):
            return
        aside = path.with_name(f"{path.stem}.replaced-{self._world.new_id()}.pdf")
        await self._world.files.replace(path, aside)

    async def _write(self, source: Path, target: Path, checksums: Checksums) -> None:
        hasher = Hasher()
        file = await self._world.files.create(target)
        try:
            async with open_file(self._world.files, source) as chunks:
                async for chunk in chunks:
                    hasher.update(chunk)
                    await file.write(chunk)
            await file.sync()
        finally:
            await file.close()
        if hasher.checksums() != checksums:
            raise GiveUp("the file in the spool is not the one that was recorded")

    def _copy(self, gazette: Gazette, checksums: Checksums) -> Copy:
        return Copy(self.target, "confirmed", self.url(gazette), checksums.md5)
