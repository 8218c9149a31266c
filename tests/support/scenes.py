"""The whole application against the stand-ins, in memory and on virtual time.

A `Scene` holds one court, one archive and one directory; `run` is a run of the main job in it, and any number of them
follow each other. What the ledger says is asked of its file, as a user would.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import trio
from asgi_network import AsgiNetwork
from virtual_world import EPOCH, make_world

from trio_pipeline.diario.archives.ia_headers import file_name
from trio_pipeline.diario.credentials import Secret, Secrets
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.job import Job
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.ledger.queries import resettable
from trio_pipeline.diario.lifecycle import StageName, State, life_of, state_after
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.run import Report, run
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.services.archive import Archive
from trio_pipeline.services.court import Court, Publication
from trio_pipeline.services.editions import editions
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.gemini import Gemini
from trio_pipeline.services.rows import publish_rows
from trio_pipeline.world import World

__all__ = ["ARCHIVE", "COURT", "EPOCH", "GEMINI", "KEYS", "NEWEST", "SMALL", "Scene", "open_scene", "signals_at"]

COURT, ARCHIVE, GEMINI = "127.0.0.1:8001", "127.0.0.1:8002", "127.0.0.1:8003"
SMALL = 3_000
"""Bytes of a PDF without judgements, read in a millisecond."""

KEYS = Secrets(archive_access=Secret("ACCESS"), archive_secret=Secret("SECRET"), model=Secret("MODEL-KEY"), sources={})
NEWEST = datetime.date(2025, 6, 23)


@dataclass
class Scene:
    """One court, one archive, one directory, and the runs in them."""

    directory: Path
    publications: Sequence[Publication]
    court: Court
    archive: Archive
    gemini: Gemini
    network: AsgiNetwork
    world: World
    settings: dict[str, object] = field(default_factory=dict)
    secrets: Secrets = KEYS
    _open_connection: duckdb.DuckDBPyConnection | None = None

    @property
    def gazettes(self) -> list[Gazette]:
        return [published.gazette for published in self.publications]

    @property
    def spool(self) -> Path:
        return self.directory / "spool"

    async def run(
        self,
        *,
        gazettes: Sequence[Gazette] | None = None,
        listing: bool = False,
        selection: Selection | None = None,
        watchers=(),
        interrupts=None,
        **settings: object,
    ) -> Report:
        """Run the main job on a catalog, of all that is published if none is given, or on the court's listing.

        Settings are named `archive__kind` for `archive.kind`, and win over the scene's own.
        """
        catalog = self.gazettes if gazettes is None else gazettes
        job = Job(
            gazettes=None if listing else catalog,
            selection=selection or Selection(),
            settings=self.settings_with(settings),
            secrets=self.secrets,
        )
        # A run that hangs would otherwise wait for a clock that jumps for ever.
        with trio.fail_after(30 * 86_400):
            return await run(job, self.world, watchers=watchers, interrupts=interrupts)

    async def retry(self, *identifiers: str) -> None:
        """Have gazettes tried again by the next run, as a person would who types `retry`."""
        async with open_ledger(self.directory / "diarios.duckdb", self.world) as ledger:
            rows = await ledger.read(lambda connection: resettable(connection, {"ids": list(identifiers)}))
            await ledger.reset(rows)

    def settings_with(self, changes: dict[str, object]) -> Settings:
        sections: dict[str, dict[str, object]] = defaultdict(dict)
        for key, value in {**self._defaults(), **self.settings, **changes}.items():
            section, name = key.split("__")
            sections[section][name] = value
        return Settings.model_validate(sections)

    def _defaults(self) -> dict[str, object]:
        return {
            "run__db": self.directory / "diarios.duckdb",
            "run__spool": self.spool,
            "run__text": self.directory / "text",
            "tjro__base_url": f"http://{COURT}",
            "tjro__interval": 0,
            "tjro__expected_size": 4_000,
            "archive__kind": "folder",
            "archive__folder": self.directory / "archive",
            "archive__s3_url": f"http://{ARCHIVE}",
            "archive__metadata_url": f"http://{ARCHIVE}",
            "extract__kind": "none",
            "extract__workers": 2,
            "model__base_url": f"http://{GEMINI}",
            "model__name": "gemini-test",
            "model__token_budget": 100_000_000,
            "model__accept_cost": True,
        }

    # What can be seen afterwards

    def rows(self, sql: str, *parameters: object) -> list[tuple]:
        with self._connection() as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The ledger, opened once for all that is asked inside the context: that takes more time than asking."""
        if self._open_connection is not None:
            yield self._open_connection
            return
        try:
            with duckdb.connect(self.directory / "diarios.duckdb", read_only=True) as self._open_connection:
                yield self._open_connection
        finally:
            self._open_connection = None

    def states(self) -> list[tuple[str, str, str]]:
        """The different states of the gazettes: download, archive, extract."""
        return self.rows("SELECT DISTINCT download_state, archive_state, extract_state FROM diarios ORDER BY ALL")

    def outcomes(self, stage: str, identifier: str | None = None) -> list[str]:
        """The words of a stage's events, in order, of one gazette or of all."""
        events = self.rows("SELECT outcome, diario_id FROM events WHERE stage = ? ORDER BY seq", stage)
        return [outcome for outcome, name in events if identifier in {None, name}]

    def ended_by(self) -> list[str | None]:
        return [ended_by for (ended_by,) in self.rows("SELECT ended_by FROM runs")]

    def spooled(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir())

    def bodies(self) -> dict[str, list[str]]:
        """The checksums of the bodies that the archive took, by `item/file`."""
        uploads = self.archive.statistics()["uploads"]
        return {name: told["md5"] for name, told in uploads.items()}

    def requests(self, service: Court | Archive, kind: str) -> int:
        return service.statistics()["requests"].get(kind, 0)

    def contents(self, layout: str = "year") -> dict[str, bytes]:
        """What each file in the archive should be, by `item/file`."""
        return {
            f"{archive_item(published.gazette, layout)}/{file_name(published.gazette)}": published.content()
            for published in self.publications
        }

    def check(self) -> None:
        """What holds after every run, however it ended."""
        with self._connection():
            self._check_lives()
            self._check_runs()
        assert not list(self.spool.glob("*.part"))

    def _check_lives(self) -> None:
        """Every event was possible, and the views say what the table of the life cycle says."""
        lives: dict[tuple[str, str, str | None], State] = {}
        for identifier, stage, target, outcome in self.rows(
            "SELECT diario_id, stage, target, outcome FROM events ORDER BY seq"
        ):
            key = (identifier, life_of(StageName(stage)).value, target)
            lives[key] = state_after(lives.get(key, State.NOT_ASKED), StageName(stage), outcome)
        seen = {
            (identifier, life, target): State(state)
            for identifier, life, target, state in self.rows("SELECT diario_id, life, target, state FROM lives")
        }
        assert seen == lives
        copies = {
            (identifier, "archive", archive): State(state)
            for identifier, archive, state in self.rows("SELECT diario_id, archive, state FROM copies")
        }
        assert copies == {key: state for key, state in lives.items() if key[1] == "archive"}

    def _check_runs(self) -> None:
        assert None not in self.ended_by()


@asynccontextmanager
async def open_scene(
    directory: Path,
    count: int = 3,
    *,
    size: int = SMALL,
    publications: Sequence[Publication] | None = None,
    court_faults: Iterable[str] = (),
    archive_faults: Iterable[str] = (),
    gemini_faults: Iterable[str] = (),
    court: dict[str, object] | None = None,
    archive: dict[str, object] | None = None,
    gemini: dict[str, object] | None = None,
    seed: int = 0,
    **settings: object,
) -> AsyncIterator[Scene]:
    """A scene with these gazettes or the newest `count` of a made-up court, and settings for all of its runs."""
    if publications is None:
        publications = _publications(count, size)
    async with trio.open_nursery() as nursery:
        network = AsgiNetwork(nursery, {})
        world = make_world(network.transport, seed=seed)
        scene = Scene(
            directory=directory,
            publications=publications,
            court=Court(publications, plan=_plan(court_faults, seed), **(court or {})),
            archive=Archive(plan=_plan(archive_faults, seed), **({"keys": {"ACCESS": "SECRET"}} | (archive or {}))),
            gemini=Gemini(
                [judgement for one in publications for judgement in one.truth],
                now=world.now,
                plan=_plan(gemini_faults, seed),
                **(gemini or {}),
            ),
            network=network,
            world=world,
            settings=settings,
        )
        network.apps = {COURT: scene.court, ARCHIVE: scene.archive, GEMINI: scene.gemini}
        yield scene
        nursery.cancel_scope.cancel()


@cache
def _publications(count: int, size: int) -> tuple[Publication, ...]:
    return publish_rows(editions(count, NEWEST, seed=1), size)


def _plan(faults: Iterable[str], seed: int) -> FaultPlan:
    return FaultPlan([parse_fault(fault) for fault in faults], seed=seed)


async def signals_at(*times: float, number: int = 2) -> AsyncIterator[int]:
    """A signal at each of these times, in Trio's."""
    for time in times:
        await trio.sleep_until(time)
        yield number
    await trio.sleep_forever()
