"""The court's stand-in over ASGI, on virtual time (contract)."""

from __future__ import annotations

import trio

from trio_pipeline.services.court import Court, listing_row
from trio_pipeline.services.faults import FaultPlan, parse_fault

PDF = b"%PDF-1.4 " + bytes(range(256)) * 4


def with_faults(*texts):
    return FaultPlan([parse_fault(text) for text in texts])


def path_of(publication):
    return publication.gazette.url.removeprefix("https://www.tjro.jus.br")


class TestPdfs:
    async def test_comes_whole_with_validators(self, published, client_of):
        one = published(PDF)
        answer = await client_of(Court([one])).get(path_of(one))
        assert answer.status_code == 200
        assert answer.content == PDF
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-length"] == str(len(PDF))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["last-modified"] == "Mon, 23 Jun 2025 21:00:00 GMT"
        assert answer.headers["etag"].startswith('"')

    async def test_range_gives_the_rest(self, published, client_of):
        one = published(PDF)
        answer = await client_of(Court([one])).get(path_of(one), headers={"Range": "bytes=100-"})
        assert answer.status_code == 206
        assert answer.content == PDF[100:]
        assert answer.headers["content-range"] == f"bytes 100-{len(PDF) - 1}/{len(PDF)}"

    async def test_range_outside_is_416(self, published, client_of):
        one = published(PDF)
        answer = await client_of(Court([one])).get(path_of(one), headers={"Range": "bytes=99999-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(PDF)}"

    async def test_if_range_of_other_bytes_gives_everything(self, published, client_of):
        one = published(PDF)
        client = client_of(Court([one]))
        tag = (await client.head(path_of(one))).headers["etag"]
        same = await client.get(path_of(one), headers={"Range": "bytes=5-", "If-Range": tag})
        other = await client.get(path_of(one), headers={"Range": "bytes=5-", "If-Range": '"other"'})
        assert (same.status_code, other.status_code) == (206, 200)

    async def test_head_makes_no_pdf(self, published, client_of):
        one = published(PDF)
        court = Court([one])
        answer = await client_of(court).head(path_of(one))
        assert answer.headers["content-length"] == str(len(PDF))
        assert court.statistics()["bytes_out"] == 0

    async def test_unknown_path_is_404(self, published, client_of):
        court = Court([published()])
        assert (await client_of(court).get("/novodiario/2025/none.pdf")).status_code == 404
        assert court.statistics()["requests"] == {"missing": 1}

    async def test_nothing_can_be_posted(self, published, client_of):
        assert (await client_of(Court([])).post("/novodiario/2025/x.pdf", content=b"x")).status_code == 405


class TestListings:
    async def test_year_newest_first(self, published, client_of):
        old = published(day="2024-12-30", number=240)
        new = published(day="2025-06-23", number=112)
        newer = published(day="2025-06-24", number=113)
        client = client_of(Court([old, new, newer]))
        rows = (await client.get("/diario_oficial/list.php", params={"ano": "2025"})).json()
        assert rows == [listing_row(newer.gazette), listing_row(new.gazette)]

    async def test_year_without_gazettes_is_empty(self, published, client_of):
        client = client_of(Court([published()]))
        assert (await client.get("/diario_oficial/list.php?ano=1999")).json() == []
        assert (await client.get("/diario_oficial/list.php")).json() == []

    async def test_newest_are_all_of_the_last_day(self, published, client_of):
        day = [published(), published(suffix="SUP")]
        client = client_of(Court([published(day="2025-05-23", number=92), *day]))
        rows = (await client.get("/diario_oficial/data-ultimo-diario.php")).json()
        assert [row.get("sufix") for row in rows] == [None, "SUP"]

    async def test_newest_redirects(self, published, client_of):
        one = published()
        client = client_of(Court([one]))
        answer = await client.get("/diario_oficial/ultimo-diario.php")
        assert (answer.status_code, answer.headers["location"]) == (302, path_of(one))

    async def test_court_without_gazettes(self, client_of):
        client = client_of(Court([]))
        assert (await client.get("/diario_oficial/ultimo-diario.php")).status_code == 404
        assert (await client.get("/diario_oficial/data-ultimo-diario.php")).json() == []

    def test_row_has_the_real_form(self, published):
        assert listing_row(published(suffix="SUP", day="2024-08-09", number=7).gazette) == {
            "relativePath": "20240809104-NR7-SUP.pdf",
            "year": "2024",
            "month": "08",
            "day": "09",
            "number": "7",
            "sufix": "SUP",
            "url": "/novodiario/2024/20240809104-NR7-SUP.pdf",
        }


class TestRobots:
    async def test_text_is_given(self, client_of):
        client = client_of(Court([], robots="User-agent: *\nCrawl-delay: 5\n"))
        assert "Crawl-delay: 5" in (await client.get("/robots.txt")).text

    async def test_none_is_404(self, client_of):
        assert (await client_of(Court([], robots=None)).get("/robots.txt")).status_code == 404


class TestTime:
    async def test_latency_is_exact(self, autojump_clock, published, client_of):
        one = published()
        client = client_of(Court([one], latency=0.05))
        before = trio.current_time()
        await client.get(path_of(one))
        await client.get("/diario_oficial/list.php?ano=2025")
        assert trio.current_time() - before == 0.1

    async def test_robots_is_answered_at_once(self, autojump_clock, client_of):
        before = trio.current_time()
        await client_of(Court([], latency=5)).get("/robots.txt")
        assert trio.current_time() == before

    async def test_bandwidth_stretches_the_body(self, autojump_clock, published, client_of):
        one = published(bytes(100_000))
        client = client_of(Court([one], latency=1, bandwidth=10_000))
        before = trio.current_time()
        assert len((await client.get(path_of(one))).content) == 100_000
        assert trio.current_time() - before == 11

    async def test_requests_at_once_are_counted(self, autojump_clock, published, client_of):
        one = published()
        court = Court([one], latency=1)
        client = client_of(court)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(client.get, path_of(one))
                await trio.sleep(0.25)
        assert court.statistics()["in_flight_max"] == {"all": 3, "pdf": 3}
        assert court.statistics()["spacing_min"] == {"all": 0.25, "pdf": 0.25}
        assert court.statistics()["in_flight"] == 0


class TestFaultyAnswers:
    async def test_block_page_looks_like_success(self, published, client_of):
        one = published()
        court = Court([one], plan=with_faults("tjro:block-page=1x"))
        answer = await client_of(court).get(path_of(one))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "Página Bloqueada" in answer.text
        assert (await client_of(court).get(path_of(one))).content.startswith(b"%PDF")
        assert court.statistics()["faults"] == {"block-page": 1}

    async def test_listing_has_faults_of_its_own(self, published, client_of):
        one = published()
        client = client_of(Court([one], plan=with_faults("tjro-listing:block-page=1x")))
        assert (await client.get(path_of(one))).content.startswith(b"%PDF")
        assert "Bloqueada" in (await client.get("/diario_oficial/list.php?ano=2025")).text

    async def test_unavailable_with_and_without_retry_after(self, published, client_of):
        one = published()
        plan = with_faults("tjro:unavailable=1x,retry-after=30", "tjro:unavailable=1x")
        client = client_of(Court([one], plan=plan))
        first, second = await client.get(path_of(one)), await client.get(path_of(one))
        assert (first.status_code, first.headers.get("retry-after")) == (503, "30")
        assert (second.status_code, second.headers.get("retry-after")) == (503, None)

    async def test_newest_can_be_blocked(self, published, client_of):
        client = client_of(Court([published()], plan=with_faults("tjro-listing:unavailable=1x")))
        assert (await client.get("/diario_oficial/ultimo-diario.php")).status_code == 503


async def test_statistics_are_not_counted(published, client_of):
    one = published(PDF)
    client = client_of(Court([one]))
    await client.get(path_of(one))
    await client.get("/_control/statistics")
    assert (await client.get("/_control/statistics")).json() == {
        "requests": {"pdf": 1},
        "answers": {"200": 1},
        "faults": {},
        "in_flight": 0,
        "in_flight_max": {"all": 1, "pdf": 1},
        "spacing_min": {},
        "bytes_in": 0,
        "bytes_out": len(PDF),
    }
