"""Failures in which nobody has answered, told from those in which somebody has.

A host that refuses or resets a connection is there, and so is our network. Where no name can be looked up, no way is
found or nothing comes until a time limit is over, either of them may be gone.

This file does not know what follows from that.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import httpx

__all__ = ["is_silence"]

_SILENT = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT, errno.EADDRNOTAVAIL}
)


def is_silence(error: httpx.TransportError) -> bool:
    """Whether nobody has answered.

    Of several addresses that were tried, as the causes of the error tell, one that answered is enough.
    """
    causes = list(_causes(error))
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno is not None}
    is_nameless = any(isinstance(cause, socket.gaierror) for cause in causes)
    if is_nameless or isinstance(error, httpx.TimeoutException):
        return True
    return bool(numbers) and numbers <= _SILENT


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it is said to come from."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        cause = left.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        left += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            left += cause.exceptions
