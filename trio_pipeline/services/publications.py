"""A gazette that the court's stand-in publishes: its row in the listing, its bytes and what validates them.

This file does not know what else is published, nor how a PDF was made.
"""

from __future__ import annotations

import datetime
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit

from trio_pipeline.diario.model import Gazette, Judgement
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.ranges import parse_range

__all__ = ["Publication", "listing_row", "path_of", "send_pdf"]


@dataclass(frozen=True, slots=True)
class Publication:
    """A gazette that the court publishes.

    Attributes:
        gazette: Which one.
        length: Of its PDF, in bytes.
        content: Makes the PDF; the same bytes each time.
        truth: The judgements that can be read in it, in the order of the document.
        since: The time on Trio's clock from which it can be seen.
    """

    gazette: Gazette
    length: int
    content: Callable[[], bytes]
    truth: tuple[Judgement, ...] = ()
    since: float = -math.inf


def listing_row(gazette: Gazette) -> dict[str, str]:
    """A gazette as the court's listing gives it."""
    row = {
        "relativePath": gazette.file_name,
        "year": f"{gazette.date:%Y}",
        "month": f"{gazette.date:%m}",
        "day": f"{gazette.date:%d}",
        "number": str(gazette.number),
        "url": urlsplit(gazette.url).path,
    }
    return {**row, "sufix": gazette.suffix} if gazette.suffix else row


def path_of(published: Publication) -> str:
    """Where on the court's server its PDF is."""
    return urlsplit(published.gazette.url).path


async def send_pdf(exchange: Exchange, published: Publication, version: int) -> None:
    """Answer with the PDF or the part of it that is asked for, in whatever way the request's fault spoils it.

    Args:
        exchange: The request.
        published: The gazette.
        version: How often its bytes have changed.

    Raises:
        ClientGone: As `Exchange.answer`.

    Cancellation: as `Exchange.answer`.
    """
    fault = "" if exchange.fault is None else exchange.fault.name
    length = published.length + len(_addition(version))
    headers = _validators(published, version)
    part = parse_range(_wanted_range(exchange, headers), length)
    if fault == "no-ranges":
        part = 0, length
        del headers["Accept-Ranges"]
    elif fault == "short-length":
        part = 0, length // 2
    if part is None:
        await exchange.answer(416, headers=[("Content-Range", f"bytes */{length}")])
        return
    start, end = part
    partial = end - start < length and fault != "short-length"
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
    content = b"" if exchange.method == "HEAD" else published.content() + _addition(version)
    status = 206 if partial else 200
    await exchange.answer(status, content[start:end], headers=headers.items(), length=end - start)


def _addition(version: int) -> bytes:
    """What makes the bytes of a version others than those before: a comment, which no reader of PDFs minds."""
    return b"%% version %d\n" % version if version else b""


def _validators(published: Publication, version: int) -> dict[str, str]:
    """The headers that say which bytes these are. They follow from the gazette, so that no PDF is made for them."""
    name = f"{published.gazette.id} {published.length}" + (f" {version}" if version else "")
    tag = hashlib.sha256(name.encode()).hexdigest()[:16]
    evening = datetime.datetime.combine(published.gazette.date, datetime.time(21), datetime.UTC)
    return {
        "Content-Type": "application/pdf",
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Last-Modified": format_datetime(evening + datetime.timedelta(hours=version), usegmt=True),
    }


def _wanted_range(exchange: Exchange, validators: dict[str, str]) -> str | None:
    """The Range header, unless an If-Range says that it is about other bytes."""
    condition = exchange.headers.get("if-range")
    if condition is not None and condition not in {validators["ETag"], validators["Last-Modified"]}:
        return None
    return exchange.headers.get("range")
