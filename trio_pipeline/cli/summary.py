"""How a run ended and what one would do, in words."""

from __future__ import annotations

import click

from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.run import Preview, Report

__all__ = ["show_plan", "show_report"]

_ENDINGS = {
    "finished": "finished: nothing is left that can be done now",
    "deadline": "ended by its deadline",
    "drained": "ended when it was asked to; what was in hand was brought to its end",
    "cancelled": "cut off; what was in hand is taken up again by the next run",
    "host": "ended early",
    "defect": "ended by a defect",
}


def show_report(report: Report, *, quiet: bool) -> None:
    """Say on stderr how a run ended."""
    for stage, reason in report.stopped.items():
        click.echo(f"{stage} stopped: {terminal_safe(reason)}", err=True)
    for stage, fault in report.faults.items():
        click.echo(f"{stage} is not to be relied on: {terminal_safe(fault)}", err=True)
    if quiet:
        return
    for stage, counts in report.counts.items():
        parts = [f"{number:,} {word.replace('_', ' ')}" for word, number in counts.items() if number]
        click.echo(f"{stage:>9}: {', '.join(parts) or 'nothing to do'}", err=True)
    click.echo(f"run {report.run_id[:8]} {_ENDINGS[report.ended_by]}", err=True)


def show_plan(preview: Preview) -> None:
    """Say on stdout what a run would do."""
    click.echo(f"{preview.gazettes:,} gazettes would be taken up")
    for stage, number in preview.stages.items():
        click.echo(f"{stage:>9}: {number:,}")
    if preview.years:
        years = f"{preview.years[0]} to {preview.years[-1]}" if len(preview.years) > 1 else f"{preview.years[0]}"
        click.echo(f"the court's listing of {years} would be read, and add what is new; nothing was sent to find out")
    if preview.announcement is not None:
        click.echo(preview.announcement)
