"""`trio-pipeline simulate`: the whole application in worlds made from seeds, and how to see one of them again.

This file does not know what a world is like, nor what must be true of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import click

from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.options import json_option
from trio_pipeline.services.extras import ExtraMissing
from trio_pipeline.simulation.campaign import SeedEnd, Totals, open_campaign, run_seed
from trio_pipeline.simulation.stand_ins import prepare
from trio_pipeline.simulation.worlds import run_world
from trio_pipeline.testing.running import UnknownTrio

__all__ = ["simulate"]

_DAY = 86_400.0


class _Seeds(click.ParamType[range]):
    name = "seeds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        if isinstance(value, range):
            return value
        first, dots, last = str(value).partition("..")
        if not (first.isdecimal() and (last.isdecimal() or not dots)):
            self.fail("must be one seed or a range such as 0..999, both ends included.", param, ctx)
        seeds = range(int(first), int(last or first) + 1)
        if not seeds:
            self.fail(f"{value} is empty: the smaller seed comes first.", param, ctx)
        return seeds


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@click.command(short_help="The whole application in simulated worlds.")
@click.option(
    "--seeds",
    type=_Seeds(),
    default="0..99",
    show_default=True,
    metavar="A..B",
    help="Which worlds, both included; or a single one.",
)
@click.option(
    "--replay", type=click.IntRange(min=0), metavar="SEED", help="Tell the story of one world instead, line by line."
)
@click.option("--trace", is_flag=True, help="Write a line `SEED HASH` for each world: the same each time.")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes; the number of processors if not given."
)
@json_option
@click.pass_context
def simulate(
    ctx: click.Context, seeds: range, replay: int | None, workers: int | None, *, trace: bool, as_json: bool
) -> None:
    """Run the whole application in worlds made from seeds, and check what must be true of each.

    A world has a court, an archive, a network, a disk, a clock and people, all simulated. Things go wrong, the program
    is killed and started again, days pass. The same seed is the same world each time, step by step. What fails is told
    with its seed, and `--replay SEED` tells how it came to that. Exit code 1 says that something failed.
    """
    try:
        if replay is not None:
            if as_json:
                raise click.UsageError("--replay tells a story, which is not JSON.", ctx)
            ctx.exit(_replay(replay, trace=trace))
        ctx.exit(_run(seeds, workers or _processors(), trace=trace, as_json=as_json))
    except ExtraMissing as error:
        needed = "pip install 'trio-pipeline[testing]'"
        raise CommandError(f"simulate needs {error.package}, which is not installed: {needed}") from None
    except UnknownTrio as error:
        raise CommandError(str(error)) from None


def _replay(seed: int, *, trace: bool) -> ExitCode:
    prepare()
    run_world(seed, tell=click.echo)
    end = run_seed(seed)
    if trace:
        click.echo(f"{seed} {end.digest}")
    for failure in end.failures:
        click.echo(failure, err=True)
    if not end.failures:
        click.echo(f"seed {seed}: everything is as it must be", err=True)
    return ExitCode.ITEMS_FAILED if end.failures else ExitCode.OK


def _run(seeds: range, workers: int, *, trace: bool, as_json: bool) -> ExitCode:
    # Where it is missing, this says so in one line and not in one for each worker.
    prepare()
    totals, began = Totals(), time.monotonic()
    show = _progress()
    with open_campaign(seeds, workers) as ends:
        for end in ends:
            totals.add(end)
            if as_json:
                click.echo(json.dumps(_row(end)))
            elif trace:
                click.echo(f"{end.seed} {end.digest}")
            for failure in end.failures:
                click.echo(f"{failure}\n  see it again: trio-pipeline simulate --replay {end.seed}", err=True)
            show(_summary(totals, time.monotonic() - began))
    show("")
    click.echo(_summary(totals, time.monotonic() - began), err=True)
    if totals.failed:
        click.echo(f"failed: {' '.join(map(str, totals.failed))}", err=True)
    return ExitCode.ITEMS_FAILED if totals.failed else ExitCode.OK


def _row(end: SeedEnd) -> dict[str, object]:
    world = asdict(end.world)
    del world["violations"], world["digest"]
    return {**world, "hash": end.digest, "seconds": round(end.seconds, 3), "failures": list(end.failures)}


def _summary(totals: Totals, seconds: float) -> str:
    worlds = "1 world" if totals.worlds == 1 else f"{totals.worlds} worlds"
    return (
        f"{worlds}, {totals.worlds / max(seconds, 1e-9):.1f} a second;"
        f" {totals.clock / _DAY:,.0f} virtual days, {totals.lives:,} lives, {totals.crashes:,} crashes,"
        f" {totals.requests:,} requests; {len(totals.failed)} failed"
    )


def _progress() -> Callable[[str], None]:
    """What shows a line in place of the last one, where there is a terminal."""
    if not sys.stderr.isatty():
        return lambda _line: None
    return lambda line: click.echo(f"\r\x1b[K{line}", err=True, nl=False)
