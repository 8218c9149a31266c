"""How far a command that takes its time has come: one line on a terminal that changes, or a line now and then.

It asks one host, and where that has it wait, that is said too: as a warning in the log where nothing is shown.

This file does not know what is counted.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import click
import trio
from rich.console import Console
from rich.text import Text
from trio_util import periodic

from trio_pipeline.cli.options import LogOptions
from trio_pipeline.cli.pauses import pause_in_words
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.pacing import Pacer

__all__ = ["show_count"]

_FRAME = 0.5  # seconds, on a terminal
_LINE = 10.0  # seconds, elsewhere
_CLEAR = "\r\x1b[K"

_log = logging.getLogger("trio_pipeline.hosts")


@asynccontextmanager
async def show_count(text: Callable[[], str], pacer: Pacer, options: LogOptions) -> AsyncIterator[None]:
    """Show `text` again and again, for as long as the context lasts, in the way that was asked for.

    Args:
        text: How far it has come.
        pacer: The pace of the host that is asked.
        options: In which way.

    Cancellation: the line is wiped out.
    """

    def told() -> str:
        pause = _pause(pacer)
        # What can be done stands where a narrow terminal does not cut it off.
        return text() if pause is None else f"{text()} (Ctrl-C ends it)  {pause}"

    async with trio.open_nursery() as nursery:
        if not options.progress:
            nursery.start_soon(_log_pauses, pacer)
        elif options.format == "text" and sys.stderr.isatty():
            nursery.start_soon(_rewrite, told)
        else:
            nursery.start_soon(_write, told)
        try:
            yield
        finally:
            nursery.cancel_scope.cancel(reason="nothing is left to count")


def _pause(pacer: Pacer) -> str | None:
    return pause_in_words(pacer.name, pacer.statistics(), trio.current_time())


async def _rewrite(text: Callable[[], str]) -> None:
    # Knows how wide a terminal is whose stdout goes elsewhere.
    terminal = Console(stderr=True)
    try:
        async for _ in periodic(_FRAME):
            line = Text(terminal_safe(text()))
            # Only one line can be wiped out.
            line.truncate(terminal.width - 1, overflow="ellipsis")
            click.echo(f"{_CLEAR}{line.plain}", err=True, nl=False)
    finally:
        click.echo(_CLEAR, err=True, nl=False)


async def _write(text: Callable[[], str]) -> None:
    async for elapsed, _ in periodic(_LINE):
        if elapsed:
            click.echo(terminal_safe(text()), err=True)


async def _log_pauses(pacer: Pacer) -> None:
    """Log that the host has everybody wait, once for each time."""
    was_paused = False
    async for _ in periodic(_LINE):
        pause = _pause(pacer)
        if pause is not None and not was_paused:
            _log.warning("%s; Ctrl-C ends it", pause)
        was_paused = pause is not None
