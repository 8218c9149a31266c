"""Where a gazette's PDF can be had from, and what every such place checks before it hands out bytes.

This file does not know the court, the archives or the spool; it knows files and answers to HTTP requests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trio_pipeline.diario.exchange import BrokenOff, Exchange
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.partials import Partial, length_if_rest, strong_validator
from trio_pipeline.retry import TryAgain
from trio_pipeline.world import Files

__all__ = ["CHUNK", "Absent", "Body", "PartRefused", "Source", "is_pdf", "open_file", "open_pdf", "open_rest"]

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


class PartRefused(TryAgain):
    """What has arrived of a gazette is not the beginning of what the source has now: it has to be had from its start.

    That uses up no attempt: without what has arrived there would have been nothing to refuse.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, counts=False)


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a gazette, as they come.

    Attributes:
        length: Of the whole gazette, if the source says it.
        chunks: The bytes. Iterating raises what `Source.open` raises.
        start: How many bytes have arrived before, which `chunks` go on with.
        validator: What the source calls this version of the bytes, if the rest can be asked for by that.
    """

    length: int | None
    chunks: AsyncIterator[bytes]
    start: int = 0
    validator: str | None = None

    def partial(self, source: str) -> Partial | None:
        """What has arrived before `chunks`; None if the rest could not be asked for.

        Args:
            source: The name of the source that this comes from.
        """
        return None if self.validator is None else Partial(source, self.validator, self.length, self.start)


class Source(Protocol):
    """A place that gazettes can be read from.

    Attributes:
        name: What it is called in records.
    """

    @property
    def name(self) -> str:
        """See the class."""

    def open(self, gazette: Gazette, partial: Partial | None = None) -> AbstractAsyncContextManager[Body]:
        """Begin to read a gazette; leaving the context ends it, whether or not everything was read.

        Bytes are to be trusted only once `chunks` has ended without an error and their checksum is the expected one.

        Args:
            gazette: Which one.
            partial: What has arrived of it from this source before. `Body.start` says whether the source goes on with
                that or begins again.

        Raises:
            Absent: It is not here.
            PartRefused: What has arrived is not the beginning of what is here.
            BrokenOff: Its bytes came to an end before their end.
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
        BrokenOff: The body broke off or stalled.
    """
    return _calls_itself_pdf(exchange) and await exchange.body.peek(len(_PDF_MARK)) == _PDF_MARK


def _calls_itself_pdf(exchange: Exchange) -> bool:
    return exchange.headers.get("content-type", "").partition(";")[0].strip().lower() in _PDF_TYPES


@asynccontextmanager
async def open_pdf(exchange: Exchange, *, size_limit: int) -> AsyncIterator[Body]:
    """The body of an answer with status 200, once it has shown that it is a PDF of a size that is allowed.

    The permit gets its verdict at once: a host that sends a PDF is well, and others may be waiting to hear that.

    Args:
        exchange: The answer.
        size_limit: The most bytes that are taken.

    Raises:
        TryAgain: It is no PDF, is encoded, is larger than allowed, or (while `chunks` is iterated) had more bytes than
            was said.
        BrokenOff: It broke off, stalled, or had fewer bytes than was said.

    Cancellation: as `AnswerBody.peek`, and in `chunks` as `AnswerBody`.
    """
    _check_encoding(exchange)
    length = exchange.length
    if length is not None:
        _check_length(exchange, length, size_limit)
    if not await is_pdf(exchange):
        raise TryAgain("the answer is not a PDF")
    exchange.permit.succeeded()
    async with aclosing(_measured(exchange, 0, length, size_limit)) as chunks:
        yield Body(length, chunks, validator=strong_validator(exchange.headers))


@asynccontextmanager
async def open_rest(exchange: Exchange, partial: Partial, *, size_limit: int) -> AsyncIterator[Body]:
    """The body of an answer to a request for the rest of a PDF, with status 206, or 416 if there is no such rest.

    Whether it is that rest is told by what the source calls the bytes, how many there are in all, and where these
    begin; whether the two parts make a PDF, only by the whole.

    Args:
        exchange: The answer.
        partial: What has arrived.
        size_limit: The most bytes that are taken, those that have arrived included.

    Raises:
        PartRefused: It is not the rest of what has arrived.
        TryAgain: As `open_pdf`.
        BrokenOff: As `open_pdf`.

    Cancellation: as `open_pdf`.
    """
    length = length_if_rest(exchange.headers, partial) if exchange.status == 206 else None
    is_rest = length is not None and exchange.length in {None, length - partial.size}
    if length is None or not is_rest or not _calls_itself_pdf(exchange):
        exchange.permit.succeeded()
        raise PartRefused(f"the rest from byte {partial.size} on is not to be had: status {exchange.status}")
    _check_encoding(exchange)
    _check_length(exchange, length, size_limit)
    await exchange.body.peek(1)
    exchange.permit.succeeded()
    async with aclosing(_measured(exchange, partial.size, length, size_limit)) as chunks:
        yield Body(length, chunks, start=partial.size, validator=partial.validator)


def _check_encoding(exchange: Exchange) -> None:
    if exchange.headers.get("content-encoding", "identity") != "identity":
        # Not asked for; and a compressed body could unpack to any size.
        raise TryAgain("the answer is encoded, which was not asked for")


def _check_length(exchange: Exchange, length: int, size_limit: int) -> None:
    if length > size_limit:
        exchange.permit.succeeded()
        raise TryAgain(f"larger than allowed: {length} bytes, and the limit is {size_limit}")


async def _measured(
    exchange: Exchange, received: int, length: int | None, size_limit: int
) -> AsyncGenerator[bytes, None]:
    """What follows on so many bytes, as long as the whole is no larger than allowed."""
    async for chunk in exchange.body:
        received += len(chunk)
        if received > size_limit:
            raise TryAgain(f"larger than allowed: the limit is {size_limit} bytes")
        yield chunk
    if length is not None and received != length:
        kind = BrokenOff if received < length else TryAgain
        raise kind(f"ended after {received} of {length} bytes")
