"""A small HTTP/1.1 server for ASGI apps, over any Trio stream and without a clock.

It answers the same request with the same bytes: no Date, no Server, no time limit of its own but one on Trio's clock.
This file does not know where the streams come from.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote

import h11
import outcome
import trio

__all__ = ["App", "serve_asgi"]

Message: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[object]
]
"""An ASGI app, for HTTP."""

# Bytes of further requests that are kept while an app waits for its client to leave. A client that sends more before it
# has an answer is not one that we know, and counts as gone.
_MOST_PIPELINED = 256 * 1024


async def serve_asgi(
    app: App,
    stream: trio.abc.Stream,
    *,
    state: Mapping[str, Any] | None = None,
    idle_timeout: float = math.inf,
) -> None:
    """Serve one connection until it ends, and close it.

    An app that raises has its client get a 500, or the connection cut if the answer had begun.

    Args:
        app: Called for each request.
        stream: The connection.
        state: A copy of it is each request's `scope["state"]`.
        idle_timeout: Seconds that the head of a request may take to come.

    Raises:
        BaseException: What the app raised, after the client has been told. That the client is gone is no error.

    Cancellation: the connection is closed at once.
    """
    wire = _Wire(stream)
    try:
        while (request := await wire.next_request(idle_timeout)) is not None:
            call = _Call(wire, request, state or {})
            result = await outcome.acapture(app, call.scope, call.receive, call.send)
            await call.finish()
            result.unwrap()
            if not wire.start_next_cycle():
                break
    finally:
        await trio.aclose_forcefully(stream)


class _Wire:
    """HTTP over the stream. A client that leaves is no error here: nothing more comes, and what is sent is dropped."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.SERVER)
        self._sending = trio.Lock()
        self.is_gone = False

    async def next_request(self, idle_timeout: float) -> h11.Request | None:
        with trio.move_on_after(idle_timeout):
            event = await self.next_event()
            return event if isinstance(event, h11.Request) else None
        return None

    async def next_event(self) -> h11.Event | None:
        """What the client says next; None if it is gone, or talks no HTTP (and has been told)."""
        while not self.is_gone:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                    await self.send(*_bare_answer(error.error_status_hint))
                self.is_gone = True
                return None
            if isinstance(event, h11.ConnectionClosed):
                self.is_gone = True
            elif event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self.send(h11.InformationalResponse(status_code=100, headers=[]))
                await self._read()
            else:
                assert isinstance(event, h11.Event)
                return event
        return None

    async def _read(self) -> int:
        try:
            data = await self._stream.receive_some()
        except (trio.BrokenResourceError, trio.ClosedResourceError):  # reset, or cut by the app
            self.is_gone = True
            return 0
        self._http.receive_data(bytes(data))
        return len(data)

    async def wait_until_gone(self) -> None:
        while not self.is_gone:
            if not await self._read() or len(self._http.trailing_data[0]) > _MOST_PIPELINED:
                self.is_gone = True
        await trio.lowlevel.checkpoint()

    async def send(self, *events: h11.Event) -> None:
        """Send events. h11.LocalProtocolError says that they make no answer."""
        if self.is_gone:
            await trio.lowlevel.checkpoint()
            return
        data = b"".join([self._http.send(event) or b"" for event in events])
        async with self._sending:
            try:
                if data:
                    await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.is_gone = True

    def start_next_cycle(self) -> bool:
        """Whether another request can come; what the app left of the last one is passed over if it is here."""
        try:
            while not self.is_gone and isinstance(self._http.next_event(), h11.Data):
                pass
        except h11.RemoteProtocolError:
            return False
        if self.is_gone or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True


class _Call:
    """One request and its answer, as the app sees them."""

    def __init__(self, wire: _Wire, request: h11.Request, state: Mapping[str, Any]) -> None:
        path, _, query = request.target.partition(b"?")
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.1"},
            "http_version": request.http_version.decode(),
            "method": request.method.decode("ascii").upper(),
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            "client": None,
            "server": None,
            "state": dict(state),
            "extensions": {},
        }
        self._wire = wire
        self._is_received = False
        self._has_begun = False
        self._is_answered = False
        self._has_body = request.method != b"HEAD"
        self._listening: trio.CancelScope | None = None

    async def receive(self) -> Message:
        if not self._is_received:
            event = await self._wire.next_event()
            if isinstance(event, h11.Data):
                return {"type": "http.request", "body": bytes(event.data), "more_body": True}
            self._is_received = True
            if isinstance(event, h11.EndOfMessage):
                return {"type": "http.request", "body": b"", "more_body": False}
        if not self._is_answered:
            with trio.CancelScope() as self._listening:
                await self._wire.wait_until_gone()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start" if not self._has_begun:
                self._has_begun = True
                self._has_body = self._has_body and message["status"] not in {204, 304}
                headers = list(message.get("headers", ()))
                await self._wire.send(h11.Response(status_code=message["status"], headers=headers))
            case "http.response.body" if self._has_begun and not self._is_answered:
                body = message.get("body", b"")
                events: list[h11.Event] = [h11.Data(data=body)] if body and self._has_body else []
                if not message.get("more_body", False):
                    events.append(h11.EndOfMessage())
                    self._is_answered = True
                    if self._listening is not None:
                        self._listening.cancel(reason="the answer is complete")
                await self._wire.send(*events)
            case other:
                raise RuntimeError(f"an app must not send {other} at this point of its answer")

    async def finish(self) -> None:
        """Answer for an app that has not done so."""
        if not self._has_begun:
            await self._wire.send(*_bare_answer(500))
        elif not self._is_answered:
            self._wire.is_gone = True


def _bare_answer(status: int) -> tuple[h11.Event, h11.Event]:
    headers = [("content-length", "0"), ("connection", "close")]
    return h11.Response(status_code=status, headers=headers), h11.EndOfMessage()
