"""Behaviour of a ledger's tables and views: made once, left as they are, and made anew over another version's."""

from __future__ import annotations

import duckdb
import pytest

from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.world import real_world

VIEWS = "SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
TABLES = "SELECT table_name, sql FROM duckdb_tables() ORDER BY table_name"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "diarios.duckdb"


async def open_once(path):
    async with open_ledger(path, real_world()):
        pass


def ask(path, *statements):
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
        return connection.fetchall()


async def test_views_are_left_as_they_are(path):
    await open_once(path)
    # To replace a view takes the comments on its columns away.
    ask(path, "COMMENT ON COLUMN runs.run_id IS 'not made anew'")
    await open_once(path)
    assert ask(path, "SELECT comment FROM duckdb_columns() WHERE table_name = 'runs' AND column_name = 'run_id'") == [
        ("not made anew",)
    ]


@pytest.mark.parametrize(
    "change",
    [
        # Of a version that knows nothing of comments, from which the one before it may have come to an end.
        "CREATE OR REPLACE VIEW states AS SELECT 'download' AS stage, 'asked' AS outcome, 'x' AS state",
        "CREATE OR REPLACE VIEW runs AS SELECT 1 AS run_id",
        "COMMENT ON VIEW lives IS 'of another version'",
        "DROP VIEW lives",
    ],
)
async def test_views_that_are_not_this_versions_are_made_anew(path, change):
    await open_once(path)
    ours = ask(path, VIEWS)
    assert ask(path, change, VIEWS) != ours
    await open_once(path)
    assert ask(path, VIEWS) == ours


async def test_table_that_is_missing_is_made_anew(path):
    await open_once(path)
    ours = ask(path, TABLES)
    assert ask(path, "DROP TABLE paces", TABLES) != ours
    await open_once(path)
    assert ask(path, TABLES) == ours


async def test_tables_and_views_of_a_person_are_left(path):
    await open_once(path)
    ask(path, "CREATE TABLE mine (a INTEGER)", "CREATE VIEW notes AS SELECT * FROM mine")
    await open_once(path)
    assert ask(path, "SELECT * FROM notes") == []
