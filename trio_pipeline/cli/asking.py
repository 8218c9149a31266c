"""How reading commands get their answer: from the running pipeline if there is one, else from the file.

The file is opened read-only and briefly: while it is open here, no run can begin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import trio

from trio_pipeline.cli.exit_codes import CommandError, InUseError, UnusableError
from trio_pipeline.control import BrokenAnswer, ControlError, NoPipeline, ask, socket_path
from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable
from trio_pipeline.diario.ledger.ledger import open_to_read
from trio_pipeline.diario.ledger.queries import QUERIES, Row
from trio_pipeline.diario.paces import learned_pace
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.pacing import Learned
from trio_pipeline.world import real_world

__all__ = ["answer", "ask_for_pace", "ask_or_do", "ask_pipeline", "require_ledger"]

_STARTING = 5.0
"""Seconds that a run may take between locking the ledger and answering."""

_AGAIN = 0.1
"""Seconds between two attempts."""


def answer(loaded: Loaded, query: str, arguments: Mapping[str, object]) -> list[Row]:
    """Ask a named query, of whoever can answer it, in a ledger without the names and numbers to suppress.

    They are asked with, so that nothing is found by them; a running pipeline leaves out those of its own list besides.

    Args:
        loaded: With the ledger and the names and numbers.
        query: One of `queries.QUERIES`.
        arguments: Its arguments.

    Raises:
        CommandError: There is no ledger, it cannot be read, or the arguments make no sense.
    """
    database = loaded.settings.run.db
    asked = {**arguments, "suppress": sorted(loaded.suppression.keys)} if loaded.suppression else arguments

    async def read() -> list[Row]:
        async with open_to_read(database, real_world()) as reader:
            return await reader.read(lambda connection: QUERIES[query](connection, asked))

    return ask_or_do(database, query, asked, read)


def ask_for_pace(loaded: Loaded, hosts: str) -> Learned:
    """What runs have learned about the pace of a group of hosts.

    Raises:
        CommandError: As by `answer`.
    """
    rows = {row["hosts"]: row for row in answer(loaded, "paces", {})}
    return learned_pace(rows.get(hosts))


def ask_or_do(
    database: Path, command: str, arguments: Mapping[str, object], otherwise: Callable[[], Awaitable[list[Row]]]
) -> list[Row]:
    """Ask the running pipeline; if there is none, do it here.

    Args:
        database: The ledger.
        command: What to ask.
        arguments: With what.
        otherwise: Does it without a pipeline. Called again while a run holds the ledger that does not answer.

    Raises:
        CommandError: There is no ledger, it cannot be used, or the arguments make no sense.
    """
    require_ledger(database)
    return trio.run(_ask_or_do, database, command, arguments, otherwise)


def ask_pipeline(database: Path, command: str, arguments: Mapping[str, object]) -> list[Row] | None:
    """Ask the running pipeline, and nobody else; None if there is none.

    Raises:
        CommandError: The pipeline cannot do it.
    """

    async def main() -> list[Row] | None:
        try:
            return await _ask(database, command, arguments)
        except NoPipeline:
            return None

    return trio.run(main)


def require_ledger(database: Path) -> None:
    """Make sure that there is a ledger.

    Raises:
        CommandError: There is none.
    """
    if not database.exists():
        raise CommandError(f"there is no ledger at {terminal_safe(str(database))}: name it with --db, or run something")


async def _ask_or_do(
    database: Path, command: str, arguments: Mapping[str, object], otherwise: Callable[[], Awaitable[list[Row]]]
) -> list[Row]:
    deadline = trio.current_time() + _STARTING
    while True:
        try:
            return await _ask(database, command, arguments)
        except NoPipeline:
            pass
        try:
            return await otherwise()
        except ValueError as error:
            raise CommandError(str(error)) from None
        except DatabaseUnusable as error:
            raise UnusableError(str(error)) from None
        except DatabaseInUse as error:
            # A run that has just begun, or is just ending, holds the file and has no ear yet.
            if trio.current_time() > deadline:
                raise InUseError(str(error)) from None
            await trio.sleep(_AGAIN)


async def _ask(database: Path, command: str, arguments: Mapping[str, object]) -> list[Row]:
    try:
        return await ask(socket_path(database), command, arguments)
    except (ControlError, BrokenAnswer, OSError) as error:
        raise UnusableError(f"the running pipeline: {terminal_safe(str(error))}") from None
