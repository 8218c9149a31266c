"""A stream below an HTTP server that an app above it can cut.

An ASGI app can neither reset a connection nor write what is not HTTP. So each connection is wrapped here, and the
server hands the wrapper to the app in the request's scope. This file does not know HTTP, nor when anything is cut.
"""

from __future__ import annotations

import socket
import struct
from typing import Protocol, runtime_checkable

import trio

__all__ = ["STATE_KEY", "Connection", "Resettable", "SocketConnection"]

STATE_KEY = "trio_pipeline.connection"
"""Where the app finds the `Connection` in `scope["state"]`."""

_LINGER_NOT = struct.pack("ii", 1, 0)


@runtime_checkable
class Resettable(Protocol):
    """A stream that knows how to be reset; in memory there is no TCP to do it."""

    def reset(self) -> None:
        """Make the other side's next read or write fail as broken."""


class Connection(trio.abc.HalfCloseableStream):
    """Passes everything through until it is cut.

    Whoever is reading or writing at that moment gets trio.ClosedResourceError.

    Args:
        stream: Any stream; of one that is not `Resettable`, a reset is a close.
    """

    def __init__(self, stream: trio.abc.HalfCloseableStream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything. Cancellation: some of it may have gone."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there may be room. Cancellation: a checkpoint."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more will be sent. Cancellation: a checkpoint."""
        await self._stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What has come, at most `max_bytes`; empty at the end. Cancellation: nothing is lost."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """Close; twice is fine. Cancellation: it is closed all the same."""
        await self._stream.aclose()

    async def cut(self, *, reset: bool) -> None:
        """End the connection in whatever state it is, by a reset or by a close.

        Cancellation: a checkpoint, but the connection is cut all the same.
        """
        if reset:
            self.arm_reset()
        await trio.aclose_forcefully(self._stream)
        await trio.lowlevel.checkpoint()

    async def garble(self) -> None:
        """Send what no HTTP client understands, and close. Cancellation: the connection is closed all the same."""
        try:
            await self._stream.send_all(b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n")
        finally:
            await trio.aclose_forcefully(self._stream)

    def arm_reset(self) -> None:
        """Make the close that follows a reset, if the stream below can be reset."""
        if isinstance(self._stream, Resettable):
            self._stream.reset()


class SocketConnection(Connection):
    """A connection over TCP.

    Attributes:
        socket: What is below; hypercorn asks it for the addresses.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        super().__init__(stream)
        self.socket = stream.socket

    def arm_reset(self) -> None:
        """Make the close that follows a reset."""
        # With a linger time of 0 the kernel throws away what it still holds and closes by RST instead of FIN.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
