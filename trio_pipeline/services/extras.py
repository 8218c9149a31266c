"""Modules that only `trio-pipeline[demo]` brings.

This file does not know what they are used for.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["ExtraMissing", "demo_module"]

EXTRA = "trio-pipeline[demo]"


class ExtraMissing(Exception):
    """A package of an extra is not installed.

    Attributes:
        extra: What to install, such as `trio-pipeline[demo]`.
        package: What was looked for.
    """

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(f"{package} is not installed: install the extra {extra}")
        self.extra = extra
        self.package = package


def demo_module(name: str) -> ModuleType:
    """Import a module of ours that imports a package of the extra, so that ours can be read without it.

    Args:
        name: The full name of the module.

    Raises:
        ExtraMissing: The package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == __name__.partition(".")[0]:
            raise
        raise ExtraMissing(EXTRA, missing) from error
