"""Reading files from the Internet Archive, by their addresses.

This file does not know items or gazettes, or what the bytes should be.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trio_pipeline.diario.archives.ia_items import check_turned_away
from trio_pipeline.diario.http import Http, RedirectRule
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.sources import Absent, Body, open_pdf, open_rest
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import TryAgain

__all__ = ["ArchivedFiles", "CopyAt"]


class ArchivedFiles:
    """Reads PDFs from the archive.

    Args:
        http: The client.
        pacer: The pace of everything but uploads.
        redirects: Where the archive may send us: it keeps files on nodes of its own.
        size_limit: The most bytes that are taken.
    """

    def __init__(self, http: Http, pacer: Pacer, *, redirects: RedirectRule, size_limit: int) -> None:
        self._http = http
        self._pacer = pacer
        self._redirects = redirects
        self._size_limit = size_limit

    @asynccontextmanager
    async def open(self, url: str, partial: Partial | None = None) -> AsyncIterator[Body]:
        """Begin to read a file; see `Source.open`.

        Raises:
            Absent: The archive does not show the file, or does not let it be read.
            TryAgain: It could not be had this time.
            PartRefused: What has arrived is not the beginning of what the archive has.
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: as `Source.open`.
        """
        headers = None if partial is None else partial.headers()
        async with self._http.send(
            "GET", url, pacer=self._pacer, headers=headers, redirects=self._redirects
        ) as exchange:
            if partial is not None and exchange.status in {206, 416}:
                async with open_rest(exchange, partial, size_limit=self._size_limit) as body:
                    yield body
                return
            check_turned_away(exchange)
            if exchange.status in {401, 403, 404, 410}:
                exchange.permit.succeeded()
                raise Absent(f"the archive does not have it: status {exchange.status}")
            if exchange.status != 200:
                raise TryAgain(f"the archive answered with status {exchange.status}")
            async with open_pdf(exchange, size_limit=self._size_limit) as body:
                yield body


class CopyAt:
    """A copy of a gazette at an address, in an item of somebody else say: a `Source` of that gazette alone.

    Args:
        name: What it is called in records.
        files: Reads it.
        url: Where it is.
    """

    def __init__(self, name: str, files: ArchivedFiles, url: str) -> None:
        self.name = name
        self._files = files
        self._url = url

    @asynccontextmanager
    async def open(self, gazette: Gazette, partial: Partial | None = None) -> AsyncIterator[Body]:
        """See `Source.open` and `ArchivedFiles.open`."""
        del gazette  # it is the one whose copy this is
        async with self._files.open(self._url, partial) as body:
            yield body
