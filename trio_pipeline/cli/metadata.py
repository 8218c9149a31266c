"""`trio-pipeline metadata`: bring what the Internet Archive says about our uploads up to date."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

import click

from trio_pipeline.cli.asking import answer, ask_for_pace
from trio_pipeline.cli.counter import show_count
from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.interrupts import run_until_signal
from trio_pipeline.cli.logs import set_up_logging
from trio_pipeline.cli.options import LogOptions, configured, json_option, logged
from trio_pipeline.cli.output import print_rows
from trio_pipeline.diario.archives.internet_archive import InternetArchive
from trio_pipeline.diario.copies import held_copy
from trio_pipeline.diario.credentials import CredentialsError, Secrets, load_secrets
from trio_pipeline.diario.ledger.hiding import masked
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.metadata_update import Line, OurItem, OurItems, Result, Update, our_items, update_metadata
from trio_pipeline.diario.paces import READS
from trio_pipeline.diario.preflight import UsageError, check_contact
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.visits import visiting_pacer
from trio_pipeline.pacing import Pacer
from trio_pipeline.world import real_world

__all__ = ["metadata"]

_COLUMNS = ("item", "target", "key", "old", "new", "result", "reason")
_FINE = frozenset({Result.CHANGED, Result.WOULD_CHANGE})


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@json_option
@logged
@configured
def metadata(loaded: Loaded, *, ids: tuple[str, ...], dry_run: bool, as_json: bool, log: LogOptions) -> ExitCode:
    """Have the Internet Archive say about our uploads, or about those of the gazettes ID, what it should say today.

    That is what the settings (archive.title, archive.year_title) and this version of the program make of it. Of each
    item of ours, and of its files, the keys that this program sets are compared (but collection and mediatype, which
    are settled when an item is made), and all that differ are changed in one call. Others' keys stay, and so do keys
    that are not set any more. A value that somebody else changes meanwhile is not overwritten. Each change is a row.
    """
    set_up_logging(log, loaded.suppression)
    secrets = _secrets(loaded.settings, dry_run=dry_run)
    arguments = {"ids": list(ids), "archive": InternetArchive.target}
    copies = [held_copy(row) for row in answer(loaded, "copies", arguments)]
    ours = our_items(copies)
    update = Update()
    pacer = visiting_pacer(loaded.settings, ask_for_pace(loaded, READS))
    signal = run_until_signal(
        lambda: _update(ours.items, update, loaded.settings, secrets, pacer, log, dry_run=dry_run)
    )
    lines = _in_order(ours.items, update)
    if lines or as_json:
        print_rows((masked(_row(line), loaded.suppression) for line in lines), _COLUMNS, as_json=as_json)
    unknown = sorted(set(ids) - {copy.gazette.id for copy in copies})
    _tell(ours, unknown, update, quiet=log.verbosity < 0)
    if signal is not None:
        return signal
    if update.stopped is not None:
        return ExitCode.STOPPED
    is_fine = all(line.result in _FINE for line in lines) and not unknown
    return ExitCode.OK if is_fine else ExitCode.ITEMS_FAILED


def _secrets(settings: Settings, *, dry_run: bool) -> Secrets:
    try:
        check_contact(settings, settings.archive.metadata_url)
        secrets = load_secrets(os.environ)
    except (CredentialsError, UsageError) as error:
        raise CommandError(str(error)) from None
    if secrets.archive_access is None and not dry_run:
        raise CommandError("the Internet Archive needs your keys: set IA_ACCESS_KEY and IA_SECRET_KEY")
    return secrets


async def _update(
    items: Sequence[OurItem],
    update: Update,
    settings: Settings,
    secrets: Secrets,
    pacer: Pacer,
    log: LogOptions,
    *,
    dry_run: bool,
) -> None:
    def text() -> str:
        return f"{update.done:,} of {update.total:,} items"

    async with show_count(text, pacer, log):
        await update_metadata(items, update, settings, secrets, pacer, real_world(), dry_run=dry_run)


def _in_order(items: Sequence[OurItem], update: Update) -> list[Line]:
    """What is told, in the order of the items, newest first."""
    place = {item.name: number for number, item in enumerate(items)}
    return sorted(update.lines, key=lambda line: place[line.item])


def _row(line: Line) -> Row:
    change = line.change
    return {
        "item": line.item,
        "target": line.target,
        "key": None if change is None else change.key,
        "old": None if change is None else change.old,
        "new": None if change is None else change.new,
        "result": line.result.value,
        "reason": line.reason,
    }


def _tell(ours: OurItems, unknown: Sequence[str], update: Update, *, quiet: bool) -> None:
    """Say on stderr what came of it."""
    for identifier in unknown:
        click.echo(f"{terminal_safe(identifier)}: the ledger knows no copy of it in the Internet Archive", err=True)
    if update.stopped is not None:
        click.echo(f"stopped: {terminal_safe(update.stopped)}", err=True)
    if quiet:
        return
    results = Counter(line.result for line in update.lines)
    words = [_looked_at(ours, update), *(f"{count:,} {result.value}" for result, count in results.items())]
    words += [] if results else ["nothing to change"]
    words += [f"{update.calls:,} calls"] if update.calls else []
    words += [f"{ours.adopted:,} copies in others' items left alone"] if ours.adopted else []
    words += [f"{ours.waiting:,} copies not confirmed yet"] if ours.waiting else []
    click.echo(", ".join(words), err=True)


def _looked_at(ours: OurItems, update: Update) -> str:
    total = len(ours.items)
    return f"{total:,} items of ours" if update.done == total else f"{update.done:,} of {total:,} items looked at"
