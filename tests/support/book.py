"""A ledger in memory that tests write straight into, to see what its views make of it."""

from __future__ import annotations

import datetime
import json
from typing import Any, Self

import duckdb
from made_gazettes import gazette

from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.diario.model import Gazette

__all__ = ["NOON", "Book"]

NOON = datetime.datetime.fromisoformat("2026-11-23T12:00:00")


class Book:
    """The schema and the views of the ledger, without a run."""

    def __init__(self) -> None:
        # One thread: what the views say must not hang on the order in which several meet the rows.
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(statement("schema"))
        self.connection.execute(statement("views"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.connection.close()

    def add(self, *gazettes: Gazette) -> None:
        """Have gazettes known."""
        for one in gazettes:
            self._insert(
                "gazettes",
                {
                    name: getattr(one, name)
                    for name in ("id", "tribunal", "date", "number", "suffix", "url", "file_name")
                },
            )

    def tell(self, stage: str, outcome: str, *, diario_id: str | None = None, **fields: Any) -> None:
        """Record an event; `detail` is JSON, and what is left out is as usual."""
        detail = fields.pop("detail", None)
        row = {
            "happened_at": NOON,
            "run_id": "run-1",
            "diario_id": diario_id or gazette().id,
            "stage": stage,
            "target": "internet-archive" if stage in {"archive", "confirm"} else None,
            "outcome": outcome,
            "detail": None if detail is None else json.dumps(detail),
        }
        self._insert("events", row | fields)

    def begin_run(self, run_id: str = "run-1", archive: str | None = "internet-archive") -> None:
        """Record the start of a run."""
        self._insert("run_starts", {"run_id": run_id, "started_at": NOON, "archive": archive, "config": "{}"})

    def rows(self, sql: str, parameters: object = None) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        result = self.connection.execute(sql, parameters)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def diario(self, identifier: str | None = None) -> dict[str, Any]:
        """The row of one gazette in the view `diarios`."""
        (row,) = self.rows("SELECT * FROM diarios WHERE id = ?", [identifier or gazette().id])
        return row

    def columns(self, relation: str) -> dict[str, str]:
        """The columns of a table or view and their types, in order."""
        return {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE {relation}").fetchall()}

    def _insert(self, table: str, row: dict[str, object]) -> None:
        marks = ", ".join("?" for _ in row)
        self.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
