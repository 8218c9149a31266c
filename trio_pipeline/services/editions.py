"""Which gazettes a made-up court has published: dates, numbers and addresses in the real one's form.

Pure: this file does not know what stands in them.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from itertools import islice

from trio_pipeline.diario.identifiers import gazette_id
from trio_pipeline.diario.model import Gazette

__all__ = ["editions"]

_SUPPLEMENTS = 0.04  # the share of editions that have one; the real court has fewer, a demo should show one


def editions(count: int, newest: datetime.date, *, seed: int) -> tuple[Gazette, ...]:
    """The last `count` gazettes up to a date, newest first: one for each working day, and now and then a supplement.

    Numbers start again at 1 every year and have no gaps; they depend on the date alone.
    """
    return tuple(islice(_backwards(newest, seed), count))


def _backwards(newest: datetime.date, seed: int) -> Iterator[Gazette]:
    day = newest
    while True:
        if day.weekday() < 5:
            rng = random.Random(f"{seed} {day.isoformat()}")
            suffixes = ("SUP", "") if rng.random() < _SUPPLEMENTS else ("",)
            for suffix in suffixes:
                yield _edition(day, suffix, rng.randrange(10, 10_000))
        day -= datetime.timedelta(days=1)


def _edition(day: datetime.date, suffix: str, digits: int) -> Gazette:
    number = _working_days(day)
    tail = f"-{suffix}" if suffix else ""
    file_name = f"{day:%Y%m%d}{digits}-NR{number}{tail}.pdf"
    url = f"https://www.tjro.jus.br/novodiario/{day.year}/{file_name}"
    return Gazette(gazette_id("tjro", day, number, suffix), "tjro", day, number, suffix, url, file_name)


def _working_days(day: datetime.date) -> int:
    """How many days from Monday to Friday the year has had, this one included."""
    first = datetime.date(day.year, 1, 1)
    weeks, rest = divmod((day - first).days + 1, 7)
    return weeks * 5 + sum((first.weekday() + offset) % 7 < 5 for offset in range(rest))
