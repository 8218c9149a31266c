"""What can be changed while the stand-ins run (contract)."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.archive import Archive, HeldItem
from trio_pipeline.services.court import Court
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import Fault, FaultPlan, parse_fault

LISTING = "/diario_oficial/list.php?ano=2025"


class TestFaults:
    async def test_plan_is_shown_replaced_and_cleared(self, client_of):
        client = client_of(Archive(plan=FaultPlan([parse_fault("archive-metadata:unavailable=1")])))
        first, second = "archive-metadata:unavailable=1", "archive-metadata:too-many=2x@1,retry-after=0.5"
        assert (await client.get("/_control/faults")).json() == [first]
        assert (await client.put("/_control/faults", json=[second])).status_code == 204
        assert (await client.get("/_control/faults")).json() == [second]
        statuses = [(await client.get("/metadata/item")).status_code for _ in range(4)]
        assert statuses == [200, 429, 429, 200]
        assert (await client.delete("/_control/faults")).status_code == 204
        assert (await client.get("/_control/faults")).json() == []

    async def test_seed_is_kept(self, client_of):
        court = Court([], plan=FaultPlan(seed=7))
        await client_of(court).put("/_control/faults", json=["tjro-listing:missing=0.5"])
        assert court.plan.seed == 7

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"{", "not JSON"),
            (b"[" * 5_000, "not JSON"),
            (b" " * 2_000_000 + b"[]", "not JSON"),
            (b'{"a": 1}', "not a list of faults"),
            (b"[1]", "not a list of faults"),
            (b'["tjro:rest=1x"]', "did you mean reset"),
        ],
        ids=["cut", "deep", "long", "object", "numbers", "unknown"],
    )
    async def test_mistake_changes_nothing(self, client_of, body, said):
        court = Court([], plan=FaultPlan([parse_fault("tjro:reset=1x")]))
        answer = await client_of(court).put("/_control/faults", content=body)
        assert answer.status_code == 400
        assert said in answer.json()["error"]
        assert [str(fault) for fault in court.plan.faults] == ["tjro:reset=1x"]

    async def test_other_addresses(self, client_of):
        client = client_of(Court([]))
        assert (await client.get("/_control/nothing")).status_code == 404
        assert (await client.post("/_control/faults", json=[])).status_code == 404
        assert (await client.post("/_control/dark", json={"item": "x"})).status_code == 404

    async def test_nothing_of_it_is_counted(self, client_of):
        court = Court([])
        await client_of(court).put("/_control/faults", json=[])
        assert court.statistics()["requests"] == {}

    @given(
        st.sampled_from([(where, name) for where, names in FAULTS.items() for name in names]),
        st.one_of(
            st.tuples(st.just("share"), st.floats(0, 1)),
            st.tuples(st.sampled_from(["count", "pace"]), st.integers(0, 10**9).map(float)),
            st.tuples(st.just("seconds"), st.floats(0, 1e12)),
        ),
        st.integers(0, 10**6),
        st.none() | st.floats(0, 1e9),
    )
    def test_every_fault_is_read_as_it_is_written(self, kind, amount, after, retry_after):
        fault = Fault(*kind, amount[1], amount[0], after, retry_after)
        assert parse_fault(str(fault)) == fault


class TestPublishing:
    async def numbers(self, client):
        return [int(row["number"]) for row in (await client.get(LISTING)).json()]

    async def test_gazette_is_seen_when_its_time_has_come(self, autojump_clock, client_of, published):
        now = trio.current_time()
        gazettes = [published(number=1), published(number=2, since=now + 10), published(number=3, since=now + 20)]
        client = client_of(Court(gazettes))
        path = gazettes[1].gazette.url.removeprefix("https://www.tjro.jus.br")
        assert await self.numbers(client) == [1]
        assert (await client.get(path)).status_code == 404
        await trio.sleep(10)
        assert await self.numbers(client) == [2, 1]
        assert (await client.get(path)).status_code == 200
        await trio.sleep(10)
        newest = (await client.get("/diario_oficial/ultimo-diario.php")).headers["location"]
        assert newest.endswith("NR3.pdf")

    async def test_court_publishes_one_more(self, client_of, published):
        court = Court([published(number=1)])
        court.publish(published(number=2))
        assert await self.numbers(client_of(court)) == [2, 1]

    async def test_oldest_of_those_that_wait_come_first(self, autojump_clock, client_of, published):
        court = Court([published(number=number, since=1e9) for number in (3, 1, 2)])
        client = client_of(court)
        assert await self.numbers(client) == []
        told = await client.post("/_control/publish", json={"count": 2})
        assert [row["number"] for row in told.json()] == ["1", "2"]
        assert await self.numbers(client) == [2, 1]
        assert len((await client.post("/_control/publish", json={"count": 5})).json()) == 1
        assert (await client.post("/_control/publish", json={"count": 1})).json() == []

    @pytest.mark.parametrize("body", [{}, [], {"count": 0}, {"count": "1"}, {"count": True}], ids=str)
    async def test_count_that_is_none(self, client_of, body):
        assert (await client_of(Court([])).post("/_control/publish", json=body)).status_code == 400


class TestDarkness:
    async def test_item_is_taken_down(self, client_of):
        client = client_of(Archive(items=[HeldItem("item-one", {"a.pdf": b"a"})]))
        assert (await client.post("/_control/dark", json={"item": "item-one"})).status_code == 204
        assert (await client.get("/metadata/item-one")).json()["is_dark"] is True

    @pytest.mark.parametrize("body", [{}, [], {"item": "none"}, {"item": 1}], ids=str)
    async def test_item_that_is_not_there(self, client_of, body):
        answer = await client_of(Archive()).post("/_control/dark", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
