"""The Internet Archive asked by a command that is no run: one client, one pace, and what can be read through them.

A run that is on keeps a pace of its own. So a visit is never faster than the settings say, or than runs have learned
that the archive bears, and asks for two things at a time at most.

This file does not know what is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from trio_pipeline.diario.archives.ia_files import ArchivedFiles
from trio_pipeline.diario.archives.ia_items import Items
from trio_pipeline.diario.archives.internet_archive import archive_hosts
from trio_pipeline.diario.http import Http, RedirectRule, open_http
from trio_pipeline.diario.paces import READS
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.user_agent import user_agent
from trio_pipeline.pacing import Learned, Pacer
from trio_pipeline.world import World

__all__ = ["Visit", "open_visit", "visiting_pacer"]

_AT_ONCE = 2
"""Requests at a time: what the archive is known to put up with."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The archive, ready to be asked.

    Attributes:
        http: The client.
        pacer: The pace.
        redirects: Where the archive may send us.
        items: Its items; every question is asked anew.
        files: Its files.
    """

    http: Http
    pacer: Pacer
    redirects: RedirectRule
    items: Items
    files: ArchivedFiles


def visiting_pacer(settings: Settings, learned: Learned) -> Pacer:
    """The pace of a visit.

    Args:
        settings: How the archive is to be asked.
        learned: What runs have found out about its pace.
    """
    return Pacer(
        READS,
        interval=settings.archive.interval,
        concurrency=_AT_ONCE,
        patience=settings.run.patience,
        learned=learned,
    )


@asynccontextmanager
async def open_visit(settings: Settings, pacer: Pacer, world: World) -> AsyncIterator[Visit]:
    """Open a client for the archive.

    Args:
        settings: Where it is.
        pacer: The pace at which it is asked.
        world: Where.

    Cancellation: connections are closed.
    """
    redirects = archive_hosts(settings.archive.trusted_hosts)
    base = settings.archive.metadata_url
    async with open_http(world, user_agent=user_agent(settings)) as http:
        yield Visit(
            http=http,
            pacer=pacer,
            redirects=redirects,
            items=Items(http, pacer, metadata_url=base, redirects=redirects, remember=False),
            files=ArchivedFiles(http, pacer, redirects=redirects, size_limit=settings.tjro.size_limit),
        )
