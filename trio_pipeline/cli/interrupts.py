"""Signals to a command that changes nothing half-way: the first one ends it at once, and cleanly.

This file does not know what the command does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.signal_thread import ENDING_SIGNALS

__all__ = ["run_until_signal"]


def run_until_signal(function: Callable[[], Awaitable[None]]) -> ExitCode | None:
    """Run an async function to its end, or until a signal cancels it.

    Returns:
        The exit code of the signal, or None if there was none.
    """
    return trio.run(_run, function)


async def _run(function: Callable[[], Awaitable[None]]) -> ExitCode | None:
    received: list[int] = []
    # Open before anything else is: a signal must find somebody who knows what to do with it.
    with trio.open_signal_receiver(*ENDING_SIGNALS) as signals:
        async with trio.open_nursery() as nursery:

            async def heed() -> None:
                async for number in signals:
                    received.append(number)
                    nursery.cancel_scope.cancel(reason="a signal")

            nursery.start_soon(heed)
            await function()
            nursery.cancel_scope.cancel(reason="done")
    return ExitCode(128 + received[0]) if received else None
