"""Networks for tests of what talks to hosts, in memory and on virtual time.

`ScriptedTransport` answers requests by a function: for what depends on answers. `MemoryNetwork` gives real httpcore
connections over memory streams to a server that is a function of a stream: for what depends on bytes and connections.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import httpcore
import httpx
import trio
import trio.testing

from trio_pipeline.diario.model import Gazette
from trio_pipeline.world import World, _RealFiles, real_world

NOW = datetime.datetime(2025, 6, 24, 12, 0, 0)  # noqa: DTZ001 -- as World.now gives it
PDF = b"%PDF-1.7\n" + b"x" * 5_000
GAZETTE = Gazette(
    id="tjro-diario-2025-06-23-nr112",
    tribunal="tjro",
    date=datetime.date(2025, 6, 23),
    number=112,
    suffix="",
    url="https://www.tjro.jus.br/novodiario/2025/20250623104-NR112.pdf",
    file_name="20250623104-NR112.pdf",
)


async def everybody(_url: str) -> None:
    """Nobody is kept from asking the court."""


class InlineThreads:
    """Blocking calls made at once: the virtual clock does not know of threads, and would jump meanwhile."""

    async def run(self, function, *args):
        await trio.lowlevel.checkpoint()
        return function(*args)


def make_world(transport: httpx.AsyncBaseTransport) -> World:
    threads = InlineThreads()
    return dataclasses.replace(
        real_world(),
        now=lambda: NOW,
        threads=threads,
        files=_RealFiles(threads),
        open_transport=lambda: transport,
    )


@dataclass
class Seen:
    """A request as the other side saw it."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes
    at: float


@dataclass
class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces; a float is a pause, an exception breaks it off."""

    pieces: Iterable[bytes | float | Exception]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            match piece:
                case bytes():
                    yield piece
                case float():
                    await trio.sleep(piece)
                case _:
                    raise piece


def answer(status: int = 200, body: bytes = b"", kind: str = "application/pdf", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("content-length", str(len(body)))
    # As a server sends them: bytes, which headers are to httpx too when they come from the network.
    raw = {name: value.encode("latin-1") for name, value in {"content-type": kind, **named}.items()}
    return httpx.Response(status, headers=raw, stream=Pieces([body]))


@dataclass
class ScriptedTransport(httpx.AsyncBaseTransport):
    """Answers each request by `script`, which may raise; the body is read first, at most `reads` chunks of it."""

    script: Callable[[Seen], httpx.Response]
    reads: int | None = None
    seen: list[Seen] = field(default_factory=list)
    pause: float = 0.0
    closed: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert not self.closed
        body = b""
        chunks = aiter(request.stream)
        read = 0
        while read != self.reads:
            try:
                body += await anext(chunks)
            except StopAsyncIteration:
                break
            read += 1
        seen = Seen(request.method, request.url, request.headers, body, trio.current_time())
        self.seen.append(seen)
        await trio.sleep(self.pause)
        return self.script(seen)

    async def aclose(self) -> None:
        self.closed = True


class MemoryNetwork(httpcore.AsyncNetworkBackend):
    """Connections to `serve`, which runs once for each with the server's end of the stream."""

    def __init__(self, nursery: trio.Nursery, serve: Callable[[trio.StapledStream], Awaitable[None]]) -> None:
        self._nursery = nursery
        self._serve = serve
        self.connections = 0
        self.connect_delay = 0.0
        self.refuses = False

    def transport(self) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport()
        transport._pool = httpcore.AsyncConnectionPool(max_connections=None, network_backend=self)
        return transport

    async def connect_tcp(self, host, port, timeout=None, **_):  # noqa: ASYNC109 -- httpcore's interface
        with trio.move_on_after(timeout or float("inf")) as scope:
            await trio.sleep(self.connect_delay)
        if scope.cancelled_caught:
            raise httpcore.ConnectTimeout("timed out")
        if self.refuses:
            raise httpcore.ConnectError("[Errno 111] Connection refused")
        self.connections += 1
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._run, theirs)
        return MemoryConnection(ours)

    async def _run(self, stream: trio.StapledStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):  # a client may leave at any time
            await self._serve(stream)


class MemoryConnection(httpcore.AsyncNetworkStream):
    def __init__(self, stream: trio.StapledStream) -> None:
        self._stream = stream

    async def read(self, max_bytes, timeout=None):  # noqa: ASYNC109 -- likewise
        with trio.move_on_after(timeout or float("inf")):
            try:
                return bytes(await self._stream.receive_some(max_bytes))
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise httpcore.ReadError("reset") from error
        raise httpcore.ReadTimeout("timed out")

    async def write(self, buffer, timeout=None):  # noqa: ASYNC109 -- likewise
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.WriteError("reset") from error

    async def aclose(self):
        await self._stream.aclose()

    def get_extra_info(self, info):
        return None


async def read_head(stream: trio.StapledStream) -> bytes:
    """A request up to its empty line, and what of its body came with it; empty when the client is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = bytes(await stream.receive_some())
        if not chunk:
            return b""
        data += chunk
    return data
