"""Where a gazette's PDF can be had from, and what every such place checks before it hands out bytes.

This file does not know the court, the archives or the spool; it knows files and answers to HTTP requests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.model import Gazette
from trio_pipeline.retry import TryAgain
from trio_pipeline.world import Files

__all__ = ["CHUNK", "Absent", "Body", "Source", "is_pdf", "open_file", "open_pdf"]

CHUNK = 256 * 1024
"""Bytes of a file that are read at once: few enough hops to another thread, little enough memory."""

# What servers call a PDF; an answer without a type is taken by its first bytes alone.
_PDF_TYPES = frozenset({"", "application/pdf", "application/x-pdf", "application/octet-stream", "binary/octet-stream"})
_PDF_MARK = b"%PDF"


class Absent(Exception):
    """This source does not have the gazette; another one may.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a gazette, as they come.

    Attributes:
        length: How many there will be, if the source says so.
        chunks: The bytes. Iterating raises what `Source.open` raises.
    """

    length: int | None
    chunks: AsyncIterator[bytes]


class Source(Protocol):
    """A place that gazettes can be read from.

    Attributes:
        name: What it is called in records.
    """

    @property
    def name(self) -> str:
        """See the class."""

    def open(self, gazette: Gazette) -> AbstractAsyncContextManager[Body]:
        """Begin to read a gazette; leaving the context ends it, whether or not everything was read.

        Bytes are to be trusted only once `chunks` has ended without an error and their checksum is the expected one.

        Raises:
            Absent: It is not here.
            TryAgain: It could not be had this time.
            GiveUp: It cannot be had in this run.
            Reject: It cannot be had at all.
            StopStage: Nothing can be had from here.
            HostPaused: The host is paused for longer than its pacer's patience.

        Cancellation: a checkpoint everywhere; nothing is left open.
        """


@asynccontextmanager
async def open_file(files: Files, path: Path) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    """The bytes of a file, from its start, at most `CHUNK` at a time.

    Raises:
        OSError: It cannot be opened or read.

    Cancellation: a checkpoint at every chunk; the file is closed in any case.
    """
    file = await files.open(path)

    async def read() -> AsyncGenerator[bytes, None]:
        while chunk := await file.read(CHUNK):
            # A short one need not be the last: a file system may give less than it is asked for.
            yield chunk

    try:
        async with aclosing(read()) as chunks:
            yield chunks
    finally:
        await file.close()


async def is_pdf(exchange: Exchange) -> bool:
    """Whether an answer is a PDF by its type and its first bytes.

    Cancellation: as `AnswerBody.peek`.

    Raises:
        TryAgain: The body broke off or stalled.
    """
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in _PDF_TYPES and await exchange.body.peek(len(_PDF_MARK)) == _PDF_MARK


@asynccontextmanager
async def open_pdf(exchange: Exchange, *, size_limit: int) -> AsyncIterator[Body]:
    """The body of an answer with status 200, once it has shown that it is a PDF of a size that is allowed.

    The permit gets its verdict at once: a host that sends a PDF is well, and others may be waiting to hear that.

    Args:
        exchange: The answer.
        size_limit: The most bytes that are taken.

    Raises:
        TryAgain: It is no PDF, is encoded, is larger than allowed, or (while `chunks` is iterated) broke off,
            stalled, or had another length than was said.

    Cancellation: as `AnswerBody.peek`, and in `chunks` as `AnswerBody`.
    """
    encoding = exchange.headers.get("content-encoding", "identity")
    if encoding != "identity":
        # Not asked for; and a compressed body could unpack to any size.
        raise TryAgain("the answer is encoded, which was not asked for")
    length = exchange.length
    if length is not None and length > size_limit:
        exchange.permit.succeeded()
        raise TryAgain(f"larger than allowed: {length} bytes, and the limit is {size_limit}")
    if not await is_pdf(exchange):
        raise TryAgain("the answer is not a PDF")
    exchange.permit.succeeded()
    async with aclosing(_measured(exchange, length, size_limit)) as chunks:
        yield Body(length, chunks)


async def _measured(exchange: Exchange, length: int | None, size_limit: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in exchange.body:
        received += len(chunk)
        if received > size_limit:
            raise TryAgain(f"larger than allowed: the limit is {size_limit} bytes")
        yield chunk
    if length is not None and received != length:
        raise TryAgain(f"ended after {received} of {length} bytes")
