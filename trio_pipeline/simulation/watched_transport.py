"""httpx's transport, watched where it meets the network: which request is written when, and how many at a time.

This file does not know what is asked for, nor how often anybody may ask.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import httpx
import trio

from trio_pipeline.simulation.sightings import Answer, Request, Sightings
from trio_pipeline.testing.trace import Trace

__all__ = ["WatchedTransport"]


class WatchedTransport(httpx.AsyncHTTPTransport):
    """Passes everything on, and takes down what it sees.

    Args:
        transport: The one below.
        sightings: Where requests and answers are taken down.
        trace: Where they are noted too.
        groups: The group of hosts, as the pacers name it, by the host's name.
        happened: Called after each request and each answer that was taken down.
    """

    # Not a plain AsyncBaseTransport: `diario.http` takes its turn at the first byte only where httpcore tells of it.
    def __init__(
        self,
        transport: httpx.AsyncHTTPTransport,
        sightings: Sightings,
        trace: Trace,
        groups: dict[str, str],
        happened: Callable[[], object],
    ) -> None:
        self._transport = transport
        self._sightings = sightings
        self._trace = trace
        self._groups = groups
        self._happened = happened
        self._at_once: dict[str, int] = dict.fromkeys(groups.values(), 0)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def aclose(self) -> None:
        """Close the one below."""
        await self._transport.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        call = _Call(self, request)
        request.extensions = {**request.extensions, "trace": call.trace}
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException:
            call.end()
            raise
        self._answered(request, response)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _WatchedStream(response.stream, call.end)
        return response

    def begin(self, request: httpx.Request) -> str:
        """Take down that the first byte of a request is written; returns the group of hosts that it counts for."""
        hosts = self._groups[request.url.host]
        path = _path(request)
        self._sightings.requests.append(Request(trio.current_time(), hosts, request.method, path))
        self._trace.note("request", request.method, request.url.host, path)
        self._at_once[hosts] += 1
        most = self._sightings.most_at_once
        most[hosts] = max(most.get(hosts, 0), self._at_once[hosts])
        self._happened()
        return hosts

    def sent(self, request: httpx.Request) -> None:
        """Take down that a body has gone out whole."""
        self._sightings.sent.append((trio.current_time(), _path(request)))

    def end(self, hosts: str) -> None:
        """Take note that a request is over."""
        self._at_once[hosts] -= 1

    def _answered(self, request: httpx.Request, response: httpx.Response) -> None:
        path = _path(request)
        # The stand-ins ask for a number of seconds; what a date means follows from the time of day.
        asked = response.headers.get("retry-after", "")
        seconds = float(asked) if asked.isdigit() else None
        answer = Answer(trio.current_time(), request.method, path, response.status_code, seconds)
        self._sightings.answers.append(answer)
        self._trace.note("answer", request.method, request.url.host, path, response.status_code)
        self._happened()


class _Call:
    """One request on its way through the transport."""

    def __init__(self, transport: WatchedTransport, request: httpx.Request) -> None:
        self._transport = transport
        self._request = request
        self._theirs: Callable[[str, dict[str, Any]], Awaitable[None]] | None = request.extensions.get("trace")
        self._hosts: str | None = None

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        if self._theirs is not None:
            await self._theirs(event, info)
        # What comes next is the write. Whoever has waited for a turn has waited before.
        if event == "http11.send_request_headers.started":
            self.end()
            self._hosts = self._transport.begin(self._request)
        if event == "http11.send_request_body.complete" and self._request.method == "PUT":
            self._transport.sent(self._request)

    def end(self) -> None:
        if self._hosts is not None:
            self._transport.end(self._hosts)
            self._hosts = None


class _WatchedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, closed: Callable[[], object]) -> None:
        self._stream = stream
        self._closed = closed

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._closed()


def _path(request: httpx.Request) -> str:
    return request.url.raw_path.decode("ascii")
