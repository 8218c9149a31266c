"""The names a gazette goes by: its own id, and its items on the Internet Archive.

Pure.
"""

from __future__ import annotations

import datetime
import re

from trio_pipeline.diario.model import Gazette

__all__ = ["archive_item", "gazette_id"]


def gazette_id(tribunal: str, date: datetime.date, number: int, suffix: str) -> str:
    """The id of an edition: a function of the edition alone, so that no other row can change or take it.

    The suffix counts by its letters and digits; a stray dot, which the court once published, is a suffix too, since
    the plain edition of that number exists as well or may appear.

    >>> gazette_id("tjro", datetime.date(2024, 8, 29), 162, "SUP")
    'tjro-diario-2024-08-29-nr162-sup'
    """
    identifier = f"{tribunal}-diario-{date.isoformat()}-nr{number}"
    word = re.sub(r"[^a-z0-9]+", "", suffix.lower())
    if word:
        return f"{identifier}-{word}"
    return f"{identifier}-x" if suffix else identifier


def archive_item(gazette: Gazette, layout: str) -> str:
    """The identifier of the Internet Archive item that holds a gazette.

    Args:
        gazette: The gazette.
        layout: `year` (one item for each court and year; what the archive asks for with serials) or `edition`.
    """
    if layout == "edition":
        return gazette.id
    return f"{gazette.tribunal}-diario-{gazette.date.year}"
