"""`trio-pipeline run`: the main job.

This file turns what was typed into a job, and how the job ended into words and an exit code.
"""

from __future__ import annotations

import cProfile
import datetime
import gc
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import trio

from trio_pipeline.cli.exit_codes import CommandError, ExitCode, InUseError, UnusableError
from trio_pipeline.cli.logs import set_up_logging
from trio_pipeline.cli.options import Day, LogOptions, configured, logged, run_options
from trio_pipeline.cli.progress import progress_watcher
from trio_pipeline.cli.signal_thread import ENDING_SIGNALS, signals_in_one_thread
from trio_pipeline.cli.summary import show_plan, show_report
from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable
from trio_pipeline.diario.catalog import NotACatalog, read_catalog
from trio_pipeline.diario.credentials import CredentialsError, load_secrets
from trio_pipeline.diario.job import Job
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.preflight import UsageError, check
from trio_pipeline.diario.preview import preview
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.run import Interrupts, Report
from trio_pipeline.diario.run import run as run_job
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.world import real_world

__all__ = ["do_job", "exit_code_of", "run"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed besides settings."""

    catalog: Path | None
    selection: Selection
    dry_run: bool
    profile: Path | None


@click.command()
@click.argument("catalog", required=False, type=click.Path(path_type=Path))
@click.option("--from", "since", type=Day(), metavar="DATE", help="The first day, as in 2025-06-23.")
@click.option("--to", "until", type=Day(), metavar="DATE", help="The last day, itself included.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Take up at most N gazettes in this run.")
@click.option("--oldest-first", is_flag=True, help="Begin with the oldest gazette; else with the newest.")
@click.option("--force", is_flag=True, help="Archive and extract again what is done.")
@click.option("--yes", is_flag=True, help="Accept what the archive asks of uploaders, and what a model costs.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing: no contact or keys needed.")
@click.option("--profile", type=click.Path(path_type=Path), metavar="DIR", help="Write a profile of the run there.")
@run_options
@logged
@configured
def run(
    loaded: Loaded,
    *,
    catalog: Path | None,
    since: datetime.date | None,
    until: datetime.date | None,
    limit: int | None,
    oldest_first: bool,
    force: bool,
    yes: bool,
    dry_run: bool,
    profile: Path | None,
    log: LogOptions,
) -> ExitCode:
    """Download, archive and read the gazettes of CATALOG, and what an earlier run has left.

    CATALOG is a file: the court's listing or a catalog made from it (JSON or JSON lines), or CSV with at least url and
    date. Without CATALOG, the court's listing of this year, or of --from … --to, is read, and again every tjro.refresh
    while the run lasts.

    What is done is recorded as it happens: a run can be ended at any moment, and the next one goes on from there.
    Ctrl-C ends the work in hand first; twice, at once.
    """
    selection = Selection(
        since=since,
        until=until,
        limit=limit,
        oldest_first=oldest_first,
        force=force,
    )
    settings = loaded.settings
    if yes:
        policy = settings.archive.model_copy(update={"accept_policy": True})
        cost = settings.model.model_copy(update={"accept_cost": True})
        settings = settings.model_copy(update={"archive": policy, "model": cost})
    return _run(replace(loaded, settings=settings), _Asked(catalog, selection, dry_run, profile), log)


def _run(loaded: Loaded, asked: _Asked, log: LogOptions) -> ExitCode:
    set_up_logging(log, loaded.suppression)
    job = _job(loaded, asked, log)
    with _errors_in_words():
        if asked.dry_run:
            with signals_in_one_thread(ENDING_SIGNALS):
                plan = trio.run(preview, job, real_world())
            show_plan(plan, job.settings.model)
            return ExitCode.OK
        with _profiled(asked.profile):
            report = do_job(job, log)
    show_report(report, quiet=log.verbosity < 0)
    return exit_code_of(report)


def do_job(job: Job, log: LogOptions) -> Report:
    """Do a job in the real world, with progress on stderr and signals heeded."""

    async def main() -> Report:
        # Open before anything else is: a signal must find somebody who knows what to do with it.
        with trio.open_signal_receiver(*ENDING_SIGNALS) as signals:
            watchers = [progress_watcher(log)]
            return await run_job(job, real_world(), watchers=watchers, interrupts=_numbers(signals))

    # What was imported lives as long as the run: the collector need not look through it again and again.
    gc.freeze()
    try:
        with signals_in_one_thread(ENDING_SIGNALS):
            return trio.run(main)
    finally:
        gc.unfreeze()


async def _numbers(signals: AsyncIterator[int]) -> Interrupts:
    async for number in signals:
        yield number


def exit_code_of(report: Report) -> ExitCode:
    """What the shell is told."""
    if report.signal is not None:
        return ExitCode(128 + report.signal)
    if report.stopped or report.faults:
        return ExitCode.STOPPED
    return ExitCode.ITEMS_FAILED if report.failed else ExitCode.OK


def _job(loaded: Loaded, asked: _Asked, log: LogOptions) -> Job:
    # Before the settings: it is what was typed.
    gazettes = None if asked.catalog is None else _gazettes(asked.catalog, log)
    try:
        secrets = load_secrets(os.environ)
        check(loaded.settings, secrets, dry_run=asked.dry_run)
    except (CredentialsError, UsageError) as error:
        raise CommandError(str(error)) from None
    return Job(gazettes, asked.selection, loaded.settings, secrets, loaded.suppression)


def _gazettes(path: Path, log: LogOptions) -> Sequence[Gazette]:
    """The gazettes of a catalog; its bad rows are reported and left out."""
    try:
        catalog = read_catalog(path)
    except NotACatalog as error:
        raise CommandError(f"{terminal_safe(str(path))}: {terminal_safe(str(error))}") from None
    for problem in catalog.problems:
        click.echo(f"{terminal_safe(str(path))}:{problem.line}: left out: {terminal_safe(problem.reason)}", err=True)
    if log.verbosity >= 0:
        click.echo(f"{len(catalog.gazettes):,} gazettes in {terminal_safe(str(path))}", err=True)
    return catalog.gazettes


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """Turn what a user can do something about into one line and an exit code; everything else is a defect."""
    try:
        yield
    except UsageError as error:
        raise CommandError(str(error)) from None
    except DatabaseInUse as error:
        raise InUseError(str(error)) from None
    except (DatabaseUnusable, OSError) as error:
        raise UnusableError(str(error)) from None
    except BaseExceptionGroup as group:
        disk, others = group.split((DatabaseUnusable, OSError))
        if disk is None or others is not None:
            raise
        first = disk.exceptions[0]
        raise UnusableError(f"{first}\n" + "\n".join(getattr(first, "__notes__", ()))) from None


@contextmanager
def _profiled(directory: Path | None) -> Iterator[None]:
    """Profile the event loop's thread into `run.prof`, for `python -m pstats`."""
    if directory is None:
        yield
        return
    directory.mkdir(parents=True, exist_ok=True)
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(directory / "run.prof")
        click.echo(f"profile: {directory / 'run.prof'}", err=True)
