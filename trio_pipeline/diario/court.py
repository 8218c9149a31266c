"""The court's server as a source of gazettes.

This file does not know what the court's answers mean (`court_answers` does), how fast it may be asked (the pacer does),
or what becomes of the bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from trio_pipeline.diario.court_answers import Wanted, check
from trio_pipeline.diario.http import Http, same_host
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.robots import Admission
from trio_pipeline.diario.sources import Body, is_pdf, open_pdf, open_rest
from trio_pipeline.pacing import Pacer

__all__ = ["Court"]

_A_PDF = Wanted("a PDF", is_pdf)


class Court:
    """Downloads gazettes from the court's server.

    Args:
        http: The client.
        pacer: The court's pace.
        admit: Whether the court wants to be asked.
        base_url: Where the paths of the gazettes' addresses are looked for, without a slash at its end.
        size_limit: The most bytes that a gazette may have.
    """

    name = "court"

    def __init__(self, http: Http, pacer: Pacer, admit: Admission, *, base_url: str, size_limit: int) -> None:
        self._http = http
        self._pacer = pacer
        self._admit = admit
        self._base_url = base_url.rstrip("/")
        self._size_limit = size_limit

    @asynccontextmanager
    async def open(self, gazette: Gazette, partial: Partial | None = None) -> AsyncIterator[Body]:
        """See `Source.open`.

        Raises:
            TryAgain: It could not be had this time. Blocks and rejections use up no attempt.
            PartRefused: What has arrived is not the beginning of what the court has.
            GiveUp: The court does not have it.
            StopStage: Its robots.txt forbids to ask, or cannot be read.
            HostPaused: The court is paused for longer than its pacer's patience.

        Cancellation: as `Source.open`.
        """
        url = self._base_url + urlsplit(gazette.url).path
        await self._admit(url)
        headers = None if partial is None else partial.headers()
        async with self._http.send("GET", url, pacer=self._pacer, headers=headers, redirects=same_host) as exchange:
            if partial is not None and exchange.status in {206, 416}:
                async with open_rest(exchange, partial, size_limit=self._size_limit) as body:
                    yield body
                return
            await check(exchange, _A_PDF)
            async with open_pdf(exchange, size_limit=self._size_limit) as body:
                yield body
