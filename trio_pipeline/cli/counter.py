"""How far a command that takes its time has come: one line on a terminal that changes, or a line now and then.

This file does not know what is counted.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import click
import trio
from trio_util import periodic

from trio_pipeline.cli.options import LogOptions
from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["show_count"]

_FRAME = 0.5  # seconds, on a terminal
_LINE = 10.0  # seconds, elsewhere
_CLEAR = "\r\x1b[K"


@asynccontextmanager
async def show_count(text: Callable[[], str], options: LogOptions) -> AsyncIterator[None]:
    """Show `text` again and again, for as long as the context lasts, in the way that was asked for.

    Cancellation: the line is wiped out.
    """
    if not options.progress:
        yield
        return
    on_terminal = options.format == "text" and sys.stderr.isatty()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_rewrite if on_terminal else _write, text)
        try:
            yield
        finally:
            nursery.cancel_scope.cancel(reason="nothing is left to count")


async def _rewrite(text: Callable[[], str]) -> None:
    try:
        async for _ in periodic(_FRAME):
            click.echo(f"{_CLEAR}{terminal_safe(text())}", err=True, nl=False)
    finally:
        click.echo(_CLEAR, err=True, nl=False)


async def _write(text: Callable[[], str]) -> None:
    async for elapsed, _ in periodic(_LINE):
        if elapsed:
            click.echo(terminal_safe(text()), err=True)
