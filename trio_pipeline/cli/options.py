"""Options that commands share, and how they become settings.

An option that sets a setting stores it under its key; `configured` then loads all settings and hands them to the
command.
This file does not know what a command does with them.
"""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

import click

from trio_pipeline.cli.exit_codes import CommandError
from trio_pipeline.diario.credentials import SECRET_NAMES, CredentialsError, load_secrets
from trio_pipeline.diario.quoting import quoted
from trio_pipeline.diario.settings import KEYS, Loaded, SettingsError, load_settings, value_of
from trio_pipeline.diario.units import parse_day

__all__ = [
    "Day",
    "LogOptions",
    "archive_option",
    "configured",
    "json_option",
    "logged",
    "run_options",
    "setting_option",
    "show_configuration",
]

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., object])

_FLAGS = "trio_pipeline.flags"
_FILE = "trio_pipeline.file"


@dataclass(frozen=True, slots=True)
class _Flag:
    value: object
    name: str


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How much a command says besides its result, all of it on stderr.

    Attributes:
        verbosity: 0 as usual, higher says more, -1 only what went wrong.
        format: `text` for people, `json` for one object a line.
        progress: Whether progress may be shown.
    """

    verbosity: int
    format: Literal["text", "json"]
    progress: bool


def setting_option(*names: str, key: str, metavar: str, help: str) -> Callable[[F], F]:  # noqa: A002 -- click's word
    """An option whose value, as text, becomes the setting `key`; the command itself does not get it.

    Args:
        names: The option as it is typed, such as `--db`.
        key: The setting: `run.db`.
        metavar: What stands for the value in the help.
        help: What it is for.
    """

    def store(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        del parameter
        if value is not None:
            _flags(ctx)[key] = _Flag(value, names[0])

    return click.option(*names, metavar=metavar, help=help, callback=store, expose_value=False)


class Day(click.ParamType[datetime.date]):
    """A day that is typed: year, month and day."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        """See the class."""
        try:
            return parse_day(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def archive_option(function: F) -> F:
    """`--archive folder:DIR | internet-archive | none`, which says kind and directory in one."""

    def store(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is None:
            return
        kind, colon, directory = value.partition(":")
        if kind != "folder" and value not in {"internet-archive", "none"}:
            raise click.BadParameter(
                "must be folder:DIR, folder (which archive.folder names), internet-archive or none, "
                f"not {quoted(value)}.",
                ctx,
                parameter,
            )
        _flags(ctx)["archive.kind"] = _Flag(kind, "--archive")
        if colon:
            _flags(ctx)["archive.folder"] = _Flag(directory, "--archive")

    return click.option(
        "--archive",
        metavar="folder:DIR|internet-archive|none",
        help="Where the gazettes are kept.",
        callback=store,
        expose_value=False,
    )(function)


def run_options(function: F) -> F:
    """The settings that `run` and `demo` have options of their own for."""
    options = (
        setting_option("--spool", key="run.spool", metavar="DIR", help="Where downloads wait."),
        archive_option,
        setting_option(
            "--extract",
            key="extract.kind",
            metavar="rules|rules+model|model|none",
            help="What reads the judgements.",
        ),
        setting_option(
            "--deadline", key="run.deadline", metavar="DURATION", help="Hand out no more work after this time."
        ),
        setting_option("--download-workers", key="tjro.workers", metavar="N", help="Downloads at a time."),
        setting_option("--archive-workers", key="archive.workers", metavar="N", help="Uploads at a time."),
        setting_option("--extract-workers", key="extract.workers", metavar="N", help="Extractions at a time."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def configured(function: Callable[Concatenate[Loaded, P], R]) -> Callable[..., R]:
    """Give a command `--db`, `--config`, `--set` and `--show-config`, and the settings as its first argument.

    Settings that cannot be used end the command with exit code 2; `--show-config` ends it before it does anything.
    """

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs.pop("show_config"):
            show_configuration()
            click.get_current_context().exit()
        return function(_load(), *args, **kwargs)

    options = (
        setting_option("--db", key="run.db", metavar="FILE", help="The ledger."),
        click.option(
            "--config",
            metavar="FILE",
            expose_value=False,
            help="Settings file; trio-pipeline.toml if there is one.",
            callback=_keep_file,
        ),
        click.option(
            "--set",
            metavar="KEY=VALUE",
            multiple=True,
            expose_value=False,
            help="Set any setting.",
            callback=_keep_assignments,
        ),
        click.option("--show-config", is_flag=True, help="Print all settings with their sources, and stop."),
    )
    result: Callable[..., R] = command
    for option in reversed(options):
        result = option(result)
    return result


def logged(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command `-v`, `-q`, `--log-format` and `--no-progress`, and a `LogOptions` as its argument `log`."""

    @click.option("-v", "--verbose", count=True, help="Say more; twice for all.")
    @click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
    @click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How the log is written.")
    @click.option("--no-progress", is_flag=True, help="Show no progress.")
    @functools.wraps(function)
    def command(
        *args: object,
        verbose: int,
        quiet: bool,
        log_format: Literal["text", "json"],
        no_progress: bool,
        **kwargs: object,
    ) -> R:
        if quiet and verbose:
            raise click.UsageError("--quiet and --verbose contradict each other.")
        log = LogOptions(-1 if quiet else verbose, log_format, progress=not (quiet or no_progress))
        return function(*args, log=log, **kwargs)

    return command


def json_option(function: F) -> F:
    """`--json`, the command's argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write one JSON object a line.")(function)


def show_configuration() -> None:
    """Print all settings of the current command line as lines of the settings file, each with its source.

    Raises:
        CommandError: The settings cannot be used, or the keys: then after everything else was printed.
    """
    loaded = _load()
    for key in KEYS.values():
        source = loaded.sources[key.name]
        click.echo(f"{key.name} = {key.written(value_of(loaded.settings, key.name))}  # {source}")
    try:
        secrets = load_secrets(os.environ)
    except CredentialsError as error:
        raise CommandError(str(error)) from None
    for name in SECRET_NAMES:
        place = secrets.sources.get(name)
        click.echo(f"# {name}: " + ("not set" if place is None else f"hidden, from {place}"))


def _load() -> Loaded:
    ctx = click.get_current_context()
    flags = _flags_of_group(ctx) | _flags(ctx)
    file = ctx.meta.get(_FILE) or ctx.find_root().params.get("config")
    try:
        return load_settings(
            {key: flag.value for key, flag in flags.items()},
            os.environ,
            None if file is None else Path(file),
            flag_names={key: flag.name for key, flag in flags.items()},
        )
    except SettingsError as error:
        raise CommandError(str(error)) from None


def _flags(ctx: click.Context) -> dict[str, _Flag]:
    flags: dict[str, _Flag] = ctx.meta.setdefault(_FLAGS, {})
    return flags


def _flags_of_group(ctx: click.Context) -> dict[str, _Flag]:
    """What was said before the command's name, where the group knows the texts only."""
    return dict(_assignment(text) for text in ctx.find_root().params.get("assignments", ()))


def _keep_file(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    del parameter
    if value is not None:
        ctx.meta[_FILE] = value


def _keep_assignments(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> None:
    del parameter
    _flags(ctx).update(_assignment(text) for text in value)


def _assignment(text: str) -> tuple[str, _Flag]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes KEY=VALUE, not {quoted(text)}.")
    return key.strip(), _Flag(value, "--set")
