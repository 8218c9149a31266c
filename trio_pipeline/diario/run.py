"""One run of the main job: opens everything it needs, lets the flow work, and says how it ended.

What is opened first dies last: the ledger outlives the stages, so that whatever they end with is recorded.

This file does not know what a person types or sees; `Watcher` and `Interrupts` come from above.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import trio

from trio_pipeline.control import open_control, socket_path
from trio_pipeline.diario.ending import Ending, Interrupts, Report
from trio_pipeline.diario.flow import Flow
from trio_pipeline.diario.hosts import Hosts, open_hosts
from trio_pipeline.diario.intake import Intake
from trio_pipeline.diario.items import Branches
from trio_pipeline.diario.job import Job, announcement, branches_of, with_new
from trio_pipeline.diario.language_model.asking import Asker
from trio_pipeline.diario.language_model.opening import open_asker
from trio_pipeline.diario.ledger.events import Standing
from trio_pipeline.diario.ledger.ledger import Ledger, open_ledger
from trio_pipeline.diario.paces import MODEL
from trio_pipeline.diario.preflight import UsageError
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.running import Running
from trio_pipeline.diario.selection import Plan, plan
from trio_pipeline.diario.spool import Spool, take_over_spool
from trio_pipeline.diario.stages.archive import Archiver, barred_by
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper
from trio_pipeline.diario.stages.confirm import Confirmer, LookSchedule
from trio_pipeline.diario.stages.download import Downloader
from trio_pipeline.diario.stages.extract import Extractor
from trio_pipeline.diario.stages.listing import Lister
from trio_pipeline.diario.stages.model import ModelReader
from trio_pipeline.diario.texts import Texts
from trio_pipeline.nursery import open_pipeline
from trio_pipeline.telemetry import Telemetry, open_telemetry
from trio_pipeline.world import Processes, World

__all__ = ["Interrupts", "Report", "Watcher", "run"]

Watcher = Callable[[Running], Awaitable[None]]
"""Accompanies the flow, to show it; it is cancelled when the flow has ended."""


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
        branches = branches_of(settings)
        texts = Texts(settings.run.text, world)
        standings = with_new(await ledger.standings(branches.archive), job.gazettes or (), await texts.kept())
        chosen = plan(standings, job.selection, branches)
        refusal = announcement(job, chosen.items, dry_run=False)
        if refusal is not None:
            raise UsageError(refusal)
        await ledger.add_gazettes(job.gazettes or ())
        async with _open_workshop(job, world, ledger, hosts, branches, standings) as workshop:
            await ledger.begin_run(settings.model_dump(mode="json"), branches.archive)
            if job.gazettes is None:
                # What is taken up is chosen on the way: with a limit it depends on what is listed.
                return await _work(workshop, Plan(), watchers, interrupts)
            await ledger.record_all(chosen.events)
            return await _work(workshop, chosen, watchers, interrupts)


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
    asker: Asker | None


@asynccontextmanager
async def _open_workshop(
    job: Job, world: World, ledger: Ledger, hosts: Hosts, branches: Branches, standings: Sequence[Standing]
) -> AsyncIterator[_Workshop]:
    settings = job.settings
    known = {standing.gazette.id: standing.checksums for standing in standings if standing.checksums is not None}
    async with (
        world.open_processes(settings.extract.workers) as processes,
        open_telemetry(world) as telemetry,
        _open_asker(job, ledger, hosts, world) as asker,
    ):
        spool = await take_over_spool(settings.run.spool, limit=settings.run.spool_limit, known=known, world=world)
        spam = await ledger.taken_for_spam(branches.archive)
        barred = None if spam is None else barred_by(*spam)
        try:
            yield _Workshop(job, world, ledger, hosts, branches, spool, processes, telemetry, standings, barred, asker)
        finally:
            # What a disk that fails does not let go is swept by the next run.
            with suppress(OSError):
                await spool.forget_all()


@asynccontextmanager
async def _open_asker(job: Job, ledger: Ledger, hosts: Hosts, world: World) -> AsyncIterator[Asker | None]:
    if not job.settings.extract.uses_model:
        yield None
        return
    async with open_asker(
        job.settings, job.secrets, job.suppression, ledger.model, hosts.pacers[MODEL], world
    ) as asker:
        yield asker


async def _work(
    workshop: _Workshop, chosen: Plan, watchers: Sequence[Watcher], interrupts: Interrupts | None
) -> Report:
    settings, ledger = workshop.job.settings, workshop.ledger
    ending = Ending(settings.run.grace, workshop.hosts.let_go)
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
                drain=ending.drain,
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
                await flow.run(pipeline, chosen.items)
    except BaseException as error:
        ending.error = error
        raise
    finally:
        report = ending.report(ledger.run_id, flow, workshop.telemetry, chosen.held_back)
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
    archiver = confirmer = extractor = model_reader = None
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
        texts = Texts(settings.run.text, world)
        extractor = Extractor(
            reader=workshop.branches.reader,
            spool=workshop.spool,
            texts=texts,
            quarantine=quarantine,
        )
        if workshop.asker is not None:
            model_reader = ModelReader(
                reader=workshop.branches.reader,
                asker=workshop.asker,
                texts=texts,
                quarantine=quarantine,
                world=world,
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
        model_reader=model_reader,
        network=hosts.network,
        world=world,
        selection=workshop.job.selection,
    )
