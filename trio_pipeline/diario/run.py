"""One run of the main job: opens everything it needs, lets the flow work, and says how it ended.

What is opened first dies last: the ledger outlives the stages, so that whatever they end with is recorded.

This file does not know what a person types or sees; `Watcher` and `Interrupts` come from above.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import trio

from trio_pipeline.control import open_control, socket_path
from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.ending import Ending, Interrupts, Report
from trio_pipeline.diario.flow import Flow
from trio_pipeline.diario.hosts import Hosts, archive_name, open_hosts
from trio_pipeline.diario.intake import Intake
from trio_pipeline.diario.items import Branches, Item
from trio_pipeline.diario.judgements import READER_VERSION
from trio_pipeline.diario.ledger.events import Standing
from trio_pipeline.diario.ledger.ledger import Ledger, open_ledger, read_standings
from trio_pipeline.diario.lifecycle import Life, State
from trio_pipeline.diario.listing_years import court_day, years_to_read
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.preflight import UsageError, uploads_to_announce
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.readers import Reader
from trio_pipeline.diario.running import Running
from trio_pipeline.diario.selection import Selection, plan
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.spool import Spool, take_over_spool
from trio_pipeline.diario.stages.archive import Archiver, barred_by
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper
from trio_pipeline.diario.stages.confirm import Confirmer, LookSchedule
from trio_pipeline.diario.stages.download import Downloader
from trio_pipeline.diario.stages.extract import Extractor
from trio_pipeline.diario.stages.listing import Lister
from trio_pipeline.diario.suppression import NOTHING_HIDDEN, Suppression
from trio_pipeline.diario.texts import Texts
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.telemetry import Telemetry, open_telemetry
from trio_pipeline.world import Processes, World

__all__ = ["Interrupts", "Job", "Preview", "Report", "Watcher", "preview", "run"]

Watcher = Callable[[Running], Awaitable[None]]
"""Accompanies the flow, to show it; it is cancelled when the flow has ended."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do.

    Attributes:
        gazettes: What the catalog names; what else the ledger knows is taken up as well. None to read the court's
            listing instead, while the run lasts.
        selection: Which of them.
        settings: How.
        secrets: With which keys.
        suppression: The names and numbers that are in no answer of the run.
    """

    gazettes: Sequence[Gazette] | None
    selection: Selection
    settings: Settings
    secrets: Secrets
    suppression: Suppression = NOTHING_HIDDEN


async def run(
    job: Job, world: World, *, watchers: Sequence[Watcher] = (), interrupts: Interrupts | None = None
) -> Report:
    """Do the job.

    Args:
        job: What is to be done.
        world: Where it is done.
        watchers: What accompanies the flow.
        interrupts: The signals that arrive.

    Raises:
        UsageError: The archive's policy was not accepted; nothing was sent and nothing recorded.
        DatabaseInUse: Another run holds the ledger.
        DatabaseUnusable: The ledger cannot be read or written.
        OSError: The disk cannot be read or written.
        BaseExceptionGroup: A defect, or a disk that failed on the way; what is in it says stage and gazette.

    Cancellation: as by a second signal; the end of the run is recorded.
    """
    settings = job.settings
    async with (
        open_ledger(settings.run.db, world) as ledger,
        open_hosts(settings, job.secrets, ledger, world, search_again=job.selection.force) as hosts,
    ):
        branches = _branches(settings)
        texts = Texts(settings.run.text, world)
        standings = _with_new(await ledger.standings(branches.archive), job.gazettes or (), await texts.kept())
        chosen = plan(standings, job.selection, branches)
        announcement = uploads_to_announce(chosen.items, settings, lists=job.gazettes is None)
        if announcement is not None:
            raise UsageError(announcement)
        await ledger.add_gazettes(job.gazettes or ())
        async with _open_workshop(job, world, ledger, hosts, branches, standings) as workshop:
            await ledger.begin_run(settings.model_dump(mode="json"), branches.archive)
            if job.gazettes is None:
                # What is taken up is chosen on the way: with a limit it depends on what is listed.
                return await _work(workshop, (), watchers, interrupts)
            await ledger.record_all(chosen.events)
            return await _work(workshop, chosen.items, watchers, interrupts)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    Attributes:
        gazettes: How many it would take up.
        stages: How many of them would go through each stage.
        years: The years whose listing it would look after.
        announcement: What would have to be accepted first, or None.
    """

    gazettes: int
    years: Sequence[int]
    stages: Mapping[str, int]
    announcement: str | None


async def preview(job: Job, world: World) -> Preview:
    """Say what `run` would do, and do nothing: the ledger is only read, if there is one.

    Raises:
        DatabaseInUse: A run holds the ledger.
        DatabaseUnusable: The ledger cannot be read.

    Cancellation: a checkpoint.
    """
    settings = job.settings
    branches = _branches(settings)
    known = await read_standings(settings.run.db, branches.archive, world)
    standings = _with_new(known, job.gazettes or (), await Texts(settings.run.text, world).kept())
    chosen = plan(standings, job.selection, branches)
    stages = {
        life.value: sum(item.state(life) is State.PENDING for item in chosen.items)
        for life in (Life.DOWNLOAD, *branches.lives)
    }
    lists = job.gazettes is None
    years = years_to_read(job.selection, court_day(world.now()), {}) if lists else ()
    return Preview(len(chosen.items), years, stages, uploads_to_announce(chosen.items, settings, lists=lists))


def _branches(settings: Settings) -> Branches:
    return Branches(archive_name(settings), None if settings.extract.kind == "none" else Reader(READER_VERSION))


def _with_new(standings: Sequence[Standing], gazettes: Sequence[Gazette], texts: Collection[str]) -> list[Standing]:
    """Where everything stands once the catalog's gazettes are known: as it names them, if it names them otherwise."""
    named = {gazette.id: gazette for gazette in gazettes}
    known = [
        replace(
            standing,
            gazette=named.pop(standing.gazette.id, standing.gazette),
            has_text=standing.gazette.id in texts,
        )
        for standing in standings
    ]
    return [*known, *(Standing(gazette, has_text=gazette.id in texts) for gazette in named.values())]


@dataclass(frozen=True, slots=True)
class _Workshop:
    """Everything that the flow works with, opened."""

    job: Job
    world: World
    ledger: Ledger
    hosts: Hosts
    branches: Branches
    spool: Spool
    processes: Processes
    telemetry: Telemetry
    standings: Sequence[Standing]
    barred: str | None


@asynccontextmanager
async def _open_workshop(
    job: Job, world: World, ledger: Ledger, hosts: Hosts, branches: Branches, standings: Sequence[Standing]
) -> AsyncIterator[_Workshop]:
    settings = job.settings
    known = {standing.gazette.id: standing.checksums for standing in standings if standing.checksums is not None}
    async with (
        world.open_processes(settings.extract.workers) as processes,
        open_telemetry(world) as telemetry,
    ):
        spool = await take_over_spool(settings.run.spool, limit=settings.run.spool_limit, known=known, world=world)
        spam = await ledger.taken_for_spam(branches.archive)
        barred = None if spam is None else barred_by(*spam)
        try:
            yield _Workshop(job, world, ledger, hosts, branches, spool, processes, telemetry, standings, barred)
        finally:
            # What a disk that fails does not let go is swept by the next run.
            with suppress(OSError):
                await spool.forget_all()


async def _work(
    workshop: _Workshop, items: Sequence[Item], watchers: Sequence[Watcher], interrupts: Interrupts | None
) -> Report:
    settings, ledger = workshop.job.settings, workshop.ledger
    ending = Ending(settings.run.grace)
    flow = _flow(workshop, ending)
    try:
        async with open_pipeline(random_source=workshop.world.random) as pipeline:
            ending.pipeline = pipeline
            running = Running(
                ledger=ledger,
                flow=flow,
                pipeline=pipeline,
                spool=workshop.spool,
                hosts=workshop.hosts,
                telemetry=workshop.telemetry,
                grace=settings.run.grace,
                suppression=workshop.job.suppression,
                world=workshop.world,
            )
            if interrupts is not None:
                pipeline.start_service(ending.heed, interrupts)
            if settings.run.deadline is not None:
                pipeline.start_service(ending.drain_after, settings.run.deadline)
            pipeline.start_service(workshop.hosts.watch)
            for watcher in watchers:
                pipeline.start_service(watcher, running)
            async with open_control(socket_path(settings.run.db), running.commands()):
                await flow.run(pipeline, items)
    except BaseException as error:
        ending.error = error
        raise
    finally:
        report = ending.report(ledger.run_id, flow, workshop.telemetry)
        with trio.CancelScope(shield=True):
            await ledger.end_run(report.ended_by, report.counts)
    return report


def _lister(workshop: _Workshop) -> Lister | None:
    job, ledger = workshop.job, workshop.ledger
    if job.gazettes is not None:
        return None
    return Lister(
        listing=workshop.hosts.listing,
        notes=ledger.court,
        intake=Intake(
            ledger=ledger,
            selection=job.selection,
            branches=workshop.branches,
            standings=workshop.standings,
        ),
        telemetry=workshop.telemetry,
        world=workshop.world,
        selection=job.selection,
        settings=job.settings,
    )


def _flow(workshop: _Workshop, ending: Ending) -> Flow:
    """Put the stages together."""
    settings, hosts, world = workshop.job.settings, workshop.hosts, workshop.world
    bookkeeper = Bookkeeper(
        ledger=workshop.ledger,
        spool=workshop.spool,
        telemetry=workshop.telemetry,
        world=world,
        branches=workshop.branches,
        runs=settings.retry.runs,
        patience=settings.run.patience,
    )
    quarantine = Quarantine(
        workshop.processes, world.open_processes, at_once=settings.extract.workers, is_ending=ending.has_begun
    )
    schedule = LookSchedule(settings.archive.confirm_after, world)
    archiver = confirmer = extractor = None
    if hosts.archive is not None:
        archiver = Archiver(
            archive=hosts.archive,
            spool=workshop.spool,
            bookkeeper=bookkeeper,
            schedule=schedule,
            barred=workshop.barred,
        )
        confirmer = Confirmer(archive=hosts.archive, schedule=schedule)
    if workshop.branches.reader is not None:
        extractor = Extractor(
            reader=workshop.branches.reader,
            spool=workshop.spool,
            texts=Texts(settings.run.text, world),
            quarantine=quarantine,
        )
    return Flow(
        branches=workshop.branches,
        settings=settings,
        ledger=workshop.ledger,
        spool=workshop.spool,
        bookkeeper=bookkeeper,
        lister=_lister(workshop),
        downloader=Downloader(
            spool=workshop.spool,
            court=hosts.court,
            copies=hosts.copies,
            quarantine=quarantine,
            expected_size=settings.tjro.expected_size,
        ),
        archiver=archiver,
        confirmer=confirmer,
        extractor=extractor,
        network=hosts.network,
        world=world,
        selection=workshop.job.selection,
    )
