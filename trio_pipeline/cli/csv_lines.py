"""Answers as CSV (RFC 4180): a header, commas, CRLF, quotation marks where they are needed, UTF-8.

Made to be opened in a spreadsheet, by people who did not write what stands in it: a cell that a spreadsheet would take
for a formula begins with an apostrophe, and nothing in it commands a terminal. Lists are joined; whoever needs them
apart takes JSON. This file does not know what the rows mean.
"""

from __future__ import annotations

import csv
import datetime
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["print_csv"]

_LINE_END = re.compile(r"\r\n|[\r\n\f]")
# What OWASP's page on CSV injection names, and the wide forms that some programs take for the same.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def print_csv(rows: Iterable[Mapping[str, object]], columns: Sequence[str], *, file: TextIO | None = None) -> None:
    """Print rows as CSV.

    Args:
        rows: By column name; what a row lacks is an empty cell.
        columns: The columns to print, in order.
        file: Where to; stdout if None.
    """
    writer = csv.writer(sys.stdout if file is None else file, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | datetime.date():
            return str(value)
        case _:
            text = "\n".join(map(terminal_safe, _LINE_END.split(_text(value))))
            return f"'{text}" if _FORMULA.match(text) else text


def _text(value: object) -> str:
    match value:
        case Mapping():
            # A lawyer: the name, and the number if there is one.
            first, *others = (str(part) for part in value.values() if part is not None)
            return f"{first} ({', '.join(others)})" if others else first
        case list() | tuple():
            return "; ".join(map(_text, value))
        case _:
            return str(value)
