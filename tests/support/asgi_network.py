"""A network in memory: requests to ASGI apps, by host and port, on virtual time.

Bodies stream both ways, so that a connection can break in the middle of one and a client can leave at any moment: then
the app learns of it, or, if it has everything it needs, goes on without. Time limits are those of the request.

This file does not know what is asked for.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import contextmanager, suppress

import httpx
import trio

from trio_pipeline.services.exchange import ConnectionCut


class AsgiNetwork:
    """Leads to `apps`, by host and port.

    `down` are those that refuse connections. `silence` makes others say nothing, neither to who wants to connect nor to
    who waits for the rest of an answer. `delay` says how many seconds a request is under way before its app sees
    anything of it.
    """

    def __init__(self, nursery: trio.Nursery, apps: Mapping[str, Callable]) -> None:
        self.nursery = nursery
        self.apps = apps
        self.down: set[str] = set()
        self.delay: Callable[[httpx.Request], float] = lambda _: 0.0
        self.begun: list[tuple[float, str, str]] = []
        self._silent: set[str] = set()
        self._spoken = trio.Event()

    def silence(self, *places: str) -> None:
        """From now on, these and no others say nothing."""
        self._silent = set(places)
        self._spoken.set()
        self._spoken = trio.Event()

    def is_silent(self, place: str) -> bool:
        return place in self._silent

    async def wait_spoken(self, place: str) -> None:
        while place in self._silent:
            await self._spoken.wait()

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Transport(self)

    def count(self, method: str, part: str) -> int:
        """How many requests were begun to addresses that hold `part`."""
        return sum(method == asked and part in url for _, asked, url in self.begun)


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, network: AsgiNetwork) -> None:
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = request.url.netloc.decode()
        await trio.lowlevel.checkpoint()
        if place in self._network.down:
            raise httpx.ConnectError("[Errno 111] Connection refused")
        if self._network.is_silent(place):
            with trio.move_on_after(request.extensions["timeout"]["connect"]):
                await self._network.wait_spoken(place)
            if self._network.is_silent(place):
                raise httpx.ConnectTimeout("timed out")
        self._network.begun.append((trio.current_time(), request.method, str(request.url)))
        await trio.sleep(self._network.delay(request))
        call = _Call(request, self._network, place)
        self._network.nursery.start_soon(call.serve, self._network.apps[place])
        try:
            await call.send_body()
            return await call.answer()
        except BaseException:
            call.hang_up()
            raise


class _Call:
    """One request and its answer, as both sides see it."""

    def __init__(self, request: httpx.Request, network: AsgiNetwork, place: str) -> None:
        self._request = request
        self._network = network
        self._place = place
        self._timeouts = request.extensions["timeout"]
        self._sending, self._received = trio.open_memory_channel[bytes](0)
        self._answering, self._answered = trio.open_memory_channel[dict](0)
        self._gone = trio.Event()
        self._body_is_over = False

    # The client's side

    async def send_body(self) -> None:
        try:
            async for chunk in self._request.stream:
                if chunk:
                    with self._limited("write", httpx.WriteTimeout):
                        await self._network.wait_spoken(self._place)
                        await self._sending.send(chunk)
        except trio.BrokenResourceError:
            return  # as httpcore does: there may be an answer all the same
        self._sending.close()

    async def answer(self) -> httpx.Response:
        head = await self._next()
        if head is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(head["status"], headers=head["headers"], stream=_AnswerStream(self))

    async def next_body(self) -> bytes | None:
        message = await self._next()
        if message is None:
            raise httpx.ReadError("the peer closed the connection before the body was complete")
        return message["body"] if message["more_body"] else None

    async def _next(self) -> dict | None:
        with self._limited("read", httpx.ReadTimeout):
            try:
                message = await self._answered.receive()
            except trio.EndOfChannel:
                return None
            await self._network.wait_spoken(self._place)
            return message

    @contextmanager
    def _limited(self, kind: str, error: type[httpx.TimeoutException]):
        limit = self._timeouts[kind]
        with trio.move_on_after(math.inf if limit is None else limit) as scope:
            yield
        if scope.cancelled_caught:
            raise error("timed out")

    def hang_up(self) -> None:
        self._gone.set()
        self._sending.close()
        self._answered.close()

    # The app's side

    async def serve(self, app: Callable) -> None:
        scope = {
            "type": "http",
            "method": self._request.method,
            "path": self._request.url.path,
            "query_string": self._request.url.query,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
        }
        # Leaving the channels is what the client sees of a cut.
        with self._received, self._answering, suppress(ConnectionCut):
            await app(scope, self._receive, self._send)

    async def _receive(self) -> dict:
        if not self._body_is_over:
            try:
                return {"type": "http.request", "body": await self._received.receive(), "more_body": True}
            except trio.EndOfChannel:
                self._body_is_over = True
                if not self._gone.is_set():
                    return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict) -> None:
        # A server does not tell its app that nobody listens any more.
        with suppress(trio.BrokenResourceError):
            await self._answering.send(message)


class _AnswerStream(httpx.AsyncByteStream):
    def __init__(self, call: _Call) -> None:
        self._call = call
        self._has_ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._has_ended:
            chunk = await self._call.next_body()
            if chunk is None:
                self._has_ended = True
            elif chunk:
                yield chunk

    async def aclose(self) -> None:
        self._call.hang_up()
