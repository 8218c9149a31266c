"""Where the socket of a running pipeline lies: beside its database, and open to its user alone.

This file does not know what is said over it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import trio

__all__ = ["listening_socket", "socket_path"]

# Bytes that the path of a socket may have: macOS reserves 104 for it, Linux 108, both with a zero at the end (unix(4),
# unix(7)). The smaller one everywhere, so that a path that works is one that works everywhere.
_LONGEST_PATH = 103

# Neither $XDG_RUNTIME_DIR nor $TMPDIR: a run started by cron or systemd lacks what the owner's shell has, and then the
# two would look in different places. What lies there is checked before it is trusted.
_TEMPORARY = Path("/tmp")  # noqa: S108 -- for the reason above


def socket_path(database: Path) -> Path:
    """Where the pipeline that works on `database` listens: beside it, `.sock` appended.

    When that is too long for a socket, it is a name made from the database's path in a directory of the owner's alone,
    which is made if it is missing. The answer depends on nothing else, so that everybody who asks finds it.

    Raises:
        PermissionError: That directory is not ours alone.
        OSError: It cannot be made.
    """
    resolved = database.resolve()
    beside = resolved.with_name(f"{resolved.name}.sock")
    if len(os.fsencode(beside)) <= _LONGEST_PATH:
        return beside
    digest = hashlib.sha256(os.fsencode(resolved)).hexdigest()
    return _private_directory() / f"{digest[:16]}.sock"


def _private_directory() -> Path:
    directory = _TEMPORARY / f"trio-pipeline-{os.geteuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    # Anybody may have made it before us, or a link in its place. Once it is seen to be ours, the sticky bit of /tmp
    # keeps it so.
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "not a directory of its user alone", str(directory))
    return directory


@contextmanager
def listening_socket(path: Path) -> Iterator[trio.socket.SocketType]:
    """Listen at a path; at the end the socket is closed and removed.

    Args:
        path: From `socket_path`. A socket that lies there is replaced.

    Raises:
        FileExistsError: What lies there is no socket.
        OSError: It cannot be made.
    """
    _remove_left_over(path)
    # Trio's own bind is async for the sake of host names; a path needs no looking up.
    plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Nor does its own `with` tell Trio that the socket closes: whoever waits for it would wait on.
    with closing(trio.socket.from_stdlib_socket(plain)) as listener:
        plain.bind(os.fspath(path))
        try:
            # Nobody can connect before it listens, so there is no moment at which others could.
            path.chmod(0o600)
            listener.listen(socket.SOMAXCONN)
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _remove_left_over(path: Path) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "is no socket, and so not replaced", str(path))
        path.unlink()
