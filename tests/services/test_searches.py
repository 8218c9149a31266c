"""The two searches of the archive's stand-in (contract)."""

from __future__ import annotations

import base64

import pytest

from trio_pipeline.services.archive import Archive, HeldItem

SCRAPE = "/services/search/v1/scrape"
COUNT = 250


def many():
    """Made in an order that is not the one of their names."""
    about = {"year": "2025", "title": "Diário da Justiça"}
    return Archive(
        items=[HeldItem(f"item-{number * 7 % COUNT:03d}", {"a.pdf": b"a"}, about) for number in range(COUNT)]
    )


async def scrape(client, query="year:2025", **parameters):
    return await client.get(SCRAPE, params={"q": query, **parameters})


class TestScraping:
    async def test_cursor_leads_through_everything_once(self, client_of):
        client = client_of(many())
        names, parameters = [], {}
        for expected in (100, 100, 50):
            answer = (await scrape(client, count=100, **parameters)).json()
            assert (answer["count"], answer["total"]) == (expected, COUNT)
            names += [item["identifier"] for item in answer["items"]]
            parameters = {"cursor": answer["cursor"]} if "cursor" in answer else None
        assert parameters is None
        assert names == [f"item-{number:03d}" for number in range(COUNT)]

    async def test_exact_end_has_no_cursor(self, client_of):
        assert "cursor" not in (await scrape(client_of(many()), count=COUNT)).json()

    async def test_identifier_alone_unless_fields_are_named(self, client_of):
        client = client_of(many())
        assert (await scrape(client)).json()["items"][0] == {"identifier": "item-000"}
        first = (await scrape(client, fields="title,none")).json()["items"][0]
        assert first == {"identifier": "item-000", "title": "Diário da Justiça"}

    async def test_post_is_as_good(self, client_of):
        """The official client posts, with everything in the address."""
        client = client_of(many())
        assert (await client.post(SCRAPE, params={"q": "year:2025"})).json() == (await scrape(client)).json()

    async def test_total_only(self, client_of):
        answer = await scrape(client_of(many()), total_only="true")
        assert answer.json() == {"items": [], "count": 0, "total": COUNT}

    async def test_nothing_found(self, client_of):
        assert (await scrape(client_of(many()), "year:1999")).json() == {"items": [], "count": 0, "total": 0}

    @pytest.mark.parametrize(
        "parameters",
        [
            {"count": "99"},
            {"count": "10001"},
            {"count": "x"},
            {"cursor": "nonsense"},
            {"cursor": "é"},
            {"cursor": base64.urlsafe_b64encode(b'{"a": 1}').decode()},
            {"sorts": "date desc"},
            {"query": "date:[2020 TO 2021]"},
            {"query": ""},
        ],
        ids=str,
    )
    async def test_bad_request_says_why(self, client_of, parameters):
        answer = await scrape(client_of(many()), **parameters)
        assert answer.status_code == 400
        assert answer.json().keys() == {"error", "errorType"}


class TestAdvanced:
    async def found(self, client_of, query, **more):
        answer = await client_of(many()).get("/advancedsearch.php", params={"q": query, "output": "json", **more})
        return answer.json()["response"]

    @pytest.mark.parametrize("name", ["fl", "fl[]", "fl[0]"])
    async def test_fields_are_chosen(self, client_of, name):
        response = await self.found(client_of, "identifier:item-000", **{name: "year"})
        assert response["docs"] == [{"identifier": "item-000", "year": "2025"}]

    async def test_several_fields(self, client_of):
        response = await self.found(client_of, "identifier:item-000", **{"fl[]": ["year", "title"]})
        assert response["docs"] == [{"identifier": "item-000", "year": "2025", "title": "Diário da Justiça"}]

    async def test_alternatives(self, client_of):
        response = await self.found(client_of, "identifier:(item-003 OR item-001)", rows=10)
        assert sorted(document["identifier"] for document in response["docs"]) == ["item-001", "item-003"]

    @pytest.mark.parametrize(
        "parameters", [{"q": "a:[b"}, {"q": "a", "rows": "-1"}, {"q": "a", "output": "xml"}], ids=str
    )
    async def test_bad_request_says_why(self, client_of, parameters):
        answer = await client_of(many()).get("/advancedsearch.php", params=parameters)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


async def test_what_is_written_later_is_found(client_of):
    client = client_of(Archive(items=[HeldItem("item-one", {"a.pdf": b"a"}, owner="access")]))
    form = {"-target": "metadata", "-patch": '[{"op": "add", "path": "/volume", "value": "9"}]'}
    assert (await scrape(client, "volume:9")).json()["total"] == 0
    await client.post("/metadata/item-one", data=form, headers={"authorization": "LOW access:x"})
    assert (await scrape(client, "volume:9")).json()["total"] == 1
