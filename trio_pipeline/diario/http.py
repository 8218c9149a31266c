"""The application's one HTTP client: paced, streamed, and with every failure of the network put into words.

A request takes its turn with the host's pacer when its first byte is about to be written, not when somebody wants it:
what counts for a host is when requests reach it. Redirects are followed here, by rules that callers give, each hop with
a turn of its own. Nothing is decoded, no cookies are kept, no proxy or password is read from the environment.

This file does not know what an answer means: whether it is a block page, a refusal or a success is said by callers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import httpx
import trio

from trio_pipeline.diario.exchange import Exchange, Stalled
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.silence import is_silence
from trio_pipeline.pacing import Pacer, Permit
from trio_pipeline.retry import TryAgain, retry_after_seconds
from trio_pipeline.world import World

__all__ = [
    "MAX_REDIRECTS",
    "Content",
    "Http",
    "RedirectRule",
    "Unanswered",
    "no_redirects",
    "open_http",
    "same_host",
    "whole",
]

MAX_REDIRECTS = 3
"""Hops after which a chain of redirects is taken for a loop."""

# Seconds that a connection may have been open and silent when its turn comes. After more, the other side has probably
# hung up (Apache waits 20 s for a request), and a new connection costs less than a failed attempt.
_LONGEST_SILENCE = 20.0

Content: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a request's body from its start; called anew for every time that it has to be sent."""

RedirectRule: TypeAlias = Callable[[httpx.URL, httpx.URL], bool]
"""Whether a request to the first address, headers and all, may be sent to the second one."""


def no_redirects(_source: httpx.URL, _target: httpx.URL) -> bool:
    """The rule that follows nothing."""
    return False


def same_host(source: httpx.URL, target: httpx.URL) -> bool:
    """The rule that stays on the host: the same port, or from http up to https, never down."""
    if target.host != source.host:
        return False
    if target.scheme == source.scheme:
        return target.port == source.port
    return (source.scheme, target.scheme) == ("http", "https")


def whole(data: bytes) -> Content:
    """The body that is these bytes."""

    @asynccontextmanager
    async def content() -> AsyncIterator[AsyncIterator[bytes]]:
        yield _Bytes(data)

    return content


class _Bytes:
    """Bytes in one piece."""

    def __init__(self, data: bytes) -> None:
        self._rest: bytes | None = data

    def __aiter__(self) -> _Bytes:
        return self

    async def __anext__(self) -> bytes:
        if self._rest is None:
            raise StopAsyncIteration
        data, self._rest = self._rest, None
        return data


class Unanswered(Stalled):
    """The request went out whole, and no answer came: whether it took effect is unknown."""


class Http:
    """Sends requests. Opened by `open_http`."""

    # httpx's client is not used, only its transport and its types. The client would read the environment, collect
    # cookies, write addresses with their queries into the log (one holds an access key), and take an answer whose
    # Location cannot be read for none at all, so that an upload that was refused that way would count as sent.
    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        world: World,
        *,
        user_agent: str,
        connect_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._transport = transport
        self._world = world
        self._user_agent = user_agent
        self._stall_timeout = stall_timeout
        self._timeouts = httpx.Timeout(stall_timeout, connect=connect_timeout, pool=None).as_dict()
        # Only httpcore tells when the first byte goes out. With any other transport, the turn is taken before.
        self._sees_first_byte = isinstance(transport, httpx.AsyncHTTPTransport)

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        *,
        pacer: Pacer,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        length: int = 0,
        redirects: RedirectRule = no_redirects,
    ) -> AsyncIterator[Exchange]:
        """Send a request and give its answer, whatever its status; leaving the context ends the exchange.

        Args:
            method: The HTTP method.
            url: An absolute address.
            pacer: Whose turn and place every request of the exchange takes, redirects included.
            headers: Headers besides Host, User-Agent and what describes the body. They go along with redirects.
            content: The body, if there is one.
            length: Its length in bytes: bodies are never sent in chunks of unknown number.
            redirects: Which redirects to follow, at most `MAX_REDIRECTS`.

        Raises:
            TryAgain: The network failed, or a redirect leads where it must not. `Unanswered` when the request went
                out whole. A host that cannot be reached, and a connection that had gone stale, use up no attempt.
            HostPaused: The pacer's host is paused for longer than its patience.

        Cancellation: a checkpoint everywhere. A request that has begun may have been carried out.
        """
        outgoing = _Outgoing(method, headers or {}, content, length)
        target = httpx.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._exchange(outgoing, target, pacer) as exchange:
                following = _redirect(method, target, exchange)
                if following is None:
                    yield exchange
                    return
                exchange.permit.succeeded()
            if following.userinfo or not redirects(target, following):
                raise TryAgain(f"redirected to {_origin(following)}, which is not followed")
            target = following
        raise TryAgain(f"redirected more than {MAX_REDIRECTS} times")

    @asynccontextmanager
    async def _exchange(self, outgoing: _Outgoing, url: httpx.URL, pacer: Pacer) -> AsyncIterator[Exchange]:
        for is_last in (False, True):
            async with pacer.request() as permit:
                turn = _Turn(permit)
                try:
                    response = await self._answer(turn, outgoing, url)
                except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
                    raise  # a request that must not be sent as it is: a defect of ours
                except httpx.TransportError as error:
                    if not is_last and turn.may_repeat(error, outgoing.method):
                        continue
                    raise self._in_words(error, turn, permit) from error
                permit.heard()
                exchange = Exchange(
                    response,
                    permit,
                    retry_after=retry_after_seconds(response.headers.get("retry-after"), self._world.now()),
                    stall_timeout=self._stall_timeout,
                )
                try:
                    yield exchange
                finally:
                    await exchange.aclose()
                return

    async def _answer(self, turn: _Turn, outgoing: _Outgoing, url: httpx.URL) -> httpx.Response:
        try:
            return await self._attempt(turn, outgoing, url)
        except _GoneStaleError:
            # Nothing was written yet, and the turn is kept: taking another one would waste every second turn of a host
            # whose line is longer than what its server waits for a request.
            return await self._attempt(turn, outgoing, url)

    async def _attempt(self, turn: _Turn, outgoing: _Outgoing, url: httpx.URL) -> httpx.Response:
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._user_agent,
            "Accept-Encoding": "identity",
            **outgoing.headers,
        }
        if outgoing.content is None:
            return await self._hand_over(turn, httpx.Request(outgoing.method, url, headers=headers))
        headers["Content-Length"] = str(outgoing.length)
        async with outgoing.content() as chunks:
            turn.upload = _Upload(chunks)
            request = httpx.Request(outgoing.method, url, headers=headers, stream=turn.upload)
            return await self._hand_over(turn, request)

    async def _hand_over(self, turn: _Turn, request: httpx.Request) -> httpx.Response:
        request.extensions["timeout"] = self._timeouts
        if self._sees_first_byte:
            request.extensions["trace"] = turn.trace
        else:
            turn.is_new_connection = True
            await turn.take()
        return await self._transport.handle_async_request(request)

    def _in_words(self, error: httpx.TransportError, turn: _Turn, permit: Permit) -> TryAgain:
        if turn.is_garbled(error):
            reason = f"the answer is not HTTP: {_first_line(error)}"
            # How the court's firewall has been seen to refuse, whatever is asked for; a slower pace is right for a
            # confused server too.
            permit.rejected(reason)
            return (Unanswered if turn.has_sent_all else TryAgain)(reason, counts=False)
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            reason = f"no connection: {_first_line(error)}"
            permit.unreachable(reason, silent=is_silence(error))
            return TryAgain(reason, counts=False)
        if isinstance(error, httpx.TimeoutException):
            reason = f"stalled: no answer in {self._stall_timeout:g} s"
        else:
            reason = f"the connection broke off before an answer came: {_first_line(error)}"
        is_silent = is_silence(error)
        permit.unreachable(reason, silent=is_silent)
        silent_since = trio.current_time() - self._stall_timeout if is_silent else None
        return (Unanswered if turn.has_sent_all else Stalled)(reason, silent_since=silent_since)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request but for its address: what stays the same when it is repeated or redirected."""

    method: str
    headers: Mapping[str, str]
    content: Content | None
    length: int


class _GoneStaleError(Exception):
    """The turn came after the open connection had been silent for too long."""


class _Upload(httpx.AsyncByteStream):
    """A request's body that knows whether it has been handed over to its end."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.has_ended = False

    # No generator: httpcore leaves it suspended when writing fails.
    def __aiter__(self) -> _Upload:
        return self

    async def __anext__(self) -> bytes:
        try:
            # Asking for the next chunk means that the one before has been written.
            return await anext(self._chunks)
        except StopAsyncIteration:
            self.has_ended = True
            raise


class _Turn:
    """One request's turn with the pacer, and what httpcore told about the request's way."""

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self.is_new_connection = False
        self.has_begun = False
        self._has_read_garbage = False
        self.upload: _Upload | None = None

    @property
    def has_sent_all(self) -> bool:
        return self.has_begun and (self.upload is None or self.upload.has_ended)

    async def take(self) -> float:
        """Wait for the turn, unless it has come. Returns how long that took, in seconds."""
        if self.has_begun:
            # In the turn that it had, on another connection; what comes next is spaced from here.
            self._permit.begins_now()
            return 0.0
        asked = trio.current_time()
        await self._permit.start()
        self.has_begun = True
        return trio.current_time() - asked

    async def trace(self, event: str, info: dict[str, object]) -> None:
        match event:
            case "connection.connect_tcp.started":
                self.is_new_connection = True
            case "http11.send_request_headers.started":
                if await self.take() > _LONGEST_SILENCE:
                    raise _GoneStaleError
            case "http11.receive_response_headers.failed":
                # A connection that was closed without a word is the same class of error, but has no cause in h11.
                self._has_read_garbage = getattr(info["exception"], "__cause__", None) is not None

    def is_garbled(self, error: httpx.TransportError) -> bool:
        """Whether the failure is an answer that is not HTTP."""
        return self._has_read_garbage and isinstance(error, httpx.RemoteProtocolError)

    def may_repeat(self, error: httpx.TransportError, method: str) -> bool:
        """Whether the failure says only that an idle connection had been closed by the other side."""
        is_hang_up = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError) and not self.is_garbled(error)
        is_harmless = method in {"GET", "HEAD"} or not self.has_sent_all
        return is_hang_up and is_harmless and not self.is_new_connection


def _redirect(method: str, url: httpx.URL, exchange: Exchange) -> httpx.URL | None:
    # What changes its method on the way (301 to 303 but for GET) is not followed: a body would get lost.
    statuses = {301, 302, 303, 307, 308} if method in {"GET", "HEAD"} else {307, 308}
    location = exchange.headers.get("location")
    if exchange.status not in statuses or location is None:
        return None
    try:
        return url.join(location)
    except httpx.InvalidURL as error:
        raise TryAgain("redirected to an address that cannot be read") from error


def _origin(url: httpx.URL) -> str:
    return terminal_safe(f"{url.scheme}://{url.netloc.decode('ascii', errors='replace')}"[:200])


def _first_line(error: Exception) -> str:
    line = str(error).partition("\n")[0].strip()
    return terminal_safe(line[:200]) or type(error).__name__


@asynccontextmanager
async def open_http(
    world: World, *, user_agent: str, connect_timeout: float = 30.0, stall_timeout: float = 60.0
) -> AsyncIterator[Http]:
    """Open a client; leaving the context closes its connections.

    Args:
        world: Gives the transport, and the wall clock for Retry-After.
        user_agent: Who we are and how to reach us.
        connect_timeout: Seconds until a connection must stand.
        stall_timeout: Seconds without a byte, in either direction, after which an exchange is given up.
    """
    async with world.open_transport() as transport:
        yield Http(
            transport, world, user_agent=user_agent, connect_timeout=connect_timeout, stall_timeout=stall_timeout
        )
