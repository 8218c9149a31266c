"""Reads the ledger of a life that has ended, through the views that users have.

This file does not know what is right.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from trio_pipeline.simulation.sightings import Event, LedgerRows, Pace, Reading, RunRow

__all__ = ["read_ledger"]

_EVENTS = """
    SELECT seq, happened_at, run_id, diario_id, stage, target, outcome, attempt, not_before,
        coalesce(detail ->> 'reason', ''), coalesce(detail ->> 'acknowledged', 'true') = 'true'
    FROM events ORDER BY seq
"""

_READINGS = """
    WITH said AS (
        SELECT detail ->> 'extraction' AS extraction, (detail ->> 'entries_read')::INTEGER AS said_read,
            (detail ->> 'entries_unread')::INTEGER AS said_unread
        FROM events WHERE outcome = 'extracted'
    ), rows AS (
        SELECT extraction, count(*) FILTER (is_read) AS read, count(*) FILTER (NOT is_read) AS unread
        FROM (
            SELECT extraction, true AS is_read FROM decision_rows
            UNION ALL SELECT extraction, false FROM unread_rows
        ) GROUP BY extraction
    )
    SELECT extraction, coalesce(read, 0), coalesce(unread, 0), said_read, said_unread
    FROM said FULL JOIN rows USING (extraction) ORDER BY extraction
"""


def read_ledger(path: Path, epoch: datetime.datetime) -> LedgerRows:
    """Everything that matters in a ledger; nothing if there is none yet, or if it has no tables yet.

    Args:
        path: The file. Nobody else may have it open.
        epoch: The time of day at which Trio's clock stands at 0.
    """
    if not path.exists():
        return LedgerRows()
    # One thread: this process is going to be forked, which threads do not outlive.
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'diarios'").fetchone():
            return LedgerRows()
        return _read(connection, lambda moment: (moment - epoch).total_seconds())


def _read(connection: duckdb.DuckDBPyConnection, clock: Callable[[datetime.datetime], float]) -> LedgerRows:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    def moment(value: datetime.datetime | None) -> float | None:
        return None if value is None else clock(value)

    return LedgerRows(
        events=tuple(
            Event(seq, clock(at), run_id, diario_id, stage, target, outcome, attempt, moment(until), reason, known)
            for seq, at, run_id, diario_id, stage, target, outcome, attempt, until, reason, known in rows(_EVENTS)
        ),
        runs=tuple(
            RunRow(run_id, clock(started), moment(ended), ended_by, None if counts is None else json.loads(counts))
            for run_id, started, ended, ended_by, counts in rows(
                "SELECT run_id, started_at, ended_at, ended_by, counts FROM runs"
            )
        ),
        paces=tuple(
            Pace(hosts, json.loads(learned).get("blocked_interval") or 0.0)
            for hosts, learned in rows("SELECT hosts, learned FROM paces ORDER BY seq")
        ),
        lives={
            (name, life, target): state
            for name, life, target, state in rows("SELECT diario_id, life, target, state FROM lives")
        },
        copies={
            (name, archive): state for name, archive, state in rows("SELECT diario_id, archive, state FROM copies")
        },
        states={
            name: (download, archive, extract)
            for name, download, archive, extract in rows(
                "SELECT id, download_state, archive_state, extract_state FROM diarios"
            )
        },
        decisions=dict(rows("SELECT diario_id, count(*) FROM decisions GROUP BY diario_id")),
        readings=tuple(Reading(*row) for row in rows(_READINGS)),
    )
