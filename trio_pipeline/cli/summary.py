"""How a run ended and what one would do, in words."""

from __future__ import annotations

from collections.abc import Iterator

import click

from trio_pipeline.diario.preview import Preview
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.run import Report
from trio_pipeline.diario.settings_model import ModelSettings

__all__ = ["show_plan", "show_report"]

_ENDINGS = {
    "finished": "finished: nothing is left that can be done now",
    "deadline": "ended by its deadline",
    "drained": "ended when it was asked to; what was in hand was brought to its end",
    "cancelled": "cut off; what was in hand is taken up again by the next run",
    "host": "ended early",
    "defect": "ended by a defect",
}

_TIMES = {"put_off": ("attempt put off", "attempts put off"), "absent": ("look in vain", "looks in vain")}
"""Outcomes that a gazette can have again and again before another one, which are no number of gazettes."""


def show_report(report: Report, *, quiet: bool) -> None:
    """Say on stderr how a run ended."""
    for stage, reason in report.stopped.items():
        click.echo(f"{stage} stopped: {terminal_safe(reason)}", err=True)
    for stage, fault in report.faults.items():
        click.echo(f"{stage} is not to be relied on: {terminal_safe(fault)}", err=True)
    if quiet:
        return
    for stage, counts in report.counts.items():
        parts = [f"{number:,} {_outcome(word, number)}" for word, number in counts.items() if number]
        click.echo(f"{stage:>9}: {', '.join(parts) or 'nothing to do'}", err=True)
    ending = _ENDINGS[report.ended_by]
    if report.ended_by == "finished" and report.held_back:
        ending = f"finished: --limit held back the rest ({report.held_back:,})"
    click.echo(f"run {report.run_id[:8]} {ending}", err=True)


def _outcome(word: str, number: int) -> str:
    one, more = _TIMES.get(word, (word, word))
    return one if number == 1 else more


def show_plan(preview: Preview, settings: ModelSettings) -> None:
    """Say on stdout what a run would do."""
    click.echo(f"{preview.gazettes:,} gazettes would be taken up")
    for stage, number in preview.stages.items():
        click.echo(f"{stage:>9}: {number:,}")
    if preview.years:
        years = f"{preview.years[0]} to {preview.years[-1]}" if len(preview.years) > 1 else f"{preview.years[0]}"
        click.echo(f"the court's listing of {years} would be read, and add what is new; nothing was sent to find out")
    for line in _cost(preview, settings):
        click.echo(line)
    if preview.announcement is not None:
        click.echo(preview.announcement)


def _cost(preview: Preview, settings: ModelSettings) -> Iterator[str]:
    """What the model would be asked and would cost, in words."""
    told = preview.model
    if told is None:
        return
    is_known = bool(told.questions) or not preview.unread
    if is_known:
        yield (
            f"the model would be asked some {told.questions:,} times, with about {told.input_tokens:,} tokens of "
            f"questions and {told.output_tokens:,} of answers"
        )
    if settings.input_price is None or settings.output_price is None:
        yield "no price is set: set model.input_price and model.output_price to the dollars for a million tokens"
    elif is_known:
        dollars = (told.input_tokens * settings.input_price + told.output_tokens * settings.output_price) / 1e6
        yield f"that costs about {dollars:,.2f} dollars at your prices"
    if preview.unread:
        yield f"{preview.unread:,} of the gazettes have not been read yet: {_about_unread(preview)}"


def _about_unread(preview: Preview) -> str:
    if preview.is_guessed:
        return "what is said of them is a guess"
    return (
        "what the model would be asked about them is not known before the rules have read them "
        "(--extract rules does, and costs nothing)"
    )
