"""The forms of a catalog: from the text of a file to rows, each with the line on which it begins.

Every form is read in time linear in its length, and what cannot be read of it costs as few rows as possible.

Pure: this file does not know what a row must hold.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["NotACatalog", "Row", "rows_of"]

_SPACE = re.compile(r"[ \t\r\n]*")
# JSON's error counts the lines from the top, so that each costs time in proportion to the whole list.
_MOST_BROKEN = 100
# Possessive, for else a long run of spaces would be tried in every split.
_NEXT_OBJECT = re.compile(r"\}\s*+,?+\s*+(?=\{)")
_decode = json.JSONDecoder().raw_decode
# What a CSV calls its columns, and what the rows of the other forms call them.
_COLUMN_NAMES = {"full_url": "url", "sufix": "suffix"}


class NotACatalog(Exception):
    """A file that is no catalog at all.

    Attributes:
        reason: Why, on one line that is safe to show.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one place of a catalog.

    Attributes:
        line: Where it begins, from 1.
        content: The row as it was parsed, of any type, or None if it could not be.
        error: Why it could not be parsed; None if it was.
    """

    line: int
    content: object = None
    error: str | None = None


def rows_of(text: str) -> Iterator[Row]:
    """The rows of a catalog in any of its forms.

    Raises:
        NotACatalog: The text is in none of them.
    """
    start = _end_of_space(text, 0)
    if start == len(text):
        raise NotACatalog("the file is empty")
    if text[start] == "[":
        return _rows_of_array(text, start)
    lines = list(io.StringIO(text, newline=""))
    if any(line.lstrip(" \t").startswith("{") for line in lines):
        return _rows_of_json_lines(lines)
    return _rows_of_csv(lines)


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()


def _rows_of_array(text: str, start: int) -> Iterator[Row]:
    """The elements of one JSON list; after one that cannot be read it goes on with the next object."""
    position, line, counted, broken = _end_of_space(text, start + 1), 1, 0, 0
    while not text.startswith("]", position):
        line, counted = line + text.count("\n", counted, position), position
        row, end = _element(text, position, line)
        yield row
        if row.error is not None:
            broken += 1
            following = _NEXT_OBJECT.search(text, end)
            if following is None:
                return
            position = following.end()
            if broken == _MOST_BROKEN:
                yield Row(line, error="too many rows are not JSON: nothing below is read")
                return
            continue
        position = _end_of_space(text, end)
        if text.startswith(",", position):
            position = _end_of_space(text, position + 1)
        elif not text.startswith("{", position):  # a comma forgotten between two objects loses neither
            break
    yield from _after_array(text, position)


def _element(text: str, position: int, line: int) -> tuple[Row, int]:
    """The value that begins at `position`, and where what was read of it ends."""
    try:
        content, end = _decode(text, position)
    except (ValueError, RecursionError) as error:
        reached = error.pos if isinstance(error, json.JSONDecodeError) else position
        return Row(line, error=f"the row is not JSON: {_reason(error)}"), max(reached, position)
    return Row(line, content), end


def _after_array(text: str, position: int) -> Iterator[Row]:
    line = 1 + text.count("\n", 0, position)
    if not text.startswith("]", position):
        yield Row(line, error="the list is not closed: rows may be missing from here on")
    elif _end_of_space(text, position + 1) != len(text):
        yield Row(line, error="something follows after the end of the list")


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return terminal_safe(error.msg)
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "it has a number that is too long"


def _rows_of_json_lines(lines: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Row(number, json.loads(line))
        except (ValueError, RecursionError) as error:
            yield Row(number, error=f"the line is not JSON: {_reason(error)}")


def _rows_of_csv(lines: list[str]) -> Iterator[Row]:
    first = next(number for number, line in enumerate(lines) if line.strip())
    for delimiter in ",;":
        names = [name.strip().lower() for name in next(_cells(lines[first : first + 1], delimiter))[2]]
        names = [_COLUMN_NAMES.get(name, name) for name in names]
        if {"url", "date"} <= set(names):
            return _csv_rows(lines, first + 1, names, delimiter)
    raise NotACatalog("neither a JSON list, nor JSON lines, nor a CSV table with the columns url and date")


def _csv_rows(lines: list[str], start: int, names: list[str], delimiter: str) -> Iterator[Row]:
    for begin, end, cells in _cells(lines[start:], delimiter):
        place = range(start + begin, start + end)
        if len(place) == 1 or len(cells) == len(names):
            yield from _csv_row(place.start + 1, names, cells)
            continue
        # A stray quotation mark has swallowed the lines below: they are rows of their own.
        for number in place:
            for _, _, cells_of_line in _cells(lines[number : number + 1], delimiter):
                yield from _csv_row(number + 1, names, cells_of_line)


def _csv_row(line: int, names: list[str], cells: list[str]) -> Iterator[Row]:
    if any(cell.strip() for cell in cells):
        # An empty cell says nothing; of two columns with one name the first counts.
        pairs = [(name, cell) for name, cell in zip(names, cells, strict=False) if cell.strip()]
        yield Row(line, dict(reversed(pairs)))


def _cells(lines: list[str], delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """The records of a table: first line, line after the last (from 0), cells."""
    reader = csv.reader(lines, delimiter=delimiter)
    begin = 0
    while begin < len(lines):
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell of more than 131,072 characters, most often a quotation mark never closed
            cells = []
        yield begin, reader.line_num, cells
        begin = reader.line_num
