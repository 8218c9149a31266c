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

from trio_pipeline.diario.judgements import READER_VERSION
from trio_pipeline.diario.ledger.filters import decision_parameters, limit_of, optional_text, unread_parameters
from trio_pipeline.diario.ledger.hiding import Hidden, hidden_decisions, hidden_unread, masked
from trio_pipeline.diario.ledger.readings import by_year
from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.diario.suppression import suppression_of

__all__ = [
    "QUERIES",
    "Query",
    "Row",
    "decisions",
    "editions",
    "failures",
    "held_copies",
    "learned_paces",
    "left_out",
    "readings",
    "resettable",
    "standing_counts",
    "unread",
]

Row = dict[str, object]
Query = Callable[[DuckDBPyConnection, Mapping[str, object]], list[Row]]
"""A question: what it is asked of, and its arguments by name. Raises ValueError for arguments that it cannot use."""


def standing_counts(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """How many gazettes are in which state, a row for each stage and state that there is."""
    del arguments
    return _rows(connection, statement("standing_counts"), {})


def readings(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """How much of what looks like a judgement could be read, a row for each year of gazettes, oldest first.

    `share_read` is None where nothing looks like a judgement; `by_older_rules` are gazettes that today's rules have yet
    to read.
    """
    del arguments
    years = by_year(_rows(connection, statement("readings"), {}), READER_VERSION)
    return [
        {
            "year": year.year,
            "gazettes_read": year.gazettes,
            "without_entries": year.without_entries,
            "by_older_rules": year.by_older_rules,
            "entries_read": year.entries_read,
            "entries_unread": year.entries_unread,
            "share_read": year.share_read,
        }
        for year in years
    ]


def failures(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Gazettes that failed or were rejected, and those that are being tried again after an error; newest first.

    Arguments: `limit`, the most rows; all if left out; `suppress`, the folded names and numbers that are not shown.
    """
    suppression = suppression_of(arguments.get("suppress"))
    rows = _rows(connection, statement("failures"), {"limit": limit_of(arguments)})
    return [masked(row, suppression) for row in rows]


def decisions(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Decisions that are what is asked for, whatever the case and the accents; newest gazette first.

    Each has the `date` and the `url` of its gazette besides.

    Arguments: those of `filters.decision_parameters`; `suppress`, the folded names and numbers by which nothing is
    found.
    """
    hidden = hidden_decisions(connection, suppression_of(arguments.get("suppress")))
    return _rows(connection, statement("decisions"), decision_parameters(arguments) | _parameters(hidden))


def unread(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """What looked like a judgement and could not be read, with `date` and `url` as `decisions` has them.

    Arguments: those of `filters.unread_parameters`; `suppress`, as for `decisions`.
    """
    hidden = hidden_unread(connection, suppression_of(arguments.get("suppress")))
    return _rows(connection, statement("unread"), unread_parameters(arguments) | _parameters(hidden))


def left_out(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """How many rows are in no answer because of the names and numbers to suppress, whatever is asked.

    The numbers do not hang on a search, which could else find out by them what is hidden.

    Arguments: `suppress`, the folded names and numbers.
    """
    suppression = suppression_of(arguments.get("suppress"))
    counts = {
        "decisions": hidden_decisions(connection, suppression).left_out,
        "unread": hidden_unread(connection, suppression).left_out,
    }
    return [{"view": view, "rows": count} for view, count in counts.items() if count]


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
    parameters = {"ids": _ids(arguments), "stage": optional_text(arguments, "stage")}
    return _rows(connection, statement("resettable"), parameters)


def held_copies(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """Copies that were handed over to an archive or seen there, as `copies.held_copy` reads them; newest gazette first.

    Arguments: `ids`, those gazettes only (empty for all), `archive`, that archive only, and `limit`, the most rows.
    """
    parameters = {
        "ids": _ids(arguments),
        "archive": optional_text(arguments, "archive"),
        "limit": limit_of(arguments),
    }
    return _rows(connection, statement("held_copies"), parameters)


def learned_paces(connection: DuckDBPyConnection, arguments: Mapping[str, object]) -> list[Row]:
    """What runs have learned about each group of hosts, as `paces.learned_pace` reads it."""
    del arguments
    return _rows(connection, statement("learned_paces"), {})


QUERIES: Mapping[str, Query] = MappingProxyType(
    {
        "stats": standing_counts,
        "readings": readings,
        "failures": failures,
        "decisions": decisions,
        "unread": unread,
        "left_out": left_out,
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


def _parameters(hidden: Hidden) -> dict[str, object]:
    rows = [{name: value for name, value in row.items() if name != "place"} for row in hidden.masked]
    return {"places": hidden.places, "masked": rows}


def _json_value(value: object) -> object:
    match value:
        case datetime.datetime():
            return f"{value.isoformat(timespec='seconds')}Z"
        case datetime.date():
            return value.isoformat()
        case _:
            return value


def _ids(arguments: Mapping[str, object]) -> list[str]:
    ids = arguments.get("ids") or []
    if not isinstance(ids, list) or not all(isinstance(identifier, str) for identifier in ids):
        raise ValueError("the ids must be a list of text")
    return [identifier.encode("utf-8", "replace").decode() for identifier in ids]
