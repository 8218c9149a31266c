"""What a search of an archive has found, as the ledger keeps it.

This file does not know how it was searched, or what for.
"""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database
from trio_pipeline.diario.archives.ia_found import FoundItem
from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.world import World

__all__ = ["FoundItems"]

_ARCHIVE = "internet-archive"


class FoundItems:
    """The part of the ledger that is about others' copies. Found in `Ledger.found_items`."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    async def recall(self) -> Sequence[FoundItem] | None:
        """What the last search has found; None if nobody has searched.

        Cancellation: a checkpoint.
        """

        def read(connection: DuckDBPyConnection) -> Sequence[FoundItem] | None:
            last = connection.execute(
                "SELECT search FROM searches WHERE archive = ? ORDER BY seq DESC LIMIT 1", [_ARCHIVE]
            ).fetchone()
            if last is None:
                return None
            rows = connection.execute("SELECT item, url, date FROM found_items WHERE search = ?", last).fetchall()
            return [FoundItem(*row) for row in rows]

        return await self._database.read(read)

    async def keep(self, found: Sequence[FoundItem]) -> None:
        """Keep what a search has found, in one transaction.

        Cancellation: nothing is kept, or all of it.
        """
        search, now = self._world.new_id(), self._world.now()
        columns = [[item.identifier for item in found], [item.url for item in found], [item.date for item in found]]

        def write(connection: DuckDBPyConnection) -> None:
            if found:
                connection.execute(statement("add_found_items"), [search, *columns])
            connection.execute(
                "INSERT INTO searches (search, archive, searched_at) VALUES (?, ?, ?)", [search, _ARCHIVE, now]
            )

        await self._database.write(write)
