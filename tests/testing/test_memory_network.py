"""Connections in memory, and httpx over them (contract)."""

from __future__ import annotations

import random
from functools import partial

import httpx
import pytest

from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.network import open_network


async def hello(scope, receive, send):
    body = b""
    while (message := await receive())["more_body"]:
        body += message["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['path']} {len(body)}".encode()})


async def test_request_is_answered(autojump_clock):
    async with open_network(random.Random(1)) as network:
        network.listen("court", 80, partial(serve_asgi, hello))
        async with httpx.AsyncClient(transport=network.transport()) as client:
            answer = await client.post("http://court/a", content=b"x" * 300_000)
            assert answer.text == "/a 300000"
            assert (await client.get("https://court:80/b")).text == "/b 0"
        assert network.connections == 2
    assert network.open_streams == 0


async def test_host_without_listener_refuses(autojump_clock):
    async with open_network(random.Random(1)) as network:
        network.listen("court", 80, partial(serve_asgi, hello))
        async with httpx.AsyncClient(transport=network.transport()) as client:
            with pytest.raises(httpx.ConnectError, match="refused"):
                await client.get("http://court:81/")
            with pytest.raises(httpx.ConnectError, match="Name or service not known"):
                await client.get("http://elsewhere/")
