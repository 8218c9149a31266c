"""The form of a ledger: the tables and views that this version of the program makes, and whether a database has them.

To make them takes longer than all else that opening a ledger does. So every view carries as its comment what all were
made from. Whoever replaces or drops a view, another version or a person, takes the comment away with it.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

from duckdb import DuckDBPyConnection

from trio_pipeline.diario.ledger.sql import statement

__all__ = ["has_this_form", "is_ledger", "is_someone_elses", "make_form"]

_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW (\w+)", re.MULTILINE)


def is_ledger(connection: DuckDBPyConnection) -> bool:
    """Whether a database is a ledger, of this version or another."""
    found = connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'diarios'")
    return found.fetchone() is not None


def is_someone_elses(connection: DuckDBPyConnection) -> bool:
    """Whether a database has tables, and is no ledger."""
    return bool(_tables(connection)) and not is_ledger(connection)


def has_this_form(connection: DuckDBPyConnection) -> bool:
    """Whether a database has the tables and views of this version, as this version made them."""
    marked = connection.execute("SELECT view_name FROM duckdb_views() WHERE comment = ?", [_form()]).fetchall()
    views = {str(name) for (name,) in marked}
    return views.issuperset(_VIEW.findall(statement("views"))) and _tables(connection).issuperset(
        _TABLE.findall(statement("schema"))
    )


def make_form(connection: DuckDBPyConnection) -> None:
    """Make the tables that are missing, and all views anew; to be called in a transaction."""
    connection.execute(statement("schema"))
    connection.execute(statement("views"))
    for view in _VIEW.findall(statement("views")):
        connection.execute(f"COMMENT ON VIEW {view} IS '{_form()}'")


def _tables(connection: DuckDBPyConnection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


@cache
def _form() -> str:
    return hashlib.sha256((statement("schema") + statement("views")).encode()).hexdigest()
