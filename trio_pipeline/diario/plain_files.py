"""Files of our own that somebody may have replaced: what is no regular file is not read, and no link is followed.

Calls that block. This file does not know what the files are.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["is_replaced", "read_plain"]


def read_plain(path: str | Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: It cannot be read, or is a link, a directory or a pipe.
    """
    # A pipe that nobody writes to would keep us for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def is_replaced(path: Path) -> bool:
    """Whether something lies there that is no regular file: a link, a directory, a pipe."""
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False
