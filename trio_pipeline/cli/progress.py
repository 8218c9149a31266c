"""What a person sees of a run while it is on: bars on a terminal, else a line now and then.

This file does not know how a run works; it looks at a `View` of it.
"""

from __future__ import annotations

import sys

import click
import trio
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from trio_util import periodic

from trio_pipeline.cli.options import LogOptions
from trio_pipeline.cli.pauses import pause_in_words
from trio_pipeline.cli.time_left import time_left
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.run import Watcher
from trio_pipeline.diario.running import Running, StageView, View

__all__ = ["bars", "line", "progress_watcher"]

_FRAME = 0.2  # seconds; rich draws, which costs about a millisecond
_LINE = 10.0  # seconds


def progress_watcher(options: LogOptions) -> Watcher:
    """What shows the progress of a run in the way that fits stderr and was asked for."""
    if not options.progress:
        return _watch_nothing
    if options.format == "text" and sys.stderr.isatty():
        return _watch_with_bars
    return _watch_with_lines


async def _watch_nothing(_running: Running) -> None:
    await trio.sleep_forever()


async def _watch_with_lines(running: Running) -> None:
    async for elapsed, _ in periodic(_LINE):
        if elapsed:
            click.echo(line(running.view()), err=True)


async def _watch_with_bars(running: Running) -> None:
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        async for _ in periodic(_FRAME):
            live.update(bars(running.view()), refresh=True)


def line(view: View) -> str:
    """The run in one line."""
    stages = [f"{stage.name} {stage.done:,}/{_total(stage):,}" + _failures(stage) for stage in view.stages]
    return terminal_safe("  ".join([*stages, *_remarks(view)]))


def bars(view: View) -> Table:
    """The run as a bar for each stage."""
    table = Table.grid(padding=(0, 1))
    for stage in view.stages:
        left = "" if stage.time_left is None else f"{time_left(stage.time_left)} left"
        table.add_row(
            Text(stage.name, justify="right"),
            ProgressBar(total=max(1, _total(stage)), completed=_settled(stage), width=30),
            Text(f"{stage.done:,}/{_total(stage):,}", justify="right"),
            Text(f"{stage.busy} busy"),
            Text(_failures(stage).strip(" ,"), style="red"),
            Text(left, style="dim"),
        )
    for remark in _remarks(view):
        table.add_row("", Text(terminal_safe(remark), style="yellow"))
    return table


def _settled(stage: StageView) -> int:
    return stage.done + stage.failed


def _total(stage: StageView) -> int:
    return _settled(stage) + stage.busy + stage.waiting


def _failures(stage: StageView) -> str:
    return f" ({stage.failed:,} failed)" if stage.failed else ""


def _remarks(view: View) -> list[str]:
    remarks = []
    if view.network_gone_since is not None:
        remarks.append(f"no host can be reached for {time_left(view.clock - view.network_gone_since)}: waiting")
    pauses = (pause_in_words(name, host, view.clock) for name, host in view.hosts.items())
    remarks += [pause for pause in pauses if pause is not None]
    remarks += [
        f"{stage.name} has stopped: {stage.stopped}"
        for stage in view.stages
        if stage.stopped is not None and not view.draining
    ]
    if view.draining:
        remarks.append("ending what is in hand; once more Ctrl-C cuts it off")
    return remarks
