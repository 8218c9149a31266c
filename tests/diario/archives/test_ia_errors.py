"""The table of refusals, row by row (contract, pure)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.archives.ia_errors import Do, Refusal, reaction, read_refusal

ROWS = {
    "total queue is full": (
        503,
        "SlowDown",
        "Please reduce",
        "total_tasks_queued exceeds total_global_limit",
        Do.PAUSE_ALL,
    ),
    "own queue is full": (503, "SlowDown", "Please reduce", "accesskey_tasks_queued exceeds ration", Do.PAUSE_ALL),
    "slow down without a word": (503, "SlowDown", "", "", Do.PAUSE_ALL),
    "queue of the item is full": (503, "SlowDown", "", "bucket_tasks_queued exceeds bucket_ration", Do.PAUSE_ITEM),
    "taken for spam": (503, "SlowDown", "Your upload appears to be spam", "", Do.STOP_FOR_GOOD),
    "taken for spam, said in the resource": (503, "SlowDown", "Please reduce", "appears to be spam", Do.STOP_FOR_GOOD),
    "bad content": (400, "BadContent", "We detected a problem", "", Do.REJECT),
    "bad digest": (400, "BadDigest", "", "", Do.HASH_AGAIN),
    "bucket lock": (503, "InternalError", "Short Term Bucket Lock", "", Do.TRY_SOON),
    "bucket lock as 500": (500, "InternalError", "short term bucket lock", "", Do.TRY_SOON),
    "bucket is being made": (500, "InternalError", "auto_make_bucket requested", "", Do.TRY_SOON),
    "bucket is shared": (503, "InternalError", "The bucket namespace is shared by all", "", Do.TRY_SOON),
    "wrong access key": (403, "InvalidAccessKeyId", "", "", Do.STOP),
    "wrong signature": (403, "SignatureDoesNotMatch", "", "", Do.STOP),
    "no credentials": (401, "", "", "", Do.STOP),
    "somebody else's item": (403, "AccessDenied", "", "", Do.REJECT),
    "refused by a firewall": (403, "", "", "", Do.GIVE_UP),
    "length is missing": (411, "MissingContentLength", "", "", Do.CRASH),
    "wrong name of an item": (400, "InvalidBucketName", "", "", Do.CRASH),
    "body came too slowly": (400, "RequestTimeout", "", "", Do.TRY_AGAIN),
    "body came in part": (400, "IncompleteBody", "", "", Do.TRY_AGAIN),
    "request timeout": (408, "", "", "", Do.TRY_AGAIN),
    "too many requests": (429, "", "", "", Do.SLOW_DOWN),
    "not available": (503, "ServiceUnavailable", "", "", Do.SLOW_DOWN),
    "internal error": (500, "InternalError", "We encountered an internal error", "", Do.TRY_AGAIN),
    "bad gateway": (502, "", "", "", Do.TRY_AGAIN),
    "gateway timeout": (504, "", "", "", Do.TRY_AGAIN),
    "other bad request": (400, "InvalidArgument", "", "", Do.GIVE_UP),
    "conflict": (409, "", "", "", Do.GIVE_UP),
    "redirect that is not followed": (301, "", "", "", Do.GIVE_UP),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_reaction_to(row):
    status, code, message, resource, do = row
    assert reaction(status, Refusal(code, message, resource)).do is do


def test_reason_repeats_what_was_said():
    reason = reaction(503, Refusal("SlowDown", "Please reduce your request rate.", "total exceeds")).reason
    assert reason == "the archive refused with status 503: SlowDown Please reduce your request rate. total exceeds"


def test_reason_without_words():
    assert reaction(502, Refusal()).reason == "the archive refused with status 502"


def test_reads_the_parts():
    xml = b"""<?xml version='1.0' encoding='UTF-8'?>
        <Error><Code>BadDigest</Code><Message>a &amp; b</Message><Resource> r </Resource></Error>"""
    assert read_refusal(xml) == Refusal("BadDigest", "a & b", "r")


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"\xff\xfe<\x00C\x00", b"<Code>half", b"{}"])
def test_anything_else_says_nothing(body):
    assert read_refusal(body) == Refusal()


def test_entities_are_not_unpacked():
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><Error><Code>&b;&b;</Code></Error>'
    assert read_refusal(bomb).code == "&b;&b;"


def test_parts_are_short_and_show_no_control_characters():
    refusal = read_refusal(b"<Message>\x1b[2J" + b"a" * 10_000 + b"</Message>")
    assert refusal.message.startswith("\\x1b[2Jaaa")
    assert len(refusal.message) < 400


@given(st.integers(100, 599), st.binary(max_size=300))
def test_every_answer_has_a_reaction(status, body):
    assert isinstance(reaction(status, read_refusal(body)).do, Do)
