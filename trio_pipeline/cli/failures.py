"""`trio-pipeline failures`: what failed and why."""

from __future__ import annotations

import click

from trio_pipeline.cli.asking import answer
from trio_pipeline.cli.options import configured, json_option
from trio_pipeline.cli.output import print_rows
from trio_pipeline.diario.settings import Loaded

__all__ = ["failures"]


@click.command()
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N.")
@json_option
@configured
def failures(loaded: Loaded, *, limit: int | None, as_json: bool) -> None:
    """Show what failed or is being tried again, and why; newest gazette first."""
    rows = answer(loaded, "failures", {"limit": limit})
    if not rows and not as_json:
        # Who asks for none has not asked whether there are any.
        if limit != 0:
            click.echo("nothing has failed")
        return
    columns = ["id", "date", "number", "error_stage", "error", "attempts", "updated_at"]
    states = ["download_state", "archive_state", "extract_state", "url"]
    print_rows(rows, [*columns, *states] if as_json else columns, as_json=as_json)
