"""The file beside a database that keeps a second writer out.

DuckDB's own lock is a POSIX one: it says nothing to our own process, and vanishes when that opens and closes the file
by other means.

This file does not know of DuckDB, nor who waits for how long.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["DatabaseInUse", "locked"]


class DatabaseInUse(Exception):
    """Somebody else, in this process or another one, has the database open."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, or raise DatabaseInUse at once. It is left behind: to remove it would let two hold one each."""
    with path.open("a+", encoding="ascii") as file:
        try:
            # A lock of flock belongs to this opening of the file, so that it also keeps out our own process.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DatabaseInUse(f"{path} is held by process {file.read().strip() or 'unknown'}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
