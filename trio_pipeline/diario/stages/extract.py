"""The stage `extract`: text and judgements out of a PDF, or judgements out of a kept text, in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from trio_pipeline.diario.extraction import extract, extract_text
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.readers import RULES, Reader, ReadingPart
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.bookkeeping import Result
from trio_pipeline.diario.stages.reading import read_apart
from trio_pipeline.diario.stored_text import TextLost, read_again
from trio_pipeline.diario.texts import Texts
from trio_pipeline.retry import Reject

__all__ = ["Extracted", "Extractor"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted(Result):
    """A gazette that was read.

    Attributes:
        parts: What was read, by each of its readers.
    """

    parts: tuple[ReadingPart, ...]


class Extractor:
    """Reads gazettes.

    Args:
        reader: Who reads: what the rules leave is left to the model, if there is one.
        spool: Where PDFs lie.
        texts: Where texts are kept.
        quarantine: Where PDFs and texts are read.
    """

    def __init__(self, *, reader: Reader, spool: Spool, texts: Texts, quarantine: Quarantine) -> None:
        self._reader = reader
        self._spool = spool
        self._texts = texts
        self._quarantine = quarantine

    async def extract(self, item: Item) -> Result:
        """Read a gazette by rules, or keep its text for the model alone.

        Raises:
            TryAgain: The worker died while the run was ending.
            Reject: There is no text in the PDF, or it kills its workers.
            GiveUp: It takes too long.

        Cancellation: the worker is killed; nothing is kept.
        """
        return await (self._from_text(item) if item.has_text else self._from_pdf(item))

    async def _from_text(self, item: Item) -> Result:
        if self._reader.rules is None:
            return Result(item, "read")
        try:
            reading = await self._run(item, read_again, self._texts.path(item.gazette.id))
        except TextLost as error:
            item.has_text = False
            return Result(item, "put_off", {"reason": f"{error}; it is made again"})
        return self._read(item, ReadingPart(RULES, self._reader.rules, reading), {})

    async def _from_pdf(self, item: Item) -> Result:
        if item.checksums is None or not await self._spool.verify(item.gazette.id, item.checksums):
            return _brought_back(item)
        try:
            return await self._read_pdf(item)
        except (Reject, OSError) as error:
            failure = error
        # The spool trusts what this run has written, and somebody may have changed it since.
        if await self._spool.look_again(item.gazette.id, item.checksums):
            raise failure
        return _brought_back(item)

    async def _read_pdf(self, item: Item) -> Result:
        path = self._spool.path(item.gazette.id)
        if self._reader.rules is None:
            text = await self._run(item, extract_text, path)
            await self._texts.store(item.gazette.id, text.data)
            return Result(item, "read", {"pages": text.pages})
        extraction = await self._run(item, extract, path)
        await self._texts.store(item.gazette.id, extraction.text.data)
        part = ReadingPart(RULES, self._reader.rules, extraction.reading)
        return self._read(item, part, {"pages": extraction.text.pages})

    def _read(self, item: Item, part: ReadingPart, detail: dict[str, object]) -> Result:
        is_left_to_model = self._reader.model is not None and part.reading.unread
        return Extracted(item, "read" if is_left_to_model else "extracted", detail, parts=(part,))

    async def _run(self, item: Item, function: Callable[[str], T], path: Path) -> T:
        return await read_apart(self._quarantine, item.gazette.id, function, str(path))


def _brought_back(item: Item) -> Result:
    return Result(item, "put_off", {"reason": "its PDF is no longer what it was, and is brought back"})
