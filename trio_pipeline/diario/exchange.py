"""An HTTP request that was answered: the head of the answer, and its body as it comes.

Failures of the network are put into words, and what only trickles is ended. Nothing is decoded: checksums are of the
bytes as they were sent.

This file does not know how a request is sent, or what an answer means.
"""

from __future__ import annotations

import httpx
import trio

from trio_pipeline.diario.silence import is_silence
from trio_pipeline.pacing import Permit
from trio_pipeline.retry import TryAgain

__all__ = ["AnswerBody", "BrokenOff", "Exchange", "Stalled"]

# Bytes a second, averaged over a stall timeout, below which a body is a stall that only pretends to move.
_SLOWEST = 64.0
# Seconds of waiting for the network in which a body has to come to its end. The largest gazette that is allowed takes
# half of that on a line of 1 Mbit/s; a body that never ends would keep its place at the host for days.
_LONGEST = 3600.0


def _length(response: httpx.Response) -> int | None:
    value = response.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None


class Stalled(TryAgain):
    """Nothing more came from the other side.

    Attributes:
        silent_since: Since when, in Trio's time; None if it was the end of the connection that came.
    """

    def __init__(self, reason: str, *, silent_since: float | None = None, counts: bool = True) -> None:
        super().__init__(reason, counts=counts)
        self.silent_since = silent_since


class BrokenOff(Stalled):
    """A body came to an end before its end: it broke off, stalled or was cut short. What came of it is good."""


class AnswerBody:
    """The bytes of an answer, by iteration, each once.

    Iterating raises BrokenOff when the body breaks off or stalls, TryAgain when it does not end.

    Cancellation: a checkpoint wherever bytes are awaited; the connection is then given up.
    """

    def __init__(self, response: httpx.Response, permit: Permit, stall_timeout: float) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        # Not `response.aiter_raw()`: every generator less is a cost less.
        self._stream = aiter(response.stream)
        self._permit = permit
        self._length = _length(response)
        self._stall_timeout = stall_timeout
        self._peeked = b""
        self._received = 0
        self._waited_in_all = 0.0
        # Since the pace was last looked at: seconds that the network was waited for, and bytes that came.
        self._waited = 0.0
        self._since = 0

    def __aiter__(self) -> AnswerBody:
        return self

    async def __anext__(self) -> bytes:
        if self._peeked:
            peeked, self._peeked = self._peeked, b""
            return peeked
        return await self._next()

    async def peek(self, size: int) -> bytes:
        """The next `size` bytes, or all if there are fewer; iterating gives them all the same.

        Cancellation: a checkpoint only while bytes are awaited. Nothing is lost.

        Raises:
            BrokenOff: The body broke off or stalled.
        """
        chunks = [self._peeked]
        have = len(self._peeked)
        try:
            while have < size:
                chunks.append(await self._next())
                have += len(chunks[-1])
        except StopAsyncIteration:
            pass
        finally:
            self._peeked = b"".join(chunks)
        return self._peeked[:size]

    async def _next(self) -> bytes:
        began = trio.current_time()
        try:
            chunk = await anext(self._stream)
        except httpx.TimeoutException as error:
            reason = f"stalled: nothing came for {self._stall_timeout:g} s after {self._received} bytes"
            self._permit.unreachable(reason, silent=True)
            raise BrokenOff(reason, silent_since=began) from error
        except httpx.TransportError as error:
            said = "" if self._length is None else f"; {self._length} were said"
            reason = f"the connection broke off after {self._received} bytes of the body{said}"
            # The head may have been a success already; this tells of a host that never gets any further.
            self._permit.unreachable(reason, silent=is_silence(error))
            raise BrokenOff(reason) from error
        self._permit.heard()
        self._received += len(chunk)
        self._since += len(chunk)
        self._check_pace(trio.current_time() - began)
        return chunk

    def _check_pace(self, waited: float) -> None:
        # Only what was spent waiting for the network: a reader that is slow itself is no fault of the host.
        self._waited += waited
        self._waited_in_all += waited
        if self._waited_in_all > _LONGEST:
            raise TryAgain(f"it does not end: {self._received} bytes in {self._waited_in_all:.0f} s")
        if self._waited < self._stall_timeout:
            return
        if self._since < _SLOWEST * self._waited:
            raise BrokenOff(f"stalled: {self._since} bytes in {self._waited:.0f} s")
        self._waited, self._since = 0.0, 0

    async def abandon(self) -> None:
        """Let go of what was not read.

        Cancellation: not a checkpoint; never waits.
        """
        # httpx and httpcore nest async generators that do not close each other: left suspended, they would be ended
        # by the garbage collector, whenever that is. A cancelled read ends them from the innermost outwards.
        with trio.CancelScope(shield=True) as scope:
            scope.cancel()
            async for _ in self._stream:
                pass


class Exchange:
    """The answer to a request. Given by `Http.send`, which also ends it.

    Attributes:
        status: The HTTP status.
        headers: The answer's headers.
        body: The answer's body.
        permit: The pacer's permit, for the verdict, which only those can give who know what the answer means.
        retry_after: Seconds that a Retry-After header asks for, or None.
    """

    def __init__(
        self, response: httpx.Response, permit: Permit, *, retry_after: float | None, stall_timeout: float
    ) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.body = AnswerBody(response, permit, stall_timeout)
        self.permit = permit
        self.retry_after = retry_after
        self._response = response

    @property
    def length(self) -> int | None:
        """What Content-Length says, in bytes; None if it says nothing that can be read."""
        return _length(self._response)

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else close it. Closing twice is fine.

        Cancellation: not a checkpoint; never waits.
        """
        with trio.CancelScope(shield=True):
            await self.body.abandon()
            await self._response.aclose()
