"""The HTTP server over streams in memory keeps to HTTP/1.1 and to ASGI (contract)."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from functools import partial

import h11
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.memory_streams import memory_streams

GET = b"GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
BARE_400 = b"HTTP/1.1 400 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
BARE_500 = b"HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def answering(*bodies, status=200, headers=()):
    """An app that reads the request, then answers with these parts."""

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})

    return app


async def echo(scope, receive, send):
    body = b""
    while (message := await receive())["more_body"]:
        body += message["body"]
    answer = b"%s %s %s" % (scope["method"].encode(), scope["path"].encode(), body)
    await answering(answer, headers=[(b"content-length", b"%d" % len(answer))])(scope, never, send)


async def never():
    return {"type": "http.disconnect"}


@asynccontextmanager
async def served(app, **options):
    """The client's end of a connection; leaving waits until the server has ended."""
    stream_options = {name: options.pop(name) for name in ("source", "splits", "capacity") if name in options}
    ours, theirs = memory_streams(**stream_options)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve_asgi, app, theirs, **options))
        async with ours:
            yield ours


async def read_all(stream):
    received = b""
    while data := await stream.receive_some():
        received += data
    return received


async def talk(app, data, **options):
    """Everything that comes back for these bytes until the server closes."""
    async with served(app, **options) as stream, trio.open_nursery() as nursery:
        nursery.start_soon(stream.send_all, data)
        return await read_all(stream)


class TestRequests:
    async def test_scope_says_what_was_asked(self):
        seen = []

        async def app(scope, receive, send):
            seen.append(scope)
            await answering()(scope, receive, send)

        state = {"key": "value"}
        await talk(app, GET + LAST, state=state)
        first, last = seen
        assert first["type"] == "http"
        assert (first["method"], first["path"], first["raw_path"]) == ("GET", "/a b", b"/a%20b")
        assert (first["query_string"], first["http_version"]) == (b"c=d", "1.1")
        assert last["headers"] == [(b"host", b"x"), (b"connection", b"close")]
        assert first["state"] == last["state"] == state
        first["state"]["other"] = 1
        assert "other" not in last["state"]
        assert "other" not in state

    async def test_requests_that_come_all_at_once_are_answered_in_order(self):
        received = await talk(echo, GET + b"PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + LAST)
        assert received.replace(b"\r\n", b"\n").split(b"HTTP/1.1 200 \n")[1:] == [
            b"content-length: 9\n\nGET /a b ",
            b"content-length: 10\n\nPUT /p abc",
            b"content-length: 10\nConnection: close\n\nGET /last ",
        ]

    @pytest.mark.parametrize("seed", range(20))
    async def test_bytes_may_come_in_parts_of_any_size(self, seed):
        chunked = b"PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        received = await talk(echo, GET + chunked + LAST, source=random.Random(seed), splits=1.0, capacity=30)
        assert received.count(b"HTTP/1.1 200") == 3
        assert b"PUT /c abcdefg" in received

    async def test_body_is_taken_only_as_fast_as_the_app_reads(self):
        asked = trio.Event()

        async def app(scope, receive, send):
            await asked.wait()
            await answering()(scope, receive, send)

        data = b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n" + bytes(500_000)
        sent = trio.Event()

        async def send(stream):
            await stream.send_all(data)
            sent.set()

        async with served(app) as stream, trio.open_nursery() as nursery:
            nursery.start_soon(send, stream)
            await wait_all_tasks_blocked()
            assert not sent.is_set()
            asked.set()
            assert (await read_all(stream)).startswith(b"HTTP/1.1 200")
            assert sent.is_set()

    async def test_continue_is_said_when_the_app_wants_the_body(self):
        asked = trio.Event()

        async def app(scope, receive, send):
            await asked.wait()
            await echo(scope, receive, send)

        async with served(app) as stream:
            await stream.send_all(b"PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            await wait_all_tasks_blocked()
            assert not stream.is_readable()
            asked.set()
            assert await stream.receive_some() == b"HTTP/1.1 100 \r\n\r\n"
            await stream.send_all(b"abc")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")

    async def test_body_that_the_app_left_is_passed_over_if_it_is_here(self):
        async def app(scope, receive, send):
            await answering(headers=[(b"content-length", b"0")])(scope, never, send)

        received = await talk(app, b"PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + LAST)
        assert received.count(b"HTTP/1.1 200") == 2

    async def test_body_that_is_not_here_ends_the_connection(self):
        async def app(scope, receive, send):
            await answering(headers=[(b"content-length", b"0")])(scope, never, send)

        head = b"PUT /p HTTP/1.1\r\nHost: x\r\n"
        assert (await talk(app, head + b"Content-Length: 3\r\n\r\nab")).count(b"HTTP/1.1") == 1
        assert (await talk(app, head + b"Transfer-Encoding: chunked\r\n\r\nno chunk\r\n")).count(b"HTTP/1.1") == 1

    async def test_old_clients_get_an_answer_without_chunks(self):
        assert (
            await talk(answering(b"abc"), b"GET / HTTP/1.0\r\n\r\n") == b"HTTP/1.1 200 \r\nConnection: close\r\n\r\nabc"
        )

    @pytest.mark.parametrize(
        "data", [b"what?\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"]
    )
    async def test_what_is_no_request_gets_400(self, data):
        assert await talk(echo, data) == BARE_400

    async def test_endless_head_gets_431(self):
        assert (await talk(echo, b"GET / HTTP/1.1\r\nA: " + bytes(60_000))).startswith(b"HTTP/1.1 431")

    async def test_body_that_breaks_off_gets_400_and_disconnects_the_app(self):
        messages = []

        async def app(scope, receive, send):
            messages.extend([await receive() for _ in range(3)])

        data = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nno chunk\r\n"
        assert await talk(app, data) == BARE_400
        assert [message["type"] for message in messages] == ["http.request", "http.disconnect", "http.disconnect"]

    async def test_body_that_breaks_off_within_the_answer_ends_it(self):
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            assert await receive() == {"type": "http.disconnect"}

        data = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"
        assert await talk(app, data) == b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"


class TestAnswers:
    async def test_length_decides_over_chunks(self):
        assert await talk(answering(b"ab", b"", b"c", headers=[(b"content-length", b"3")]), LAST) == (
            b"HTTP/1.1 200 \r\ncontent-length: 3\r\nConnection: close\r\n\r\nabc"
        )
        assert await talk(answering(b"ab", b"", b"c"), LAST) == (
            b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )

    @pytest.mark.parametrize(
        ("method", "status", "length"), [(b"HEAD", 200, b"3"), (b"GET", 304, b"3"), (b"GET", 204, None)]
    )
    async def test_some_answers_have_no_body(self, method, status, length):
        headers = [(b"content-length", length)] if length else []
        app = answering(b"abc", status=status, headers=headers)
        asked = LAST.replace(b"GET", method)
        told = b"content-length: 3\r\n" if length else b""
        assert await talk(app, asked) == b"HTTP/1.1 %d \r\n%sConnection: close\r\n\r\n" % (status, told)

    async def test_app_waits_for_a_slow_client(self):
        sent = []

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            for number in range(8):
                await send({"type": "http.response.body", "body": bytes(32_768), "more_body": True})
                sent.append(number)
            await send({"type": "http.response.body"})

        async with served(app) as stream:
            await stream.send_all(LAST)
            await wait_all_tasks_blocked()
            assert sent == [0]
            await read_all(stream)
            assert len(sent) == 8


class TestClientsThatLeave:
    @pytest.mark.parametrize("leave", ["aclose", "send_eof", "reset"])
    async def test_waiting_app_is_told(self, leave):
        messages = []

        async def app(scope, receive, send):
            messages.extend([await receive() for _ in range(3)])
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"nobody listens"})

        async with served(app) as stream:
            await stream.send_all(GET)
            await wait_all_tasks_blocked()
            if leave == "reset":
                stream.reset()
            else:
                await getattr(stream, leave)()
                if leave == "send_eof":
                    assert await read_all(stream) == b""
        assert [message["type"] for message in messages] == ["http.request", "http.disconnect", "http.disconnect"]

    async def test_app_that_is_sending_is_told(self):
        messages = []

        async def app(scope, receive, send):
            await receive()
            await send({"type": "http.response.start", "status": 200})
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen, receive)
                for _ in range(10):
                    await send({"type": "http.response.body", "body": bytes(50_000), "more_body": True})
            messages.append("all sent")

        async def listen(receive):
            messages.append(await receive())

        async with served(app) as stream:
            await stream.send_all(GET)
            await stream.receive_some(1000)
            await wait_all_tasks_blocked()
            assert messages == []
            await stream.aclose()
        assert messages == [{"type": "http.disconnect"}, "all sent"]

    async def test_app_that_only_sends_need_not_know(self):
        async with served(answering(*[bytes(50_000)] * 10)) as stream:
            await stream.send_all(GET)
            await stream.receive_some(1000)

    async def test_client_that_leaves_in_its_request_is_a_disconnect(self):
        messages = []

        async def app(scope, receive, send):
            messages.extend([await receive() for _ in range(2)])

        async with served(app) as stream:
            await stream.send_all(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
        assert messages == [
            {"type": "http.request", "body": b"a", "more_body": True},
            {"type": "http.disconnect"},
        ]

    async def test_client_that_says_nothing_is_let_go(self, autojump_clock):
        assert await talk(echo, b"", idle_timeout=20.0) == b""
        assert trio.current_time() == 20.0
        assert await talk(echo, b"GET / HTTP", idle_timeout=20.0) == b""

    async def test_time_limit_is_for_the_head_only(self, autojump_clock):
        async def slow(scope, receive, send):
            await trio.sleep(100)
            await answering()(scope, receive, send)

        assert (await talk(slow, LAST, idle_timeout=20.0)).startswith(b"HTTP/1.1 200")

    async def test_listening_app_learns_that_its_answer_is_complete(self):
        messages = []

        async def app(scope, receive, send):
            await receive()

            async def listen():
                messages.append(await receive())

            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen)
                await wait_all_tasks_blocked()
                await answering(b"abc", headers=[(b"content-length", b"3")])(scope, never, send)
            messages.append(await receive())

        assert (await talk(app, LAST)).endswith(b"\r\n\r\nabc")
        assert messages == [{"type": "http.disconnect"}] * 2

    async def test_next_request_is_kept_while_an_app_listens(self):
        done = trio.Event()

        async def app(scope, receive, send):
            await receive()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(receive)
                await done.wait()
                await answering(headers=[(b"content-length", b"0")])(scope, never, send)

        async with served(app) as stream:
            await stream.send_all(GET + GET)
            await wait_all_tasks_blocked()
            await stream.send_all(LAST)
            await wait_all_tasks_blocked()
            done.set()
            assert (await read_all(stream)).count(b"HTTP/1.1 200") == 3

    async def test_flood_of_requests_counts_as_gone(self):
        messages = []

        async def app(scope, receive, send):
            messages.extend([await receive() for _ in range(2)])

        async with served(app) as stream:
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(GET * 20_000)
        assert messages[-1] == {"type": "http.disconnect"}


class TestAppsThatFail:
    async def fail(self, app, error):
        """What the client gets of an app whose defect comes out of the server."""
        ours, theirs = memory_streams()
        await ours.send_all(GET + LAST)
        with pytest.raises(error):
            await serve_asgi(app, theirs)
        return await read_all(ours)

    async def test_failure_before_the_answer_is_500(self):
        async def app(scope, receive, send):
            raise ZeroDivisionError

        assert await self.fail(app, ZeroDivisionError) == BARE_500

    async def test_failure_within_the_answer_cuts_the_connection(self):
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"abc", "more_body": True})
            raise ZeroDivisionError

        assert (await self.fail(app, ZeroDivisionError)).endswith(b"content-length: 9\r\n\r\nabc")

    @pytest.mark.parametrize("body", [b"ab", b"abcd"])
    async def test_body_must_have_the_length_that_was_told(self, body):
        app = answering(body, headers=[(b"content-length", b"3")])
        assert not (await self.fail(app, h11.LocalProtocolError)).endswith(b"abc")

    async def test_messages_must_come_in_order(self):
        async def body_first(scope, receive, send):
            await send({"type": "http.response.body", "body": b"abc"})

        async def two_starts(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.start", "status": 200})

        async def more_after_end(scope, receive, send):
            await answering(b"abc")(scope, never, send)
            await send({"type": "http.response.body", "body": b"more"})

        assert await self.fail(body_first, RuntimeError) == BARE_500
        assert await self.fail(two_starts, RuntimeError) == b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await self.fail(more_after_end, RuntimeError)).endswith(b"3\r\nabc\r\n0\r\n\r\n")

    async def test_app_that_says_nothing_is_500(self):
        async def app(scope, receive, send):
            await receive()

        assert await talk(app, GET + LAST) == BARE_500

    async def test_app_that_stops_in_its_answer_cuts_the_connection(self):
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})

        assert await talk(app, GET + LAST) == b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"

    async def test_failure_after_the_client_has_left_comes_out_too(self):
        ours, theirs = memory_streams()
        await ours.send_all(GET)
        await ours.aclose()

        async def app(scope, receive, send):
            while (await receive())["type"] != "http.disconnect":
                pass
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await serve_asgi(app, theirs)

    async def test_cancelled_server_closes_the_connection(self):
        async def app(scope, receive, send):
            await trio.sleep_forever()

        ours, theirs = memory_streams()
        await ours.send_all(GET)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_asgi, app, theirs)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert await read_all(ours) == b""
