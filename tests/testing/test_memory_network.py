"""Connections in memory fail as real ones do, and httpx over them loses nothing (contract)."""

from __future__ import annotations

import contextlib
import random
from functools import partial
from types import SimpleNamespace

import httpcore
import httpx
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.network import open_network
from trio_pipeline.testing.running import run
from trio_pipeline.testing.trace import Trace
from trio_pipeline.testing.weather import Outage, Weather

BODY = bytes(range(256)) * 1200


async def echo(scope, receive, send):
    body = b""
    while (message := await receive()).get("more_body"):
        body += message["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for start in range(0, len(body), 65_536):
        await send({"type": "http.response.body", "body": body[start : start + 65_536], "more_body": True})
    await send({"type": "http.response.body"})


async def never_answer(stream):
    await trio.sleep_forever()


class Body(httpx.AsyncByteStream):
    """A request's body. No generator: httpcore leaves it suspended when it fails to write."""

    def __init__(self, content):
        self._chunks = [content[start : start + 65_536] for start in range(0, len(content), 65_536)]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._chunks:
            raise StopAsyncIteration
        return self._chunks.pop(0)


class Place:
    """A network on which `court` listens, and a connection pool."""

    def __init__(self, network, transport):
        self.network = network
        self.transport = transport

    async def ask(self, content=b"", url="http://court/", patience=30.0):
        """The answer to a POST; nothing may take longer than `patience` seconds."""
        request = httpx.Request(
            "POST", url, headers={"Host": "x", "Content-Length": str(len(content))}, stream=Body(content)
        )
        request.extensions["timeout"] = {"connect": patience, "read": patience, "write": patience}
        answer = await self.transport.handle_async_request(request)
        assert answer.status_code == 200
        received = b""
        try:
            async for chunk in answer.stream:
                received += chunk
        finally:
            await answer.aclose()
        return received


@contextlib.asynccontextmanager
async def opened(*outages, seed=1, trace=None, serve=None, app=echo, idle_timeout=float("inf"), **weather):
    async with open_network(random.Random(seed), weather=Weather(**weather), outages=outages, trace=trace) as network:
        network.listen("court", 80, serve or partial(serve_asgi, app, idle_timeout=idle_timeout))
        async with network.transport() as transport:
            yield Place(network, transport)


class TestRequests:
    async def test_bytes_go_there_and_back(self, autojump_clock):
        async with opened(splits=0.9) as place:
            assert await place.ask(BODY) == BODY
            assert await place.ask() == b""
            assert place.network.connections == 1
            assert place.network.open_streams == 2
        assert place.network.open_streams == 0

    async def test_https_is_spoken_without_encryption(self, autojump_clock):
        async with opened() as place:
            place.network.listen("court", 443, partial(serve_asgi, echo))
            assert await place.ask(b"abc", "https://court/") == b"abc"

    async def test_latency_and_bandwidth_take_their_time(self, autojump_clock):
        async with opened(latency=(0.5, 0.5), bandwidth=1000.0) as place:
            began = trio.current_time()
            # A connection takes a round trip, the request another; the body is sent twice, and so are some headers.
            assert await place.ask(b"x" * 5000) == b"x" * 5000
            assert 2.0 + 10.0 < trio.current_time() - began < 2.0 + 10.5

    async def test_connection_that_the_server_has_closed_is_not_used_again(self, autojump_clock):
        async with opened(idle_timeout=5.0) as place:
            await place.ask()
            await trio.sleep(6)
            assert await place.ask(b"abc") == b"abc"
            assert place.network.connections == 2

    async def test_real_clock_has_no_say(self, autojump_clock, monkeypatch):
        times = iter(range(0, 10**9, 10**6))
        monkeypatch.setattr("httpcore._async.http11.time", SimpleNamespace(monotonic=lambda: next(times)))
        async with opened() as place:
            for _ in range(3):
                await place.ask()
                await trio.sleep(80_000)
            assert place.network.connections == 1


class TestFailures:
    """What httpx makes of it; `TestSameAsReal` compares what lies below."""

    @pytest.mark.parametrize(
        ("weather", "error", "words"),
        [
            ({"refused": 1.0}, httpx.ConnectError, "Connection refused"),
            ({"unreachable": 1.0}, httpx.ConnectTimeout, "^$"),
            ({"request_reset": 1.0}, httpx.ReadError, "reset"),
            ({"answer_reset": 1.0}, httpx.ReadError, "reset"),
            ({"truncated": 1.0}, httpx.RemoteProtocolError, "peer closed connection|disconnected"),
            ({"garbled": 1.0}, httpx.RemoteProtocolError, "illegal status line"),
            ({"stalled": 1.0, "stall": (31.0, 31.0)}, httpx.ReadTimeout, "^$"),
            ({"answer_lost": 1.0}, httpx.RemoteProtocolError | httpx.ReadError, "disconnected|reset"),
        ],
    )
    async def test_mishap_is_an_error_of_httpx(self, autojump_clock, weather, error, words):
        trace = Trace(keep=True)
        kinds = error.__args__ if hasattr(error, "__args__") else error
        async with opened(trace=trace, first_bytes=(60, 100_000), **weather) as place:
            for _ in range(5):
                with pytest.raises(kinds, match=words):
                    await place.ask(BODY)
            answered = 0 if {"refused", "unreachable"} & weather.keys() else 5
            assert place.network.connections == answered
        name = next(iter(weather))
        told = {"refused": "refuses", "unreachable": "does not answer"}.get(name, f" {name}")
        assert sum(line.endswith(told) for line in trace.lines) == 5
        assert place.network.open_streams == 0

    async def test_lost_answer_was_asked_for(self, autojump_clock):
        seen = []

        async def app(scope, receive, send):
            seen.append(scope["path"])
            await echo(scope, receive, send)

        async with opened(app=app, answer_lost=1.0) as place:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await place.ask(BODY)
            assert seen == ["/"]

    async def test_stall_that_is_short_only_delays(self, autojump_clock):
        async with opened(stalled=1.0, stall=(20.0, 20.0)) as place:
            assert await place.ask(BODY) == BODY
            assert trio.current_time() == 20.0

    async def test_exchanges_of_one_connection_have_fates_of_their_own(self, autojump_clock):
        async with opened(stalled=0.5, stall=(20.0, 20.0), first_bytes=(1, 2)) as place:
            for _ in range(40):
                await place.ask()
            assert place.network.connections == 1
            assert 10 <= trio.current_time() / 20.0 <= 30

    async def test_server_that_does_not_read_makes_writing_time_out(self, autojump_clock):
        async with opened(serve=never_answer) as place:
            with pytest.raises(httpx.WriteTimeout):
                await place.ask(BODY)
            assert trio.current_time() == 30.0

    async def test_nobody_waits_for_ever_for_a_connection(self, autojump_clock):
        async with opened(unreachable=1.0) as place:
            with pytest.raises(TimeoutError):
                await place.network.connect("court", 80)
            assert trio.current_time() == 127.0

    async def test_unknown_name_and_closed_port_are_told_apart(self, autojump_clock):
        async with opened() as place:
            with pytest.raises(httpx.ConnectError, match="Name or service not known"):
                await place.ask(url="http://elsewhere/")
            with pytest.raises(httpx.ConnectError, match="Connection refused"):
                await place.ask(url="http://court:81/")

    async def test_weather_is_that_of_the_host(self, autojump_clock):
        weather = {"court": Weather(refused=1.0)}
        async with open_network(random.Random(1), weather=weather) as network, network.transport() as transport:
            for host in ("court", "archive"):
                network.listen(host, 80, partial(serve_asgi, echo))
            assert (await transport.handle_async_request(httpx.Request("GET", "http://archive/"))).status_code == 200
            with pytest.raises(httpx.ConnectError):
                await transport.handle_async_request(httpx.Request("GET", "http://court/"))

    async def test_defect_of_a_server_is_not_hidden(self, autojump_clock):
        async def serve(stream):
            raise ZeroDivisionError

        with pytest.RaisesGroup(ZeroDivisionError):
            async with opened(serve=serve) as place:
                await place.ask()

    async def test_client_that_leaves_is_no_defect_of_a_server(self, autojump_clock):
        async def serve(stream):
            await trio.sleep(1)
            while True:
                await stream.send_all(b"x")

        async with opened(serve=serve) as place:
            stream = await place.network.connect("court", 80)
            await stream.aclose()
            await trio.sleep(2)
            assert place.network.open_streams == 0


class TestOutages:
    async def test_host_that_is_down_refuses(self, autojump_clock):
        async with opened(Outage(5.0, 9.0, "c*")) as place:
            await trio.sleep(5)
            with pytest.raises(httpx.ConnectError, match="refused"):
                await place.ask()
            await trio.sleep(4)
            assert await place.ask() == b""

    async def test_connection_to_a_host_that_went_down_breaks(self, autojump_clock):
        async with opened(Outage(5.0, 9.0, "court")) as place:
            await place.ask()
            await trio.sleep(5)
            with pytest.raises(httpx.ReadError):
                await place.ask()

    async def test_answer_of_a_host_that_went_down_does_not_come(self, autojump_clock):
        async def slow(scope, receive, send):
            await trio.sleep(7)
            await echo(scope, receive, send)

        async with opened(Outage(5.0, 9.0, "court"), app=slow) as place:
            with pytest.raises(httpx.ReadError):
                await place.ask()
            assert trio.current_time() == 7.0

    async def test_without_our_network_there_are_no_names(self, autojump_clock):
        async with opened(Outage(5.0, 9.0)) as place:
            await trio.sleep(5)
            with pytest.raises(httpx.ConnectError, match="Temporary failure in name resolution"):
                await place.ask()

    async def test_what_is_sent_without_our_network_arrives_afterwards(self, autojump_clock):
        async with opened(Outage(5.0, 9.0)) as place:
            await place.ask()
            await trio.sleep(6)
            assert await place.ask(b"abc") == b"abc"
            assert trio.current_time() == 9.0
            assert place.network.connections == 1


class TestSameAsReal:
    """Errors are those of httpcore's own network over TCP, at each call."""

    @contextlib.asynccontextmanager
    async def real(self, serve):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            yield partial(httpcore.TrioBackend().connect_tcp, "127.0.0.1", listeners[0].socket.getsockname()[1])
            nursery.cancel_scope.cancel()

    @contextlib.asynccontextmanager
    async def memory(self, serve):
        async with open_network(random.Random(1)) as network:
            network.listen("court", 80, serve)
            yield partial(network.connect_tcp, "court", 80)

    @pytest.fixture(params=["real", "memory"])
    def network(self, request):
        return getattr(self, request.param)

    async def test_bytes_and_the_end(self, network):
        async def serve(stream):
            await stream.send_all(await stream.receive_some())

        async with network(serve) as connect:
            stream = await connect()
            await stream.write(b"")
            assert stream.get_extra_info("is_readable") is False
            await stream.write(b"abc")
            received = b""
            while data := await stream.read(10):
                received += data
            assert received == b"abc"
            assert stream.get_extra_info("is_readable") is True
            assert stream.get_extra_info("ssl_object") is None
            await stream.aclose()

    async def test_timeouts(self, network):
        async with network(never_answer) as connect:
            stream = await connect(timeout=5.0)
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(10, timeout=0.001)
            with pytest.raises(httpcore.WriteTimeout):
                await stream.write(bytes(50_000_000), timeout=0.001)
            await stream.aclose()

    async def test_reset(self, network):
        async def serve(stream):
            await stream.receive_some(1)
            if isinstance(stream, trio.SocketStream):
                stream.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of 0: closing is a reset
                await stream.aclose()
            else:
                stream.reset()

        async with network(serve) as connect:
            stream = await connect()
            await stream.write(b"abc")
            with pytest.raises(httpcore.ReadError):
                await stream.read(10)
            with pytest.raises(httpcore.WriteError):
                await stream.write(b"abc")
            await stream.aclose()

    async def test_use_after_close(self, network):
        async with network(never_answer) as connect:
            stream = await connect()
            await stream.aclose()
            await stream.aclose()
            with pytest.raises(httpcore.ReadError):
                await stream.read(10)
            with pytest.raises(httpcore.WriteError):
                await stream.write(b"abc")

    async def test_refusal(self):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        await listener.aclose()
        with pytest.raises(httpcore.ConnectError):
            await httpcore.TrioBackend().connect_tcp("127.0.0.1", port)
        async with open_network(random.Random(1)) as network:
            network.listen("court", 80, trio.sleep)
            with pytest.raises(httpcore.ConnectError):
                await network.connect_tcp("court", 81)


STORM = {
    "latency": (0.0, 0.3),
    "bandwidth": 1e5,
    "refused": 0.02,
    "unreachable": 0.02,
    "request_reset": 0.02,
    "answer_reset": 0.02,
    "truncated": 0.02,
    "garbled": 0.02,
    "stalled": 0.02,
    "answer_lost": 0.02,
    "first_bytes": (1, 10_000),
}


class TestStorms:
    async def storm(self, place, source, requests, at_once):
        """Sends requests, most of which are cancelled somewhere; returns what became of each."""
        ends = []
        places = trio.CapacityLimiter(at_once)

        async def ask(size, patience):
            async with places:
                with trio.move_on_after(patience) as scope:
                    try:
                        ends.append("answered" if await place.ask(BODY[:size]) == BODY[:size] else "wrong")
                    except httpx.TransportError as error:
                        ends.append(type(error).__name__)
                if scope.cancelled_caught:
                    ends.append("cancelled")

        async with trio.open_nursery() as nursery:
            for _ in range(requests):
                nursery.start_soon(ask, source.randrange(20_000), source.uniform(0, 3))
        return ends

    async def test_cancellations_leave_the_pool_usable_and_nothing_open(self, autojump_clock):
        async with opened(seed=5, **STORM) as place:
            ends = await self.storm(place, random.Random(5), requests=2000, at_once=50)
            assert len(ends) == 2000
            assert ends.count("answered") > 200
            assert ends.count("wrong") == 0
            assert ends.count("cancelled") > 500
            await trio.sleep(400)  # until servers have had what stalls, and learned who has gone
            pool = place.transport._pool
            assert pool._requests == []
            assert all(connection.is_idle() for connection in pool.connections)
            idle = [connection for connection in pool.connections if not connection.has_expired()]
            assert place.network.open_streams == 2 * len(idle)
            assert "answered" in await self.storm(place, random.Random(6), requests=50, at_once=5)
        await wait_all_tasks_blocked()
        assert place.network.open_streams == 0

    def test_same_seed_gives_the_same_storm(self):
        def live(seed):
            trace = Trace()

            async def main():
                async with opened(seed=seed, trace=trace, **STORM) as place:
                    return await self.storm(place, random.Random(seed), requests=100, at_once=10)

            return run(main, schedule=seed), trace.digest

        assert live(1) == live(1) != live(2)
