"""The stage `extract`: text and judgements out of a PDF, in a worker process."""

from __future__ import annotations

from dataclasses import dataclass

import trio
import trio_parallel

from trio_pipeline.diario.items import Item
from trio_pipeline.diario.model import Reading
from trio_pipeline.diario.pdf import PdfUnreadable, extract
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.bookkeeping import Result
from trio_pipeline.diario.texts import Texts
from trio_pipeline.retry import GiveUp, TryAgain
from trio_pipeline.world import Processes

__all__ = ["Extracted", "Extractor"]

_LONGEST_READING = 600.0
"""Seconds for reading a PDF; the largest real ones take half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted(Result):
    """A gazette that was read.

    Attributes:
        reading: What was read.
    """

    reading: Reading


class Extractor:
    """Reads gazettes.

    Args:
        spool: Where PDFs lie.
        texts: Where texts are kept.
        processes: Where PDFs are read.
    """

    def __init__(self, *, spool: Spool, texts: Texts, processes: Processes) -> None:
        self._spool = spool
        self._texts = texts
        self._processes = processes

    async def extract(self, item: Item) -> Result:
        """Read a gazette, keep its text, and return its judgements.

        Raises:
            TryAgain: The worker died, or the PDF is not what it was.
            GiveUp: The PDF cannot be read.

        Cancellation: the worker is killed; nothing is kept.
        """
        if item.checksums is None or not await self._spool.verify(item.gazette.id, item.checksums):
            return Result(item, "put_off", {"reason": "its PDF is no longer what it was, and is brought back"})
        try:
            with trio.fail_after(_LONGEST_READING):
                extraction = await self._processes.run(extract, str(self._spool.path(item.gazette.id)))
        except PdfUnreadable as error:
            raise GiveUp(error.reason) from None
        except trio_parallel.BrokenWorkerError:
            raise TryAgain("the worker process died while it read the PDF") from None
        except trio.TooSlowError:
            raise GiveUp(f"the PDF could not be read in {_LONGEST_READING / 60:.0f} minutes") from None
        await self._texts.store(item.gazette.id, extraction.pages)
        return Extracted(item, "extracted", {"pages": len(extraction.pages)}, reading=extraction.reading)
