"""`trio-pipeline demo`: the main job against stand-ins on this machine, on gazettes it makes; no network, no keys.

The stand-ins are another process, as the court and the archive are. What was read is compared with what was printed.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from trio_pipeline.cli.asking import answer
from trio_pipeline.cli.decisions import COLUMNS, for_people
from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.logs import set_up_logging
from trio_pipeline.cli.options import LogOptions, logged
from trio_pipeline.cli.output import print_rows
from trio_pipeline.cli.run import do_job, exit_code_of
from trio_pipeline.cli.signal_thread import ENDING_SIGNALS
from trio_pipeline.cli.summary import show_report
from trio_pipeline.diario.catalog import read_catalog
from trio_pipeline.diario.credentials import load_secrets
from trio_pipeline.diario.job import Job
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings import Loaded, SettingsError, load_settings
from trio_pipeline.diario.suppression import Suppression
from trio_pipeline.services.gazettes import make_gazettes

__all__ = ["demo"]

_FAULTS = (
    "tjro:reset=2x",
    "tjro:truncate=2x@3",
    "tjro:unavailable=2x@6,retry-after=1",
    "archive:bucket-lock=2x",
    "archive:answer-lost=1x@4",
    "archive:unavailable=2x@8",
)
"""What goes wrong on the way, a few times each."""

_STORY = """\
The court breaks connections off, cuts files short and is overloaded for a moment; the archive is busy creating items,
swallows an answer and is overloaded as well. All of that is overcome, or the summary says what was not.
"""

_NEWEST = datetime.date(2026, 6, 30)
_NAMES = ("diarios.duckdb", "diarios.duckdb.wal", "catalog.json", "spool", "text")


@click.command()
@click.option("--gazettes", type=click.IntRange(min=1, max=1000), default=24, show_default=True, metavar="N")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Of contents and faults.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="Where it keeps its files; those of an earlier demo are removed.",
)
@logged
def demo(*, gazettes: int, seed: int, directory: Path, log: LogOptions) -> ExitCode:
    """Run the whole pipeline against stand-ins for the court and the archive, on gazettes made from a seed.

    It takes some seconds, needs neither network nor keys, and leaves a ledger to play with.
    """
    suppression = _suppression()
    set_up_logging(log, suppression)
    # Outside of a run, which heeds these itself: Python would end without ending the stand-ins.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    _clean(directory)
    click.echo(
        f"{gazettes} gazettes are made, and served by stand-ins for the court and the Internet Archive.\n{_STORY}"
    )
    began = time.monotonic()
    with _stand_ins(directory, gazettes, seed) as addresses:
        loaded = replace(_settings(directory, addresses), suppression=suppression)
        job = _job(directory, loaded)
        report = do_job(job, log)
        show_report(report, quiet=log.verbosity < 0)
        if report.signal is not None:
            return exit_code_of(report)
        # What was accepted last is confirmed when it is due; a run does not wait for that, the next one looks.
        time.sleep(job.settings.archive.confirm_after)
        click.echo("\nA second run, a moment later, looks for what was still in the archive's queue:", err=True)
        second = do_job(job, log)
        show_report(second, quiet=log.verbosity < 0)
    click.echo(f"\nThat took {time.monotonic() - began:.0f} seconds. Some of the decisions:\n")
    _show_decisions(loaded, gazettes, seed)
    _show_next(directory)
    return max(exit_code_of(report), exit_code_of(second))


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    sys.exit(128 + number)


def _clean(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _stand_ins(directory: Path, gazettes: int, seed: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "trio_pipeline", "services", f"--gazettes={gazettes}", f"--seed={seed}"]
    command += [f"--newest={_NEWEST}", f"--write-catalog={directory / 'catalog.json'}"]
    command += ["--tjro-latency=0.05", "--archive-latency=0.1", "--archive-queue=0.5"]
    command += [f"--fault={fault}" for fault in _FAULTS]
    with ExitStack() as stack:
        with _signals_put_off():
            # Ctrl-C goes to everything in the terminal's group. They are not in it: what the run has in hand still
            # needs them. The command is this program, and what is typed into it are numbers.
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0)  # noqa: S603
            )
            stack.callback(process.terminate)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise CommandError("the stand-ins did not start; what they said stands above")
        yield json.loads(line)


@contextmanager
def _signals_put_off() -> Iterator[None]:
    """Let signals wait until the end of the block, so that nothing is started there that nobody would end."""
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda one, _frame: came.append(one)) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for one in came:
        signal.raise_signal(one)


def _suppression() -> Suppression:
    """Whom no output shows: the one setting of yours that holds for a demo too."""
    try:
        return load_settings({}, os.environ).suppression
    except SettingsError as error:
        raise CommandError(str(error)) from None


def _settings(directory: Path, addresses: dict[str, str]) -> Loaded:
    return load_settings(
        {
            "run.db": directory / "diarios.duckdb",
            "run.spool": directory / "spool",
            "run.text": directory / "text",
            "tjro.base_url": addresses["tjro"],
            "tjro.interval": 0,
            "archive.kind": "internet-archive",
            "archive.s3_url": addresses["archive"],
            "archive.metadata_url": addresses["archive"],
            "archive.confirm_after": 1,
        },
        {},
        Path(os.devnull),  # a settings file that lies here is for real runs
    )


def _job(directory: Path, loaded: Loaded) -> Job:
    # The stand-in takes any keys; yours are neither needed nor read.
    secrets = load_secrets({"IA_ACCESS_KEY": "demo-access", "IA_SECRET_KEY": "demo-secret"})
    catalog = read_catalog(directory / "catalog.json")
    return Job(catalog.gazettes, Selection(), loaded.settings, secrets, loaded.suppression)


def _show_decisions(loaded: Loaded, gazettes: int, seed: int) -> None:
    rows = answer(loaded, "decisions", {"query": ""})
    print_rows([for_people(row) for row in rows[:8]], COLUMNS)
    printed = {
        (publication.gazette.id, truth.numero_processo): truth
        for publication in make_gazettes(gazettes, newest=_NEWEST, seed=seed)
        for truth in publication.truth
    }
    read = {(row["diario_id"], row["numero_processo"]): row for row in rows}
    right = sum(
        row["resultado"] == printed[key].resultado and row["relator"] == printed[key].relator
        for key, row in read.items()
        if key in printed
    )
    click.echo(
        f"\n{len(printed):,} judgements were printed, {len(printed.keys() & read.keys()):,} of them read, {right:,} "
        f"with the right result and judge, and {len(read.keys() - printed.keys()):,} made up."
    )


def _show_next(directory: Path) -> None:
    program = _program()
    database = f"--db {directory / 'diarios.duckdb'}"
    click.echo(f"""
Try next:
  {program} decisions {database} provido banco
  {program} decisions {database} --json | head -n 1
  {program} stats {database}
  {program} failures {database}
  {program} run --help""")


def _program() -> str:
    """What has to be typed here to call this program."""
    typed = Path(sys.argv[0])
    if typed.name != "trio-pipeline":
        return f"{sys.executable} -m trio_pipeline"
    if shutil.which(typed.name) == str(typed.absolute()):
        return typed.name
    return os.path.relpath(typed)
