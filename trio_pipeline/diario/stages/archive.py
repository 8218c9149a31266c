"""The stage `archive`: hands a PDF over to the archive, unless it is there already."""

from __future__ import annotations

import trio

from trio_pipeline.diario.archives import Archive, Copy
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper, Result
from trio_pipeline.diario.stages.confirm import LookSchedule
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import StopStage

__all__ = ["Archiver"]


class Archiver:
    """Hands gazettes over to an archive.

    Args:
        archive: The archive.
        spool: Where PDFs lie.
        bookkeeper: Records the start of an upload.
        schedule: When an upload is looked for.
    """

    def __init__(self, *, archive: Archive, spool: Spool, bookkeeper: Bookkeeper, schedule: LookSchedule) -> None:
        self._archive = archive
        self._spool = spool
        self._bookkeeper = bookkeeper
        self._schedule = schedule

    async def archive(self, item: Item) -> Result:
        """Have the gazette in the archive.

        Raises:
            TryAgain: It could not be handed over this time.
            GiveUp: It cannot be handed over in this run.
            Reject: The archive does not want it, ever.
            StopStage: The archive wants nothing from us.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: an upload that has begun counts as submitted, and will be looked for.
        """
        if item.checksums is None or not await self._spool.verify(item.gazette.id, item.checksums):
            return Result(item, "put_off", {"reason": "its PDF is no longer what it was, and is brought back"})
        copy = await self._archive.find(item.gazette, item.checksums)
        if copy is None:
            # Before anything is recorded: who waits has begun nothing.
            await self._archive.wait_for_room(item.gazette)
            copy = await self._put(item, item.checksums)
        item.acknowledged = copy.acknowledged
        detail = {"url": copy.url, "md5": copy.md5}
        if copy.state == "confirmed":
            return Result(item, "confirmed", detail)
        due, not_before = self._schedule.first()
        return Result(item, "submitted", detail | {"acknowledged": copy.acknowledged}, not_before=not_before, due=due)

    async def _put(self, item: Item, checksums: Checksums) -> Copy:
        # Recorded before the first byte is sent: after a crash nobody else could tell that it may have arrived.
        await self._bookkeeper.note(item, StageName.ARCHIVE, "started")
        try:
            return await self._archive.put(item.gazette, checksums, self._spool.path(item.gazette.id))
        except (StopStage, HostPaused) as error:
            # Nothing was accepted, and the stage ends without a word about this item: take the start back.
            with trio.CancelScope(shield=True):
                await self._bookkeeper.note(item, StageName.ARCHIVE, "put_off", {"reason": error.reason})
            raise
