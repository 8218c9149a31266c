"""JSON objects on lines, over a stream that anybody may write to.

This file does not know what they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import trio

__all__ = ["LineTooLong", "Lines", "encode"]

_CHUNK = 64 * 2**10


class LineTooLong(Exception):
    """A line is longer than its limit."""


class Lines:
    """The lines of a stream.

    Args:
        stream: The stream.
        longest: Bytes that a line may have.

    Attributes:
        rest: What has been received and belongs to no line that was given.
    """

    def __init__(self, stream: trio.abc.ReceiveStream, longest: int) -> None:
        self.rest = bytearray()
        self._stream = stream
        self._longest = longest

    async def receive(self) -> bytes | None:
        """The next line without its end, or None if the stream ends before it does.

        Raises:
            LineTooLong: It is longer than it may be.
            trio.BrokenResourceError: The connection was reset.

        Cancellation: what was received stays in `rest`.
        """
        searched = 0
        while (end := self.rest.find(b"\n", searched)) < 0:
            searched = len(self.rest)
            if searched > self._longest:
                raise LineTooLong
            chunk = await self._stream.receive_some(_CHUNK)
            if not chunk:
                return None
            self.rest += chunk
        if end > self._longest:
            raise LineTooLong
        line = bytes(self.rest[:end])
        del self.rest[: end + 1]
        return line


def encode(message: Mapping[str, object]) -> bytes:
    """An object as a line, with its end.

    Raises:
        ValueError: It holds a number that JSON does not know, such as infinity.
        TypeError: It holds what JSON cannot say.
    """
    # ASCII only: the text of a PDF may hold half a surrogate pair, which UTF-8 does not know and an escape does.
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
