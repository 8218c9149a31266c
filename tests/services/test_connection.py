"""Streams that can be cut under a reader and a writer (contract, in memory and over TCP)."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from trio_pipeline.services.connection import Connection, SocketConnection


@asynccontextmanager
async def tcp_pair():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        client = await trio.testing.open_stream_to_socket_listener(listener)
        server = await listener.accept()
    async with client, server:
        yield client, SocketConnection(server)


@asynccontextmanager
async def memory_pair():
    client, server = trio.testing.memory_stream_pair()
    async with client, server:
        yield client, Connection(server)


async def read_all(stream):
    received = b""
    while data := await stream.receive_some():
        received += data
    return received


both_kinds = pytest.mark.parametrize("pair", [tcp_pair, memory_pair], ids=["tcp", "memory"])


@both_kinds
async def test_bytes_pass_through_both_ways(pair):
    async with pair() as (client, connection):
        await connection.wait_send_all_might_not_block()
        await connection.send_all(b"to client")
        assert await client.receive_some() == b"to client"
        await client.send_all(b"to server")
        assert await connection.receive_some(2) == b"to"
        await connection.send_eof()
        assert await client.receive_some() == b""


@both_kinds
async def test_close_lets_what_was_sent_arrive(pair):
    async with pair() as (client, connection):
        await connection.send_all(b"half")
        await connection.cut(reset=False)
        assert await client.receive_some() == b"half"
        assert await client.receive_some() == b""


@both_kinds
async def test_cut_wakes_a_reader(pair):
    async with pair() as (_, connection), trio.open_nursery() as nursery:

        async def read():
            with pytest.raises(trio.ClosedResourceError):
                await connection.receive_some()

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        await connection.cut(reset=True)


@both_kinds
async def test_cut_twice_is_fine(pair):
    async with pair() as (_, connection):
        await connection.cut(reset=True)
        await connection.cut(reset=False)


@both_kinds
async def test_cut_in_cancelled_scope_still_cuts(pair):
    async with pair() as (client, connection):
        with trio.CancelScope() as scope:
            scope.cancel()
            await connection.cut(reset=False)
        assert scope.cancelled_caught
        assert await client.receive_some() == b""


@both_kinds
async def test_garbage_comes_instead_of_an_answer(pair):
    async with pair() as (client, connection):
        await connection.garble()
        received = await read_all(client)
        assert received
        assert not received.startswith(b"HTTP/")


async def test_reset_breaks_the_other_side():
    async with tcp_pair() as (client, connection):
        await connection.send_all(b"never read")
        await connection.cut(reset=True)
        with pytest.raises(trio.BrokenResourceError):
            await read_all(client)


async def test_stream_that_can_reset_is_told_before_the_close():
    told = []

    class Resetting(trio.abc.HalfCloseableStream):
        def reset(self):
            told.append("reset")

        async def aclose(self):
            told.append("close")

        async def send_all(self, data): ...
        async def wait_send_all_might_not_block(self): ...
        async def send_eof(self): ...
        async def receive_some(self, max_bytes=None): ...

    await Connection(Resetting()).cut(reset=True)
    assert told == ["reset", "close"]
