"""`trio-pipeline services`: the stand-ins on real ports, until somebody ends them.

This file does not know what the stand-ins do, only what can be asked of them.
"""

from __future__ import annotations

import datetime
import json
import math
import signal
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import trio

from trio_pipeline.cli.exit_codes import CommandError
from trio_pipeline.cli.options import Day
from trio_pipeline.diario.catalog import Catalog, NotACatalog, read_catalog
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.units import parse_size
from trio_pipeline.services.archive import Archive, Rations
from trio_pipeline.services.bodies import open_file_bodies
from trio_pipeline.services.court import Court, Publication, listing_row
from trio_pipeline.services.editions import editions
from trio_pipeline.services.extras import ExtraMissing
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import SYNTAX, Fault, FaultPlan, FaultSyntaxError, parse_fault
from trio_pipeline.services.gazettes import make_gazette
from trio_pipeline.services.gemini import Gemini, GeminiLimits
from trio_pipeline.services.rows import TooSmall, publish_rows
from trio_pipeline.services.serve import lone_error, open_services
from trio_pipeline.world import real_world

__all__ = ["services"]


@dataclass(frozen=True, slots=True)
class _Options:
    """What was typed; the names are those of the options."""

    tjro_port: int
    archive_port: int
    gemini_port: int
    gazettes: int
    catalog: Path | None
    size: int | None
    seed: int
    newest: datetime.date
    write_catalog: Path | None
    tjro_latency: float
    archive_latency: float
    tjro_bandwidth: int | None
    archive_bandwidth: int | None
    archive_queue: float
    total_ration: int
    key_ration: int
    item_ration: int
    gemini_latency: float
    gemini_rpm: int | None
    gemini_tpm: int | None
    gemini_rpd: int | None
    unpublished: int
    fault: tuple[Fault, ...]


_CONTROL_HELP = """\
While they run, each answers to

\b
  GET /_control/statistics           what it has seen
  GET, PUT, DELETE /_control/faults  what goes wrong: a JSON list of faults
  POST /_control/publish             the court: {"count": N} of the unpublished
  POST /_control/dark                the archive: {"item": ID} is taken down"""


def _fault_help() -> str:
    everywhere = set.intersection(*(set(names) for names in FAULTS.values()))
    places = f"{', '.join(FAULTS)}; tjro are PDFs, archive uploads, gemini questions to the model"
    lines = [f"A fault is {SYNTAX}. WHERE is one of {places}.", "\b"]
    for name, meaning in {name: text for names in FAULTS.values() for name, text in names.items()}.items():
        where = [place for place, names in FAULTS.items() if name in names]
        note = "" if name in everywhere else f" [{', '.join(where)}]"
        lines.append(f"  {name:16} {meaning}{note}")
    return "\n\n".join([lines[0], "\n".join(lines[1:])])


def _sizes(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        size = parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    if not size:
        raise click.BadParameter("nothing would ever arrive", ctx, param)
    return size


def _faults(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Fault, ...]:
    try:
        return tuple(parse_fault(value) for value in values)
    except FaultSyntaxError as error:
        raise click.BadParameter(str(error), ctx, param) from error


_PORT = click.IntRange(0, 65535)
_SECONDS = click.FloatRange(min=0)
_TASKS = click.IntRange(min=0)
_ALLOWED = click.IntRange(min=1)
_PLENTY = Rations().total


@click.command(epilog=f"{_CONTROL_HELP}\n\n{_fault_help()}")
@click.option("--tjro-port", type=_PORT, default=0, metavar="N", help="The court's port; 0 chooses one.")
@click.option("--archive-port", type=_PORT, default=0, metavar="N", help="The archive's port; 0 chooses one.")
@click.option("--gemini-port", type=_PORT, default=0, metavar="N", help="The language model's port; 0 chooses one.")
@click.option(
    "--gazettes", type=click.IntRange(min=0), default=20, show_default=True, metavar="N", help="Make so many gazettes."
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Publish the gazettes of this catalog instead, with made-up contents.",
)
@click.option("--size", callback=_sizes, metavar="BYTES", help="With --catalog: the exact length of each PDF.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of contents and faults.")
@click.option(
    "--newest",
    type=Day(),
    metavar="DATE",
    help="The day of the newest gazette made; today if not given.",
)
@click.option(
    "--write-catalog",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the catalog of what is published, in the court's form.",
)
@click.option(
    "--tjro-latency",
    type=_SECONDS,
    default=0.0,
    metavar="SECONDS",
    help="From a request for a PDF or listing to its answer.",
)
@click.option(
    "--archive-latency",
    type=_SECONDS,
    default=0.0,
    metavar="SECONDS",
    help="From the beginning of an upload or download to its answer.",
)
@click.option("--tjro-bandwidth", callback=_sizes, metavar="BYTES", help="Of each answer, a second.")
@click.option("--archive-bandwidth", callback=_sizes, metavar="BYTES", help="Of each upload and download, a second.")
@click.option(
    "--archive-queue",
    type=_SECONDS,
    default=0.0,
    metavar="SECONDS",
    help="From an upload or a write of metadata until it can be seen.",
)
@click.option("--total-ration", type=_TASKS, default=_PLENTY, metavar="N", help="Tasks that may wait in the archive.")
@click.option("--key-ration", type=_TASKS, default=_PLENTY, metavar="N", help="Of them, those of one access key.")
@click.option("--item-ration", type=_TASKS, default=_PLENTY, metavar="N", help="Of them, those of one item.")
@click.option(
    "--gemini-latency",
    type=_SECONDS,
    default=0.0,
    metavar="SECONDS",
    help="From the beginning of a question to its answer.",
)
@click.option("--gemini-rpm", type=_ALLOWED, metavar="N", help="Questions that are allowed in a minute.")
@click.option("--gemini-tpm", type=_ALLOWED, metavar="N", help="Tokens of questions that are allowed in a minute.")
@click.option("--gemini-rpd", type=_ALLOWED, metavar="N", help="Questions that are allowed in a day.")
@click.option(
    "--unpublished",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Keep the newest N gazettes back until /_control/publish asks for them.",
)
@click.option(
    "--fault",
    callback=_faults,
    multiple=True,
    metavar="WHERE:FAULT=AMOUNT",
    help="What goes wrong, see below; may be repeated.",
)
@click.pass_context
def services(ctx: click.Context, /, **typed: object) -> None:
    """The court, the archive and a language model on ports of this machine, for trials without a network.

    When all can be reached, one line of JSON with their URLs is printed. SIGTERM or SIGINT ends them. The model takes
    any key, and knows the judgements of the gazettes that are published.
    """
    del typed  # the context has them too, without their types being lost
    newest: datetime.date = ctx.params["newest"] or real_world().now().date()
    options = _Options(**{**ctx.params, "newest": newest})
    if (options.catalog is None) != (options.size is None):
        raise click.UsageError("--catalog and --size belong together.")
    try:
        trio.run(_serve, options)
    except (ExtraMissing, TooSmall) as error:
        raise CommandError(terminal_safe(str(error))) from error
    except OSError as error:
        raise CommandError(terminal_safe(f"the services cannot be opened: {error}")) from error


async def _serve(options: _Options) -> None:
    # Opened first, so that a signal while gazettes are being made ends this in as orderly a way as a later one.
    with lone_error(), trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_ended, options)
            async for _ in signals:
                nursery.cancel_scope.cancel("a signal has come")


async def _until_ended(options: _Options) -> None:
    published = await _publications(options)
    if options.write_catalog is not None:
        rows = [listing_row(publication.gazette) for publication in published]
        options.write_catalog.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    with open_file_bodies() as bodies:
        court = Court(
            _held_back(published, options.unpublished),
            latency=options.tjro_latency,
            bandwidth=options.tjro_bandwidth,
            plan=FaultPlan(options.fault, seed=options.seed),
        )
        archive = Archive(
            latency=options.archive_latency,
            bandwidth=options.archive_bandwidth,
            plan=FaultPlan(options.fault, seed=options.seed),
            queue=options.archive_queue,
            bodies=bodies,
            rations=Rations(options.total_ration, options.key_ration, options.item_ration),
        )
        gemini = Gemini(
            (judgement for one in published for judgement in one.truth),
            now=real_world().now,
            limits=GeminiLimits(options.gemini_rpm, options.gemini_tpm, options.gemini_rpd),
            latency=options.gemini_latency,
            plan=FaultPlan(options.fault, seed=options.seed),
        )
        ports = {
            "tjro_port": options.tjro_port,
            "archive_port": options.archive_port,
            "gemini_port": options.gemini_port,
        }
        async with open_services(court, archive, gemini, **ports) as addresses:
            click.echo(json.dumps(asdict(addresses)))
            await trio.sleep_forever()


def _held_back(published: tuple[Publication, ...], count: int) -> list[Publication]:
    """The publications, of which the newest so many are never seen unless they are asked for."""
    newest_first = sorted(published, key=lambda one: (one.gazette.date, one.gazette.number), reverse=True)
    return [replace(one, since=math.inf) for one in newest_first[:count]] + newest_first[count:]


async def _publications(options: _Options) -> tuple[Publication, ...]:
    if options.catalog is not None and options.size is not None:
        catalog = _catalog(options.catalog)
        return publish_rows(catalog.gazettes, options.size, seed=options.seed)
    made = []
    for gazette in editions(options.gazettes, options.newest, seed=options.seed):
        made.append(make_gazette(gazette, seed=options.seed))
        await trio.lowlevel.checkpoint()  # many of them take seconds, and a signal should not wait so long
    return tuple(made)


def _catalog(path: Path) -> Catalog:
    try:
        catalog = read_catalog(path)
    except NotACatalog as error:
        raise CommandError(terminal_safe(f"{path}: {error}")) from error
    for problem in catalog.problems:
        click.echo(terminal_safe(f"{path}:{problem.line}: {problem.reason}"), err=True)
    return catalog
