"""The form of a ledger: the tables and views that this version of the program makes, and whether a database has them.

To make them takes longer than all else that opening a ledger does, and so does DuckDB's list of what there is. A view
of one value says what form a ledger has, and every version that makes its own form says so there.
"""

from __future__ import annotations

import hashlib
from functools import cache

from duckdb import DuckDBPyConnection

from trio_pipeline.diario.ledger.sql import statement

__all__ = ["has_this_form", "is_ledger", "is_someone_elses", "make_form"]


def is_ledger(connection: DuckDBPyConnection) -> bool:
    """Whether a database is a ledger, of this version or another."""
    found = connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'diarios'")
    return found.fetchone() is not None


def is_someone_elses(connection: DuckDBPyConnection) -> bool:
    """Whether a database has tables, and is no ledger."""
    has_tables = connection.execute("SELECT 1 FROM duckdb_tables()").fetchone() is not None
    return has_tables and not is_ledger(connection)


def has_this_form(connection: DuckDBPyConnection) -> bool:
    """Whether a database has the tables and views of this version; to be called in the transaction that makes them."""
    # To ask for what is not there would break off the transaction.
    connection.execute("CREATE VIEW IF NOT EXISTS form AS SELECT NULL::VARCHAR AS form")
    return connection.execute("SELECT form FROM form").fetchone() == (_form(),)


def make_form(connection: DuckDBPyConnection) -> None:
    """Make the tables that are missing, and all views anew; to be called in a transaction."""
    connection.execute(statement("schema"))
    connection.execute(statement("views"))
    connection.execute(f"CREATE OR REPLACE VIEW form AS SELECT '{_form()}' AS form")


@cache
def _form() -> str:
    return hashlib.sha256((statement("schema") + statement("views")).encode()).hexdigest()
