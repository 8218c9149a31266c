"""The stage `download`: brings a gazette's PDF into the spool.

From the court the first time; later, when the PDF has left the spool and somebody needs it again, from the nearest
place that has it, the court last, and then its checksum must be the recorded one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import trio

from trio_pipeline.channels import Reservation
from trio_pipeline.diario.exchange import BrokenOff
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.pdf import PdfUnreadable, count_pages
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.sources import Absent, Body, PartRefused, Source
from trio_pipeline.diario.spool import NoRoom, Spool, SpoolFull
from trio_pipeline.diario.stages.bookkeeping import Result
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import GiveUp, ItemError, StopStage, TryAgain

__all__ = ["Downloader"]

_LONGEST_OPENING = 60.0
"""Seconds for opening a PDF, which takes a moment."""

_ATTEMPTS_MORE = 20
"""A download that comes on by this part of its length uses up no attempt. So a line that breaks every 30 MB brings
200 MB, and a gazette costs its host no more than so many requests besides."""

_LEAST_WAY = 64 * 1024
"""Bytes without which nothing has come on: a host that gives less each time is failing, and is not to be asked on."""


class _CameOn(TryAgain):
    """The download broke off, and is worth going on with where it was."""


class Downloader:
    """Downloads gazettes.

    Args:
        spool: Where PDFs are put.
        court: The source of what was never downloaded, and the last one for everything else.
        copies: Gives the sources of what was downloaded before, nearest first, for the archives that have it.
        quarantine: Where PDFs are opened.
        expected_size: Bytes to reserve when nobody knows better.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        court: Source,
        copies: Callable[[Mapping[str, str | None]], Sequence[Source]],
        quarantine: Quarantine,
        expected_size: int,
    ) -> None:
        self._spool = spool
        self._court = court
        self._copies = copies
        self._quarantine = quarantine
        self._expected_size = expected_size

    async def download(self, item: Item) -> Result:
        """Bring the PDF into the spool, unless it is there.

        Raises:
            TryAgain: It could not be had this time, or there is no room for it now.
            GiveUp: It cannot be had in this run.
            Reject: It cannot be had at all.
            StopStage: Nothing can be had, or the spool is full for good.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: nothing of the PDF is left, or all of it.
        """
        if item.checksums is not None and await self._spool.verify(item.gazette.id, item.checksums):
            return Result(item, "restored", {"source": "spool"})
        reservation = await self._reserve(item)
        try:
            return await self._from_nearest(item, reservation)
        except BaseException:
            await self._spool.give_back(item.gazette.id, reservation)
            raise

    async def _reserve(self, item: Item) -> Reservation:
        size = item.checksums.size if item.checksums else item.size or self._expected_size
        try:
            return await self._spool.take_up(item.gazette.id, size) or await self._spool.reserve(size)
        except SpoolFull as error:
            raise StopStage(str(error)) from None

    async def _from_nearest(self, item: Item, reservation: Reservation) -> Result:
        if item.checksums is not None:
            for source in self._copies(item.archives):
                try:
                    return await self._from(source, item, reservation)
                except _CameOn:
                    raise
                except (Absent, ItemError, HostPaused) as error:
                    # In a run that is ending nobody else is asked.
                    if isinstance(error, HostPaused) and error.let_go:
                        raise
                    # The next place may have it; if none has, the court's answer is what counts.
        try:
            return await self._from(self._court, item, reservation)
        except Absent as error:
            raise GiveUp(error.reason) from None

    async def _from(self, source: Source, item: Item, reservation: Reservation) -> Result:
        pages = 0

        async def check(part: Path, checksums: Checksums) -> None:
            nonlocal pages
            _check_checksums(item, checksums)
            pages = await self._count_pages(item, part)

        start = 0
        try:
            async with source.open(item.gazette, self._spool.partial(item.gazette.id, source.name)) as body:
                start = body.start
                await self._make_room(item, body, reservation)
                checksums = await self._spool.store(
                    item.gazette.id, body.chunks, reservation, check, body.partial(source.name)
                )
        except PartRefused:
            with trio.CancelScope(shield=True):
                await self._spool.forget(item.gazette.id)
            raise
        except BrokenOff as error:
            if self._came_on(item, source):
                raise _CameOn(f"came as far as byte {item.reached}, then {error.reason}", counts=False) from error
            raise
        except TryAgain as error:
            if start:
                # Perhaps only the joint is bad. What was joined is gone, and without it there is a whole attempt yet.
                raise TryAgain(f"resumed at byte {start}, and then: {error.reason}", counts=False) from error
            raise
        except NoRoom as error:
            # It starts again from the end of the queue: to wait with room in hand could be to wait for each other.
            item.size = error.size
            raise TryAgain(f"no room in the spool for {error.size} bytes now", counts=False) from None
        outcome = "downloaded" if item.checksums is None else "restored"
        item.checksums = checksums
        return Result(
            item,
            outcome,
            {
                "size": checksums.size,
                "sha256": checksums.sha256,
                "md5": checksums.md5,
                "pages": pages,
                "source": source.name,
            },
        )

    async def _make_room(self, item: Item, body: Body, reservation: Reservation) -> None:
        if not body.start:
            await self._spool.forget(item.gazette.id)
        if body.length is not None:
            item.size = body.length
            await self._spool.resize(reservation, body.length)

    def _came_on(self, item: Item, source: Source) -> bool:
        """Whether what has arrived, and stays, is a good deal more than an attempt of this run has brought before."""
        partial = self._spool.partial(item.gazette.id, source.name)
        if partial is None or partial.length is None:
            return False
        before, item.reached = item.reached, max(item.reached, partial.size)
        return item.reached - before >= max(_LEAST_WAY, partial.length // _ATTEMPTS_MORE)

    async def _count_pages(self, item: Item, part: Path) -> int:
        # What came may be anything: it can crash who opens it, or keep it busy for ever.
        try:
            return await self._quarantine.run(item.gazette.id, count_pages, str(part), seconds=_LONGEST_OPENING)
        except PdfUnreadable as error:
            raise TryAgain(error.reason) from None
        except trio.TooSlowError:
            raise TryAgain(f"the PDF did not open in {_LONGEST_OPENING:.0f} s") from None


def _check_checksums(item: Item, checksums: Checksums) -> None:
    if item.checksums is not None and checksums.sha256 != item.checksums.sha256:
        raise TryAgain(
            f"other bytes than were downloaded first: sha256 {checksums.sha256}, not {item.checksums.sha256}"
        )
