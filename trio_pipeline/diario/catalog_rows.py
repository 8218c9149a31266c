"""One row of a catalog: from fields that somebody else wrote to a gazette, or to the reason why not.

Every field is hostile until checked: a file name becomes part of a path, a URL is requested, an id names an item.

Pure: this file does not know in which file, form or line the row stands.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from trio_pipeline.diario.identifiers import gazette_id
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.quoting import quoted

__all__ = ["BadRow", "gazette_of_row", "looks_like_a_row"]

_TRIBUNAL = "tjro"
_DIRECTORY = "novodiario"
_NAMES_A_GAZETTE = ("full_url", "url", "relativePath")
_PATH = re.compile(rf"/{_DIRECTORY}/([0-9]{{4}})/([^/]+)")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.pdf")
# Date, two to four digits that look random, number, and what tells a supplement apart: `20240829914-NR162-SUP.pdf`.
_PARTS_OF_NAME = re.compile(r"[0-9]+-NR0*([0-9]{1,5})(?![0-9])-?(.*)\.pdf")
_DATE_OF_NAME = re.compile(r"[0-9]{8}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SUFFIX = re.compile(r"[A-Za-z0-9._-]{0,30}")
# Numbers start again every year; the longest year has 247 editions.
_HIGHEST_NUMBER = 99_999


class BadRow(Exception):
    """A row that names no gazette; the message says why, safe to show."""


def looks_like_a_row(row: object) -> bool:
    """Whether somebody meant this to name a gazette, however badly."""
    return isinstance(row, Mapping) and any(name in row for name in (*_NAMES_A_GAZETTE, "date", "number"))


def gazette_of_row(row: object, host: str) -> Gazette:
    """The gazette that a row names.

    Three forms are told apart by their fields: the predecessor's (`full_url`, `date`, `number`, `sufix`), the court's
    listing (`relativePath`, `year`, `month`, `day`, `number`, `url`, now and then `sufix`), and the plain one (`url`,
    `date`; `number` and `suffix` if the file name does not say them).

    Raises:
        BadRow: A field is missing, not what it should be, or contradicts another one.
    """
    if not isinstance(row, Mapping):
        raise BadRow(f"the row is {quoted(row)}, not an object with fields")
    is_listing = "full_url" not in row and ("relativePath" in row or "year" in row) and "date" not in row
    scheme, year, file_name = _address(_text(row, "full_url" if "full_url" in row else "url"), host)
    if is_listing:
        date = _date(*(_whole(row, name) for name in ("year", "month", "day")))
        if _text(row, "relativePath") != file_name:
            raise BadRow(f"relativePath {quoted(row['relativePath'])} contradicts the URL")
    else:
        date = _iso_date(_text(row, "date"))
    _agree(date, year, file_name)
    number, suffix = _edition(row, file_name, needs_number=is_listing or "full_url" in row)
    return Gazette(
        id=gazette_id(_TRIBUNAL, date, number, suffix),
        tribunal=_TRIBUNAL,
        date=date,
        number=number,
        suffix=suffix,
        url=f"{scheme}://{host}/{_DIRECTORY}/{year}/{file_name}",
        file_name=file_name,
    )


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if value is None:
        raise BadRow(f"the field {name} is missing")
    if not isinstance(value, str):
        raise BadRow(f"{name} is {quoted(value)}, not text")
    if not value.strip():
        raise BadRow(f"the field {name} is empty")
    return value.strip(" ")


def _address(url: str, host: str) -> tuple[str, int, str]:
    """Scheme, year and file name of a gazette's URL, which may leave out scheme and host."""
    # First of all: urlsplit drops tabs and line breaks without a word, and some programs read a backslash as a slash.
    if not url.isascii() or not url.isprintable() or re.search(r"[ \\%]", url):
        raise BadRow(f"the URL {quoted(url)} has characters that no gazette's URL has")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadRow(f"the URL {quoted(url)} cannot be read") from None
    is_path_only = not parts.scheme and not parts.netloc and url.startswith("/")
    if not is_path_only:
        if parts.scheme not in {"http", "https"}:
            raise BadRow(f"the URL {quoted(url)} is not http or https")
        if "@" in parts.netloc:
            raise BadRow("the URL names a user")
        if parts.netloc.lower() != host:
            raise BadRow(f"the URL's host is {quoted(parts.netloc)}, not {host}")
    if "?" in url or "#" in url:
        raise BadRow(f"the URL {quoted(url)} has a query or a fragment")
    return parts.scheme or "https", *_year_and_file(parts.path)


def _year_and_file(path: str) -> tuple[int, str]:
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadRow(f"the URL's path {quoted(path)} is not /{_DIRECTORY}/YEAR/FILE")
    if not _FILE_NAME.fullmatch(match[2]):
        raise BadRow(f"{quoted(match[2])} is not the name of a PDF file")
    return int(match[1]), match[2]


def _agree(date: datetime.date, year_of_path: int, file_name: str) -> None:
    if date.year != year_of_path:
        raise BadRow(f"the date {date} contradicts the year {year_of_path} of the URL")
    digits = _DATE_OF_NAME.match(file_name)
    if digits is not None and digits[0] != f"{date:%Y%m%d}":
        raise BadRow(f"the date {date} contradicts the file name {file_name}")


def _iso_date(text: str) -> datetime.date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadRow(f"the date {quoted(text)} is not YYYY-MM-DD")
    return _date(*(int(part) for part in match.groups()))


def _date(year: int, month: int, day: int) -> datetime.date:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise BadRow(f"there is no date {year}-{month}-{day}") from None


def _edition(row: Mapping[str, object], file_name: str, *, needs_number: bool) -> tuple[int, str]:
    """Number and suffix: as the row says, or else as the file name does, and never one against the other."""
    parts = _PARTS_OF_NAME.fullmatch(file_name)
    number = None if row.get("number") in (None, "") else _whole(row, "number")
    if number is None:
        if needs_number or parts is None:
            raise BadRow("the field number is missing")
        number = int(parts[1])
    if not 0 < number <= _HIGHEST_NUMBER:
        raise BadRow(f"the number {number} is not one of an edition")
    suffix = _suffix(row)
    if parts is not None:
        if number != int(parts[1]):
            raise BadRow(f"the number {number} contradicts the file name {file_name}")
        if suffix and parts[2] and suffix.lower() != parts[2].lower():
            raise BadRow(f"the suffix {quoted(suffix)} contradicts the file name {file_name}")
        suffix = suffix or parts[2]
    if not _SUFFIX.fullmatch(suffix):
        raise BadRow(f"the suffix {quoted(suffix)} is not one of an edition")
    return number, suffix


def _suffix(row: Mapping[str, object]) -> str:
    # The court spells the field with one f.
    value = row.get("sufix", row.get("suffix"))
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"the suffix is {quoted(value)}, not text")
    return value.strip(" ")


def _whole(row: Mapping[str, object], name: str) -> int:
    value = row.get(name)
    match value:
        case None:
            raise BadRow(f"the field {name} is missing")
        case bool():
            pass
        case int() if 0 <= value <= _HIGHEST_NUMBER:
            return value
        case str() if re.fullmatch(r"[0-9]{1,5}", value.strip(" ")):
            return int(value)
    raise BadRow(f"{name} is {quoted(value)}, not a positive whole number")
