"""The SQL that stands in files of its own."""

from __future__ import annotations

from functools import cache
from importlib import resources

__all__ = ["statement"]


@cache
def statement(name: str) -> str:
    """The text of `name`.sql."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
