"""Behaviour of a ledger's tables and views: made once, left as they are, and made anew over another version's."""

from __future__ import annotations

import duckdb
import pytest

from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.world import real_world

VIEWS = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
MARK = "SELECT comment FROM duckdb_views() WHERE view_name = 'runs'"


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
    ask(path, "COMMENT ON VIEW runs IS 'not made anew'")
    await open_once(path)
    assert ask(path, MARK) == [("not made anew",)]


async def test_views_of_another_version_are_replaced(path):
    await open_once(path)
    ours = ask(path, VIEWS)
    theirs = "CREATE OR REPLACE VIEW runs AS SELECT 1 AS run_id"
    assert ask(path, theirs, "CREATE OR REPLACE VIEW form AS SELECT 'theirs' AS form", VIEWS) != ours
    await open_once(path)
    assert ask(path, VIEWS) == ours


async def test_views_of_a_version_that_says_no_form_are_replaced(path):
    await open_once(path)
    ours = ask(path, VIEWS)
    assert ask(path, "CREATE OR REPLACE VIEW runs AS SELECT 1 AS run_id", "DROP VIEW form", VIEWS) != ours
    await open_once(path)
    assert ask(path, VIEWS) == ours
