"""What was read at the court besides gazettes, as the ledger keeps it: robots.txt.

This file does not know how it was read, or what follows from it.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database
from trio_pipeline.world import World

__all__ = ["CourtNotes", "RobotsCopy"]


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """A robots.txt as it was read.

    Attributes:
        read_at: When; UTC.
        status: The HTTP status that it came with.
        text: What it said; empty where the host has none.
    """

    read_at: datetime.datetime
    status: int
    text: str


class CourtNotes:
    """The part of the ledger that is about the court's own files. Found in `Ledger.court`."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    async def robots(self, host: str) -> RobotsCopy | None:
        """The robots.txt of a host as it was last read, or None."""

        def read(connection: DuckDBPyConnection) -> RobotsCopy | None:
            row = connection.execute(
                "SELECT read_at, status, text FROM robots WHERE host = ? ORDER BY seq DESC LIMIT 1", [host]
            ).fetchone()
            return None if row is None else RobotsCopy(*row)

        return await self._database.read(read)

    async def remember_robots(self, host: str, status: int, text: str) -> RobotsCopy:
        """Keep what a host's robots.txt says now; returns the copy.

        Cancellation: it is kept or not.
        """
        copy = RobotsCopy(self._world.now(), status, text)
        await self._database.append(
            "robots", {"host": host, "read_at": copy.read_at, "status": copy.status, "text": copy.text}
        )
        return copy
