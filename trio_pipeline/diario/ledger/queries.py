"""The questions that people and commands ask of the ledger, by name.

Each is a function of a connection: the running pipeline calls it in its database thread, a command without one on a
connection of its own. Rows are what JSON can hold, with the names of the views.

This file does not know who asks.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from types import MappingProxyType

from duckdb import DuckDBPyConnection

from trio_pipeline.diario.ledger.sql import statement

__all__ = [
    "QUERIES",
    "Query",
    "Row",
    "decisions",
    "editions",
    "failures",
    "held_copies",
    "learned_paces",
    "resettable",
    "standing_counts",
]

Row = dict[str, object]
Query = Callable[[DuckDBPyConnection, Mapping[str, object]], list[Row]]
"""A question: what it is asked of, and its arguments by name. Raises ValueError for arguments that it cannot use."""

_MOST = 2**31 - 1
"""Rows; a limit above this is none."""


def standing_counts(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """How many gazettes are in which state, a row for each stage and state that there is."""
    del arguments
    return _rows(connection, statement("standing_counts"), {})


def failures(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Gazettes that failed or were rejected, and those that are being tried again after an error; newest first.

    Arguments: `limit`, the most rows; all if left out.
    """
    return _rows(connection, statement("failures"), {"limit": _limit(arguments)})


def decisions(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Decisions in which every word of `query` occurs, whatever the case and the accents; newest first.

    A process number is found with and without its punctuation.

    Arguments: `query`, all decisions if empty, and `limit`, the most rows; all if left out.
    """
    query = arguments.get("query") or ""
    if not isinstance(query, str):
        raise ValueError("the query must be text")  # noqa: TRY004 -- an argument from outside, not a wrong call
    return _rows(connection, statement("decisions"), {"words": _text(query).split(), "limit": _limit(arguments)})


def editions(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Every number that is known, with its court, its year and the day on which it was first published; oldest first.

    Supplements are in the row of the edition whose number they share.
    """
    del arguments
    return _rows(connection, statement("editions"), {})


def resettable(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Lives that failed or were rejected, as `diario_id`, `life` and `target`.

    Arguments: `ids`, those gazettes only (empty for all), and `stage`, that stage only.
    """
    parameters = {"ids": _ids(arguments), "stage": _optional_text(arguments, "stage")}
    return _rows(connection, statement("resettable"), parameters)


def held_copies(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Copies that were handed over to an archive or seen there, as `copies.held_copy` reads them; newest gazette first.

    Arguments: `ids`, those gazettes only (empty for all), `archive`, that archive only, and `limit`, the most rows.
    """
    parameters = {
        "ids": _ids(arguments),
        "archive": _optional_text(arguments, "archive"),
        "limit": _limit(arguments),
    }
    return _rows(connection, statement("held_copies"), parameters)


def learned_paces(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """What runs have learned about each group of hosts, as `paces.learned_pace` reads it."""
    del arguments
    return _rows(connection, statement("learned_paces"), {})


QUERIES: Mapping[str, Query] = MappingProxyType(
    {
        "stats": standing_counts,
        "failures": failures,
        "decisions": decisions,
        "editions": editions,
        "copies": held_copies,
        "paces": learned_paces,
    }
)
"""What the reading commands ask for."""


def _rows(connection: DuckDBPyConnection, sql: str, parameters: Mapping[str, object]) -> list[Row]:
    result = connection.execute(sql, dict(parameters))
    names = [column[0] for column in result.description or ()]
    return [{name: _json_value(value) for name, value in zip(names, row, strict=True)} for row in result.fetchall()]


def _json_value(value: object) -> object:
    match value:
        case datetime.datetime():
            return f"{value.isoformat(timespec='seconds')}Z"
        case datetime.date():
            return value.isoformat()
        case _:
            return value


def _limit(arguments: Mapping[str, object]) -> int | None:
    limit = arguments.get("limit")
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < 0:
        raise ValueError("the limit must be a number, and not below 0")
    return min(limit, _MOST)


def _ids(arguments: Mapping[str, object]) -> list[str]:
    ids = arguments.get("ids") or []
    if not isinstance(ids, list) or not all(isinstance(identifier, str) for identifier in ids):
        raise ValueError("the ids must be a list of text")
    return list(map(_text, ids))


def _optional_text(arguments: Mapping[str, object], name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"the {name} must be text")
    return None if value is None else _text(value)


def _text(value: str) -> str:
    # What was typed may hold bytes that are no text, which the database would not take. Nothing is found by them.
    return value.encode("utf-8", "replace").decode()
