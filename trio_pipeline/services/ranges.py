"""The Range header of HTTP (RFC 9110), as far as one range of bytes.

Pure: this file does not know what the bytes are.
"""

from __future__ import annotations

import re

__all__ = ["parse_range"]

_FORM = re.compile(r"bytes=(\d*)-(\d*)")


def parse_range(text: str | None, size: int) -> tuple[int, int] | None:
    """The part of `size` bytes that is asked for, from the first to one past the last.

    A header that is missing, malformed or names several ranges asks for everything.

    Returns:
        The part, or None if it lies outside (416).
    """
    match = _FORM.fullmatch(text or "")
    if match is None or match[0] == "bytes=-":
        return 0, size
    first, last = match[1], match[2]
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
