"""What a person types: the command, its exit codes, and how its answers look.

A command's module is imported when it is typed and not before, so that help needs no settings, and a reading command
nothing of what a run needs.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from types import TracebackType

import click

from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.streams import set_up_streams
from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["cli", "main"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command that is not imported yet.

    Attributes:
        help: Its line in the list of commands.
        extra: The extra of this package without which it does not work.
    """

    help: str
    extra: str | None = None


_COMMANDS = {
    "run": _Entry("Download, archive and read the gazettes."),
    "demo": _Entry("The same job against stand-ins on this machine.", extra="demo"),
    "stats": _Entry("What is done, in flight and failed, and how long it will take."),
    "decisions": _Entry("Search the decisions."),
    "failures": _Entry("What failed, and why."),
    "retry": _Entry("Have failed and rejected items tried again."),
    "verify": _Entry("Compare the copies with what the archives say."),
    "metadata": _Entry("Bring what the Internet Archive says about the uploads up to date."),
    "gaps": _Entry("Editions that must exist and are not known."),
    "drain": _Entry("Have the running pipeline end its work in hand and stop."),
    "services": _Entry("The stand-ins on real ports, with faults on request.", extra="demo"),
    "simulate": _Entry("The whole application in simulated worlds.", extra="testing"),
}


class _LazyGroup(click.Group):
    """Finds `NAME` as `trio_pipeline.cli.NAME:NAME` when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        entry = _COMMANDS.get(cmd_name)
        return None if entry is None else _command(cmd_name, entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            raise click.NoSuchCommand(args[0], possibilities=_COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in _COMMANDS.items()])


def _command(name: str, entry: _Entry) -> click.Command:
    try:
        module = importlib.import_module(f"trio_pipeline.cli.{name}")
    except ModuleNotFoundError as error:
        is_ours = (error.name or "").partition(".")[0] == "trio_pipeline"
        if entry.extra is None or is_ours:
            raise
        needed = f"pip install 'trio-pipeline[{entry.extra}]'"
        raise CommandError(f"{name} needs {error.name}, which is not installed: {needed}") from None
    command = getattr(module, name)
    assert isinstance(command, click.Command)
    return command


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command has --help.",
)
@click.version_option(package_name="trio-pipeline", message="%(prog)s %(version)s")
@click.option("--config", metavar="FILE", help="Settings file; trio-pipeline.toml if there is one.")
@click.option("--set", "assignments", metavar="KEY=VALUE", multiple=True, help="Set any setting.")
@click.option("--show-config", is_flag=True, help="Print all settings with their sources, and stop.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, assignments: tuple[str, ...], *, show_config: bool) -> None:
    """Download a court's gazettes, keep them, read the judgements out of them, and query those."""
    del config, assignments  # the command's own options take them from here
    if show_config:
        importlib.import_module("trio_pipeline.cli.options").show_configuration()
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(ExitCode.USAGE)


def main() -> None:
    """Run the command of this process's arguments, and end the process with its exit code."""
    sys.excepthook = _report_defect
    set_up_streams()
    sys.exit(_exit_code_of(sys.argv[1:]))


def _exit_code_of(arguments: list[str]) -> int:
    # Not click's own main: it ends with 1, a failed item for us, when the reader of our answer has gone.
    try:
        with cli.make_context("trio-pipeline", arguments) as ctx:
            code = cli.invoke(ctx)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except BrokenPipeError:
        # Who read our answer has seen enough. What is left of it must not go into the closed pipe at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    return code if isinstance(code, int) else ExitCode.OK


def _show(error: click.ClickException) -> None:
    """One line for each thing that is wrong; click itself would write four for one."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "trio-pipeline"
        message = terminal_safe(error.format_message())
        # Click ends most of its sentences with a full stop, but not all.
        stop = "" if message.endswith((".", "?")) else "."
        click.echo(f"{path}: {message}{stop} See {path} --help.", err=True)
    else:
        error.show()


def _report_defect(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Show what nobody expected whole, and end with the exit code of a defect: Python's own would be 1."""
    sys.__excepthook__(kind, error, traceback)
    sys.exit(ExitCode.DEFECT)
