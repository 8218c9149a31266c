"""`trio-pipeline drain`: have the running pipeline end its work in hand and stop."""

from __future__ import annotations

import click

from trio_pipeline.cli.asking import ask_pipeline, require_ledger
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.options import configured
from trio_pipeline.diario.settings import Loaded

__all__ = ["drain"]


@click.command()
@configured
def drain(loaded: Loaded) -> ExitCode:
    """Have the running pipeline take up nothing new, end what is in hand, and stop.

    What waits is left to the next run. Exit code 1 if no pipeline is running.
    """
    require_ledger(loaded.settings.run.db)
    if ask_pipeline(loaded.settings.run.db, "drain", {}) is None:
        click.echo("no pipeline is running", err=True)
        return ExitCode.ITEMS_FAILED
    click.echo("the pipeline is draining")
    return ExitCode.OK
