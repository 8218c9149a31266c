"""Writes to the metadata API of the archive's stand-in (contract)."""

from __future__ import annotations

import json

import pytest
import trio

from trio_pipeline.services.archive import Archive, HeldItem, Rations
from trio_pipeline.services.faults import FaultPlan, parse_fault

ITEM = "tjro-diario-2025"
KEYS = {"authorization": "LOW access:secret"}


def held(**more):
    about = {"title": "Diário", "subject": ["a", "b"], "mediatype": "texts"}
    return HeldItem(ITEM, {"a.pdf": b"a", "b.pdf": b"b"}, about, owner="access", **more)


def archive_with(*faults, **more):
    plan = FaultPlan([parse_fault(text) for text in faults])
    return Archive(items=[held()], keys={"access": "secret", "other": "secret"}, plan=plan, **more)


async def write(client, *, target="metadata", patch, headers=KEYS, item=ITEM, **fields):
    form = {"-target": target, "-patch": json.dumps(patch), "priority": "-5", **fields}
    return await client.post(f"/metadata/{item}", data=form, headers=headers)


async def change(client, *changes, headers=KEYS):
    listed = [{"target": target, "patch": patch} for target, patch in changes]
    return await client.post(f"/metadata/{ITEM}", data={"-changes": json.dumps(listed)}, headers=headers)


async def about(client):
    return (await client.get(f"/metadata/{ITEM}")).json()["metadata"]


async def files(client):
    document = (await client.get(f"/metadata/{ITEM}")).json()
    return {file["name"]: file for file in document["files"]}


def add(key, value):
    return {"op": "add", "path": f"/{key}", "value": value}


def replace(key, value):
    return {"op": "replace", "path": f"/{key}", "value": value}


def test_of(key, value):
    return {"op": "test", "path": f"/{key}", "value": value}


test_of.__test__ = False


class TestAccepted:
    async def test_answer_names_the_task(self, client_of):
        client = client_of(archive_with())
        answer = await write(client, patch=[replace("title", "new")])
        told = answer.json()
        assert (answer.status_code, told["success"]) == (200, True)
        assert told["log"].endswith(str(told["task_id"]))
        second = (await write(client, patch=[replace("title", "newer")])).json()
        assert second["task_id"] > told["task_id"]

    async def test_values_are_shown(self, client_of):
        client = client_of(archive_with())
        patch = [
            test_of("title", "Diário"),
            replace("title", "Diário nº 1"),
            add("sponsor", "x"),
            {"op": "remove", "path": "/mediatype"},
            {"op": "remove", "path": "/subject/0"},
            add("volume", 7),
        ]
        assert (await write(client, patch=patch)).status_code == 200
        # A list of one is a text in XML, and a number too.
        expected = {"identifier": ITEM, "title": "Diário nº 1", "sponsor": "x", "subject": "b", "volume": "7"}
        assert await about(client) == expected

    async def test_file_has_metadata_of_its_own(self, client_of):
        client = client_of(archive_with())
        assert (await write(client, target="files/a.pdf", patch=[add("title", "t")])).status_code == 200
        seen = await files(client)
        assert seen["a.pdf"]["title"] == "t"
        assert "title" not in seen["b.pdf"]
        assert seen["a.pdf"]["size"] == "1"

    async def test_document_of_ones_own(self, client_of):
        client = client_of(archive_with())
        assert (await write(client, target="verified", patch=[add("by", {"who": ["x"]})])).status_code == 200
        assert (await client.get(f"/metadata/{ITEM}/verified/by/who/0")).json() == {"result": "x"}

    async def test_several_targets_in_one_call(self, client_of):
        archive = archive_with()
        client = client_of(archive)
        answer = await change(
            client,
            ("metadata", [add("volume", "1")]),
            ("files/a.pdf", [add("title", "a")]),
            ("files/b.pdf", [add("title", "b")]),
            ("files/a.pdf", [add("number", "1")]),
        )
        assert answer.json()["success"] is True
        assert (await about(client))["volume"] == "1"
        seen = await files(client)
        assert (seen["a.pdf"]["title"], seen["a.pdf"]["number"], seen["b.pdf"]["title"]) == ("a", "1", "b")
        assert archive.statistics()["requests"]["metadata-write"] == 1

    async def test_keys_in_the_form(self, client_of):
        client = client_of(archive_with())
        answer = await write(client, patch=[add("x", "y")], headers={}, access="access", secret="secret")
        assert answer.status_code == 200


class TestRefused:
    async def refused(self, client_of, archive=None, **request):
        client = client_of(archive or archive_with())
        before = (await client.get(f"/metadata/{ITEM}")).json()
        request.setdefault("patch", [add("x", "y")])
        answer = await write(client, **request)
        assert answer.json()["success"] is False
        assert (await client.get(f"/metadata/{ITEM}")).json() == before
        return answer.status_code, answer.json()["error"]

    async def test_nothing_new(self, client_of):
        assert await self.refused(client_of, patch=[add("title", "Diário")]) == (400, "no changes to _meta.xml")
        nothing = [add("x", "y"), {"op": "remove", "path": "/x"}]
        assert await self.refused(client_of, target="files/a.pdf", patch=nothing) == (400, "no changes to _files.xml")

    async def test_test_operation(self, client_of):
        patch = [test_of("title", "other"), replace("title", "new")]
        assert await self.refused(client_of, patch=patch) == (400, "test operation failed")

    @pytest.mark.parametrize(
        "value", [{"a": "b"}, [["a"]], True, None], ids=["object", "list of lists", "true", "null"]
    )
    async def test_value_that_xml_does_not_keep(self, client_of, value):
        assert (await self.refused(client_of, patch=[add("x", value)]))[0] == 400

    async def test_what_the_archive_says_itself(self, client_of):
        assert (await self.refused(client_of, patch=[replace("identifier", "other")]))[0] == 400
        assert (await self.refused(client_of, target="files/a.pdf", patch=[replace("md5", "0")]))[0] == 400
        assert (await self.refused(client_of, target="files", patch=[add("x", "y")]))[0] == 400
        assert (await self.refused(client_of, target="../x"))[0] == 400

    async def test_file_that_is_not_there(self, client_of):
        assert (await self.refused(client_of, target="files/none.pdf"))[0] == 404

    async def test_item_that_is_not_there(self, client_of):
        assert (await self.refused(client_of, item="no-such-item"))[0] == 404

    @pytest.mark.parametrize(
        ("authorization", "status"),
        [("LOW access:wrong", 401), ("LOW nobody:secret", 401), ("Basic x", 401), ("LOW other:secret", 403)],
    )
    async def test_keys(self, client_of, authorization, status):
        assert (await self.refused(client_of, headers={"authorization": authorization}))[0] == status

    async def test_no_keys(self, client_of):
        assert (await self.refused(client_of, headers={}))[0] == 401

    async def test_dark_item(self, client_of):
        assert (await self.refused(client_of, Archive(items=[held(is_dark=True)])))[0] == 403

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"-target": "metadata"},
            {"-target": "metadata", "-patch": "{"},
            {"-target": "metadata", "-patch": "[" * 5_000},
            {"-target": "metadata", "-patch": "{}"},
            {"-changes": "[]"},
            {"-changes": "[1]"},
            {"-changes": '[{"target": "metadata"}]'},
            {"-changes": '[{"target": 1, "patch": []}]'},
        ],
    )
    async def test_form_that_is_none(self, client_of, form):
        answer = await client_of(archive_with()).post(f"/metadata/{ITEM}", data=form, headers=KEYS)
        assert (answer.status_code, answer.json()["success"]) == (400, False)

    async def test_body_that_is_too_long(self, client_of):
        answer = await client_of(archive_with()).post(f"/metadata/{ITEM}", content=bytes(5_000_000), headers=KEYS)
        assert answer.status_code == 413

    async def test_one_of_several(self, client_of):
        client = client_of(archive_with())
        answer = await change(client, ("metadata", [add("x", "y")]), ("files/a.pdf", [test_of("size", "2")]))
        assert (answer.status_code, answer.json()["error"]) == (400, "test operation failed")
        assert "x" not in await about(client)

    async def test_ration(self, autojump_clock, client_of):
        client = client_of(archive_with(queue=60, rations=Rations(accesskey=1)))
        assert (await write(client, patch=[add("x", "1")])).status_code == 200
        answer = await write(client, patch=[add("x", "2")])
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "accesskey_tasks_queued" in answer.json()["error"]
        await trio.sleep(60)
        assert (await write(client, patch=[add("x", "2")])).status_code == 200


class TestQueue:
    async def test_write_is_shown_when_its_task_is_done(self, autojump_clock, client_of):
        archive = archive_with(queue=100)
        client = client_of(archive)
        await write(client, patch=[replace("title", "one")])
        assert archive.statistics()["tasks_queued"] == 1
        await trio.sleep(50)
        await change(client, ("metadata", [replace("title", "two")]), ("files/a.pdf", [add("title", "a")]))
        seen = []
        for _ in range(3):
            seen.append(((await about(client))["title"], (await files(client))["a.pdf"].get("title")))
            await trio.sleep(50)
        assert seen == [("Diário", None), ("one", None), ("two", "a")]

    async def test_next_write_is_judged_by_what_was_accepted(self, autojump_clock, client_of):
        client = client_of(archive_with(queue=100))
        await write(client, patch=[replace("title", "one")])
        late = await write(client, patch=[test_of("title", "Diário"), replace("title", "two")])
        assert late.json()["error"] == "test operation failed"
        assert (await write(client, patch=[test_of("title", "one"), replace("title", "two")])).status_code == 200

    async def test_document_appears_late_too(self, autojump_clock, client_of):
        client = client_of(archive_with(queue=100))
        await write(client, target="verified", patch=[add("by", "x")])
        assert "verified" not in (await client.get(f"/metadata/{ITEM}")).json()
        await trio.sleep(100)
        assert (await client.get(f"/metadata/{ITEM}")).json()["verified"] == {"by": "x"}

    async def test_file_put_again_has_what_the_upload_says(self, autojump_clock, client_of):
        client = client_of(archive_with(queue=100))
        await write(client, target="files/a.pdf", patch=[add("title", "written")])
        await trio.sleep(10)
        headers = KEYS | {"x-archive-filemeta00-title": "put"}
        await client.put(f"/{ITEM}/a.pdf", content=b"new", headers=headers)
        seen = []
        for _ in range(3):
            seen.append((await files(client))["a.pdf"].get("title"))
            await trio.sleep(91)
        assert seen == [None, "written", "put"]


class TestFaults:
    async def test_conflict_is_found_by_a_test_operation(self, client_of):
        client = client_of(archive_with("archive-write:conflict=1x"))
        patch = [test_of("title", "Diário"), replace("title", "new")]
        assert (await write(client, patch=patch)).json()["error"] == "test operation failed"
        assert (await about(client))["title"] == "changed by somebody else"

    async def test_conflict_is_lost_without_one(self, client_of):
        client = client_of(archive_with("archive-write:conflict=1x"))
        assert (await write(client, patch=[replace("title", "new")])).status_code == 200
        assert (await about(client))["title"] == "new"

    async def test_conflict_in_a_file(self, client_of):
        client = client_of(archive_with("archive-write:conflict=1x"))
        await write(client, target="files/a.pdf", patch=[test_of("title", "x"), add("title", "new")])
        assert (await files(client))["a.pdf"]["title"] == "changed by somebody else"

    async def test_too_many(self, client_of):
        client = client_of(archive_with("archive-write:too-many=1x,retry-after=9"))
        answer = await write(client, patch=[add("x", "y")])
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "9")
        assert answer.json()["success"] is False
        assert (await write(client, patch=[add("x", "y")])).status_code == 200


class TestParts:
    @pytest.mark.parametrize(
        ("path", "result"),
        [("metadata/title", "Diário"), ("metadata/subject/1", "b"), ("files_count", 2), ("files/0/name", "a.pdf")],
    )
    async def test_part_is_read(self, client_of, path, result):
        assert (await client_of(archive_with()).get(f"/metadata/{ITEM}/{path}")).json() == {"result": result}

    async def test_part_that_is_not_there(self, client_of):
        answer = await client_of(archive_with()).get(f"/metadata/{ITEM}/metadata/none")
        assert "error" in answer.json()
