"""Calls that change metadata (collaboration): what is sent, and what every answer means."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import httpx
import pytest
from scripted_network import ScriptedTransport, answer, make_world
from tiny_archive import ACCESS_KEY, SECRET_KEY

from trio_pipeline.diario.archives.ia_changes import Change
from trio_pipeline.diario.archives.ia_metadata_writer import MetadataWriter, Overtaken
from trio_pipeline.diario.archives.internet_archive import archive_hosts
from trio_pipeline.diario.http import open_http
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import GiveUp, StopStage, TryAgain

ITEM = "tjro-diario-2025"
CHANGES = [Change("metadata", "title", "é", "Diário"), Change(f"files/{ITEM}.pdf", "date", None, "2025-06-23")]


def said(status, **fields):
    return answer(status, json.dumps(fields).encode(), "application/json")


async def write(*answers):
    """Make the changes; gives the requests and the pacer."""
    given = list(answers)

    def script(_seen):
        one = given.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    transport = ScriptedTransport(script)
    pacer = Pacer("archive")
    async with open_http(make_world(transport), user_agent="tests") as http:
        writer = MetadataWriter(
            http,
            pacer,
            metadata_url="https://archive.org",
            redirects=archive_hosts(),
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
        )
        await writer.write(ITEM, CHANGES)
    return transport.seen, pacer


async def test_all_changes_are_one_call(autojump_clock):
    [seen], _ = await write(said(200, success=True, task_id=1))
    assert (seen.method, str(seen.url)) == ("POST", f"https://archive.org/metadata/{ITEM}")
    assert seen.headers["authorization"] == f"LOW {ACCESS_KEY}:{SECRET_KEY}"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.headers["content-length"] == str(len(seen.body))
    form = parse_qs(seen.body.decode("ascii"))
    assert form["priority"] == ["-5"]
    assert json.loads(form["-changes"][0]) == [
        {
            "target": "metadata",
            "patch": [
                {"op": "test", "path": "/title", "value": "é"},
                {"op": "replace", "path": "/title", "value": "Diário"},
            ],
        },
        {"target": f"files/{ITEM}.pdf", "patch": [{"op": "add", "path": "/date", "value": "2025-06-23"}]},
    ]
    assert SECRET_KEY.encode() not in seen.body


async def test_nothing_to_change_is_a_success(autojump_clock):
    await write(said(400, success=False, error="no changes to _meta.xml"))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "test operation failed", Overtaken),
        (409, "conflict", Overtaken),
        (412, "", Overtaken),
        (401, "keys are required", StopStage),
        (403, "no privilege", StopStage),
        (400, "unknown target", GiveUp),
        (404, "there is no such item", GiveUp),
        (413, "too long", GiveUp),
        (200, "not now", TryAgain),
        (500, "oops", TryAgain),
    ],
)
async def test_refusal_has_its_own_reaction(autojump_clock, status, error, kind):
    with pytest.raises(kind) as caught:
        await write(said(status, success=False, error=error))
    assert error in caught.value.reason


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(autojump_clock, status):
    with pytest.raises(TryAgain) as caught:
        await write(answer(status, b"{}", retry_after="70"))
    assert (caught.value.after, caught.value.counts) == (70.0, False)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 60_000])
async def test_answer_that_cannot_be_read_is_no_success(autojump_clock, body):
    with pytest.raises(TryAgain, match="cannot be read"):
        await write(answer(200, body))


async def test_lost_answer_is_tried_again(autojump_clock):
    with pytest.raises(TryAgain, match="broke off"):
        await write(httpx.ReadError("reset"))


async def test_keys_go_to_the_archive_alone(autojump_clock):
    with pytest.raises(TryAgain, match="not followed"):
        await write(answer(307, location="https://archive.org.evil.test/metadata/x"))
    seen, _ = await write(answer(307, location=f"https://www1.us.archive.org/metadata/{ITEM}"), said(200, success=True))
    assert seen[1].body == seen[0].body


async def test_reason_shows_no_key_and_no_control_character(autojump_clock):
    with pytest.raises(GiveUp) as caught:
        await write(said(404, error=f"\x1b[31m{ACCESS_KEY} {SECRET_KEY} " + "x" * 1_000))
    assert "KEY1" not in caught.value.reason
    assert "KEY6" not in caught.value.reason
    assert "\x1b" not in caught.value.reason
    assert len(caught.value.reason) < 400
