"""What was read at the court besides gazettes, as the ledger keeps it: robots.txt, and the listing of each year.

This file does not know how it was read, or what follows from it.
"""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database
from trio_pipeline.world import World

__all__ = ["CourtNotes", "ListingNote", "RobotsCopy"]

_TRIBUNAL = "tjro"


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


@dataclass(frozen=True, slots=True)
class ListingNote:
    """What came of reading the listing of a year.

    Attributes:
        year: The year.
        outcome: `read`, `put_off` or `failed`.
        rows: How many gazettes it had, or None.
        newest: The newest of them, or None.
        reason: Why it failed, one line for people; or None.
    """

    year: int
    outcome: str
    rows: int | None = None
    newest: datetime.date | None = None
    reason: str | None = None


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

    async def readings(self) -> dict[int, datetime.datetime]:
        """When the listing of each year was last read without a fault; UTC."""

        def read(connection: DuckDBPyConnection) -> dict[int, datetime.datetime]:
            rows = connection.execute(
                "SELECT year, arg_max(read_at, seq) FROM listings WHERE tribunal = ? AND outcome = 'read' GROUP BY ALL",
                [_TRIBUNAL],
            )
            return dict(rows.fetchall())

        return await self._database.read(read)

    async def remember_reading(self, note: ListingNote) -> None:
        """Keep what came of reading the listing of a year.

        Cancellation: it is kept or not.
        """
        await self._database.append(
            "listings", {"tribunal": _TRIBUNAL, "read_at": self._world.now(), **dataclasses.asdict(note)}
        )
