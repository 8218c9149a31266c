"""The HTTP client over real httpcore connections in memory (contract), and its rules on redirects and logs."""

from __future__ import annotations

import contextlib
import logging

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from scripted_network import MemoryNetwork, Pieces, ScriptedTransport, answer, make_world, read_head
from trio.testing import MockClock

from trio_pipeline.diario.http import Unanswered, open_http, same_host
from trio_pipeline.pacing import HostPaused, Pacer
from trio_pipeline.retry import ItemError, TryAgain

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def served(serve, **options):
    """A client of a server that is a function of a stream."""
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery, serve)
        async with open_http(make_world(network.transport()), user_agent="tests", **options) as http:
            yield http, network
        nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def scripted(script, **options):
    """A client of a function from request to answer."""
    transport = ScriptedTransport(script, **options)
    async with open_http(make_world(transport), user_agent="tests") as http:
        yield http, transport


@contextlib.asynccontextmanager
async def answered(response):
    """The exchange of a request that gets this answer."""
    async with (
        scripted(lambda seen: response) as (http, _),
        http.send("GET", "http://court.test/a", pacer=Pacer("test")) as exchange,
    ):
        yield exchange


async def get(http, url="http://court.test/a", pacer=None, **options):
    async with http.send("GET", url, pacer=pacer or Pacer("test"), **options) as exchange:
        return b"".join([chunk async for chunk in exchange.body])


def parts(*chunks):
    """A request body, opened anew each time."""

    @contextlib.asynccontextmanager
    async def opened():
        async def read():
            for chunk in chunks:
                yield chunk

        async with contextlib.aclosing(read()) as content:
            yield content

    return opened


async def always_ok(stream):
    while await read_head(stream):
        await stream.send_all(OK)


def only(data):
    """A server that answers every request with these bytes and closes."""

    async def serve(stream):
        if await read_head(stream):
            await stream.send_all(data)
        await stream.aclose()

    return serve


async def test_gives_the_body(autojump_clock):
    async with served(always_ok) as (http, _):
        assert await get(http) == b"ok"


async def test_names_itself_and_asks_for_plain_bytes(autojump_clock):
    heads = []

    async def serve(stream):
        heads.append(await read_head(stream))
        await stream.send_all(OK)

    async with served(serve) as (http, _):
        await get(http, "http://court.test:8080/a?b=c")
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    assert {"Host: court.test:8080", "User-Agent: tests", "Accept-Encoding: identity"} <= set(lines)


async def test_keeps_connections_that_were_read_to_the_end(autojump_clock):
    async with served(always_ok) as (http, network):
        await get(http)
        await get(http)
    assert network.connections == 1


async def test_first_bytes_are_spaced(autojump_clock):
    arrivals = []

    async def serve(stream):
        while await read_head(stream):
            arrivals.append(trio.current_time())
            await stream.send_all(OK)

    pacer = Pacer("test", interval=2.0)
    async with served(serve) as (http, network):
        network.connect_delay = 1.5  # what connecting takes must not move requests nearer to each other
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(get, http, "http://court.test/a", pacer)
    assert arrivals == [1.5, 3.5, 5.5]


async def test_turn_precedes_transports_that_tell_nothing(autojump_clock):
    pacer = Pacer("test", interval=2.0)
    async with scripted(lambda seen: answer()) as (http, transport):
        await get(http, pacer=pacer)
        await get(http, pacer=pacer)
    assert [seen.at for seen in transport.seen] == [0.0, 2.0]


async def test_speaks_to_asgi_applications(autojump_clock):
    async def app(scope, receive, send):
        body = b""
        while (message := await receive())["body"] or message["more_body"]:
            body += message["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body[::-1]})

    async with open_http(make_world(httpx.ASGITransport(app)), user_agent="tests") as http:
        assert await get(http) == b""
        options = {"content": parts(b"ab", b"c"), "length": 3, "pacer": Pacer("test", interval=2.0)}
        async with http.send("PUT", "http://s3.test/a", **options) as exchange:
            assert await exchange.body.peek(10) == b"cba"


async def test_refused_connection_uses_up_no_attempt(autojump_clock):
    pacer = Pacer("test")
    async with served(always_ok) as (http, network):
        network.refuses = True
        with pytest.raises(TryAgain, match=r"no connection: .*refused") as caught:
            await get(http, pacer=pacer)
    assert not caught.value.counts
    assert pacer.statistics().unreachable == 1


async def test_slow_connection_uses_up_no_attempt(autojump_clock):
    async with served(always_ok, connect_timeout=5.0) as (http, network):
        network.connect_delay = 100.0
        with pytest.raises(TryAgain, match="no connection") as caught:
            await get(http)
        assert trio.current_time() == 5.0
    assert not caught.value.counts


async def test_no_answer_is_a_stall(autojump_clock):
    async def silent(stream):
        await read_head(stream)
        await trio.sleep_forever()

    async with served(silent, stall_timeout=7.0) as (http, _):
        with pytest.raises(Unanswered, match="stalled: no answer in 7 s") as caught:
            await get(http)
        assert trio.current_time() == 7.0
    assert caught.value.counts


async def test_malformed_answer_slows_down(autojump_clock):
    pacer = Pacer("test")
    async with served(only(b"\x16\x03 is no HTTP\r\n\r\n")) as (http, _):
        with pytest.raises(TryAgain, match="the answer is not HTTP") as caught:
            await get(http, pacer=pacer)
    assert not caught.value.counts
    assert pacer.statistics().rejected == 1


async def test_hang_up_without_answer(autojump_clock):
    pacer = Pacer("test")
    async with served(only(b"")) as (http, _):
        with pytest.raises(TryAgain, match="broke off before an answer"):
            await get(http, pacer=pacer)
    assert (pacer.statistics().rejected, pacer.statistics().unreachable) == (0, 1)


async def test_body_that_ends_early(autojump_clock):
    async with served(only(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")) as (http, _):
        with pytest.raises(TryAgain, match="broke off after 5 bytes"):
            await get(http)


async def test_body_that_stalls(autojump_clock):
    async def serve(stream):
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await trio.sleep_forever()

    async with served(serve, stall_timeout=7.0) as (http, _):
        with pytest.raises(TryAgain, match="nothing came for 7 s after 4 bytes"):
            await get(http)


async def test_body_that_only_trickles_is_a_stall(autojump_clock):
    async def serve(stream):
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await trio.sleep(3.0)
            await stream.send_all(b"x")

    async with served(serve, stall_timeout=60.0) as (http, _):
        with pytest.raises(TryAgain, match="stalled: 20 bytes in 60 s"):
            await get(http)


async def test_body_that_begins_to_trickle_is_a_stall(autojump_clock):
    """What came fast before does not excuse it for ever."""
    trickle = [piece for _ in range(40) for piece in (3.0, b"x")]
    async with answered(httpx.Response(200, stream=Pieces([60.0, b"x" * 1_000_000, *trickle]))) as exchange:
        with pytest.raises(TryAgain, match="stalled: 20 bytes in 60 s"):
            async for _ in exchange.body:
                pass


async def test_slow_reader_is_no_stall(autojump_clock):
    body = [b"x" * 100] * 5
    async with answered(httpx.Response(200, stream=Pieces(body))) as exchange:
        async for _ in exchange.body:
            await trio.sleep(1000.0)


async def test_peeking_takes_nothing_away(autojump_clock):
    pieces = [b"%P", b"DF", b"-1.7", b" rest"]
    async with answered(httpx.Response(200, stream=Pieces(pieces))) as exchange:
        assert await exchange.body.peek(3) == b"%PD"
        assert await exchange.body.peek(5) == b"%PDF-"
        assert b"".join([chunk async for chunk in exchange.body]) == b"%PDF-1.7 rest"
        assert await exchange.body.peek(1) == b""


async def test_peeking_past_a_failure_keeps_what_came(autojump_clock):
    pieces = [b"begun", httpx.ReadError("reset")]
    async with answered(httpx.Response(200, stream=Pieces(pieces))) as exchange:
        with pytest.raises(TryAgain, match="after 5 bytes"):
            await exchange.body.peek(100)
        assert await exchange.body.peek(100) == b"begun"


async def test_half_read_body_leaves_nothing_behind(autojump_clock):
    """A generator left to the garbage collector would be a ResourceWarning, which fails the test."""

    async def serve(stream):
        while await read_head(stream):
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50_000)

    async with served(serve) as (http, network):
        for _ in range(2):
            async with http.send("GET", "http://court.test/a", pacer=Pacer("test")) as exchange:
                await exchange.body.peek(1)
        assert network.connections == 2


async def test_storm_of_cancellations_leaves_the_client_usable(autojump_clock):
    async def slow(stream):
        while await read_head(stream):
            await trio.sleep(1.0)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            await trio.sleep(1.0)
            await stream.send_all(b"cd")

    pacer = Pacer("test", concurrency=3)
    async with served(slow) as (http, network):
        for tenths in range(1, 25):
            with trio.move_on_after(tenths / 10):
                async with trio.open_nursery() as nursery:
                    for _ in range(5):
                        nursery.start_soon(get, http, "http://court.test/a", pacer)
        network.connect_delay = 0.0
        assert await get(http, pacer=pacer) == b"abcd"
    assert pacer.statistics().in_flight == 0


async def test_pause_of_the_host_comes_through(autojump_clock):
    pacer = Pacer("test", patience=10.0)
    async with served(always_ok) as (http, _):
        async with http.send("GET", "http://court.test/a", pacer=pacer) as exchange:
            exchange.permit.blocked("a block page")
        with pytest.raises(HostPaused):
            await get(http, pacer=pacer)


async def test_stale_connection_is_replaced(autojump_clock):
    async def serves_once(stream):
        await read_head(stream)
        await stream.send_all(OK)
        await stream.aclose()

    async with served(serves_once) as (http, network):
        assert await get(http) == b"ok"
        assert await get(http) == b"ok"
    assert network.connections == 2


async def test_connection_that_waited_too_long_is_replaced(autojump_clock):
    """And the request still goes in the turn that it had waited for."""
    arrivals = []

    async def serve(stream):
        while await read_head(stream):
            arrivals.append((network.connections, trio.current_time()))
            await stream.send_all(OK)

    pacer = Pacer("test", interval=25.0)
    async with served(serve) as (http, network):
        await get(http, pacer=pacer)
        await get(http, pacer=pacer)
    assert arrivals == [(1, 0.0), (2, 25.0)]


async def test_next_request_keeps_its_distance_from_one_that_had_to_connect_again(autojump_clock):
    arrivals = []

    async def serve(stream):
        while await read_head(stream):
            arrivals.append(trio.current_time())
            await stream.send_all(OK)

    pacer = Pacer("test", interval=25.0)
    async with served(serve) as (http, network):
        await get(http, pacer=pacer)
        network.connect_delay = 2.0
        await get(http, pacer=pacer)
        network.connect_delay = 0.0
        await get(http, pacer=pacer)
    assert arrivals == [0.0, 27.0, 52.0]


async def test_upload_says_its_length(autojump_clock):
    async with scripted(lambda seen: answer()) as (http, transport):
        options = {"content": parts(b"abc", b"de"), "length": 5}
        async with http.send("PUT", "http://s3.test/a", pacer=Pacer("test"), **options) as exchange:
            assert exchange.status == 200
    assert transport.seen[0].body == b"abcde"
    assert transport.seen[0].headers["content-length"] == "5"
    assert "transfer-encoding" not in transport.seen[0].headers


async def put(http):
    content = parts(b"x" * 1000, b"y" * 1000)
    async with http.send("PUT", "http://s3.test/a", pacer=Pacer("test"), content=content, length=2000) as exchange:
        return exchange.status


async def test_upload_without_answer_is_told_apart(autojump_clock):
    async def swallows_all(stream):
        received = len((await read_head(stream)).partition(b"\r\n\r\n")[2])
        while received < 2000:
            received += len(await stream.receive_some())
        await stream.aclose()

    async with served(swallows_all) as (http, _):
        with pytest.raises(Unanswered):
            await put(http)


async def test_upload_with_a_garbled_answer_is_unanswered(autojump_clock):
    async def garbles(stream):
        received = len((await read_head(stream)).partition(b"\r\n\r\n")[2])
        while received < 2000:
            received += len(await stream.receive_some())
        await stream.send_all(b"what?\r\n\r\n")

    async with served(garbles) as (http, _):
        with pytest.raises(Unanswered, match="not HTTP"):
            await put(http)


async def test_whole_upload_is_never_repeated_by_itself(autojump_clock):
    """A kept connection that is closed under a request is replaced, but not when the request may have arrived."""
    uploads = []

    async def answers_once(stream):
        await read_head(stream)
        await stream.send_all(OK)
        if head := await read_head(stream):
            uploads.append(head)
            await stream.receive_some()
        await stream.aclose()

    async with served(answers_once) as (http, _):
        await get(http, "http://s3.test/a")
        with pytest.raises(Unanswered):
            await put(http)
    assert len(uploads) == 1


async def test_upload_that_broke_off_is_no_unanswered_one(autojump_clock):
    async def hangs_up(stream):
        await read_head(stream)
        await stream.aclose()

    async with served(hangs_up) as (http, network):
        with pytest.raises(TryAgain, match="broke off") as caught:
            await put(http)
    assert not isinstance(caught.value, Unanswered)
    assert network.connections == 1


async def test_upload_refused_half_way_has_its_answer(autojump_clock):
    async def refuses(stream):
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await stream.aclose()

    async with served(refuses) as (http, _):
        assert await put(http) == 403


def redirecting(location, status=302, first="/a"):
    def script(seen):
        if seen.url.path == first:
            return answer(status, location=location)
        return answer(200, b"there")

    return script


async def test_redirect_on_the_host_is_followed(autojump_clock):
    pacer = Pacer("test", interval=2.0)
    async with scripted(redirecting("/b")) as (http, transport):
        assert await get(http, pacer=pacer, redirects=same_host) == b"there"
    assert [seen.at for seen in transport.seen] == [0.0, 2.0]  # every hop is a request


async def test_redirect_is_the_answer_of_a_host_that_is_well(autojump_clock):
    pacer = Pacer("test")
    async with pacer.request() as permit:
        permit.blocked("a block page")
    paused = []

    def script(seen):
        paused.append(pacer.statistics().paused_until is not None)
        return answer(302, location="/b") if seen.url.path == "/a" else answer()

    async with scripted(script) as (http, _):
        await get(http, pacer=pacer, redirects=same_host)
    assert paused == [True, False]


@pytest.mark.parametrize("location", ["http://[::1", "http://court.test:port/", "https://" + "a" * 70_000])
async def test_redirect_that_cannot_be_read(autojump_clock, location):
    async with scripted(redirecting(location)) as (http, _):
        with pytest.raises(TryAgain, match="cannot be read"):
            await get(http, redirects=same_host)


@pytest.mark.parametrize(
    "location",
    [
        "http://other.test/b",
        "http://court.test:8080/b",
        "//other.test/b",
        "ftp://court.test/b",
        "http://user:word@court.test/b",
        "http://court.test.other.test/b",
    ],
)
async def test_redirect_elsewhere_is_not_followed(autojump_clock, location):
    async with scripted(redirecting(location)) as (http, transport):
        with pytest.raises(TryAgain, match="is not followed") as caught:
            await get(http, redirects=same_host)
    assert len(transport.seen) == 1
    assert "word" not in caught.value.reason


async def test_redirects_end_after_three(autojump_clock):
    async with scripted(lambda seen: answer(302, location="/a")) as (http, transport):
        with pytest.raises(TryAgain, match="more than 3 times"):
            await get(http, redirects=same_host)
    assert len(transport.seen) == 4


async def test_redirected_upload_sends_its_body_anew(autojump_clock):
    async with scripted(redirecting("/b", status=307)) as (http, transport):
        content = parts(b"abc", b"de")
        async with http.send(
            "PUT", "http://s3.test/a", pacer=Pacer("test"), content=content, length=5, redirects=same_host
        ) as exchange:
            assert exchange.status == 200
    assert [seen.body for seen in transport.seen] == [b"abcde", b"abcde"]


async def test_upload_never_becomes_a_get(autojump_clock):
    async with scripted(redirecting("/b", status=303)) as (http, transport):
        content = parts(b"abc")
        async with http.send(
            "PUT", "http://s3.test/a", pacer=Pacer("test"), content=content, length=3, redirects=same_host
        ) as exchange:
            assert exchange.status == 303
    assert len(transport.seen) == 1


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60))
def test_no_redirect_is_a_crash_or_leaves_the_host(location):
    async def main():
        async with scripted(lambda seen: answer(302, location=location)) as (http, transport):
            with contextlib.suppress(ItemError):
                await get(http, redirects=same_host)
            assert {seen.url.host for seen in transport.seen} == {"court.test"}

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_same_host_may_rise_to_https_but_not_fall():
    plain, safe = httpx.URL("http://court.test/a"), httpx.URL("https://court.test/b")
    assert same_host(plain, safe)
    assert not same_host(safe, plain)


async def test_retry_after_is_read(autojump_clock):
    async with answered(answer(429, retry_after="Tue, 24 Jun 2025 12:01:00 GMT")) as exchange:
        assert exchange.retry_after == 60.0


@pytest.mark.parametrize("value", ["", "ten", "-1", "²", "9" * 30])
async def test_length_that_is_no_number_is_unknown(autojump_clock, value):
    response = httpx.Response(200, headers={"content-length": value.encode()}, stream=Pieces([]))
    async with answered(response) as exchange:
        assert exchange.length is None


async def test_no_query_gets_into_a_log(autojump_clock, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    async with served(always_ok) as (http, _):
        await get(http, "http://s3.test/limit?accesskey=AKSECRET")
    assert "send_request_headers" in caplog.text
    assert "AKSECRET" not in caplog.text


async def test_cookies_are_not_sent_back(autojump_clock):
    async with scripted(lambda seen: answer(set_cookie="a=b; Path=/")) as (http, transport):
        await get(http)
        await get(http)
    assert "cookie" not in transport.seen[1].headers


async def test_closing_closes_the_transport(autojump_clock):
    async with scripted(lambda seen: answer()) as (_, transport):
        assert not transport.closed
    assert transport.closed
