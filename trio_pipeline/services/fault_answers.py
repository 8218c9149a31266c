"""The whole answers that faults give in place of the real one.

This file does not know when a fault is due, nor the faults that break an answer or a connection instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.faults import Fault

__all__ = ["BLOCK_PAGE", "answered_by_fault", "retry_after"]

BLOCK_PAGE = (
    "<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>STIC — Página Bloqueada</title></head>\n"
    "<body><h1>STIC — Página Bloqueada</h1><p>O acesso a esta página foi bloqueado.</p></body></html>\n"
).encode()
"""What the court answers with status 200 to an address that it has blocked."""

_SOME_PAGE = b"<!DOCTYPE html>\n<html><head><title>Portal</title></head><body><h1>Portal</h1></body></html>\n"
_HTML = "text/html; charset=utf-8"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """A status and a body."""

    status: int
    content: bytes
    media_type: str = "text/plain"


_ANSWERS: Mapping[str, _Answer] = MappingProxyType(
    {
        "unavailable": _Answer(503, b"Service Unavailable"),
        "too-many": _Answer(429, b"Too Many Requests"),
        "internal": _Answer(500, b"Internal Server Error"),
        "gateway": _Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>\n", _HTML),
        "forbidden": _Answer(403, b"Forbidden"),
        "missing": _Answer(404, b"Not Found"),
        "block-page": _Answer(200, BLOCK_PAGE, _HTML),
        "forbidden-block": _Answer(403, BLOCK_PAGE, _HTML),
        "not-json": _Answer(200, _SOME_PAGE, _HTML),
        "page": _Answer(200, _SOME_PAGE, _HTML),
    }
)


def retry_after(fault: Fault | None) -> list[tuple[str, str]]:
    """The headers that a fault's answer has besides its own."""
    if fault is None:
        return []
    seconds = _SECONDS if fault.retry_after is None and fault.name == "too-many" else fault.retry_after
    return [] if seconds is None else [("Retry-After", f"{seconds:.0f}")]


async def answered_by_fault(exchange: Exchange) -> bool:
    """Give the answer that the request's fault asks for, if it asks for a whole one; whether it did.

    Raises:
        ClientGone: As `Exchange.answer`.

    Cancellation: as `Exchange.answer`.
    """
    answer = None if exchange.fault is None else _ANSWERS.get(exchange.fault.name)
    if answer is None:
        return False
    headers = [("Content-Type", answer.media_type), *retry_after(exchange.fault)]
    await exchange.answer(answer.status, answer.content, headers=headers)
    return True
