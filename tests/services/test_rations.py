"""How many tasks wait, and who is refused for it (contract)."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.archive import Archive, Rations
from trio_pipeline.services.limits import Tasks


def room(tasks, access="a", identifier="item-one", now=0.0):
    return tasks.excess(access, identifier, now)


class TestTasks:
    def test_nothing_waits(self):
        assert room(Tasks(Rations())) == ""

    @pytest.mark.parametrize(
        ("rations", "said", "others"),
        [
            (Rations(total=1), "total_tasks_queued exceeds total_global_limit", ("b", "item-two")),
            (Rations(accesskey=1), "accesskey_tasks_queued exceeds accesskey_ration", ("a", "item-two")),
            (Rations(bucket=1), "bucket_tasks_queued exceeds bucket_ration", ("b", "item-one")),
        ],
    )
    def test_each_ration_is_of_its_own(self, rations, said, others):
        tasks = Tasks(rations)
        tasks.add("a", "item-one", 5.0)
        assert room(tasks) == room(tasks, *others) == said
        assert room(tasks, now=5.0) == ""
        if rations.total > 1:
            assert room(tasks, "b", "item-two") == ""

    def test_report_counts_what_was_asked_about(self):
        tasks = Tasks(Rations(total=9, accesskey=2, bucket=8))
        for access, identifier in (("a", "item-one"), ("a", "item-two"), ("b", "item-one")):
            tasks.add(access, identifier, 5.0)
        report = tasks.report("a", "item-one", 0.0)
        assert (report["over_limit"], report["accesskey"], report["bucket"]) == (1, "a", "item-one")
        assert report["detail"] == {
            "accesskey_ration": 2,
            "accesskey_tasks_queued": 2,
            "bucket_ration": 8,
            "bucket_tasks_queued": 2,
            "limit_reason": "accesskey_tasks_queued exceeds accesskey_ration",
            "rationing_engaged": 1,
            "rationing_level": 9,
            "total_global_limit": 9,
            "total_tasks_queued": 3,
        }
        assert tasks.report("", "", 0.0)["over_limit"] == 0
        assert tasks.report("", "", 0.0, reason="none of yours")["detail"]["limit_reason"] == "none of yours"

    def test_numbers_are_never_given_twice(self):
        tasks = Tasks(Rations())
        numbers = [tasks.add("a", "item-one", 5.0)]
        tasks.forget(0.0)
        numbers.append(tasks.add("a", "item-one", 5.0))
        assert len(set(numbers)) == 2

    @given(
        st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.integers(0, 20))),
        st.integers(0, 20),
        st.integers(0, 20),
    )
    def test_counts_agree_with_a_list(self, added, forgotten_at, now):
        tasks = Tasks(Rations())
        for access, identifier, due in added:
            tasks.add(access, identifier, float(due))
        tasks.forget(forgotten_at)
        left = [task for task in added if now < task[2] <= forgotten_at]
        detail = tasks.report("a", "x", now)["detail"]
        assert detail["total_tasks_queued"] == tasks.waiting(now) == len(left)
        assert detail["accesskey_tasks_queued"] == Counter(access for access, *_ in left)["a"]
        assert detail["bucket_tasks_queued"] == Counter(identifier for _, identifier, _ in left)["x"]


class TestRefusals:
    async def put(self, client, item, name, access="access"):
        headers = {"authorization": f"LOW {access}:x", "x-archive-auto-make-bucket": "1"}
        return await client.put(f"/{item}/{name}", content=b"x", headers=headers)

    async def test_full_item_leaves_others_open(self, autojump_clock, client_of):
        client = client_of(Archive(queue=60, rations=Rations(bucket=1)))
        assert (await self.put(client, "item-one", "a.pdf")).status_code == 200
        refused = await self.put(client, "item-one", "b.pdf")
        assert refused.status_code == 503
        assert "bucket_tasks_queued exceeds bucket_ration" in refused.text
        assert (await self.put(client, "item-two", "b.pdf")).status_code == 200

    async def test_full_account_leaves_others_open(self, autojump_clock, client_of):
        client = client_of(Archive(queue=60, rations=Rations(accesskey=1)))
        assert (await self.put(client, "item-one", "a.pdf")).status_code == 200
        assert (await self.put(client, "item-two", "a.pdf")).status_code == 503
        assert (await self.put(client, "item-six", "a.pdf", access="other")).status_code == 200

    async def test_lost_queue_takes_files_and_tasks(self, autojump_clock, client_of):
        archive = Archive(queue=60)
        client = client_of(archive)
        await self.put(client, "item-one", "a.pdf")
        await trio.sleep(60)
        await self.put(client, "item-one", "b.pdf")
        archive.lose_queue()
        assert archive.statistics()["tasks_queued"] == 0
        await trio.sleep(60)
        (file,) = (await client.get("/metadata/item-one")).json()["files"]
        assert file["name"] == "a.pdf"
