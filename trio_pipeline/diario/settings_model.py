"""Every setting: its key, its type, its default and what it is for.

Pure: this file does not know where values come from; `settings` finds them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from trio_pipeline.diario.addresses import check_base_url, check_host
from trio_pipeline.diario.quoting import code_of, replace_unprintable
from trio_pipeline.diario.titles import EDITION_TITLE, YEAR_TITLE, check_edition_title, check_year_title
from trio_pipeline.diario.units import format_duration, format_size, parse_duration, parse_size

__all__ = [
    "KEYS",
    "ArchiveSettings",
    "BaseUrl",
    "Duration",
    "ExtractSettings",
    "Key",
    "ModelSettings",
    "PrivacySettings",
    "RetrySettings",
    "RunSettings",
    "Settings",
    "Size",
    "TjroSettings",
    "value_of",
]


def _home_expanded(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip() or "\0" in value:
        raise ValueError("must name a file or a directory")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("begins with the home of somebody who is unknown here") from None


def _not_a_boolean(value: object) -> object:
    match value:
        case bool():  # an int for Python, never for a person
            raise ValueError("must be a number")
        case _:
            return value


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return [part for part in (part.strip() for part in value.split(",")) if part]
    return value


def _item_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{4,99}", value):
        raise ValueError("must be 5 to 100 letters, digits and _ . -, as the archive names its items")
    return value


def _header_text(value: str) -> str:
    text = value.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("must be plain ASCII: it goes into the header of a request")
    return text


Duration: TypeAlias = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds; written as `90`, `30m`, `1h` or `2 days`."""

Size: TypeAlias = Annotated[int, BeforeValidator(parse_size)]
"""Bytes; written as `5000000`, `256 KB` or `5 GB`."""

BaseUrl: TypeAlias = Annotated[str, AfterValidator(check_base_url)]
"""An http or https address without a slash at its end."""

_Path: TypeAlias = Annotated[Path, BeforeValidator(_home_expanded)]
_Count: TypeAlias = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=1, le=1_000_000_000)]
# 0 is for a running pipeline: a run that began so would wait for ever.
_Workers: TypeAlias = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=1, le=1000)]
_Tokens: TypeAlias = Annotated[int, BeforeValidator(_not_a_boolean), Field(ge=0)]
_Price: TypeAlias = Annotated[float, BeforeValidator(_not_a_boolean), Field(ge=0, allow_inf_nan=False)]
_HeaderText: TypeAlias = Annotated[str, AfterValidator(_header_text), Field(max_length=200)]
_Host: TypeAlias = Annotated[str, AfterValidator(check_host)]


def _processors() -> int:
    # Only those that this process may use: a container often has fewer than the machine. macOS cannot tell.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class RunSettings(_Section):
    """One run: where it keeps things, and how long it waits."""

    db: _Path = Field(Path("diarios.duckdb"), description="The ledger, a DuckDB file")
    spool: _Path = Field(Path("spool"), description="The directory of PDFs that are still needed")
    text: _Path = Field(Path("text"), description="The directory of the gazettes' texts, one compressed file each")
    spool_limit: Size = Field(
        5_000_000_000, gt=0, description="The most that the spool may hold; never more than half the free disk"
    )
    grace: Duration = Field(60.0, description="How long work in hand may go on after the first signal")
    patience: Duration = Field(1800.0, description="How long a host may be paused before the stages that need it end")
    deadline: Duration | None = Field(None, description="Stop handing out work after this time")


class RetrySettings(_Section):
    """What is tried again, and how often."""

    attempts: _Count = Field(5, description="Attempts that a gazette gets in a stage in one run")
    hold: Duration = Field(30.0, description="A gazette that must wait longer gives its place to another one")
    runs: _Count = Field(5, description="Runs in which a gazette may fail before it is rejected")


class TjroSettings(_Section):
    """The court's server."""

    base_url: BaseUrl = Field(
        "https://www.tjro.jus.br", description="Where the gazettes of the tribunal's host are downloaded from"
    )
    size_limit: Size = Field(200_000_000, gt=0, description="A longer file is not a gazette")
    expected_size: Size = Field(5_000_000, gt=0, description="Room reserved for a download before its length is known")
    workers: _Workers = Field(3, description="Downloads at the same time")
    interval: Duration = Field(
        2.0, description="Time between the starts of two requests; 0 means no cap, for stand-ins"
    )
    contact: _HeaderText | None = Field(
        None, description="Your e-mail address or page, told to the court in the User-Agent; needed to ask it"
    )
    refresh: Duration = Field(3600.0, gt=0, description="How often a run without CATALOG reads the listing")
    stale_after: Duration = Field(
        864_000.0, gt=0, description="A listing whose newest edition is older than this is reported"
    )


class ArchiveSettings(_Section):
    """Where the gazettes are kept for good."""

    kind: Literal["folder", "internet-archive", "none"] = Field("folder", description="The archive in use")
    folder: _Path = Field(Path("archive"), description="The folder archive's directory")
    s3_url: BaseUrl = Field("https://s3.us.archive.org", description="The Internet Archive's upload server")
    metadata_url: BaseUrl = Field("https://archive.org", description="The Internet Archive's metadata server")
    collection: Annotated[str, AfterValidator(_item_name)] = Field(
        "opensource", description="The collection of new items; test_collection for a trial"
    )
    workers: _Workers = Field(2, description="Uploads at the same time")
    interval: Duration = Field(0.0, description="Time between the starts of two requests; 0 means no cap")
    layout: Literal["year", "edition"] = Field(
        "year", description="One item for each year, as the archive asks for with serials, or for each edition"
    )
    title: Annotated[str, AfterValidator(check_edition_title)] = Field(
        EDITION_TITLE,
        description="The title of an edition: text with {tribunal}, {year}, {date}, {day}, {number}, {suffix}",
    )
    year_title: Annotated[str, AfterValidator(check_year_title)] = Field(
        YEAR_TITLE, description="The title of the item of a year: text with {tribunal} and {year}"
    )
    accept_policy: bool = Field(
        default=False, description="You have read what the archive asks of uploaders, and are not asked again"
    )
    confirm_after: Duration = Field(
        300.0, description="When to look for an uploaded file the first time; the pauses then grow"
    )
    trusted_hosts: Annotated[tuple[_Host, ...], BeforeValidator(_comma_separated)] = Field(
        (), description="Hosts besides those under us.archive.org to which an upload may be redirected"
    )


class ExtractSettings(_Section):
    """The reading of judgements."""

    kind: Literal["rules", "rules+model", "model", "none"] = Field("rules", description="What reads the judgements")
    workers: _Workers = Field(
        default_factory=_processors, description="Worker processes; the number of processors if not set"
    )

    @property
    def uses_model(self) -> bool:
        """Whether a language model is asked."""
        return self.kind in {"rules+model", "model"}


class ModelSettings(_Section):
    """The language model that reads what the rules cannot."""

    provider: Literal["gemini"] = Field("gemini", description="The form of its requests")
    base_url: BaseUrl | None = Field(
        None, description="Its server; the provider's own if not set (also GOOGLE_GEMINI_BASE_URL)"
    )
    name: _HeaderText | None = Field(None, description="The model's name")
    workers: _Workers = Field(2, description="Requests at the same time")
    rpm: _Count | None = Field(None, description="The most requests in a minute")
    tpm: _Count | None = Field(None, description="The most tokens in a minute")
    rpd: _Count | None = Field(None, description="The most requests in a day")
    token_budget: _Tokens = Field(0, description="The most tokens ever; nothing is sent until this is set")
    accept_cost: bool = Field(
        default=False, description="You know what a model costs for more than ten gazettes, and are not asked again"
    )
    input_price: _Price | None = Field(None, description="Dollars for a million tokens of questions, for --dry-run")
    output_price: _Price | None = Field(None, description="Dollars for a million tokens of answers, for --dry-run")


class PrivacySettings(_Section):
    """Who is to appear nowhere."""

    suppress: _Path | None = Field(None, description="A file of names and numbers that no output shows")


class Settings(_Section):
    """All settings of a run; frozen, and without secrets, so that it can be recorded and shown."""

    run: RunSettings = RunSettings()
    retry: RetrySettings = RetrySettings()
    tjro: TjroSettings = TjroSettings()
    archive: ArchiveSettings = ArchiveSettings()
    extract: ExtractSettings = ExtractSettings()
    model: ModelSettings = ModelSettings()
    privacy: PrivacySettings = PrivacySettings()


@dataclass(frozen=True, slots=True)
class Key:
    """One setting, as documentation and `--show-config` show it.

    Attributes:
        name: Section and name: `run.spool_limit`.
        description: What it is for, in one line.
        default: The value that it has if nobody sets it.
        optional: Whether `none` is a value.
        is_path: Whether it names a file or a directory.
        unit: What a number of it counts: seconds, bytes, or None for itself.
    """

    name: str
    description: str
    default: object
    optional: bool
    is_path: bool
    unit: Literal["seconds", "bytes"] | None

    def written(self, value: object) -> str:
        """The value as it can stand in the settings file."""
        match value:
            case None:
                return '"none"'
            case float() if self.unit == "seconds":
                return f'"{format_duration(value)}"'
            case int() if self.unit == "bytes":
                return f'"{format_size(value)}"'
            case Path():
                return _in_toml(str(value))
            case _:
                return _in_toml(value)


def _in_toml(value: object) -> str:
    """A value as JSON, which is TOML but for its surrogates: letters stay, what cannot be printed is escaped."""
    return replace_unprintable(json.dumps(value, ensure_ascii=False), code_of)


def value_of(settings: Settings, key: str) -> object:
    """The value of a key such as `run.db`.

    Raises:
        AttributeError: There is no such key.
    """
    section, _, name = key.partition(".")
    value: object = getattr(getattr(settings, section), name)
    return value


def _keys() -> Iterator[Key]:
    defaults = Settings()
    for section in Settings.model_fields:
        part: BaseModel = getattr(defaults, section)
        for name, field in type(part).model_fields.items():
            kinds = _kinds(field)
            yield Key(
                name=f"{section}.{name}",
                description=field.description or "",
                default=getattr(part, name),
                optional=NoneType in kinds,
                is_path=Path in kinds,
                unit=_unit(kinds),
            )


def _kinds(field: FieldInfo) -> list[object]:
    """Everything that a field's annotation is made of: its types and what stands beside them."""
    kinds: list[object] = [field.annotation, *field.metadata]
    for part in get_args(field.annotation):
        kinds += [part, *get_args(part)]
    return kinds


def _unit(kinds: list[object]) -> Literal["seconds", "bytes"] | None:
    readers = [kind.func for kind in kinds if isinstance(kind, BeforeValidator)]
    if parse_duration in readers:
        return "seconds"
    return "bytes" if parse_size in readers else None


KEYS: Mapping[str, Key] = MappingProxyType({key.name: key for key in _keys()})
"""Every key, in the order of the sections."""
