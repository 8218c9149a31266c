"""Durations, sizes and days as people write them: `30m`, `2 days`, `200 MB`, `2025-06-23`.

Pure: this file does not know which setting has which unit.
"""

from __future__ import annotations

import datetime
import re
from contextlib import suppress
from decimal import Decimal

from trio_pipeline.diario.quoting import quoted

__all__ = ["format_duration", "format_size", "parse_day", "parse_duration", "parse_size", "rough_size"]

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2})", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86400}
_DURATION_NAMES = {
    "": "s",
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "day"),
}
# Decimal, as disks and archives count; who wants powers of two writes the i.
_BYTES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SHOWN_SIZES = ("TB", "GB", "MB", "KB")
# The digits are bounded so that no number of a hostile length is ever computed with.
_QUANTITY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) *([A-Za-z]*)")


def parse_duration(value: object) -> float:
    """Seconds in a duration: a number of seconds, or a number with a unit (s, m, h, d and their longer names).

    >>> parse_duration("30m"), parse_duration("2 days"), parse_duration(0.5)
    (1800.0, 172800.0, 0.5)

    Raises:
        ValueError: It is no duration, or negative.
    """
    amount, unit = _quantity(value, "a duration such as 90, 30m or '2 days'")
    name = _DURATION_NAMES.get(unit.lower())
    if name is None:
        raise ValueError(f"the unit {quoted(unit)} is none of s, m, h, d")
    return float(amount * _SECONDS[name])


def parse_day(text: str) -> datetime.date:
    """A day: year, month and day, with hyphens between or with none.

    >>> parse_day("2025-6-23") == parse_day("20250623") == datetime.date(2025, 6, 23)
    True

    Raises:
        ValueError: It is none.
    """
    match = _DAY.fullmatch(text)
    if match:
        year, month, day = (int(part) for part in match.groups() if part)
        with suppress(ValueError):
            return datetime.date(year, month, day)
    raise ValueError(f"{quoted(text)} is no day: write year, month and day, as in 2025-06-23")


def parse_size(value: object) -> int:
    """Bytes in a size: a number of bytes, or a number with a unit (KB, MB, GB, TB decimal; KiB, MiB, GiB, TiB).

    >>> parse_size("5 GB"), parse_size("256 KiB")
    (5000000000, 262144)

    Raises:
        ValueError: It is no size, negative, or not a whole number of bytes.
    """
    amount, unit = _quantity(value, "a size such as 5000000, 256 KB or '5 GB'")
    factor = _BYTES.get(unit.upper() or "B")
    if factor is None:
        raise ValueError(f"the unit {quoted(unit)} is none of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB")
    size = amount * factor
    if size != int(size):
        raise ValueError("not a whole number of bytes")
    return int(size)


def format_duration(seconds: float) -> str:
    """The shortest exact way to write a duration; `parse_duration` reads it back.

    >>> format_duration(1800.0), format_duration(90.0), format_duration(864000.0)
    ('30 min', '90 s', '10 days')
    """
    for name in ("day", "h", "min"):
        if seconds and seconds % _SECONDS[name] == 0:
            count = int(seconds // _SECONDS[name])
            return f"{count} days" if name == "day" and count > 1 else f"{count} {name}"
    return f"{Decimal(repr(float(seconds))).normalize():f} s"


def format_size(size: int) -> str:
    """The shortest exact way to write a size in decimal units; `parse_size` reads it back.

    >>> format_size(5_000_000_000), format_size(1500), format_size(0)
    ('5 GB', '1500 B', '0 B')
    """
    for unit in _SHOWN_SIZES:
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]} {unit}"
    return f"{size} B"


def rough_size(size: int) -> str:
    """A size for a person, in its largest decimal unit.

    >>> rough_size(14_849_123_456), rough_size(2_500_000), rough_size(999_999_999), rough_size(999)
    ('14.8 GB', '2.5 MB', '1.0 GB', '999 B')
    """
    for unit in _SHOWN_SIZES:
        # What would be rounded up to 1,000 of a unit is 1 of the next.
        if size >= 0.99995 * _BYTES[unit]:
            return f"{size / _BYTES[unit]:,.1f} {unit}"
    return f"{size} B"


def _quantity(value: object, wanted: str) -> tuple[Decimal, str]:
    match value:
        case str():
            text = value.strip()
        case bool():  # an int for Python, never for a person
            text = ""
        case int() | float():
            text = f"{Decimal(repr(value)):f}"
        case _:
            text = ""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError("cannot be negative" if text.startswith("-") else f"not {wanted}")
    return Decimal(match.group(1)), match.group(2)
