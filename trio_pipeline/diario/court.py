"""The court's server as a source of gazettes.

It is slow, it blocks who is too fast for it by a page that looks like a success, and nothing that it says is believed
before it was looked at. What it has been seen to do is in the comments.

This file does not know how fast the court may be asked (the pacer does), or what becomes of the bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.http import Http, same_host
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.sources import Body, is_pdf, open_pdf
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import GiveUp, TryAgain

__all__ = ["Court", "is_block_page"]

# How much of a page is read to find out what it is.
_PAGE = 64 * 1024

# What block and challenge pages say, without accents, in lower case. The first is the court's own, "STIC — Página
# Bloqueada"; the others are those of the usual firewalls and of the networks that stand before servers.
_BLOCK_WORDS = re.compile(
    r"pagina bloqueada|acesso (?:negado|bloqueado)|access denied|request rejected|requisicao rejeitada"
    r"|attention required|just a moment|checking your browser|verifying you are human|captcha|challenge"
    r"|(?:has been|have been|was|were|ip) blocked|foi bloquead[oa]|support id|incident id"
)


class Court:
    """Downloads gazettes from the court's server.

    Args:
        http: The client.
        pacer: The court's pace.
        base_url: Where the paths of the gazettes' addresses are looked for, without a slash at its end.
        size_limit: The most bytes that a gazette may have.
    """

    name = "court"

    def __init__(self, http: Http, pacer: Pacer, *, base_url: str, size_limit: int) -> None:
        self._http = http
        self._pacer = pacer
        self._base_url = base_url.rstrip("/")
        self._size_limit = size_limit

    @asynccontextmanager
    async def open(self, gazette: Gazette) -> AsyncIterator[Body]:
        """See `Source.open`.

        Raises:
            TryAgain: It could not be had this time. Blocks and rejections use up no attempt.
            GiveUp: The court does not have it.
            HostPaused: The court is paused for longer than its pacer's patience.

        Cancellation: as `Source.open`.
        """
        url = self._base_url + urlsplit(gazette.url).path
        async with self._http.send("GET", url, pacer=self._pacer, redirects=same_host) as exchange:
            await _check(exchange)
            async with open_pdf(exchange, size_limit=self._size_limit) as body:
                yield body


async def _check(exchange: Exchange) -> None:
    """Give the verdict on what is not a gazette, and raise what follows from it."""
    match exchange.status:
        case 200 if await is_pdf(exchange):
            return
        case 404 | 410:
            exchange.permit.succeeded()
            raise GiveUp(f"the court does not have it: status {exchange.status}")
        case 429 | 503:
            reason = f"the court asks to wait: status {exchange.status}"
            exchange.permit.rejected(reason, exchange.retry_after)
            raise TryAgain(reason, after=exchange.retry_after, counts=False)
        case 200 | 403 if is_block_page(await _page(exchange)):
            reason = f"the court shows a block page, with status {exchange.status}"
            exchange.permit.blocked(reason)
            raise TryAgain(reason, counts=False)
        case 200:
            raise TryAgain(await _what_came_instead(exchange))
        case 403:
            # Without a block page it may be meant for this file alone: so it slows us down, and uses up an attempt.
            exchange.permit.rejected("the court refused: status 403", exchange.retry_after)
    raise TryAgain(f"the court answered with status {exchange.status}", after=exchange.retry_after)


async def _page(exchange: Exchange) -> str:
    """What a page in place of a PDF says; empty for what is no page."""
    kind = exchange.headers.get("content-type", "").lower()
    start = await exchange.body.peek(_PAGE)
    if not start.lstrip().startswith(b"<") and not kind.startswith(("text/", "application/xhtml")):
        return ""
    # Which encoding it is does not matter but for accents, and the words are looked for without these.
    encoding = "latin-1" if "8859-1" in kind else "utf-8"
    return start.decode(encoding, errors="replace")


async def _what_came_instead(exchange: Exchange) -> str:
    if await exchange.body.peek(1) == b"":
        return "an empty answer instead of a PDF"
    if await _page(exchange):
        return "a page instead of a PDF"
    return "the answer is not a PDF"


def is_block_page(page: str) -> bool:
    """Whether the text of a page says that we are blocked, or have to prove that we are human.

    >>> is_block_page("<title>STIC — Página Bloqueada</title>"), is_block_page("<h1>Diário da Justiça</h1>")
    (True, False)
    """
    decomposed = unicodedata.normalize("NFKD", page.lower())
    words = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _BLOCK_WORDS.search(" ".join(words.split())) is not None
