"""Answers on stdout: a table for a person at a terminal, plain lines for a pipe, JSON lines for a program.

Values come from catalogs, gazettes and other people's servers: nothing of them may reach a terminal as a command. This
file does not know what the rows mean.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trio_pipeline.diario.quoting import replace_unprintable, terminal_safe

__all__ = ["json_line", "plain_value", "print_json_lines", "print_rows", "terminal_safe"]

Row = Mapping[str, object]

# A table whose columns have less room than this is harder to read than a list.
_NARROWEST = 12
# Around and between the columns of a table.
_MARGIN = 3


def print_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    as_json: bool = False,
    file: TextIO | None = None,
    width: int | None = None,
) -> None:
    """Print rows in the form that fits who reads them.

    Args:
        rows: By column name; what a row lacks is null.
        columns: The columns to print, in order.
        as_json: One JSON object a line instead, whoever reads.
        file: Where to; stdout if None.
        width: Columns of the terminal; found out if None. Without a terminal nothing is cut or folded.
    """
    out = sys.stdout if file is None else file
    if as_json:
        print_json_lines(({name: row.get(name) for name in columns} for row in rows), file=out)
    elif out.isatty():
        _print_for_person(list(rows), columns, Console(file=out, width=width))
    else:
        _print_plain(rows, columns, out)


def print_json_lines(rows: Iterable[Row], *, file: TextIO | None = None) -> None:
    """Print one JSON object a line, each as soon as its row is there."""
    out = sys.stdout if file is None else file
    for row in rows:
        out.write(json_line(row) + "\n")


def json_line(row: Row) -> str:
    r"""A row as JSON on one line.

    Times are ISO 8601 (those without a zone are UTC), durations seconds, decimals numbers, bytes hex; what JSON cannot
    say (infinity) is null. Letters stay as they are; control characters are escaped, also those that JSON would allow.

    >>> json_line({"id": "diário", "page": 1})
    '{"id": "diário", "page": 1}'
    """
    line = json.dumps(_jsonable(row), ensure_ascii=False, allow_nan=False)
    # JSON may hold these only inside of strings, where the escape means the same.
    return replace_unprintable(line, lambda character: json.dumps(character)[1:-1])


def plain_value(value: object) -> str:
    """A value on one line for a person, safe for a terminal; empty for null."""
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case float():
            text = f"{value:.6g}"
        case datetime.datetime():
            text = value.isoformat(sep=" ", timespec="seconds")
        case str() | int() | datetime.date() | datetime.timedelta() | decimal.Decimal():
            text = str(value)
        case _:
            text = json.dumps(_jsonable(value), ensure_ascii=False)
    return terminal_safe(text)


def _jsonable(value: object) -> object:
    result: object = value
    match value:
        case None | bool() | int() | str():
            pass
        case float() | decimal.Decimal():
            result = _number(value)
        case datetime.datetime():
            result = value.isoformat() + ("Z" if value.tzinfo is None else "")
        case datetime.date() | datetime.time():
            result = value.isoformat()
        case datetime.timedelta():
            result = value.total_seconds()
        case bytes():
            result = value.hex()
        case Mapping():
            result = {str(key): _jsonable(part) for key, part in value.items()}
        case Sequence():
            result = [_jsonable(part) for part in value]
        case _:
            result = str(value)
    return result


def _number(value: float | decimal.Decimal) -> float | None:
    if not math.isfinite(value):
        return None
    if isinstance(value, decimal.Decimal) and value == value.to_integral_value():
        return int(value)
    return float(value)


def _print_plain(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    """Lines of tab-separated cells below their names: `cut` reads them, and no cell has a tab of its own."""
    out.write("\t".join(columns) + "\n")
    out.writelines("\t".join(plain_value(row.get(name)) for name in columns) + "\n" for row in rows)


def _print_for_person(rows: Sequence[Row], columns: Sequence[str], console: Console) -> None:
    cells = [[plain_value(row.get(name)) for name in columns] for row in rows]
    unfolded = _unfolded(cells, columns, console.width)
    if unfolded is None:
        _print_list(cells, columns, console)
    else:
        _print_table(cells, columns, unfolded, console)


def _unfolded(cells: Sequence[Sequence[str]], columns: Sequence[str], room: int) -> Collection[int] | None:
    """The columns of a table in which nothing is folded; None if there is no room for a table that can be read.

    The first column, which people copy from, is one. Then come those without white space, identifiers and days, for as
    long as there is room: what is folded is running text.
    """
    texts = [(name, *(row[index] for row in cells)) for index, name in enumerate(columns)]
    whole = [max(map(cell_len, column)) for column in texts]
    wanted = [0, *(index for index, column in enumerate(texts) if index and not any(" " in text for text in column))]
    left = room - sum(min(_NARROWEST, width) + _MARGIN for width in whole)
    unfolded = set()
    for index in wanted:
        more = max(0, whole[index] - _NARROWEST)
        if more <= left:
            left -= more
            unfolded.add(index)
    return unfolded if 0 in unfolded else None


def _print_table(
    cells: Sequence[Sequence[str]], columns: Sequence[str], unfolded: Collection[int], console: Console
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for index, name in enumerate(columns):
        table.add_column(Text(name), overflow="fold", no_wrap=index in unfolded)
    for row in cells:
        # A Text is shown as it is; a plain string would be searched for markup such as [bold].
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _print_list(cells: Sequence[Sequence[str]], columns: Sequence[str], console: Console) -> None:
    label = max(len(name) for name in columns)
    for number, row in enumerate(cells):
        if number:
            console.print()
        for name, cell in zip(columns, row, strict=True):
            if cell:
                console.print(Text(f"{name:<{label}}  {cell}"), overflow="fold", soft_wrap=False)
