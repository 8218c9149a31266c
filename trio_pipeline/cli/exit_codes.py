"""What the command's exit codes mean, and the errors that end a command with one of them."""

from __future__ import annotations

import enum
import sys
from typing import IO

import click

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["CommandError", "ExitCode", "InUseError", "UnusableError"]


class ExitCode(enum.IntEnum):
    """How a command ended. Scripts rely on the numbers."""

    OK = 0
    """Nothing went wrong in this run; what is left for later is no error."""
    ITEMS_FAILED = 1
    """An item failed or was rejected in this run, or a check found something."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was asked of anybody."""
    STOPPED = 3
    """A host stopped the run, or refused our credentials."""
    IN_USE = 4
    """Another run holds the database."""
    DEFECT = 70
    """A defect of ours (EX_SOFTWARE of sysexits.h)."""
    UNUSABLE = 74
    """Disk or database cannot be used (EX_IOERR)."""
    HANGUP = 129
    """Ended by SIGHUP: 128 and the signal's number, as a shell counts."""
    INTERRUPTED = 130
    """Ended by SIGINT."""
    TERMINATED = 143
    """Ended by SIGTERM."""


class CommandError(click.ClickException):
    """Ends a command with one line on stderr and an exit code: that of wrong usage, where no subclass says another."""

    exit_code = ExitCode.USAGE

    def show(self, file: IO[str] | None = None) -> None:
        """Write every line of the message on a line of its own, each with the program's name; paths may be in it."""
        for line in self.format_message().splitlines():
            click.echo(f"trio-pipeline: {terminal_safe(line)}", file=file or sys.stderr)


class InUseError(CommandError):
    """Another run holds the database."""

    exit_code = ExitCode.IN_USE


class UnusableError(CommandError):
    """Disk or database cannot be used."""

    exit_code = ExitCode.UNUSABLE
