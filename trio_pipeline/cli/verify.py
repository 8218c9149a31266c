"""`trio-pipeline verify`: compare the copies that the ledger knows with what the archives say."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trio_pipeline.cli.asking import answer, ask_for_pace
from trio_pipeline.cli.counter import show_count
from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.interrupts import run_until_signal
from trio_pipeline.cli.logs import set_up_logging
from trio_pipeline.cli.options import LogOptions, archive_option, configured, json_option, logged
from trio_pipeline.cli.output import print_rows
from trio_pipeline.diario.copies import HeldCopy, held_copy
from trio_pipeline.diario.findings import Finding, Problem
from trio_pipeline.diario.hosts import archive_name
from trio_pipeline.diario.ledger.hiding import masked
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.paces import READS
from trio_pipeline.diario.preflight import UsageError, check_contact
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.verification import Verification, is_in_a_folder
from trio_pipeline.diario.verification import verify as compare
from trio_pipeline.diario.visits import visiting_pacer
from trio_pipeline.pacing import Learned, Pacer
from trio_pipeline.world import real_world

__all__ = ["verify"]

_COLUMNS = ("id", "archive", "url", "state", "problem", "reason")


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--download", is_flag=True, help="Read the bytes of what is in the Internet Archive, too.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Look at the newest N copies at most.")
@archive_option
@json_option
@logged
@configured
def verify(
    loaded: Loaded, *, ids: tuple[str, ...], download: bool, limit: int | None, as_json: bool, log: LogOptions
) -> ExitCode:
    """Compare every copy that is submitted or confirmed, or those of the gazettes ID, with what its archive says.

    Files in a folder are read and compared byte by byte. The Internet Archive is asked once for each item, and its
    checksums are compared; with --download every file is fetched as well. All archives are looked at, or the one of
    --archive. Nothing is changed. Each problem is a row; exit code 1 if there is one, 3 if a host lets itself not be
    asked: one that does not answer is waited for as long as run.patience, or until Ctrl-C.
    """
    set_up_logging(log, loaded.suppression)
    arguments = {"ids": list(ids), "archive": _chosen_archive(loaded), "limit": limit}
    copies = [held_copy(row) for row in answer(loaded, "copies", arguments)]
    pacer = _pacer(copies, loaded)
    verification = Verification()
    signal = run_until_signal(lambda: _compare(copies, verification, loaded.settings, pacer, log, download=download))
    problems = _problems(copies, verification)
    if problems or as_json:
        print_rows((masked(_row(one), loaded.suppression) for one in problems), _COLUMNS, as_json=as_json)
    unknown = sorted(set(ids) - {copy.gazette.id for copy in copies})
    _tell(copies, unknown, problems, verification, quiet=log.verbosity < 0)
    if signal is not None:
        return signal
    if verification.stopped is not None:
        return ExitCode.STOPPED
    return ExitCode.ITEMS_FAILED if problems or unknown else ExitCode.OK


def _chosen_archive(loaded: Loaded) -> str | None:
    if loaded.sources["archive.kind"] != "--archive":
        return None
    name = archive_name(loaded.settings)
    if name is None:
        raise click.UsageError("--archive none leaves nothing to look at.")
    return name


def _pacer(copies: Sequence[HeldCopy], loaded: Loaded) -> Pacer:
    """How fast the Internet Archive may be asked, if it has to be, once it is sure that it may be asked at all."""
    if all(map(is_in_a_folder, copies)):
        return visiting_pacer(loaded.settings, Learned())
    try:
        check_contact(loaded.settings, loaded.settings.archive.metadata_url)
    except UsageError as error:
        raise CommandError(str(error)) from None
    return visiting_pacer(loaded.settings, ask_for_pace(loaded, READS))


async def _compare(
    copies: Sequence[HeldCopy],
    verification: Verification,
    settings: Settings,
    pacer: Pacer,
    log: LogOptions,
    *,
    download: bool,
) -> None:
    def text() -> str:
        return f"looked at {verification.asked:,} of {verification.total:,}"

    async with show_count(text, pacer, log):
        await compare(copies, verification, settings, pacer, real_world(), download=download)


def _problems(copies: Sequence[HeldCopy], verification: Verification) -> list[Finding]:
    """What is wrong, in the order of the copies, newest gazette first."""
    place = {copy: number for number, copy in enumerate(copies)}
    found = [finding for finding in verification.findings if finding.problem is not Problem.NOT_YET_THERE]
    return sorted(found, key=lambda finding: place[finding.copy])


def _row(finding: Finding) -> Row:
    copy = finding.copy
    return {
        "id": copy.gazette.id,
        "archive": copy.archive,
        "url": copy.url,
        "state": copy.state,
        "problem": finding.problem.value,
        "reason": finding.reason,
    }


def _tell(
    copies: Sequence[HeldCopy],
    unknown: Sequence[str],
    problems: Sequence[Finding],
    verification: Verification,
    *,
    quiet: bool,
) -> None:
    """Say on stderr what came of it, and what can be done."""
    for identifier in unknown:
        click.echo(f"{terminal_safe(identifier)}: the ledger knows no copy of it", err=True)
    if verification.stopped is not None:
        click.echo(f"stopped: {terminal_safe(verification.stopped)}", err=True)
    if quiet:
        return
    waiting = {finding.copy for finding in verification.findings} - {finding.copy for finding in problems}
    wrong = {finding.copy for finding in problems}
    done, total = verification.asked, verification.total
    is_over = len(copies) <= done == total
    looked_at = f"{len(copies):,} copies" if is_over else f"ended early: {done:,} of {total:,} looked at"
    words = [looked_at, f"{len(wrong):,} with a problem"]
    words += [f"{len(waiting):,} submitted and not there yet"] if waiting else []
    click.echo(", ".join(words), err=True)
    for advice in _advice(problems):
        click.echo(advice, err=True)


def _advice(problems: Sequence[Finding]) -> list[str]:
    by_problem = {problem: [one.copy for one in problems if one.problem is problem] for problem in Problem}
    lines = []
    again = by_problem[Problem.MISSING] + [copy for copy in by_problem[Problem.OTHER_BYTES] if is_in_a_folder(copy)]
    if again:
        days = sorted(copy.gazette.date for copy in again)
        lines.append(f"to archive again what is missing: trio-pipeline run --force --from {days[0]} --to {days[-1]}")
    if any(not is_in_a_folder(copy) for copy in by_problem[Problem.OTHER_BYTES]):
        lines.append("other bytes in the Internet Archive are left alone: look at the item, and at who changed it")
    if by_problem[Problem.TAKEN_DOWN]:
        lines.append("what the archive has taken down is not put there again")
    if by_problem[Problem.NOT_ASKED]:
        lines.append("to ask for what was not asked: trio-pipeline verify, later")
    return lines
