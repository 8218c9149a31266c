"""Catalogs: files that say which gazettes there are.

Pure: the catalog itself is the one file that is read. It does not know what is done with a gazette.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trio_pipeline.diario.catalog_forms import NotACatalog, Row, rows_of
from trio_pipeline.diario.catalog_rows import BadRow, gazette_of_row, looks_like_a_row
from trio_pipeline.diario.model import Gazette

__all__ = ["Catalog", "NotACatalog", "Problem", "catalog_of", "parse_catalog", "read_catalog"]

# The 5,058 gazettes of twenty years weigh 4 MB with all their metadata.
_LARGEST = 256_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A place of a catalog that names no gazette.

    Attributes:
        line: Where the row begins, from 1; or its number, where rows are not on lines.
        reason: Why, on one line that is safe to show.
    """

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a catalog holds.

    Attributes:
        gazettes: In the order of the file; no two have the same id or the same URL.
        problems: Everything else in the file, in its order.
    """

    gazettes: tuple[Gazette, ...]
    problems: tuple[Problem, ...]


def read_catalog(path: Path, *, host: str = "www.tjro.jus.br") -> Catalog:
    """Read a catalog: a JSON list in the predecessor's form or the court's, JSON lines of either, or CSV.

    A bad row is a problem and never stops the rest.

    Args:
        path: The file; a pipe will do.
        host: The tribunal's host, in lower case: a gazette of any other is a problem.

    Raises:
        NotACatalog: The file cannot be read, or is no catalog at all.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotACatalog(f"cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise NotACatalog(f"it is larger than {_LARGEST} bytes")
    return parse_catalog(data, host=host)


def parse_catalog(data: bytes, *, host: str = "www.tjro.jus.br") -> Catalog:
    """The same for the content of a file, or for an answer of the court's listing.

    Raises:
        NotACatalog: It is no catalog at all.
    """
    return _catalog(rows_of(_decoded(data)), host)


def catalog_of(rows: Iterable[object], *, host: str = "www.tjro.jus.br") -> Catalog:
    """The same for rows that somebody else has parsed. A problem's line is the number of its row.

    Raises:
        NotACatalog: There are rows, and none was meant to name a gazette.
    """
    return _catalog((Row(number, row) for number, row in enumerate(rows, start=1)), host)


def _catalog(rows: Iterable[Row], host: str) -> Catalog:
    reader = _Reader(host)
    for row in rows:
        reader.take(row)
    return reader.catalog()


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise NotACatalog("it is a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # A spreadsheet's CSV is often Latin-1. What a gazette is made of is ASCII in either, or a problem.
        return data.decode("latin-1")


class _Reader:
    """Takes row after row, and knows which gazettes were there before."""

    def __init__(self, host: str) -> None:
        self._host = host.lower()
        self._gazettes: list[Gazette] = []
        self._problems: list[Problem] = []
        self._line_of_id: dict[str, int] = {}
        self._line_of_file: dict[str, int] = {}
        self._was_meant = False

    def take(self, row: Row) -> None:
        self._was_meant = self._was_meant or looks_like_a_row(row.content)
        try:
            gazette = self._gazette(row)
        except BadRow as bad:
            self._problems.append(Problem(row.line, str(bad)))
            return
        self._gazettes.append(gazette)

    def catalog(self) -> Catalog:
        """Everything taken.

        Raises:
            NotACatalog: There were rows, and none of them was meant to be one of a catalog.
        """
        if self._problems and not self._was_meant:
            first = self._problems[0]
            raise NotACatalog(f"it holds no list of gazettes (line {first.line}: {first.reason})")
        return Catalog(tuple(self._gazettes), tuple(self._problems))

    def _gazette(self, row: Row) -> Gazette:
        if row.error is not None:
            raise BadRow(row.error)
        gazette = gazette_of_row(row.content, self._host)
        # All gazettes are on one host: the path alone tells URLs apart, and http is no other place than https.
        path = f"{gazette.date.year}/{gazette.file_name}"
        for known, name in ((self._line_of_id, gazette.id), (self._line_of_file, path)):
            if name in known:
                raise BadRow(f"{gazette.id} is on line {known[name]} already")
        self._line_of_id[gazette.id] = self._line_of_file[path] = row.line
        return gazette
