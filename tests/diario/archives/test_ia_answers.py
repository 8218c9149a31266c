"""What is read out of the archive's JSON (contract, pure)."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_archive import limits

from trio_pipeline.diario.archives.ia_answers import Item, Queue, read_item, read_limits


def read(answer):
    return read_item(json.dumps(answer).encode())


def test_empty_object_is_no_item():
    assert read({}) == Item(exists=False)


def test_item_that_was_taken_down_is_dark():
    assert read({"is_dark": True, "metadata": {}}) == Item(exists=True, is_dark=True)


def test_files_by_name():
    files = [{"name": "a.pdf", "md5": "AB", "size": "1"}, {"name": "a_files.xml"}]
    assert read({"files": files}) == Item(exists=True, files={"a.pdf": "ab"})


def test_item_without_files_exists():
    assert read({"metadata": {}}) == Item(exists=True)


@pytest.mark.parametrize(
    "answer", [[], "a", 1, None, {"files": {}}, {"files": ["a"]}, {"files": [{"md5": "a"}]}, {"error": "x"}]
)
def test_other_forms_are_not_read(answer):
    with pytest.raises(ValueError):
        read(answer)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_not_read(body):
    with pytest.raises(ValueError):
        read_item(body)


def test_own_name_is_preferred():
    item = Item(exists=True, files={"other": "m", "own": "m"})
    assert item.name_of("m", preferred="own") == "own"


def test_same_bytes_under_another_name_are_found():
    assert Item(exists=True, files={"other": "m", "own": "n"}).name_of("m", preferred="own") == "other"


def test_overwritten_bytes_are_not_found():
    assert Item(exists=True, files={"history/files/own.~1~": "m"}).name_of("m", preferred="own") is None


def test_limits_are_read():
    said = limits(1, bucket_tasks_queued=3, bucket_ration=30, total_tasks_queued=90, limit_reason="a\x1b[2Jb")
    found = read_limits(said)
    assert found.over_limit
    assert (found.item, found.account, found.everybody) == (Queue(3, 30), Queue(0, 100), Queue(90, 100))
    assert "\x1b" not in found.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"over_limit": 0, "detail": []}',
        limits(None),
        limits("0"),
        *(limits(bucket_tasks_queued=count) for count in (None, "1", True, -1, 1.5)),
        limits(accesskey_ration=None),
    ],
)
def test_unknown_is_not_room(body):
    with pytest.raises(ValueError):
        read_limits(body)


@given(st.binary(max_size=200))
def test_nothing_crashes_the_readers(body):
    for reader in (read_item, read_limits):
        with contextlib.suppress(ValueError):
            reader(body)
