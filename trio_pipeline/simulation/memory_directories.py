"""Directories in memory, found again by the process that made them.

This file does not know what is put into them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["clear_after", "open_memory_directory"]

_MEMORY = Path("/dev/shm")  # noqa: S108 -- a directory in memory is five times as fast; a private one is made in it


@contextmanager
def open_memory_directory() -> Iterator[Path]:
    """Make a directory, in memory where the system has a place for that, and remove it at the end."""
    prefix = _prefix(os.getpid())
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_parent(), ignore_cleanup_errors=True) as name:
        yield Path(name)


def clear_after(process: int) -> None:
    """Remove what a process, of the given number, has left that was killed."""
    for directory in _parent().glob(f"{_prefix(process)}*"):
        shutil.rmtree(directory, ignore_errors=True)


def _prefix(process: int) -> str:
    return f"tp-{process}-"


def _parent() -> Path:
    return _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
