"""Copies that a ledger might know, for tests of what looks at them."""

from __future__ import annotations

import dataclasses
import datetime

from scripted_network import GAZETTE, NOW
from tiny_archive import checksums_of

from trio_pipeline.diario.copies import HeldCopy

__all__ = ["body", "edition", "held", "minutes_ago"]


def edition(number):
    """Another gazette for each number, a day each."""
    day = GAZETTE.date - datetime.timedelta(days=number)
    return dataclasses.replace(GAZETTE, id=f"tjro-diario-{day}-nr{number}", number=number, date=day)


def body(number):
    """The bytes of an edition."""
    return b"%PDF-1.7\n" + b"%d" % number * 2_000


def minutes_ago(minutes):
    return NOW - datetime.timedelta(minutes=minutes)


def held(number, item="tjro-diario-2025", **fields):
    """A confirmed copy in the year's item, unless something else is said."""
    gazette = edition(number)
    values = {
        "gazette": gazette,
        "archive": "internet-archive",
        "state": "confirmed",
        "url": f"https://archive.org/download/{item}/{gazette.id}.pdf",
        "checksums": checksums_of(body(number)),
        "submitted_at": minutes_ago(60 * 24 * 30),
        "acknowledged": True,
    }
    return HeldCopy(**(values | fields))
