"""The beginning of a gazette that broke off: how the rest is asked for, and which answer is that rest (RFC 9110).

Pure: this file does not know where the bytes lie, how they travel, or what they are.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["Partial", "length_if_rest", "strong_validator"]

# A tag without "W/" before it. It is sent back as it came, so it must not be able to end a header.
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

_APART = datetime.timedelta(seconds=60)
"""How much older than an answer its bytes must be for their date to tell them from any others (section 8.8.2.2): within
less, they could have changed twice, or the dates be those of two clocks."""


@dataclass(frozen=True, slots=True)
class Partial:
    """What has arrived of a PDF.

    Attributes:
        source: The name of the source that it came from.
        validator: What that source calls this version of the bytes: a strong ETag, or a date, as its header had it.
        length: Of the whole in bytes, if the source said it.
        size: Bytes that have arrived.
    """

    source: str
    validator: str
    length: int | None
    size: int

    def headers(self) -> dict[str, str]:
        """What a request for the rest has besides: the rest if the bytes are still the same, else all of them."""
        return {"Range": f"bytes={self.size}-", "If-Range": self.validator}


def strong_validator(headers: Mapping[str, str]) -> str | None:
    """What an answer says that tells its bytes from any others, in a form for If-Range; None if it says no such thing.

    Args:
        headers: The answer's, found by names in lower case.
    """
    tag = headers.get("etag")
    if tag is not None:
        # Who has a tag, be it a weak one, must not go by the date (section 13.1.5).
        return tag if _STRONG_TAG.fullmatch(tag) else None
    modified, sent = headers.get("last-modified", ""), headers.get("date", "")
    changed_at, sent_at = _moment(modified), _moment(sent)
    if changed_at is None or sent_at is None or sent_at - changed_at < _APART:
        return None
    return modified


def length_if_rest(headers: Mapping[str, str], partial: Partial) -> int | None:
    """The length of the whole, if an answer with status 206 brings exactly what is lacking; else None.

    Args:
        headers: The answer's, found by names in lower case.
        partial: What has arrived.
    """
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    if match is None:
        return None
    start, last, length = map(int, match.groups())
    name = "etag" if partial.validator.startswith('"') else "last-modified"
    is_rest = start == partial.size <= last == length - 1
    is_same = partial.length in {None, length} and headers.get(name, partial.validator) == partial.validator
    return length if is_rest and is_same else None


def _moment(date: str) -> datetime.datetime | None:
    """A date as servers must write it; None for any other text."""
    try:
        moment = parsedate_to_datetime(date)
        return moment if format_datetime(moment, usegmt=True) == date else None
    except (ValueError, OverflowError):
        return None
