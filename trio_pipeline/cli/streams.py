"""The standard streams of a command that may outlive those who read them.

Whoever starts a run may close the terminal, or pipe the progress into `head`. That is no reason to end it: what is said
then is said to nobody. This file does not know what is said.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

__all__ = ["set_up_streams"]

# The reader of a pipe has gone (EPIPE), or the terminal has (EIO).
_NOBODY_THERE = frozenset({errno.EPIPE, errno.EIO})


class _Unheard(io.FileIO):
    """A descriptor that takes everything, once nobody reads it any more."""

    def write(self, data: Any, /) -> int:
        """See the class."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _NOBODY_THERE:
                raise
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self.fileno())
        os.close(nobody)
        return super().write(data)


def set_up_streams() -> None:
    """Let a name that the terminal's encoding lacks be no reason to fail, nor that nobody reads stderr any more."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.flush()
        raw = _Unheard(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=sys.stderr.encoding, errors=sys.stderr.errors, line_buffering=True
        )
