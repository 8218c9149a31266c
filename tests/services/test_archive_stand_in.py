"""The archive's stand-in over ASGI, on virtual time (contract)."""

from __future__ import annotations

import base64
import hashlib
import math
from xml.etree import ElementTree as ET

import pytest
import trio

from trio_pipeline.services.archive import Archive, HeldItem, Rations
from trio_pipeline.services.faults import FaultPlan, parse_fault

PDF = b"%PDF-1.4 a gazette"
ITEM = "tjro-diario-2025"
KEYS = {"authorization": "LOW access:secret"}
CREATE = KEYS | {"x-archive-auto-make-bucket": "1"}


def with_faults(*texts):
    return FaultPlan([parse_fault(text) for text in texts])


async def put(client, *, item=ITEM, name="a.pdf", content=PDF, headers=CREATE, query=""):
    return await client.put(f"/{item}/{name}{query}", content=content, headers=headers)


async def in_parts(*parts):
    for part in parts:
        yield part


def error_of(answer):
    root = ET.fromstring(answer.text)
    assert root.tag == "Error"
    assert {child.tag for child in root} == {"Code", "Message", "Resource", "RequestId"}
    return answer.status_code, root.findtext("Code")


class TestUploads:
    async def test_file_is_seen_with_checksums(self, client_of):
        client = client_of(Archive())
        assert (await put(client)).status_code == 200
        (file,) = (await client.get(f"/metadata/{ITEM}")).json()["files"]
        assert file["name"] == "a.pdf"
        assert file["size"] == str(len(PDF))
        assert file["md5"] == hashlib.md5(PDF).hexdigest()
        assert file["sha1"] == hashlib.sha1(PDF).hexdigest()

    async def test_bytes_come_back(self, client_of):
        client = client_of(Archive())
        await put(client)
        assert (await client.get(f"/download/{ITEM}/a.pdf")).content == PDF
        part = await client.get(f"/download/{ITEM}/a.pdf", headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.content) == (206, b"PDF")
        outside = await client.get(f"/download/{ITEM}/a.pdf", headers={"Range": "bytes=999-"})
        assert outside.status_code == 416

    async def test_body_in_parts_with_length(self, client_of):
        client = client_of(Archive())
        headers = CREATE | {"content-length": "6"}
        assert (await put(client, content=in_parts(b"abc", b"def"), headers=headers)).status_code == 200
        assert (await client.get(f"/download/{ITEM}/a.pdf")).content == b"abcdef"

    async def test_name_is_decoded(self, client_of):
        client = client_of(Archive())
        await put(client, name="di%C3%A1rio%20n%C2%BA%201.pdf")
        assert (await client.get(f"/metadata/{ITEM}")).json()["files"][0]["name"] == "diário nº 1.pdf"
        assert (await client.get(f"/download/{ITEM}/di%C3%A1rio%20n%C2%BA%201.pdf")).content == PDF

    async def test_repeat_replaces_and_both_are_counted(self, client_of):
        archive = Archive()
        client = client_of(archive)
        await put(client, content=b"one")
        await put(client, content=b"two")
        files = (await client.get(f"/metadata/{ITEM}")).json()["files"]
        assert [file["md5"] for file in files] == [hashlib.md5(b"two").hexdigest()]
        assert archive.statistics()["uploads"] == {
            f"{ITEM}/a.pdf": {
                "bodies": 2,
                "md5": [hashlib.md5(b"one").hexdigest(), hashlib.md5(b"two").hexdigest()],
            }
        }

    async def test_metadata_is_of_the_first_upload(self, client_of):
        client = client_of(Archive())
        first = {"x-archive-meta00-subject": "a", "x-archive-meta01-subject": "uri(b%20%C3%A7)"}
        await put(client, headers=CREATE | first)
        await put(client, name="b.pdf", headers=CREATE | {"x-archive-meta00-subject": "late"})
        about = (await client.get(f"/metadata/{ITEM}")).json()["metadata"]
        assert about == {"identifier": ITEM, "subject": ["a", "b ç"]}

    async def test_file_has_metadata_of_its_own(self, client_of):
        client = client_of(Archive())
        await put(client, headers=CREATE | {"x-archive-filemeta00-originalurl": "https://example.org/a"})
        (file,) = (await client.get(f"/metadata/{ITEM}")).json()["files"]
        assert file["originalurl"] == "https://example.org/a"

    @pytest.mark.parametrize("encode", [bytes.hex, lambda digest: base64.b64encode(digest).decode()])
    async def test_right_digest_is_accepted(self, client_of, encode):
        digest = encode(hashlib.md5(PDF).digest())
        assert (await put(client_of(Archive()), headers=CREATE | {"content-md5": digest})).status_code == 200


class TestRefusals:
    async def refused(self, client_of, archive=None, **request):
        archive = archive or Archive()
        answer = await put(client_of(archive), **request)
        assert archive.statistics()["uploads"] == {}
        return error_of(answer)

    async def test_wrong_digest(self, client_of):
        headers = CREATE | {"content-md5": hashlib.md5(b"other").hexdigest()}
        assert await self.refused(client_of, headers=headers) == (400, "BadDigest")

    async def test_digest_that_is_none(self, client_of):
        headers = CREATE | {"content-md5": "nonsense"}
        assert await self.refused(client_of, headers=headers) == (400, "BadDigest")

    async def test_chunked_body(self, client_of):
        assert await self.refused(client_of, content=in_parts(b"abc")) == (411, "MissingContentLength")

    async def test_length_beside_chunks_does_not_count(self, client_of):
        headers = CREATE | {"transfer-encoding": "chunked", "content-length": "3"}
        refused = await self.refused(client_of, content=in_parts(b"abc"), headers=headers)
        assert refused == (411, "MissingContentLength")

    async def test_identifier(self, client_of):
        assert await self.refused(client_of, item="abcd") == (400, "InvalidBucketName")
        assert await self.refused(client_of, item="d%C3%ADario-2025") == (400, "InvalidBucketName")

    async def test_file_without_name(self, client_of):
        assert await self.refused(client_of, name="") == (400, "InvalidBucketName")

    async def test_item_that_nobody_makes(self, client_of):
        assert await self.refused(client_of, headers=KEYS) == (404, "NoSuchBucket")

    async def test_no_keys(self, client_of):
        headers = {"x-archive-auto-make-bucket": "1"}
        assert await self.refused(client_of, headers=headers) == (403, "AccessDenied")

    async def test_unknown_key(self, client_of):
        refused = await self.refused(client_of, Archive(keys={"other": "secret"}))
        assert refused == (403, "InvalidAccessKeyId")

    async def test_wrong_secret(self, client_of):
        refused = await self.refused(client_of, Archive(keys={"access": "other"}))
        assert refused == (403, "SignatureDoesNotMatch")

    async def test_item_of_somebody_else(self, client_of):
        archive = Archive(items=[HeldItem(ITEM, {"a.pdf": b"theirs"}, owner="them")])
        assert await self.refused(client_of, archive) == (403, "AccessDenied")

    async def test_dark_item(self, client_of):
        archive = Archive(items=[HeldItem(ITEM, owner="access", is_dark=True)])
        assert await self.refused(client_of, archive) == (403, "AccessDenied")

    async def test_collection_of_others(self, client_of):
        headers = CREATE | {"x-archive-meta00-collection": "nasa"}
        assert await self.refused(client_of, headers=headers) == (403, "AccessDenied")

    @pytest.mark.parametrize("collection", ["opensource", "test_collection"])
    async def test_open_collections_are_fine(self, client_of, collection):
        headers = CREATE | {"x-archive-meta00-collection": collection}
        assert (await put(client_of(Archive()), headers=headers)).status_code == 200

    async def test_own_held_item_takes_files(self, client_of):
        archive = Archive(items=[HeldItem(ITEM, {"old.pdf": b"old"}, owner="access")])
        client = client_of(archive)
        assert (await put(client, headers=KEYS)).status_code == 200
        names = [file["name"] for file in (await client.get(f"/metadata/{ITEM}")).json()["files"]]
        assert names == ["a.pdf", "old.pdf"]
        assert list(archive.statistics()["uploads"]) == [f"{ITEM}/a.pdf"]


class TestQueue:
    async def test_file_is_seen_when_its_task_is_done(self, autojump_clock, client_of):
        client = client_of(Archive(queue=300))
        await put(client)
        assert (await client.get(f"/metadata/{ITEM}")).json() == {}
        await trio.sleep(299)
        assert (await client.get(f"/metadata/{ITEM}")).json() == {}
        assert (await client.get(f"/download/{ITEM}/a.pdf")).status_code == 404
        await trio.sleep(1)
        assert len((await client.get(f"/metadata/{ITEM}")).json()["files"]) == 1

    async def test_files_of_an_item_appear_one_by_one(self, autojump_clock, client_of):
        archive = Archive(queue=10)
        client = client_of(archive)
        await put(client)
        archive.queue = math.inf
        await put(client, name="b.pdf")
        await trio.sleep(80_000)
        document = (await client.get(f"/metadata/{ITEM}")).json()
        assert [file["name"] for file in document["files"]] == ["a.pdf"]
        assert archive.statistics()["tasks_queued"] == 1

    async def test_old_version_is_seen_until_the_new_is_done(self, autojump_clock, client_of):
        client = client_of(Archive(queue=10))
        await put(client, content=b"old")
        await trio.sleep(15)
        await put(client, content=b"new")
        assert (await client.get(f"/download/{ITEM}/a.pdf")).content == b"old"
        await trio.sleep(10)
        assert (await client.get(f"/download/{ITEM}/a.pdf")).content == b"new"


class TestReading:
    async def test_missing_item_is_an_empty_object(self, client_of):
        client = client_of(Archive())
        answer = await client.get("/metadata/nothing-here")
        assert (answer.status_code, answer.json()) == (200, {})
        assert (await client.head("/metadata/nothing-here")).status_code == 200

    async def test_dark_item_shows_no_files(self, client_of):
        client = client_of(Archive(items=[HeldItem(ITEM, {"a.pdf": PDF}, is_dark=True)]))
        document = (await client.get(f"/metadata/{ITEM}")).json()
        assert document["is_dark"] is True
        assert "files" not in document
        assert (await client.get(f"/download/{ITEM}/a.pdf")).status_code == 404

    async def test_held_item_is_there_from_the_beginning(self, client_of):
        client = client_of(Archive(items=[HeldItem(ITEM, {"a.pdf": PDF}, {"title": "t"})], queue=300))
        document = (await client.get(f"/metadata/{ITEM}")).json()
        assert document["metadata"]["title"] == "t"
        assert document["files_count"] == 1
        assert document["item_size"] == len(PDF)

    async def test_paths_that_mean_nothing(self, client_of):
        client = client_of(Archive())
        for path in ("/", "/nothing", "/metadata/", "/download/only-item"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/metadata/")).status_code == 405


class TestSearch:
    items = (
        HeldItem("item-one", {"a.pdf": PDF}, {"originalurl": "https://example.org/a.pdf", "year": "2025"}),
        HeldItem("item-two", {"b.pdf": b"b"}, {"subject": ["x", "y"], "year": "2025"}),
        HeldItem("item-dark", {"c.pdf": b"c"}, {"year": "2025"}, is_dark=True),
    )

    async def found(self, client_of, query, **more):
        client = client_of(Archive(items=self.items))
        answer = await client.get("/advancedsearch.php", params={"q": query, "output": "json", **more})
        response = answer.json()["response"]
        return response["numFound"], [document["identifier"] for document in response["docs"]]

    async def test_by_url(self, client_of):
        assert await self.found(client_of, 'originalurl:"https://example.org/a.pdf"') == (1, ["item-one"])

    async def test_by_checksum(self, client_of):
        assert await self.found(client_of, f"md5:{hashlib.md5(PDF).hexdigest()}") == (1, ["item-one"])

    async def test_all_terms_must_hold(self, client_of):
        assert await self.found(client_of, "year:2025 AND subject:y") == (1, ["item-two"])
        assert await self.found(client_of, "year:1999 AND subject:y") == (0, [])

    async def test_wildcards(self, client_of):
        assert await self.found(client_of, "identifier:item-*") == (2, ["item-one", "item-two"])

    async def test_pages(self, client_of):
        assert await self.found(client_of, "year:2025", rows=1, page=2) == (2, ["item-two"])

    async def test_nothing_that_waits_is_found(self, client_of):
        client = client_of(Archive(queue=math.inf))
        await put(client)
        answer = await client.get("/advancedsearch.php", params={"q": f"identifier:{ITEM}"})
        assert answer.json()["response"]["numFound"] == 0


class TestLimits:
    async def limits(self, client):
        answer = await client.get("/", params={"check_limit": 1, "accesskey": "access", "bucket": ITEM})
        return answer.json()

    async def test_tasks_are_counted(self, autojump_clock, client_of):
        client = client_of(Archive(queue=60))
        await put(client)
        await put(client, item="another-item")
        limits = await self.limits(client)
        assert (limits["bucket"], limits["accesskey"], limits["over_limit"]) == (ITEM, "access", 0)
        assert limits["detail"]["bucket_tasks_queued"] == 1
        assert limits["detail"]["accesskey_tasks_queued"] == 2
        await trio.sleep(60)
        assert (await self.limits(client))["detail"]["total_tasks_queued"] == 0

    async def test_ration_is_enforced(self, autojump_clock, client_of):
        client = client_of(Archive(queue=60, rations=Rations(accesskey=1)))
        assert (await put(client)).status_code == 200
        assert (await self.limits(client))["over_limit"] == 1
        refused = await put(client, name="b.pdf")
        assert error_of(refused) == (503, "SlowDown")
        assert "accesskey_tasks_queued exceeds" in refused.text
        await trio.sleep(60)
        assert (await put(client, name="b.pdf")).status_code == 200

    async def test_item_without_tasks(self, client_of):
        assert (await self.limits(client_of(Archive())))["detail"]["bucket_tasks_queued"] == 0

    async def test_over_limit_by_fault(self, client_of):
        client = client_of(Archive(plan=with_faults("archive-limit:over-limit=1x")))
        assert (await self.limits(client))["over_limit"] == 1
        assert (await self.limits(client))["over_limit"] == 0

    async def test_keys_can_be_tried(self, client_of):
        client = client_of(Archive(keys={"access": "secret"}))
        right = (await client.get("/?check_auth=1", headers=KEYS)).json()
        wrong = (await client.get("/?check_auth=1", headers={"authorization": "LOW access:no"})).json()
        none = (await client.get("/?check_auth=1")).json()
        assert (right["authorized"], wrong["authorized"], none["authorized"]) == (True, False, False)


class TestTime:
    async def test_latency_counts_from_the_beginning(self, autojump_clock, client_of):
        async def slow_body():
            for _ in range(3):
                await trio.sleep(0.02)
                yield b"xx"

        client = client_of(Archive(latency=0.1))
        before = trio.current_time()
        await put(client, content=slow_body(), headers=CREATE | {"content-length": "6"})
        assert trio.current_time() - before == pytest.approx(0.1)

    async def test_metadata_and_limits_come_at_once(self, autojump_clock, client_of):
        client = client_of(Archive(latency=5))
        before = trio.current_time()
        await client.get(f"/metadata/{ITEM}")
        await client.get("/?check_limit=1")
        assert trio.current_time() == before

    async def test_bandwidth_slows_an_upload(self, autojump_clock, client_of):
        before = trio.current_time()
        await put(client_of(Archive(bandwidth=100)), content=bytes(1000))
        assert trio.current_time() - before == 10


class TestFaultyAnswers:
    @pytest.mark.parametrize(
        ("name", "status", "code", "resource"),
        [
            ("slow-down", 503, "SlowDown", "total_tasks_queued exceeds"),
            ("item-slow-down", 503, "SlowDown", "bucket_tasks_queued exceeds"),
            ("spam", 503, "SlowDown", "appears to be spam"),
            ("bucket-lock", 503, "InternalError", "short term bucket lock"),
            ("bad-content", 400, "BadContent", ""),
            ("unavailable", 503, "InternalError", ""),
        ],
    )
    async def test_error_stores_nothing(self, client_of, name, status, code, resource):
        archive = Archive(plan=with_faults(f"archive:{name}=1x,retry-after=7"))
        answer = await put(client_of(archive))
        assert error_of(answer) == (status, code)
        assert resource in answer.text
        assert answer.headers["retry-after"] == "7"
        assert archive.statistics()["uploads"] == {}
        assert archive.statistics()["faults"] == {name: 1}
        assert (await put(client_of(archive))).status_code == 200

    async def test_redirect_leads_to_success(self, client_of):
        archive = Archive(plan=with_faults("archive:redirect=1"))
        client = client_of(archive)
        answer = await put(client, name="a%20b.pdf")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"http://stand-in/{ITEM}/a%20b.pdf?redirected=1"
        assert archive.statistics()["uploads"] == {}
        again = await client.put(answer.headers["location"], content=PDF, headers=CREATE)
        assert again.status_code == 200

    @pytest.mark.parametrize(
        ("where", "path"),
        [
            ("archive-metadata", f"/metadata/{ITEM}"),
            ("archive-search", "/advancedsearch.php?q=x"),
            ("archive-limit", "/?check_limit=1"),
            ("archive-download", f"/download/{ITEM}/a.pdf"),
        ],
    )
    async def test_reading_can_be_unavailable(self, client_of, where, path):
        client = client_of(Archive(plan=with_faults(f"{where}:unavailable=1x")))
        assert (await client.get(path)).status_code == 503
        assert (await client.get(path)).status_code != 503


class TestWithoutConnections:
    """Over ASGI alone there is nothing to cut: the client of a test sees an error of its own network."""

    async def test_answer_lost_has_stored_the_body(self, client_of):
        archive = Archive(plan=with_faults("archive:answer-lost=1x"))
        with pytest.raises(ConnectionResetError):
            await put(client_of(archive))
        assert archive.statistics()["uploads"][f"{ITEM}/a.pdf"]["bodies"] == 1
        assert archive.statistics()["in_flight"] == 0

    @pytest.mark.parametrize("name", ["refuse", "malformed"])
    async def test_others_have_stored_nothing(self, client_of, name):
        archive = Archive(plan=with_faults(f"archive:{name}=1x"))
        with pytest.raises(ConnectionResetError):
            await put(client_of(archive))
        assert archive.statistics()["uploads"] == {}
        assert archive.statistics()["in_flight"] == 0
