"""What a list of names and numbers leaves of the rows of the ledger, before anything is searched in them.

A decision whose own number is on the list is left out, and so is an unread entry in which any such number stands.
Names, and numbers that stand elsewhere, are replaced in every text. A lawyer is left neither the name nor the number
where one of them is on the list.

This file does not know what is asked of the rows that are left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.diario.suppression import MARK, Suppression

__all__ = ["Hidden", "hidden_decisions", "hidden_unread", "masked"]

Row = dict[str, object]

# What a row is known by; made by this program and not out of a gazette.
_KEYS = frozenset(
    {"place", "id", "diario_id", "date", "numero_processo", "resultado", "extractor", "extractor_version"}
)

_PREFIX = 8
"""Letters of a name that the database looks for: with more of them, long lists make it slow."""

_NOTHING = "-"
"""What no folded text holds."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is different in a table because of a list.

    Attributes:
        places: The rows that are not shown as they are.
        masked: Those of them that are shown all the same, as they are shown.
    """

    places: list[object]
    masked: list[Row]

    @property
    def left_out(self) -> int:
        """How many rows are not shown at all."""
        return len(self.places) - len(self.masked)


def hidden_decisions(connection: DuckDBPyConnection, suppression: Suppression) -> Hidden:
    """What a list changes in the decisions."""
    rows = _touched(connection, "touched_decisions", suppression)
    shown = [row for row in rows if not suppression.holds_number(str(row["numero_processo"]))]
    return Hidden([row["place"] for row in rows], [masked(row, suppression) for row in shown])


def hidden_unread(connection: DuckDBPyConnection, suppression: Suppression) -> Hidden:
    """What a list changes in the entries that could not be read."""
    rows = _touched(connection, "touched_unread", suppression)
    shown = [row for row in rows if not suppression.holds_number(str(row["text"]))]
    return Hidden([row["place"] for row in rows], [masked(row, suppression) for row in shown])


def masked(row: Mapping[str, object], suppression: Suppression) -> Row:
    """A row in which no text says what is on a list."""
    return {name: value if name in _KEYS else _masked(value, suppression) for name, value in row.items()}


def _masked(value: object, suppression: Suppression) -> object:
    match value:
        case str():
            return suppression.mask(value)
        case list():
            return [_masked(part, suppression) for part in value]
        case {"nome": nome, "oab": oab} if any(
            suppression.holds(part) for part in (nome, oab) if isinstance(part, str)
        ):
            return {"nome": MARK, "oab": None if oab is None else MARK}
        case _:
            return value


def _touched(connection: DuckDBPyConnection, name: str, suppression: Suppression) -> list[Row]:
    """The rows that the list may touch, and perhaps some more."""
    if not suppression:
        return []
    # In order, so that the expression becomes a tree. A key with other letters is found by them.
    keys = sorted({key[:_PREFIX] for key in suppression.keys if key.isascii()})
    result = connection.execute(statement(name), {"keys": "|".join(keys) or _NOTHING})
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
