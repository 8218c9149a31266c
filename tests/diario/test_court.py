"""The court as a source: what every answer that it has been seen to give comes to (contract)."""

from __future__ import annotations

import contextlib
import dataclasses

import httpx
import pytest
import trio
from scripted_network import GAZETTE, PDF, Pieces, ScriptedTransport, answer, everybody, make_world

from trio_pipeline.diario.court import Court
from trio_pipeline.diario.court_answers import is_block_page
from trio_pipeline.diario.http import open_http
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import GiveUp, TryAgain

BLOCKED = "<html><title>STIC — Página Bloqueada</title><body>Seu acesso foi bloqueado</body></html>"
HTML = "text/html; charset=utf-8"


class Asked:
    """A court that gives one answer, its pacer, and a download from it."""

    def __init__(self, response, *, size_limit=100_000, base_url="https://www.tjro.jus.br"):
        self.transport = ScriptedTransport(lambda seen: response)
        self.pacer = Pacer("court")
        self.options = {"size_limit": size_limit, "base_url": base_url}
        self.chunks = []

    async def download(self, gazette=GAZETTE):
        async with (
            open_http(make_world(self.transport), user_agent="tests") as http,
            Court(http, self.pacer, everybody, **self.options).open(gazette) as body,
        ):
            self.length = body.length
            async for chunk in body.chunks:
                self.chunks.append(chunk)
        return b"".join(self.chunks)

    async def fails(self, error, match):
        with pytest.raises(error, match=match) as caught:
            await self.download()
        assert self.chunks == []
        return caught.value

    @property
    def verdicts(self):
        statistics = self.pacer.statistics()
        return {name: count for name in ("rejected", "blocked", "unreachable") if (count := getattr(statistics, name))}


@pytest.mark.parametrize("kind", ["application/pdf", "application/octet-stream", "Application/PDF; a=b", ""])
async def test_gives_a_pdf(autojump_clock, kind):
    asked = Asked(answer(200, PDF, kind))
    assert await asked.download() == PDF
    assert asked.length == len(PDF)
    assert asked.verdicts == {}


async def test_asks_below_the_base_address(autojump_clock):
    asked = Asked(answer(200, PDF), base_url="http://127.0.0.1:8080/")
    await asked.download()
    assert str(asked.transport.seen[0].url) == "http://127.0.0.1:8080/novodiario/2025/20250623104-NR112.pdf"


async def test_keeps_odd_names_as_they_are(autojump_clock):
    asked = Asked(answer(200, PDF))
    await asked.download(dataclasses.replace(GAZETTE, url="https://www.tjro.jus.br/novodiario/2004/a%20b-NR1..pdf"))
    assert asked.transport.seen[0].url.raw_path == b"/novodiario/2004/a%20b-NR1..pdf"


async def test_pdf_in_crumbs_is_recognised(autojump_clock):
    asked = Asked(httpx.Response(200, stream=Pieces([b"%", b"PD", 1.0, b"F-1.7", b" rest"])))
    assert await asked.download() == b"%PDF-1.7 rest"
    assert asked.length is None


async def test_success_is_told_before_the_body_has_come(autojump_clock):
    """A pause is over for everybody at the first bytes of a gazette, not minutes later at its last."""
    response = httpx.Response(200, stream=Pieces([b"%PDF-", 50.0, b"rest"]))
    asked = Asked(response)
    async with trio.open_nursery() as nursery, asked.pacer.request() as probe:
        await probe.start()
        probe.blocked("a block page")
        nursery.start_soon(asked.download)
        await trio.sleep(600.0 + 1.0)
        assert asked.pacer.statistics().paused_until is None
        assert asked.chunks == [b"%PDF-"]


@pytest.mark.parametrize("status", [200, 403])
async def test_block_page_pauses_the_court(autojump_clock, status):
    asked = Asked(answer(status, BLOCKED.encode(), HTML))
    error = await asked.fails(TryAgain, "block page")
    assert not error.counts
    assert asked.verdicts == {"blocked": 1}


async def test_block_page_in_latin_1(autojump_clock):
    asked = Asked(answer(200, BLOCKED.replace("—", "-").encode("latin-1"), "text/html; charset=ISO-8859-1"))
    await asked.fails(TryAgain, "block page")


async def test_block_page_that_calls_itself_a_pdf(autojump_clock):
    asked = Asked(answer(200, BLOCKED.encode(), "application/pdf"))
    await asked.fails(TryAgain, "block page")


async def test_other_page_uses_up_an_attempt(autojump_clock):
    asked = Asked(answer(200, b"<html>Em breve</html>", HTML))
    error = await asked.fails(TryAgain, "a page instead of a PDF")
    assert error.counts
    assert asked.verdicts == {}


async def test_pdf_that_calls_itself_a_page_is_not_taken(autojump_clock):
    await Asked(answer(200, PDF, HTML)).fails(TryAgain, "a page instead of a PDF")


async def test_empty_answer_is_none(autojump_clock):
    assert (await Asked(answer(200, b"")).fails(TryAgain, "empty answer")).counts


async def test_other_bytes_are_no_pdf(autojump_clock):
    assert (await Asked(answer(200, b"PK\x03\x04")).fails(TryAgain, "not a PDF")).counts


async def test_page_about_blocks_of_flats_is_a_gazette(autojump_clock):
    pdf = b"%PDF-1.4 Pagina Bloqueada"
    assert await Asked(answer(200, pdf)).download() == pdf


@pytest.mark.parametrize("status", [404, 410])
async def test_missing_gazette_is_given_up(autojump_clock, status):
    asked = Asked(answer(status, BLOCKED.encode(), HTML))
    await asked.fails(GiveUp, f"status {status}")
    assert asked.verdicts == {}


@pytest.mark.parametrize("status", [429, 503])
async def test_rejection_waits_as_long_as_asked(autojump_clock, status):
    asked = Asked(answer(status, retry_after="45"))
    error = await asked.fails(TryAgain, "asks to wait")
    assert (error.after, error.counts) == (45.0, False)
    assert asked.verdicts == {"rejected": 1}
    assert asked.pacer.statistics().paused_until == 45.0


async def test_refusal_slows_down_and_counts(autojump_clock):
    asked = Asked(answer(403, b"<h1>Forbidden</h1>", HTML))
    assert (await asked.fails(TryAgain, "status 403")).counts
    assert asked.verdicts == {"rejected": 1}


@pytest.mark.parametrize("status", [204, 206, 301, 400, 401])
async def test_every_other_status_counts(autojump_clock, status):
    asked = Asked(answer(status, PDF))
    assert (await asked.fails(TryAgain, f"status {status}")).counts
    assert asked.verdicts == {}


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_court_that_is_ill_is_asked_less_often(autojump_clock, status):
    asked = Asked(answer(status, PDF, retry_after="20"))
    error = await asked.fails(TryAgain, f"status {status}")
    assert (error.counts, error.after) == (True, 20.0)
    assert asked.verdicts == {"rejected": 1}


async def test_said_to_be_too_large_is_not_read(autojump_clock):
    asked = Asked(answer(200, PDF), size_limit=len(PDF) - 1)
    assert (await asked.fails(TryAgain, "larger than allowed: 5009 bytes")).counts


async def test_turning_out_too_large_is_cut_off(autojump_clock):
    asked = Asked(httpx.Response(200, stream=Pieces([PDF, b"more", b"and more"])), size_limit=len(PDF) + 4)
    with pytest.raises(TryAgain, match="larger than allowed"):
        await asked.download()
    assert b"".join(asked.chunks) == PDF + b"more"


async def test_exactly_as_large_as_allowed(autojump_clock):
    assert await Asked(answer(200, PDF), size_limit=len(PDF)).download() == PDF


@pytest.mark.parametrize("wrong_by", [-1, 1])
async def test_other_length_than_said(autojump_clock, wrong_by):
    asked = Asked(answer(200, PDF, content_length=str(len(PDF) + wrong_by)))
    with pytest.raises(TryAgain, match="ended after 5009 of"):
        await asked.download()


async def test_broken_off_body(autojump_clock):
    asked = Asked(httpx.Response(200, stream=Pieces([PDF, httpx.ReadError("reset")])))
    with pytest.raises(TryAgain, match="broke off after 5009 bytes"):
        await asked.download()


async def test_encoded_body_is_not_taken(autojump_clock):
    await Asked(answer(200, PDF, content_encoding="gzip")).fails(TryAgain, "encoded")


async def test_leaving_early_is_no_error(autojump_clock):
    transport = ScriptedTransport(lambda seen: httpx.Response(200, stream=Pieces([PDF, 1e6, b"never"])))
    async with open_http(make_world(transport), user_agent="tests") as http:
        court = Court(http, Pacer("court"), everybody, base_url="https://www.tjro.jus.br", size_limit=100_000)
        async with court.open(GAZETTE) as body:
            assert await anext(body.chunks) == PDF
    assert trio.current_time() == 0.0


async def test_redirect_off_the_host_is_not_followed(autojump_clock):
    asked = Asked(answer(302, location="https://elsewhere.test/captcha"))
    await asked.fails(TryAgain, "not followed")
    assert len(asked.transport.seen) == 1


async def test_cancelled_download_gives_its_place_back(autojump_clock):
    asked = Asked(httpx.Response(200, stream=Pieces([PDF, 1e6])))
    with trio.move_on_after(5), contextlib.suppress(TryAgain):
        await asked.download()
    assert asked.pacer.statistics().in_flight == 0


@pytest.mark.parametrize(
    "page",
    [
        "<title>PÁGINA  BLOQUEADA</title>",
        "<p>Acesso\nnegado</p>",
        "<title>Just a moment...</title>",
        "<h1>Access Denied</h1>",
        "Request Rejected. Your support ID is: 1",
        '<script src="/cdn-cgi/challenge-platform/x.js">',
        "<form>Resolva o CAPTCHA</form>",
        "Your IP has been blocked",
    ],
)
def test_known_block_pages(page):
    assert is_block_page(page)


@pytest.mark.parametrize("page", ["", "<h1>Diário da Justiça</h1>", "<p>Página em manutenção</p>"])
def test_pages_that_block_nobody(page):
    assert not is_block_page(page)
