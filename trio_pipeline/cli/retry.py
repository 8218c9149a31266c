"""`trio-pipeline retry`: have what failed or was rejected tried again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from trio_pipeline.cli.asking import ask_or_do
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.options import configured
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.ledger.queries import Row, resettable
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.world import real_world

__all__ = ["retry"]


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--stage", type=click.Choice(["download", "archive", "extract"]), help="Only what failed there.")
@click.option("--all", "everything", is_flag=True, help="All that failed or was rejected.")
@configured
def retry(loaded: Loaded, *, ids: tuple[str, ...], stage: str | None, everything: bool) -> ExitCode:
    """Mark gazettes that failed or were rejected to be tried again, by the running pipeline or by the next run."""
    if not ids and not everything and stage is None:
        raise click.UsageError("Name gazettes, or say --stage or --all.")
    if ids and everything:
        raise click.UsageError("Name gazettes or say --all, not both.")
    database = loaded.settings.run.db
    arguments = {"ids": list(ids), "stage": stage}
    rows = ask_or_do(database, "retry", arguments, partial(_reset, database, arguments))
    for row in rows:
        click.echo(f"{row['diario_id']}: {row['life']} will be tried again")
    missing = sorted(set(ids) - {str(row["diario_id"]) for row in rows})
    for identifier in missing:
        click.echo(f"{terminal_safe(identifier)}: nothing of it has failed", err=True)
    if not rows and not missing:
        click.echo("nothing has failed")
    return ExitCode.ITEMS_FAILED if missing else ExitCode.OK


async def _reset(database: Path, arguments: Mapping[str, object]) -> list[Row]:
    async with open_ledger(database, real_world()) as ledger:
        rows = await ledger.read(lambda connection: resettable(connection, arguments))
        await ledger.reset(rows)
        return rows
