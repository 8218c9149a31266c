"""One request and its answer, above ASGI: what the court's and the archive's stand-ins share.

It counts, waits, and does to the request or the answer what a fault asks for. This file does not know what the answers
say, nor which server is below.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import trio

from trio_pipeline.services.connection import STATE_KEY, Connection
from trio_pipeline.services.faults import Fault, FaultPlan
from trio_pipeline.services.traffic import Traffic, Visit

__all__ = ["ClientGone", "ConnectionCut", "Exchange", "Headers", "Message", "Receive", "Scope", "Send"]

Scope: TypeAlias = Mapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[str, str]]

_CHUNK = 256 * 1024
_SLOW_CHUNK = 16 * 1024  # with a bandwidth, small enough for an even flow

_TRICKLE = 5.0  # seconds

_MID_BODY = frozenset({"reset", "stall", "truncate"})


class ClientGone(Exception):
    """There is nobody left to talk to: the client has gone, or a fault has cut the connection."""


class ConnectionCut(ConnectionResetError):
    """A fault would have cut the connection, but the server below has none to cut, as `httpx.ASGITransport`."""


class Exchange:
    """One request and its answer.

    Attributes:
        method: In capitals.
        path: Decoded, without the query.
        query: The first value of each parameter.
        every_query: All values of each parameter, in order.
        headers: Names in lower case; of repeated ones the last.
        raw_headers: Names in lower case, in the order sent.
        fault: What is to go wrong, or None.
        received: Bytes of the request's body read so far.

    Args:
        scope: The ASGI scope, of type `http`.
        receive: From ASGI.
        send: From ASGI.
        traffic: Where it is counted.
        bandwidth: Bytes a second of either body; None for no limit.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, traffic: Traffic, bandwidth: float | None = None
    ) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.every_query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.query = {name: values[0] for name, values in self.every_query.items()}
        self.raw_headers = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        self.headers = dict(self.raw_headers)
        self.fault: Fault | None = None
        self.received = 0
        self._began = trio.current_time()
        self._receive = receive
        self._send = send
        self._traffic = traffic
        self._visit: Visit | None = None
        self._bandwidth = bandwidth
        self._body_ended = not {"content-length", "transfer-encoding"} & self.headers.keys()
        self._connection: Connection | None = scope.get("state", {}).get(STATE_KEY)

    @property
    def length(self) -> int | None:
        """The Content-Length of the request, or None if there is none that counts."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdigit() and "transfer-encoding" not in self.headers else None

    async def admit(self, kind: str, where: str | None = None, plan: FaultPlan | None = None) -> None:
        """Count the request, find out its fault, and do the ones that need no answer.

        Args:
            kind: What it is counted as.
            where: Its kind for faults; None for none.
            plan: The faults.

        Raises:
            ClientGone: It was refused.

        Cancellation: a checkpoint only when it is refused.
        """
        self._visit = self._traffic.arrived(kind, self._began)
        if where is not None and plan is not None:
            self.fault = plan.draw(where, self.path, self._began)
        if self.fault is not None:
            self._traffic.faults[self.fault.name] += 1
            if self.fault.name == "refuse":
                await self.cut(reset=False)

    async def wait(self, latency: float) -> None:
        """Return `latency` seconds after the request began, or at once if they are over.

        Raises:
            ClientGone: The fault was to answer by something that is not HTTP.

        Cancellation: a checkpoint.
        """
        await trio.sleep_until(self._began + latency)
        if self.fault is not None and self.fault.name == "malformed":
            await self._malform()

    async def read(self) -> bytes:
        """The next part of the request's body; empty at its end.

        Raises:
            ClientGone: The client left before the end, or a fault in the middle of the body has come.

        Cancellation: a checkpoint until the end has been seen; what was received is lost.
        """
        while not self._body_ended:
            await self._fail_in(self.received, self.length or 0)
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._body_ended = not message.get("more_body", False)
            body: bytes = message.get("body", b"")
            if body:
                await self._count_in(len(body))
                return body
        return b""

    async def read_all(self, limit: int) -> bytes | None:
        """The whole of the request's body, or None if it has more than `limit` bytes.

        Raises:
            ClientGone: As `read`.

        Cancellation: as `read`.
        """
        body = bytearray()
        while data := await self.read():
            if self.received > limit:
                return None
            body += data
        return bytes(body)

    async def answer(
        self, status: int, content: bytes = b"", *, headers: Headers = (), length: int | None = None
    ) -> None:
        """Read what is left of the request, then send the answer.

        Args:
            status: The HTTP status.
            content: The body.
            headers: All but Content-Length.
            length: The Content-Length where no body is sent that it could be taken from.

        Raises:
            ClientGone: The client left, or a fault in the middle of the body has come.

        Cancellation: a checkpoint; the answer may have gone in part.
        """
        while await self.read():
            pass
        fields = [(name.lower().encode(), value.encode()) for name, value in headers]
        fields += self._length_said(len(content) if length is None else length)
        if self._visit is not None:  # what was not admitted, as a look at the statistics, is not counted
            self._traffic.answers[status] += 1
        await self._send({"type": "http.response.start", "status": status, "headers": fields})
        await self._send_body(b"" if self.method == "HEAD" else content)

    def _length_said(self, size: int) -> list[tuple[bytes, bytes]]:
        if self._has_fault("endless"):
            return []
        return [(b"content-length", str(2 * size if self._has_fault("long-length") else size).encode())]

    def _has_fault(self, name: str) -> bool:
        return self.fault is not None and self.fault.name == name

    async def answer_json(self, value: object, *, status: int = 200, headers: Headers = ()) -> None:
        """Answer with a JSON body. Raises and is cancelled as `answer`."""
        content = json.dumps(value, ensure_ascii=False).encode()
        fields = [("Content-Type", "application/json; charset=utf-8"), *headers]
        await self.answer(status, content, headers=fields)

    async def cut(self, *, reset: bool) -> None:
        """End the connection without (more of) an answer.

        Raises:
            ClientGone: Always, once that is done.
            ConnectionCut: The server has no connection that can be cut.

        Cancellation: a checkpoint, but the connection is cut all the same.
        """
        self.leave()
        if self._connection is None:
            raise ConnectionCut
        await self._connection.cut(reset=reset)
        raise ClientGone

    def leave(self) -> None:
        """The request counts no longer as in flight."""
        if self._visit is not None:
            self._visit.leave()

    async def _malform(self) -> None:
        self.leave()
        if self._connection is None:
            raise ConnectionCut
        await self._connection.garble()
        raise ClientGone

    async def _fail_in(self, position: int, size: int) -> None:
        """Do the fault that is due in the middle of a body of `size` bytes, once `position` is past it."""
        if self.fault is None or self.fault.name not in _MID_BODY or position < size // 2:
            return
        if self.fault.name == "stall":
            await self._wait_until_gone()
            raise ClientGone
        await self.cut(reset=self.fault.name == "reset")

    async def _wait_until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _count_in(self, size: int) -> None:
        self.received += size
        self._traffic.bytes_in += size
        if self._bandwidth is not None:
            await trio.sleep_until(self._began + self.received / self._bandwidth)

    async def _send_body(self, content: bytes) -> None:
        step = _CHUNK if self._bandwidth is None else _SLOW_CHUNK
        if self.fault is not None and self.fault.name in _MID_BODY:
            step = min(step, max(1, len(content) // 2))
        elif self._has_fault("trickle"):
            step = 1
        began = trio.current_time()
        for start in range(0, len(content), step):
            await self._fail_in(start, len(content))
            end = min(start + step, len(content))
            if self._bandwidth is not None:
                await trio.sleep_until(began + end / self._bandwidth)
            if self._has_fault("trickle") and start:
                await self._dawdle()
            if end == len(content):
                # Before the last bytes go: whoever has them may begin the next request before this task runs again.
                self.leave()
            await self._send_part(content[start:end])
        await self._end_body()

    async def _send_part(self, part: bytes) -> None:
        if self._visit is not None:
            self._traffic.bytes_out += len(part)
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def _dawdle(self) -> None:
        with trio.move_on_after(_TRICKLE):
            await self._wait_until_gone()
            raise ClientGone

    async def _end_body(self) -> None:
        if self._has_fault("long-length") and self.method != "HEAD":
            await self.cut(reset=False)
        if self._has_fault("endless") and self.method != "HEAD":
            await self._go_on_for_ever()
        self.leave()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _go_on_for_ever(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_filling)
            await self._wait_until_gone()
            nursery.cancel_scope.cancel("the client has gone")
        raise ClientGone

    async def _send_filling(self) -> None:
        filling = bytes(_SLOW_CHUNK)
        while True:
            await self._send_part(filling)
            # A client that has gone is not waited for by every server.
            await trio.sleep(0 if self._bandwidth is None else len(filling) / self._bandwidth)
