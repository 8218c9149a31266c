"""What the court's answers mean: the verdict for its pacer, and what follows for whoever asked.

The court blocks who is too fast for it by a page that looks like a success, and nothing that it says is believed before
it was looked at. What it has been seen to do is in the comments. Gazettes, the listing and robots.txt are all judged
here, so that a block page is one wherever it shows up.

This file does not know what is asked for, or how fast the court may be asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.pacing import HostPaused
from trio_pipeline.retry import GiveUp, TryAgain

__all__ = ["Wanted", "check", "is_block_page", "what_to_do"]

# How much of a page is read to find out what it is.
_PAGE = 64 * 1024

# What block and challenge pages say, without accents, in lower case. The first is the court's own, "STIC — Página
# Bloqueada"; the others are those of the usual firewalls and of the networks that stand before servers.
_BLOCK_WORDS = re.compile(
    r"pagina bloqueada|acesso (?:negado|bloqueado)|access denied|request rejected|requisicao rejeitada"
    r"|attention required|just a moment|checking your browser|verifying you are human|captcha|challenge"
    r"|(?:has been|have been|was|were|ip) blocked|foi bloquead[oa]|support id|incident id"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is expected in an answer.

    Attributes:
        name: With its article, for people: "a PDF".
        recognise: Whether an answer is that, by its headers and its first bytes. It may raise TryAgain.
    """

    name: str
    recognise: Callable[[Exchange], Awaitable[bool]]


async def check(exchange: Exchange, wanted: Wanted) -> None:
    """Give the verdict on an answer that is not what was wanted, and raise what follows from it.

    What is wanted gets no verdict here: who reads it says when it has shown enough to be a success.

    Args:
        exchange: The answer.
        wanted: What it should be, with status 200.

    Raises:
        TryAgain: It could not be had this time. Blocks and rejections use up no attempt.
        GiveUp: The court does not have it.

    Cancellation: as `AnswerBody.peek`.
    """
    match exchange.status:
        case 200 if await wanted.recognise(exchange):
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
            raise TryAgain(await _what_came_instead(exchange, wanted))
    reason = f"the court answered with status {exchange.status}"
    if exchange.status == 403 or exchange.status >= 500:
        # It may be about this file alone: so it slows us down, and uses up an attempt.
        exchange.permit.rejected(reason, exchange.retry_after)
    raise TryAgain(reason, after=exchange.retry_after)


async def _page(exchange: Exchange) -> str:
    """What a page in place of an answer says; empty for what is no page."""
    kind = exchange.headers.get("content-type", "").lower()
    start = await exchange.body.peek(_PAGE)
    if not start.lstrip().startswith(b"<") and not kind.startswith(("text/", "application/xhtml")):
        return ""
    # Which encoding it is does not matter but for accents, and the words are looked for without these.
    encoding = "latin-1" if "8859-1" in kind else "utf-8"
    return start.decode(encoding, errors="replace")


async def _what_came_instead(exchange: Exchange, wanted: Wanted) -> str:
    if await exchange.body.peek(1) == b"":
        return f"an empty answer instead of {wanted.name}"
    if await _page(exchange):
        return f"a page instead of {wanted.name}"
    return f"the answer is not {wanted.name}"


def is_block_page(page: str) -> bool:
    """Whether the text of a page says that we are blocked, or have to prove that we are human.

    >>> is_block_page("<title>STIC — Página Bloqueada</title>"), is_block_page("<h1>Diário da Justiça</h1>")
    (True, False)
    """
    decomposed = unicodedata.normalize("NFKD", page.lower())
    words = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _BLOCK_WORDS.search(" ".join(words.split())) is not None


def what_to_do(paused: HostPaused) -> str:
    """What a person can do about a court that is paused for longer than anybody wants to wait, in one line."""
    if paused.unreachable:
        return "look whether it can be reached from here at all, with a browser say, and run again later"
    # Data centres abroad: reported by users.
    return (
        "wait some hours, raise tjro.interval, and run again from an address in Brazil: those of data centres abroad "
        "are blocked"
    )
