"""The table of what the court does wrong, byte by byte over connections in memory (contract).

Each row says what the record calls it, what the pacer is told, whether it uses up an attempt, and what follows: for how
long the court is left alone after one of it, and after three in a row.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import trio
from scripted_network import GAZETTE, PDF, MemoryNetwork, everybody, make_world, read_head

from trio_pipeline.diario.court import Court
from trio_pipeline.diario.http import open_http
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import Failed, ItemError, PutOff, RetryPolicy, decide

BLOCKED = "<html><title>STIC — Página Bloqueada</title><body>Seu acesso foi bloqueado</body></html>".encode()
CHALLENGE = b"<html><title>Just a moment...</title><body>Checking your browser</body></html>"
HTML, TYPED = "text/html; charset=utf-8", "application/pdf"
SIZE_LIMIT = 400_000

Serve = Callable[[trio.StapledStream], Awaitable[None]]


def sent(status: int, body: bytes = b"", kind: str = TYPED, length: int | None = None, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(*pieces: bytes | float) -> Serve:
    """A court that answers in pieces, a float being a pause, and closes the connection."""

    async def serve(stream: trio.StapledStream) -> None:
        await read_head(stream)
        for piece in pieces:
            if isinstance(piece, float):
                await trio.sleep(piece)
            else:
                await stream.send_all(piece)
        await stream.aclose()

    return serve


def endless(piece: bytes, pause: float) -> Serve:
    """A court that begins a PDF of no said length and never ends it."""

    async def serve(stream: trio.StapledStream) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n")
        while True:
            await trio.sleep(pause)
            await stream.send_all(b"%x\r\n%b\r\n" % (len(piece), piece))

    return serve


@dataclass(frozen=True)
class Row:
    """`one` and `three` are seconds: the pause after one answer of the kind, and after three in a row; 0 is none."""

    name: str
    serve: Serve
    reason: str
    verdict: str | None
    counts: bool | None  # None: it is given up at once
    one: float = 0.0
    three: float = 0.0


_BLOCKS = {"verdict": "blocked", "counts": False, "one": 600.0, "three": 2_400.0}
_HALF = sent(200, PDF[:1_000], length=len(PDF))
ROWS = [
    Row(
        "block page under 200",
        sends(sent(200, BLOCKED, HTML)),
        "the court shows a block page, with status 200",
        **_BLOCKS,
    ),
    Row(
        "challenge page under 200",
        sends(sent(200, CHALLENGE, HTML)),
        "the court shows a block page, with status 200",
        **_BLOCKS,
    ),
    Row(
        "block page under 403",
        sends(sent(403, BLOCKED, HTML)),
        "the court shows a block page, with status 403",
        **_BLOCKS,
    ),
    Row(
        "malformed HTTP",
        sends(b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n"),
        "the answer is not HTTP: ",
        "rejected",
        False,
        three=5.0,
    ),
    Row(
        "reset before the answer",
        sends(),
        "the connection broke off before an answer came: ",
        "unreachable",
        True,
        three=5.0,
    ),
    Row(
        "reset in the body",
        sends(_HALF),
        "the connection broke off after 1000 bytes of the body; 5009 were said",
        "unreachable",
        True,
    ),
    Row(
        "403",
        sends(sent(403, b"<h1>Forbidden</h1>", HTML)),
        "the court answered with status 403",
        "rejected",
        True,
        three=5.0,
    ),
    Row("404", sends(sent(404, b"<h1>Not found</h1>", HTML)), "the court does not have it: status 404", None, None),
    Row("410", sends(sent(410)), "the court does not have it: status 410", None, None),
    Row("429", sends(sent(429)), "the court asks to wait: status 429", "rejected", False, three=5.0),
    Row(
        "429 with a long Retry-After",
        sends(sent(429, b"", HTML, None, "Retry-After: 900")),
        "the court asks to wait: status 429",
        "rejected",
        False,
        one=900.0,
        three=900.0,
    ),
    Row("500", sends(sent(500)), "the court answered with status 500", "rejected", True, three=5.0),
    Row(
        "502",
        sends(sent(502, b"<h1>Bad gateway</h1>", HTML)),
        "the court answered with status 502",
        "rejected",
        True,
        three=5.0,
    ),
    Row("503", sends(sent(503)), "the court asks to wait: status 503", "rejected", False, three=5.0),
    Row("504", sends(sent(504)), "the court answered with status 504", "rejected", True, three=5.0),
    Row("stalled before the answer", sends(1e6), "stalled: no answer in 60 s", "unreachable", True, three=5.0),
    Row("stalled body", sends(_HALF, 1e6), "stalled: nothing came for 60 s after 1000 bytes", "unreachable", True),
    Row("body that trickles", endless(b"x", 3.0), "stalled: 25 bytes in 60 s", None, True),
    Row(
        "body that never ends", endless(b"x" * 1_000, 0.1), "larger than allowed: the limit is 400000 bytes", None, True
    ),
    Row(
        "body that never ends, slowly", endless(b"x" * 100, 1.0), "it does not end: 360105 bytes in 3601 s", None, True
    ),
    Row(
        "shorter than said",
        sends(sent(200, PDF, length=len(PDF) + 1)),
        "the connection broke off after 5009 bytes of the body; 5010 were said",
        "unreachable",
        True,
    ),
    Row(
        "larger than allowed",
        sends(sent(200, PDF, length=SIZE_LIMIT + 1)),
        "larger than allowed: 400001 bytes, and the limit is 400000",
        None,
        True,
    ),
    Row("empty answer", sends(sent(200)), "an empty answer instead of a PDF", None, True),
    Row("other page", sends(sent(200, b"<html>Em breve</html>", HTML)), "a page instead of a PDF", None, True),
    Row("other bytes", sends(sent(200, b"PK\x03\x04")), "the answer is not a PDF", None, True),
]


class Table:
    """A court that does one thing wrong, and its pacer."""

    def __init__(self, http) -> None:
        self.pacer = Pacer("court")
        self.court = Court(http, self.pacer, everybody, base_url="http://court.test", size_limit=SIZE_LIMIT)

    async def download(self) -> ItemError:
        try:
            async with self.court.open(GAZETTE) as body:
                async for _ in body.chunks:
                    pass
        except ItemError as error:
            return error
        pytest.fail("it was taken for a gazette")

    def verdicts(self) -> set[str]:
        statistics = self.pacer.statistics()
        return {name for name in ("rejected", "blocked", "unreachable") if getattr(statistics, name)}

    def pause(self) -> float:
        until = self.pacer.statistics().paused_until
        return 0.0 if until is None else until - trio.current_time()


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request) -> Row:
    return request.param


@pytest.fixture
async def table(row, nursery) -> AsyncIterator[Table]:
    network = MemoryNetwork(nursery, row.serve)
    async with open_http(make_world(network.transport()), user_agent="tests") as http:
        yield Table(http)
        nursery.cancel_scope.cancel()


async def test_what_the_court_does_wrong(row, table, autojump_clock):
    error = await table.download()
    assert error.reason.startswith(row.reason)
    assert table.verdicts() == ({row.verdict} if row.verdict else set())
    outcome = decide(error, attempt=1, uncounted=0, policy=RetryPolicy(), random_source=random.Random(0))
    if row.counts is None:
        assert outcome == Failed(error.reason)
    else:
        assert isinstance(outcome, PutOff)
        assert outcome.counts is row.counts
    assert round(table.pause(), 6) == row.one
    for _ in range(2):
        await table.download()
    assert round(table.pause(), 6) == row.three
