"""The stage `archive`: hands a PDF over to the archive, unless it is there already."""

from __future__ import annotations

import datetime

import trio

from trio_pipeline.diario.archives import Archive, Copy, OtherBytes, TakenForSpam
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper, Result
from trio_pipeline.diario.stages.confirm import LookSchedule
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import StopStage

__all__ = ["Archiver", "barred_by", "what_to_do"]


def what_to_do(identifier: str) -> str:
    """What a person has to do when the archive has taken a gazette for spam."""
    return (
        "nothing more is sent, by later runs neither, until you have cleared that with the archive; then: "
        f"trio-pipeline retry {identifier}"
    )


def barred_by(identifier: str, moment: datetime.datetime) -> str:
    """Why nothing may be handed over since the archive has taken a gazette for spam."""
    return f"the archive took {identifier} for spam on {moment.date()}: {what_to_do(identifier)}"


class Archiver:
    """Hands gazettes over to an archive.

    Args:
        archive: The archive.
        spool: Where PDFs lie.
        bookkeeper: Records the start of an upload.
        schedule: When an upload is looked for.
        barred: Why nothing may be handed over; None if it may.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        spool: Spool,
        bookkeeper: Bookkeeper,
        schedule: LookSchedule,
        barred: str | None = None,
    ) -> None:
        self._barred = barred
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
        copy = await self._find(item, item.checksums)
        if copy is None and item.submitted_at is None:
            # Once we have sent it ourselves, nobody else's copy counts.
            copy = await self._archive.adopt(item.gazette, item.checksums)
        if copy is None:
            if self._barred is not None:
                raise StopStage(self._barred)
            # Before anything is recorded: who waits has begun nothing.
            await self._archive.wait_for_room(item.gazette)
            copy = await self._put(item, item.checksums)
        item.acknowledged = copy.acknowledged
        detail = {"url": copy.url, "md5": copy.md5}
        if copy.state == "confirmed":
            return Result(item, "confirmed", detail)
        due, not_before = self._schedule.first()
        return Result(item, "submitted", detail | {"acknowledged": copy.acknowledged}, not_before=not_before, due=due)

    async def _find(self, item: Item, checksums: Checksums) -> Copy | None:
        try:
            return await self._archive.find(item.gazette, checksums)
        except OtherBytes:
            if item.submitted_at is None:
                raise
            # We have handed it over before, and it did not get there as it was: the same name gets the right bytes.
            return None

    async def _put(self, item: Item, checksums: Checksums) -> Copy:
        # Recorded before the first byte is sent: after a crash nobody else could tell that it may have arrived.
        await self._bookkeeper.note(item, StageName.ARCHIVE, "started")
        try:
            return await self._archive.put(item.gazette, checksums, self._spool.path(item.gazette.id))
        except TakenForSpam as error:
            self._barred = f"{error.reason}; {what_to_do(item.gazette.id)}"
            detail = {"reason": error.reason, "spam": True}
            with trio.CancelScope(shield=True):
                await self._bookkeeper.note(item, StageName.ARCHIVE, "rejected", detail)
            raise StopStage(self._barred) from error
        except (StopStage, HostPaused) as error:
            # Nothing was accepted, and the stage ends without a word about this item: take the start back.
            with trio.CancelScope(shield=True):
                await self._bookkeeper.note(item, StageName.ARCHIVE, "put_off", {"reason": error.reason})
            if self._barred is not None:
                # Another worker's upload was taken for spam meanwhile, and that is what there is to say.
                raise StopStage(self._barred) from error
            raise
