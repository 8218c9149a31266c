"""Everybody whom a run talks to: the court and the archives, each with the pace that it is asked at.

This file does not know what they are asked for.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from trio_util import periodic

from trio_pipeline.diario.archives import Archive
from trio_pipeline.diario.archives.folder import FolderArchive
from trio_pipeline.diario.archives.ia_room import RoomStatistics
from trio_pipeline.diario.archives.internet_archive import InternetArchive
from trio_pipeline.diario.court import Court
from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.http import open_http
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.listing import Listing
from trio_pipeline.diario.paces import COURT, MODEL, READS, UPLOADS, learned_pace
from trio_pipeline.diario.robots import Robots
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.sources import Source
from trio_pipeline.diario.titles import Titles
from trio_pipeline.diario.user_agent import user_agent
from trio_pipeline.pacing import Network, Pacer
from trio_pipeline.world import World

__all__ = ["Hosts", "archive_name", "open_hosts"]

_FOLDER = "folder:"
_LOOK_EVERY = 10.0  # seconds

_log = logging.getLogger("trio_pipeline.hosts")


class Hosts:
    """The court, the archives, and their paces. Made by `open_hosts`.

    Attributes:
        court: The court's server.
        listing: What it lists.
        archive: The archive of this run, or None.
        pacers: The paces, by the name of the group of hosts.
        network: Our own, as the pacers have come to know it.
    """

    def __init__(
        self,
        *,
        court: Court,
        listing: Listing,
        internet_archive: InternetArchive,
        archive: Archive | None,
        pacers: Mapping[str, Pacer],
        network: Network,
        ledger: Ledger,
        world: World,
    ) -> None:
        self.court = court
        self.listing = listing
        self.archive = archive
        self.pacers = pacers
        self.network = network
        self._internet_archive = internet_archive
        self._ledger = ledger
        self._world = world
        self._remembered = {name: pacer.learned() for name, pacer in pacers.items()}

    def copies(self, archives: Mapping[str, str | None]) -> list[Source]:
        """The places that have a gazette, nearest first.

        Args:
            archives: Their names in the ledger, and where the copy is if that is known.
        """
        folders = [
            FolderArchive(self._world, Path(name[len(_FOLDER) :])) for name in archives if name.startswith(_FOLDER)
        ]
        target = self._internet_archive.target
        distant = [self._internet_archive.source(archives[target])] if target in archives else []
        return [*folders, *distant]

    def room(self) -> RoomStatistics | None:
        """How much room for uploads the archive of this run has said that it has; None if nobody asks for any."""
        return self._internet_archive.room() if self.archive is self._internet_archive else None

    def let_go(self) -> None:
        """Let nobody wait any more for a host that is out of service."""
        for pacer in self.pacers.values():
            pacer.let_go()

    async def watch(self) -> None:
        """Keep what the pacers learn in the ledger, from time to time and at the end, and log when the network goes.

        Cancellation: the last news is recorded first.
        """
        is_gone = False
        try:
            async for _ in periodic(_LOOK_EVERY):
                await self._remember()
                if (self.network.gone_since is not None) is not is_gone:
                    is_gone = not is_gone
                    _log.warning("no host can be reached: waiting" if is_gone else "a host can be reached again")
        finally:
            with trio.CancelScope(shield=True):
                await self._remember()

    async def _remember(self) -> None:
        for name, pacer in self.pacers.items():
            learned = pacer.learned()
            if learned != self._remembered[name]:
                self._remembered[name] = learned
                await self._ledger.remember_pace(name, dataclasses.asdict(learned))


@asynccontextmanager
async def open_hosts(
    settings: Settings, secrets: Secrets, ledger: Ledger, world: World, *, search_again: bool = False
) -> AsyncIterator[Hosts]:
    """Open the one HTTP client and everything that talks through it, at the paces that earlier runs have learned.

    Cancellation: connections are closed.
    """
    network = Network()
    pacers = await _pacers(settings, ledger, network)
    async with open_http(world, user_agent=user_agent(settings)) as http:
        internet_archive = InternetArchive(
            world,
            http,
            pacers[UPLOADS],
            pacers[READS],
            s3_url=settings.archive.s3_url,
            metadata_url=settings.archive.metadata_url,
            # Reading from it needs no keys; `preflight` has seen to it that uploads have them.
            access_key=secrets.archive_access.reveal() if secrets.archive_access else "",
            secret_key=secrets.archive_secret.reveal() if secrets.archive_secret else "",
            collection=settings.archive.collection,
            layout=settings.archive.layout,
            titles=Titles(settings.archive.title, settings.archive.year_title),
            patience=settings.run.patience,
            network=network,
            notes=ledger.found_items,
            search_again=search_again,
            size_limit=settings.tjro.size_limit,
            trusted_hosts=settings.archive.trusted_hosts,
        )
        robots = Robots(
            http,
            pacers[COURT],
            ledger.court,
            world,
            base_url=settings.tjro.base_url,
            patience=settings.run.patience,
            network=network,
        )
        court = Court(
            http,
            pacers[COURT],
            robots.admit,
            base_url=settings.tjro.base_url,
            size_limit=settings.tjro.size_limit,
        )
        yield Hosts(
            court=court,
            listing=Listing(http, pacers[COURT], robots.admit, world.threads, base_url=settings.tjro.base_url),
            internet_archive=internet_archive,
            archive=_archive(settings, internet_archive, world),
            pacers=pacers,
            network=network,
            ledger=ledger,
            world=world,
        )


async def _pacers(settings: Settings, ledger: Ledger, network: Network) -> Mapping[str, Pacer]:
    groups = [
        (COURT, settings.tjro.interval, settings.tjro.workers),
        (UPLOADS, settings.archive.interval, settings.archive.workers),
        # One more than uploads: what was uploaded is looked for beside them.
        (READS, settings.archive.interval, settings.archive.workers + 1),
    ]
    if settings.extract.uses_model:
        groups.append((MODEL, 0.0, settings.model.workers))
    return {
        name: Pacer(
            name,
            interval=interval,
            concurrency=workers,
            patience=settings.run.patience,
            learned=learned_pace(await ledger.pace(name)),
            network=network,
        )
        for name, interval, workers in groups
    }


def _archive(settings: Settings, internet_archive: InternetArchive, world: World) -> Archive | None:
    match settings.archive.kind:
        case "folder":
            return FolderArchive(world, settings.archive.folder)
        case "internet-archive":
            return internet_archive
        case "none":
            return None


def archive_name(settings: Settings) -> str | None:
    """What the archive of these settings is called in the ledger; None if there is none."""
    match settings.archive.kind:
        case "folder":
            return f"{_FOLDER}{settings.archive.folder.absolute()}"
        case "internet-archive":
            return InternetArchive.target
        case "none":
            return None
