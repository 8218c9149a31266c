"""The stand-ins over streams in memory answer as they do over hypercorn and TCP (contract).

Known differences: hypercorn says `100 Continue` at once to whoever waits for it, the server in memory when the app asks
for the body. What a reset takes from a reader, and whether reader or writer is told of it, is up to TCP's kernel.
In memory everything is taken, and both are told.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import trio
from silent_model import silent_model

from trio_pipeline.services.archive import Archive
from trio_pipeline.services.connection import STATE_KEY, Connection
from trio_pipeline.services.court import Court
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.serve import open_services
from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.memory_streams import memory_streams

RESET = b"(reset)"
PDF = b"%PDF-1.4 " + bytes(range(256)) * 2000
UPLOAD = "Authorization: LOW a:b\r\nx-archive-auto-make-bucket: 1\r\n"
GAZETTE = "/novodiario/2025/20250623104-NR112.pdf"

TO_COURT = {
    "pdf": ("GET", GAZETTE, "", b""),
    "head": ("HEAD", GAZETTE, "", b""),
    "part": ("GET", GAZETTE, "Range: bytes=5-99\r\n", b""),
    "part outside": ("GET", GAZETTE, "Range: bytes=999999999-\r\n", b""),
    "listing": ("GET", "/diario_oficial/list.php?ano=2025", "", b""),
    "redirect": ("GET", "/diario_oficial/ultimo-diario.php", "", b""),
    "robots": ("GET", "/robots.txt", "", b""),
    "missing": ("GET", "/a%20b?x=1", "", b""),
    "wrong method": ("POST", GAZETTE, "Content-Length: 3\r\n", b"abc"),
    "missing head": ("HEAD", "/no", "", b""),
    "statistics": ("GET", "/_control/statistics", "", b""),
}
TO_ARCHIVE = {
    "upload": ("PUT", "/item/a.pdf", f"{UPLOAD}Content-Length: {len(PDF)}\r\n", PDF),
    "upload without keys": ("PUT", "/item/a.pdf", f"Content-Length: {len(PDF)}\r\n", PDF),
    "upload in chunks": ("PUT", "/item/a.pdf", f"{UPLOAD}Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
    "metadata": ("GET", "/metadata/item", "", b""),
    "limits": ("GET", "/?check_limit=1&accesskey=a&bucket=item", "", b""),
    "no file": ("GET", "/download/item/none.pdf", "", b""),
    "search": ("GET", "/advancedsearch.php?q=tjro&output=json", "", b""),
}
BROKEN = {
    "no request line": b"what?\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "space in header": b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
    "endless head": b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000,
    "bad chunk": b"PUT /item/a.pdf HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
}


def request(method, path, headers, body):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def over_tcp(court, archive):
    async with open_services(court, archive, silent_model()) as urls:

        async def connect(name):
            return await trio.open_tcp_stream("127.0.0.1", urlsplit(getattr(urls, name)).port)

        yield connect


@asynccontextmanager
async def in_memory(court, archive):
    async with trio.open_nursery() as nursery:
        apps = {"tjro": court, "archive": archive}

        async def connect(name):
            ours, theirs = memory_streams()
            connection = Connection(theirs)
            nursery.start_soon(partial(serve_asgi, apps[name], connection, state={STATE_KEY: connection}))
            return ours

        yield connect
        nursery.cancel_scope.cancel()


async def talk(stream, data):
    """Everything that comes back, and how it ends."""
    received = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, stream, data)
        try:
            while chunk := await stream.receive_some():
                received += chunk
        except trio.BrokenResourceError:
            received = RESET
        nursery.cancel_scope.cancel()
    await stream.aclose()
    return received


async def send(stream, data):
    try:
        await stream.send_all(data)
    except trio.BrokenResourceError:
        return


async def both_ways(published, name, *exchanges, faults=()):
    """What each exchange gives over TCP, and in memory."""
    answers = []
    for opened in (over_tcp, in_memory):
        plan = FaultPlan([parse_fault(text) for text in faults])
        async with opened(Court([published(PDF)], plan=plan), Archive(plan=plan)) as connect:
            answers.append([await talk(await connect(name), exchange) for exchange in exchanges])
    return SimpleNamespace(tcp=answers[0], memory=answers[1])


@pytest.mark.parametrize("asked", TO_COURT.values(), ids=TO_COURT)
async def test_court_answers_the_same(published, asked):
    both = await both_ways(published, "tjro", request(*asked))
    assert both.tcp[0].startswith(b"HTTP/1.1 ")
    assert both.memory == both.tcp


async def test_archive_answers_the_same(published):
    both = await both_ways(published, "archive", *(request(*asked) for asked in TO_ARCHIVE.values()))
    assert all(answer.startswith(b"HTTP/1.1 ") for answer in both.tcp)
    assert both.memory == both.tcp


async def test_requests_on_one_connection_are_answered_the_same(published):
    path = GAZETTE
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 3 + request("GET", "/robots.txt", "", b"")
    both = await both_ways(published, "tjro", asked)
    assert both.tcp[0].count(b"HTTP/1.1 200") == 4
    assert both.memory == both.tcp


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
async def test_broken_requests_are_refused_the_same(published, data):
    both = await both_ways(published, "archive", data)
    assert both.tcp[0].startswith(b"HTTP/1.1 4")
    assert both.memory == both.tcp


@pytest.mark.parametrize(
    "fault", sorted(FAULTS["tjro"].keys() - {"stall", "endless", "trickle", "changed", "no-ranges"})
)
async def test_court_fails_the_same(published, fault):
    both = await both_ways(published, "tjro", request(*TO_COURT["pdf"]), faults=[f"tjro:{fault}=1"])
    assert not both.tcp[0].endswith(PDF) or fault == "long-length"
    assert both.memory == both.tcp


@pytest.mark.parametrize("fault", ["endless", "trickle"])
async def test_body_without_end_is_sent_the_same(published, fault):
    """The beginning of it: a client that has seen enough leaves."""
    seen = []
    for opened in (over_tcp, in_memory):
        plan = FaultPlan([parse_fault(f"tjro:{fault}=1")])
        court = Court([published(b"%PDF-1.4")], plan=plan)
        async with opened(court, Archive()) as connect:
            stream = await connect("tjro")
            await stream.send_all(request(*TO_COURT["pdf"]))
            seen.append(await received_of(stream, {"endless": 300_000, "trickle": 80}[fault]))
            await stream.aclose()
            while court.statistics()["in_flight"]:
                await trio.lowlevel.checkpoint()
    assert seen[0] == seen[1]


async def received_of(stream, count):
    received = b""
    while len(received) < count:
        received += await stream.receive_some(count - len(received))
    return received


@pytest.mark.parametrize("fault", sorted(FAULTS["archive"].keys() - {"stall", "lost", "corrupt", "dark"}))
async def test_archive_fails_the_same(published, fault):
    both = await both_ways(published, "archive", request(*TO_ARCHIVE["upload"]), faults=[f"archive:{fault}=1"])
    assert not both.tcp[0].startswith(b"HTTP/1.1 200")
    # With TCP the writer may be the one who is told of a reset: the reader then finds the end.
    assert [answer or RESET for answer in both.memory] == [answer or RESET for answer in both.tcp]
