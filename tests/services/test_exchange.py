"""One request and its answer, between a hand-made server and the counts (contract)."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.connection import STATE_KEY
from trio_pipeline.services.exchange import ClientGone, ConnectionCut, Exchange
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.traffic import Traffic


class FakeConnection:
    """Notes how it is cut."""

    def __init__(self):
        self.ends = []

    async def cut(self, *, reset):
        self.ends.append("reset" if reset else "close")

    async def garble(self):
        self.ends.append("garbage")


class FakeServer:
    """Gives the parts of a request's body, then a disconnect, and keeps what is sent."""

    def __init__(self, *parts, method="GET", headers=(), query=b"", connection=None, leaves_early=False):
        length = sum(len(part) for part in parts)
        own = [(b"Content-Length", str(length).encode())] if parts else []
        self.scope = {
            "type": "http",
            "method": method,
            "path": "/a",
            "query_string": query,
            "headers": [*own, *headers],
            "state": {STATE_KEY: connection} if connection else {},
        }
        self._messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if not leaves_early:
            self._messages.append({"type": "http.request", "body": b"", "more_body": False})
        self.sent = []

    async def receive(self):
        await trio.lowlevel.checkpoint()
        return self._messages.pop(0) if self._messages else {"type": "http.disconnect"}

    async def send(self, message):
        await trio.lowlevel.checkpoint()
        self.sent.append(message)

    @property
    def start(self):
        return self.sent[0]

    @property
    def body(self):
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def is_complete(self):
        return bool(self.sent) and not self.sent[-1].get("more_body", True)


def exchange_with(server, traffic=None, **options):
    return Exchange(server.scope, server.receive, server.send, traffic=traffic or Traffic(), **options)


async def admitted(server, *faults, traffic=None, **options):
    exchange = exchange_with(server, traffic, **options)
    await exchange.admit("pdf", "tjro", FaultPlan([parse_fault(fault) for fault in faults]))
    return exchange


class TestRequests:
    async def test_body_is_read_to_its_end(self):
        exchange = exchange_with(FakeServer(b"ab", b"cd", method="PUT"))
        assert [await exchange.read() for _ in range(4)] == [b"ab", b"cd", b"", b""]
        assert exchange.received == 4

    async def test_empty_parts_are_no_end(self):
        exchange = exchange_with(FakeServer(b"ab", b"", b"cd", method="PUT"))
        assert [await exchange.read() for _ in range(3)] == [b"ab", b"cd", b""]

    async def test_request_without_body_has_none(self):
        assert await exchange_with(FakeServer()).read() == b""

    async def test_client_that_leaves_is_told_apart_from_the_end(self):
        exchange = exchange_with(FakeServer(b"ab", method="PUT", leaves_early=True))
        assert await exchange.read() == b"ab"
        with pytest.raises(ClientGone):
            await exchange.read()

    async def test_query_has_first_values(self):
        exchange = exchange_with(FakeServer(query=b"ano=2025&ano=2024&x=a%20b&empty="))
        assert exchange.query == {"ano": "2025", "x": "a b", "empty": ""}

    async def test_header_names_are_lower_case(self):
        exchange = exchange_with(FakeServer(headers=[(b"X-Key", b"a"), (b"x-key", b"b")]))
        assert exchange.headers["x-key"] == "b"
        assert exchange.raw_headers == [("x-key", "a"), ("x-key", "b")]

    @pytest.mark.parametrize(
        ("headers", "length"),
        [
            ([], None),
            ([(b"content-length", b"12")], 12),
            ([(b"content-length", b"-1")], None),
            ([(b"content-length", b"x")], None),
            ([(b"content-length", b"12"), (b"transfer-encoding", b"chunked")], None),
        ],
    )
    async def test_length_that_counts(self, headers, length):
        assert exchange_with(FakeServer(headers=headers)).length == length


class TestAnswers:
    async def test_answer_has_its_length(self):
        server = FakeServer()
        await exchange_with(server).answer(200, b"body", headers=[("X-Key", "value")])
        assert server.start["status"] == 200
        assert server.start["headers"] == [(b"x-key", b"value"), (b"content-length", b"4")]
        assert server.body == b"body"
        assert server.is_complete

    async def test_body_of_the_request_is_read_first(self):
        server = FakeServer(b"ab", b"cd", method="PUT")
        exchange = exchange_with(server)
        await exchange.answer(403)
        assert exchange.received == 4
        assert server.is_complete

    async def test_json_keeps_letters(self):
        server = FakeServer()
        await exchange_with(server).answer_json({"a": "ção"})
        assert server.body == '{"a": "ção"}'.encode()

    async def test_head_says_the_length_of_what_is_not_sent(self):
        server = FakeServer(method="HEAD")
        await exchange_with(server).answer(200, b"", length=99)
        assert (b"content-length", b"99") in server.start["headers"]
        assert server.body == b""

    async def test_request_has_left_when_its_last_bytes_go(self):
        traffic = Traffic()
        server = FakeServer()
        in_flight = []

        async def send(message):
            in_flight.append(traffic.statistics()["in_flight"])

        server.send = send
        exchange = await admitted(server, traffic=traffic)
        await exchange.answer(200, bytes(600_000))
        assert in_flight == [1, 1, 1, 0, 0]  # the start, three parts, the end

    async def test_empty_answer_leaves_too(self):
        traffic = Traffic()
        exchange = await admitted(FakeServer(), traffic=traffic)
        await exchange.answer(200)
        assert traffic.statistics()["in_flight"] == 0

    async def test_what_was_not_admitted_is_not_counted(self):
        traffic = Traffic()
        await exchange_with(FakeServer(), traffic).answer(200, b"body")
        assert traffic.statistics() == Traffic().statistics()


class TestTime:
    async def test_wait_counts_from_the_beginning(self, autojump_clock):
        exchange = exchange_with(FakeServer())
        await trio.sleep(0.3)
        await exchange.wait(1)
        assert trio.current_time() == 1
        await exchange.wait(0.5)
        assert trio.current_time() == 1

    @given(st.integers(1, 200_000), st.integers(1_000, 1_000_000))
    def test_bandwidth_is_kept_to_in_the_end(self, size, bandwidth):
        async def answer():
            server = FakeServer()
            before = trio.current_time()
            await exchange_with(server, bandwidth=bandwidth).answer(200, bytes(size))
            assert trio.current_time() - before == pytest.approx(size / bandwidth)
            assert server.body == bytes(size)

        trio.run(answer, clock=trio.testing.MockClock(autojump_threshold=0))


class TestFaults:
    async def test_refused_one_is_closed_before_anything(self):
        connection, traffic = FakeConnection(), Traffic()
        server = FakeServer(connection=connection)
        with pytest.raises(ClientGone):
            await admitted(server, "tjro:refuse=1x", traffic=traffic)
        assert (connection.ends, server.sent) == (["close"], [])
        assert traffic.statistics()["in_flight"] == 0

    async def test_malformed_one_waits_for_its_time(self, autojump_clock):
        connection = FakeConnection()
        exchange = await admitted(FakeServer(connection=connection), "tjro:malformed=1x")
        with pytest.raises(ClientGone):
            await exchange.wait(2)
        assert (connection.ends, trio.current_time()) == (["garbage"], 2)

    @pytest.mark.parametrize(("fault", "end"), [("reset", "reset"), ("truncate", "close")])
    @given(size=st.integers(2, 600_000))
    def test_half_of_the_answer_arrives(self, fault, end, size):
        async def answer():
            connection = FakeConnection()
            server = FakeServer(connection=connection)
            exchange = await admitted(server, f"tjro:{fault}=1x")
            with pytest.raises(ClientGone):
                await exchange.answer(200, bytes(size))
            assert connection.ends == [end]
            assert (b"content-length", str(size).encode()) in server.start["headers"]
            assert size // 2 <= len(server.body) < size
            assert not server.is_complete

        trio.run(answer)

    async def test_reset_hits_the_request_that_has_a_body(self):
        connection = FakeConnection()
        server = FakeServer(b"ab", b"cd", b"ef", b"gh", method="PUT", connection=connection)
        exchange = await admitted(server, "tjro:reset=1x")
        assert [await exchange.read(), await exchange.read()] == [b"ab", b"cd"]
        with pytest.raises(ClientGone):
            await exchange.read()
        assert (connection.ends, server.sent) == (["reset"], [])

    async def test_stall_ends_when_the_client_leaves(self):
        server = FakeServer()
        exchange = await admitted(server, "tjro:stall=1x")
        with pytest.raises(ClientGone):
            await exchange.answer(200, bytes(100))
        assert len(server.body) == 50

    async def test_stall_can_last_for_ever(self, autojump_clock):
        server = FakeServer()
        server.receive = trio.sleep_forever
        exchange = await admitted(server, "tjro:stall=1x")
        with trio.move_on_after(10_000) as scope:
            await exchange.answer(200, bytes(100))
        assert scope.cancelled_caught

    async def test_without_connection_there_is_an_error(self):
        exchange = await admitted(FakeServer(), "tjro:reset=1x")
        with pytest.raises(ConnectionCut):
            await exchange.answer(200, bytes(100))

    async def test_head_has_no_middle(self):
        server = FakeServer(method="HEAD")
        exchange = await admitted(server, "tjro:reset=1x")
        await exchange.answer(200, length=100)
        assert server.is_complete


def test_time_of_a_plan_is_trios():
    async def requests():
        plan = FaultPlan([parse_fault("tjro:unavailable=10s")])
        names = []
        for _ in range(4):
            exchange = exchange_with(FakeServer())
            await exchange.admit("pdf", "tjro", plan)
            names.append(exchange.fault and exchange.fault.name)
            await trio.sleep(4)
        return names

    names = trio.run(requests, clock=trio.testing.MockClock(autojump_threshold=0))
    assert names == ["unavailable", "unavailable", "unavailable", None]
