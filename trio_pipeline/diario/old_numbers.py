"""The numbers that the court's cases had before 2010: `100.001.2004.012345-6`, `001.2006.001234-5`.

They consist of the comarca (before it, in cases of appeal, a number of the instance), the year, a sequence and a check
digit whose rule is not published.

Pure: this file knows what such a number looks like, not what it stands for in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trio_pipeline.diario.cnj import CaseNumber

__all__ = ["SHAPE", "find_old_numbers"]

SHAPE = b".0000.000000-0"
"""What the shape of every one of them holds (`shapes.shape_of`), as long as no line break cuts it."""

_NUMBER = re.compile(
    r"(?<![\d./-])(?P<places>\d{3}(?:\.\d{3})?)\.(?P<year>(?:19|20)\d\d)\.(?P<sequence>\d{6})"
    r"[-\u2010\u2011\u2013\ufffe\u00ad](?P<check>\d)(?!\d|[./-]\d)"
)


def find_old_numbers(text: str) -> Iterator[CaseNumber]:
    """Give every old number in a text, from left to right, as it is printed."""
    for match in _NUMBER.finditer(text):
        number = f"{match['places']}.{match['year']}.{match['sequence']}-{match['check']}"
        yield CaseNumber(number, match.start(), match.end())
