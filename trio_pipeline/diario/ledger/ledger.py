"""The writing side of the ledger: what a run reads at its start and records as it goes.

This file knows tables and events; it does not know why anything happened.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from duckdb import DuckDBPyConnection

from trio_pipeline.db_thread import Database, DatabaseStatistics, DatabaseUnusable, open_database
from trio_pipeline.diario.ledger.court_notes import CourtNotes
from trio_pipeline.diario.ledger.events import Event, LifeStanding, Standing
from trio_pipeline.diario.ledger.form import has_this_form, is_ledger, is_someone_elses, make_form
from trio_pipeline.diario.ledger.found_items import FoundItems
from trio_pipeline.diario.ledger.model_notes import ModelNotes
from trio_pipeline.diario.ledger.sql import statement
from trio_pipeline.diario.lifecycle import Life, StageName, State
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.readers import PastReading, ReadingPart
from trio_pipeline.world import World

__all__ = ["Ledger", "open_ledger", "open_to_read", "read_standings"]

T = TypeVar("T")

# Else DuckDB takes a name that is no table's for that of a variable in the Python that called it.
_CONFIG = {"python_enable_replacements": False}


class Ledger:
    """The ledger of the run that holds the database. Made by `open_ledger`.

    Attributes:
        court: What was read at the court besides gazettes.
        found_items: What the search of an archive has found.
        model: What language models were asked and answered.
    """

    def __init__(self, database: Database, world: World) -> None:
        self.court = CourtNotes(database, world)
        self.found_items = FoundItems(database, world)
        self.model = ModelNotes(database, world)
        self._database = database
        self._world = world
        self._run_id = ""

    @property
    def run_id(self) -> str:
        """The run that events belong to; empty before `begin_run`."""
        return self._run_id

    def statistics(self) -> DatabaseStatistics:
        """How the database thread is doing."""
        return self._database.statistics()

    async def read(self, function: Callable[[DuckDBPyConnection], T]) -> T:
        """Ask the database something; see `Database.read`."""
        return await self._database.read(function)

    async def begin_run(self, config: Mapping[str, object], archive: str | None) -> None:
        """Open a run, to which everything recorded from now on belongs.

        Args:
            config: The settings in force, without secrets.
            archive: The archive of this run, or None.
        """
        self._run_id = self._world.new_id()
        await self._database.append(
            "run_starts",
            {
                "run_id": self._run_id,
                "started_at": self._world.now(),
                "archive": archive,
                "config": json.dumps(config, default=str),
            },
        )

    async def end_run(self, ended_by: str, counts: Mapping[str, object]) -> None:
        """Close the run, with what ended it and what it did."""
        row = {
            "run_id": self._run_id,
            "ended_at": self._world.now(),
            "ended_by": ended_by,
            "counts": json.dumps(counts),
        }
        await self._database.append("run_ends", row)

    async def add_gazettes(self, gazettes: Sequence[Gazette]) -> int:
        """Remember gazettes that are not known yet, or known otherwise; returns how many that were."""
        columns = [
            [gazette.id for gazette in gazettes],
            [gazette.tribunal for gazette in gazettes],
            [gazette.date for gazette in gazettes],
            [gazette.number for gazette in gazettes],
            [gazette.suffix for gazette in gazettes],
            [gazette.url for gazette in gazettes],
            [gazette.file_name for gazette in gazettes],
        ]

        def add(connection: DuckDBPyConnection) -> int:
            row = connection.execute(statement("add_gazettes"), columns).fetchone()
            return int(row[0]) if row else 0

        return await self._database.write(add)

    async def standings(self, archive: str | None) -> list[Standing]:
        """Where every gazette stands, for a run with this archive; newest first."""
        return await self._database.read(lambda connection: _standings(connection, archive))

    async def taken_for_spam(self, archive: str | None) -> tuple[str, datetime.datetime] | None:
        """The gazette that an archive has taken for spam, and when; None if there is none, or a person has reset it."""

        def read(connection: DuckDBPyConnection) -> tuple[str, datetime.datetime] | None:
            return connection.execute(statement("taken_for_spam"), {"archive": archive}).fetchone()

        return await self._database.read(read)

    async def record(self, event: Event, *, patience: float = 0.0) -> None:
        """Record an event; it is durable when this returns.

        Args:
            event: The event.
            patience: Seconds that it may wait for others to be committed with.

        Cancellation: an event that waits is not recorded; one that is being recorded is, before Cancelled is raised.
        """
        await self._database.append("events", self._row(event), patience=patience)

    async def record_all(self, events: Iterable[Event]) -> None:
        """Record many events in one go, all or none of them."""
        rows = [self._row(event) for event in events]
        if not rows:
            return
        columns = list(rows[0])

        def write(connection: DuckDBPyConnection) -> None:
            lists = ", ".join("unnest(?)" for _ in columns)
            connection.execute(
                f"INSERT INTO events ({', '.join(columns)}) SELECT {lists}",
                [[row[column] for row in rows] for column in columns],
            )

        await self._database.write(write)

    async def reset(self, lives: Iterable[Mapping[str, object]]) -> list[Event]:
        """Have lives tried again.

        Args:
            lives: With `diario_id`, `life` and `target`, as `queries.resettable` gives them.

        Returns:
            The events that were recorded.

        Cancellation: nothing is recorded, or all of it.
        """
        events = [
            Event(
                str(life["diario_id"]),
                StageName(str(life["life"])),
                "reset",
                target=None if life["target"] is None else str(life["target"]),
            )
            for life in lives
        ]
        await self.record_all(events)
        return events

    async def record_extraction(self, event: Event, parts: Sequence[ReadingPart]) -> None:
        """Record what was read out of a gazette together with its event, in one transaction.

        The event says who read it, also where nothing was found.
        """
        extraction = self._world.new_id()
        detail = {
            **(event.detail or {}),
            "extraction": extraction,
            "entries_read": sum(part.reading.read for part in parts),
            "entries_unread": sum(part.reading.unread for part in parts),
            "extractor": "+".join(part.extractor for part in parts),
            "extractor_version": "+".join(part.version for part in parts),
        }
        row = self._row(event) | {"detail": json.dumps(detail)}

        def write(connection: DuckDBPyConnection) -> None:
            whose = {"extraction": extraction, "diario_id": event.diario_id}
            for part in parts:
                reading = part.reading
                if reading.read:
                    by = {"extractor": part.extractor, "extractor_version": part.version}
                    connection.execute(statement("add_decisions"), whose | by | {"decisions": reading.decisions})
                if reading.unread:
                    connection.execute(statement("add_unread"), whose | {"missed": reading.missed})
            marks = ", ".join("?" for _ in row)
            connection.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({marks})", list(row.values()))

        await self._database.write(write)

    async def pace(self, hosts: str) -> Mapping[str, object] | None:
        """What an earlier run learned about a group of hosts, or None."""

        def read(connection: DuckDBPyConnection) -> Mapping[str, object] | None:
            row = connection.execute(
                "SELECT learned FROM paces WHERE hosts = ? ORDER BY seq DESC LIMIT 1", [hosts]
            ).fetchone()
            return None if row is None else dict(json.loads(row[0]))

        return await self._database.read(read)

    async def remember_pace(self, hosts: str, learned: Mapping[str, object]) -> None:
        """Keep what was learned about a group of hosts for the next run."""
        await self._database.append("paces", {"hosts": hosts, "learned": json.dumps(learned)})

    def _row(self, event: Event) -> dict[str, object]:
        return {
            "happened_at": self._world.now(),
            "run_id": self._run_id,
            "diario_id": event.diario_id,
            "stage": event.stage.value,
            "target": event.target,
            "outcome": event.outcome,
            "attempt": event.attempt,
            "elapsed": event.elapsed,
            "not_before": event.not_before,
            "detail": None if event.detail is None else json.dumps(event.detail),
        }


@asynccontextmanager
async def open_ledger(path: Path, world: World) -> AsyncIterator[Ledger]:
    """Open the ledger for writing, and create it if it does not exist.

    Raises:
        DatabaseInUse: Another run holds it.
        DatabaseUnusable: It cannot be read or written, or is another program's database.
        OSError: Its directory cannot be made.

    Cancellation: what is queued is still recorded before the database is closed.
    """

    def prepare(connection: DuckDBPyConnection) -> None:
        if has_this_form(connection):
            return
        if is_someone_elses(connection):
            raise DatabaseUnusable(f"{path} is a database, but no ledger")
        make_form(connection)

    await world.files.make_directory(path.parent)
    # One thread: an event is one row, and handing it to a second thread costs more than writing it.
    async with open_database(path, world=world, prepare=prepare, config={"threads": 1, **_CONFIG}) as database:
        yield Ledger(database, world)


@asynccontextmanager
async def open_to_read(path: Path, world: World) -> AsyncIterator[Database]:
    """Open a ledger that nobody writes to, to ask it something. While it is open here, no run can begin.

    Raises:
        DatabaseInUse: A run holds it.
        DatabaseUnusable: It cannot be read, or is another program's database.

    Cancellation: opening is a checkpoint.
    """
    async with open_database(path, world=world, read_only=True, config=_CONFIG) as database:
        if not await database.read(is_ledger):
            raise DatabaseUnusable(f"{path} is a database, but no ledger")
        yield database


async def read_standings(path: Path, archive: str | None, world: World) -> list[Standing]:
    """Where every gazette stands in a ledger that nobody writes to; empty if there is no ledger.

    Raises:
        DatabaseInUse: A run holds it.
        DatabaseUnusable: It cannot be read.

    Cancellation: a checkpoint.
    """
    if await world.files.size(path) is None:
        return []
    async with open_to_read(path, world) as database:
        return await database.read(lambda connection: _standings(connection, archive))


def _standings(connection: DuckDBPyConnection, archive: str | None) -> list[Standing]:
    rows = connection.execute(statement("standing"), {"archive": archive or ""}).fetchall()
    return [_standing(row) for row in rows]


def _standing(row: tuple[object, ...]) -> Standing:
    identifier, tribunal, date, number, suffix, url, file_name, lives, size, sha256, md5, seen_size, archives = row
    return Standing(
        gazette=Gazette(
            str(identifier), str(tribunal), _as_date(date), _as_int(number), str(suffix), str(url), str(file_name)
        ),
        checksums=None if sha256 is None else Checksums(_as_int(size), str(sha256), str(md5)),
        size=None if seen_size is None else _as_int(seen_size),
        archives={
            str(held["target"]): None if held["url"] is None else str(held["url"]) for held in _as_list(archives)
        },
        lives={Life(str(life["life"])): _life_standing(life) for life in _as_list(lives)},
    )


def _life_standing(life: Mapping[str, object]) -> LifeStanding:
    not_before, submitted_at = life["not_before"], life["submitted_at"]
    return LifeStanding(
        state=State(str(life["state"])),
        not_before=not_before if isinstance(not_before, datetime.datetime) else None,
        submitted_at=submitted_at if isinstance(submitted_at, datetime.datetime) else None,
        acknowledged=bool(life["acknowledged"]),
        failed_runs=_as_int(life["failed_runs"]),
        reading=_past_reading(life["reading"]),
        awaits_model=bool(life["awaits_model"]),
    )


def _past_reading(detail: object) -> PastReading | None:
    if detail is None:
        return None
    told = json.loads(str(detail))
    return PastReading(told.get("extractor", ""), told.get("extractor_version", ""), told["entries_unread"])


def _as_date(value: object) -> datetime.date:
    assert isinstance(value, datetime.date)
    return value


def _as_int(value: object) -> int:
    assert isinstance(value, int)
    return value


def _as_list(value: object) -> list[dict[str, object]]:
    assert value is None or isinstance(value, list)
    return value or []
