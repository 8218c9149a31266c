"""Settings: found in flags, the environment and a file, checked together, each with the place it came from.

Pure of Trio, DuckDB and HTTP; it reads the settings file and the list that `privacy.suppress` names, so that no command
begins without either. It does not know what a setting does.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from trio_pipeline.diario.quoting import quoted, terminal_safe
from trio_pipeline.diario.settings_model import KEYS, Key, Settings, value_of
from trio_pipeline.diario.suppression import NOTHING_HIDDEN, Suppression, SuppressionError, parse_suppression

__all__ = [
    "DEFAULT_FILE",
    "KEYS",
    "Key",
    "Loaded",
    "Settings",
    "SettingsError",
    "load_settings",
    "value_of",
]

DEFAULT_FILE = Path("trio-pipeline.toml")
"""The settings file that is read when none is named and this one exists."""

_PREFIX = "TRIO_PIPELINE_"
# Variables of other programs that mean one of our keys; ours go before them.
_FOREIGN_VARIABLES = {"GOOGLE_GEMINI_BASE_URL": "model.base_url"}


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: One line each, safe to show.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where they are from.

    Attributes:
        settings: The settings.
        sources: For every key, the flag, variable or file that set it, or `default`.
        suppression: The names and numbers that no output shows: what stands in the file of `privacy.suppress`.
    """

    settings: Settings
    sources: Mapping[str, str]
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class _Given:
    """What one place says about a key."""

    key: str
    value: object
    source: str


def load_settings(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    config: Path | None = None,
    *,
    flag_names: Mapping[str, str] | None = None,
) -> Loaded:
    """Find and check all settings: flags go before the environment, the environment before the file.

    Args:
        flags: Values by key, such as `{"run.db": "other.duckdb"}`; text is read as in the environment.
        environ: The environment.
        config: The settings file; None reads `DEFAULT_FILE` in the working directory if it exists.
        flag_names: What to call the flag that set a key; `flag` where nothing is said.

    Raises:
        SettingsError: With every problem that was found, not only the first.
    """
    names = flag_names or {}
    given: dict[str, _Given] = {}
    problems: list[str] = []
    places = (
        _from_file(config, problems),
        _from_environment(environ),
        (_Given(key, value, names.get(key, "flag")) for key, value in flags.items()),
    )
    for place in places:
        for item in place:
            if item.key in KEYS:
                given[item.key] = item
            else:
                problems.append(_unknown(item))
    settings = _checked(given, problems)
    if settings is None or problems:
        raise SettingsError(problems)
    sources = {key: given[key].source if key in given else "default" for key in KEYS}
    return Loaded(settings, sources, _suppression(settings.privacy.suppress, sources["privacy.suppress"]))


def _suppression(path: Path | None, source: str) -> Suppression:
    """Read the names and numbers to suppress; whoever cannot be hidden for sure ends the command."""
    if path is None:
        return NOTHING_HIDDEN
    try:
        return parse_suppression(path.read_bytes())
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except SuppressionError as error:
        reason = str(error)
    raise SettingsError([f"privacy.suppress ({source}): {terminal_safe(str(path))}: {reason}"])


def _from_file(config: Path | None, problems: list[str]) -> Iterator[_Given]:
    path = DEFAULT_FILE if config is None else config
    name = terminal_safe(str(path))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if config is not None:
            problems.append(f"{name}: there is no such file")
        return
    except OSError as error:
        problems.append(f"{name}: cannot be read: {error.strerror}")
        return
    except (ValueError, RecursionError) as error:  # also what TOML allows and Python does not, such as huge numbers
        problems.append(f"{name}: is not TOML: {terminal_safe(str(error))}")
        return
    for section, part in content.items():
        if not isinstance(part, dict):
            problems.append(f"{_shown_key(section)} ({name}): stands outside a section such as [run]")
            continue
        for key, value in part.items():
            full = f"{section}.{key}"
            yield _Given(full, _relative_to(path.parent, full, value), name)


def _relative_to(directory: Path, key: str, value: object) -> object:
    if key not in KEYS or not KEYS[key].is_path or not isinstance(value, str):
        return value
    if not value.strip() or value.startswith("~") or _means_none(KEYS[key], value):
        return value
    return str(directory / value)


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for variable, key in _FOREIGN_VARIABLES.items():
        if environ.get(variable):
            yield _Given(key, environ[variable], variable)
    for variable in sorted(environ):
        if variable.startswith(_PREFIX):
            section, _, name = variable.removeprefix(_PREFIX).lower().partition("__")
            yield _Given(f"{section}.{name}", environ[variable], variable)


def _unknown(item: _Given) -> str:
    if item.source.startswith(_PREFIX):
        return f"{_shown_key(item.source)}: there is no such setting; the nearest is {_variable(_nearest(item.key))}"
    return f"{_shown_key(item.key)} ({item.source}): there is no such setting; the nearest is {_nearest(item.key)}"


def _nearest(key: str) -> str:
    # A right name in a wrong section is far from everything as a whole.
    section, _, name = key[:80].rpartition(".")
    candidates = [known for known in KEYS if known.endswith(f".{name}")] or list(KEYS)
    return difflib.get_close_matches(f"{section}.{name}" if section else name, candidates, n=1, cutoff=0.0)[0]


def _variable(key: str) -> str:
    return _PREFIX + key.upper().replace(".", "__")


def _shown_key(key: str) -> str:
    return terminal_safe(key[:80])


def _checked(given: Mapping[str, _Given], problems: list[str]) -> Settings | None:
    nested: dict[str, dict[str, object]] = {}
    for key, item in given.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = None if _means_none(KEYS[key], item.value) else item.value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            key = ".".join(str(part) for part in detail["loc"][:2])
            problems.append(_line(given[key], detail["msg"]))
        return None


def _means_none(key: Key, value: object) -> bool:
    return key.optional and isinstance(value, str) and value.strip().lower() in {"", "none"}


def _line(item: _Given, message: str) -> str:
    reason = re.sub(r"^(Value error, |Input |String )|, unable to .*$", "", message)
    # An address may hold a password, which an error message would carry into logs.
    shown = "" if "@" in str(item.value) else f" = {quoted(item.value)}"
    return f"{item.key}{shown} ({item.source}): {terminal_safe(reason)}"
