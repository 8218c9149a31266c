"""A network in memory: hosts that listen, connections to them, and httpx's own transport over those.

Everything above the bytes is real (httpx, httpcore with its pool, h11), and all time is Trio's. This file does not know
what is served, nor how likely anything is.
"""

from __future__ import annotations

import errno
import math
import os
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import httpcore
import httpx
import trio

from trio_pipeline.testing.lines import Route
from trio_pipeline.testing.memory_streams import MemoryStream, memory_streams
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.weather import Forecast, Outage, Weather

__all__ = ["MemoryNetwork", "open_network"]

# Seconds after which Linux gives up a connection that nobody answers, with its default of six repeats.
_GIVES_UP_AFTER = 127.0


class MemoryNetwork(httpcore.AsyncNetworkBackend):
    """Leads connections to whoever listens.

    Attributes:
        connections: How many were made.
        open_streams: Ends of connections, ours and theirs, that were not closed yet.

    Args:
        nursery: Where connections are served.
        source: Of all that is left to chance.
        weather: How hosts are reached: all alike, or by patterns of names, of which the first that matches counts.
        outages: When hosts, or our own network, are down.
        trace: Told of connections and mishaps.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        source: random.Random,
        *,
        weather: Weather | Mapping[str, Weather] | None = None,
        outages: Iterable[Outage] = (),
        trace: Trace | None = None,
    ) -> None:
        self.connections = 0
        self.open_streams = 0
        self._nursery = nursery
        self._source = source
        self._forecast = Forecast(weather or {}, outages)
        self._trace = trace
        self._listeners: dict[tuple[str, int], Callable[[MemoryStream], Awaitable[object]]] = {}
        self._names: set[str] = set()

    def listen(self, host: str, port: int, serve: Callable[[MemoryStream], Awaitable[object]]) -> None:
        """Have `serve` called with the other end of every connection to that host and port, each in a task of its own.

        Afterwards the stream is closed. That the client has left is no error of `serve`, so trio.BrokenResourceError is
        dropped; whatever else it raises ends the nursery.
        """
        self._listeners[host, port] = serve
        self._names.add(host)

    def transport(self) -> httpx.AsyncHTTPTransport:
        """A new connection pool, as `World.open_transport` gives it."""
        return _Transport(self)

    async def connect(self, host: str, port: int) -> MemoryStream:
        """Connect as `trio.open_tcp_stream` does.

        Raises:
            OSError: As the operating system has it: no name, nobody listens, nobody answers.

        Cancellation: a checkpoint; there is no connection then.
        """
        weather = self._forecast.of(host)
        await trio.sleep(2 * self._source.uniform(*weather.latency))
        now = trio.current_time()
        if self._forecast.contact_at(now) > now:
            self._note(f"no name for {host}: our network is down")
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        lot = self._source.random()
        if lot < weather.unreachable:
            self._note(f"{host}:{port} does not answer")
            await trio.sleep(_GIVES_UP_AFTER)
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        serve = self._listeners.get((host, port))
        if serve is None or lot < weather.unreachable + weather.refused or self._forecast.is_down(host, now):
            self._note(f"{host}:{port} refuses")
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        return self._join(host, port, serve)

    def _join(self, host: str, port: int, serve: Callable[[MemoryStream], Awaitable[object]]) -> MemoryStream:
        self.connections += 1
        self.open_streams += 2
        name = f"connection {self.connections} to {host}:{port}"
        self._note(name)
        route = Route(host, self._forecast, self._source, partial(self._note, name))
        ours, theirs = memory_streams(
            source=self._source,
            splits=self._forecast.of(host).splits,
            lines=(route.there, route.back),
            on_close=self._count_close,
        )
        self._nursery.start_soon(self._serve, serve, theirs, name=name)
        return ours

    async def _serve(self, serve: Callable[[MemoryStream], Awaitable[object]], stream: MemoryStream) -> None:
        try:
            with suppress(trio.BrokenResourceError):
                await serve(stream)
        finally:
            await trio.aclose_forcefully(stream)

    def _count_close(self) -> None:
        self.open_streams -= 1

    def _note(self, *words: object) -> None:
        if self._trace is not None:
            self._trace.note("network", *words)

    # What httpcore asks of a network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's interface
        local_address: str | None = None,  # noqa: ARG002 -- there is one only
        socket_options: Iterable[object] | None = None,  # noqa: ARG002 -- there is no socket
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises httpcore's errors, and is cancelled as `connect`."""
        with _translated({trio.TooSlowError: httpcore.ConnectTimeout, OSError: httpcore.ConnectError}):
            with trio.fail_after(math.inf if timeout is None else timeout):
                return _NetworkStream(await self.connect(host, port))


class _NetworkStream(httpcore.AsyncNetworkStream):
    """What `httpcore.TrioBackend` makes of a socket, made of a stream in memory."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- httpcore's interface
        with _translated(_READ_ERRORS), trio.fail_after(math.inf if timeout is None else timeout):
            return await self._stream.receive_some(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- httpcore's interface
        if buffer:
            with _translated(_WRITE_ERRORS), trio.fail_after(math.inf if timeout is None else timeout):
                await self._stream.send_all(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 -- nobody listens in on memory
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        await trio.lowlevel.checkpoint()
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.is_readable() if info == "is_readable" else None


_READ_ERRORS: dict[type[Exception], type[Exception]] = {
    trio.TooSlowError: httpcore.ReadTimeout,
    trio.BrokenResourceError: httpcore.ReadError,
    trio.ClosedResourceError: httpcore.ReadError,
}
_WRITE_ERRORS: dict[type[Exception], type[Exception]] = {
    trio.TooSlowError: httpcore.WriteTimeout,
    trio.BrokenResourceError: httpcore.WriteError,
    trio.ClosedResourceError: httpcore.WriteError,
}


@contextmanager
def _translated(errors: Mapping[type[Exception], type[Exception]]) -> Iterator[None]:
    try:
        yield
    except tuple(errors) as error:
        raise next(to for origin, to in errors.items() if isinstance(error, origin))(error) from error


class _Transport(httpx.AsyncHTTPTransport):
    # The pool is all that httpx's transport keeps. Its own way of making one loads certificates (20 ms), and takes no
    # other network.
    def __init__(self, network: MemoryNetwork) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            max_connections=None,
            max_keepalive_connections=20,
            # With a limit, httpcore would take the time from the real clock.
            keepalive_expiry=None,
            network_backend=network,
        )


@asynccontextmanager
async def open_network(
    source: random.Random,
    *,
    weather: Weather | Mapping[str, Weather] | None = None,
    outages: Iterable[Outage] = (),
    trace: Trace | None = None,
) -> AsyncIterator[MemoryNetwork]:
    """A network with a nursery of its own; leaving the context cuts every connection.

    Args: as for `MemoryNetwork`.

    Raises:
        ExceptionGroup: As nurseries do, around what the body and the listeners raise.
    """
    async with trio.open_nursery() as nursery:
        yield MemoryNetwork(nursery, source, weather=weather, outages=outages, trace=trace)
        nursery.cancel_scope.cancel(reason="the network was closed")
