"""What is read out of the archive's search (contract, pure)."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.archives.ia_found import FoundItem, read_page

URL = "https://www.tjro.jus.br/novodiario/2025/20250623104-NR112.pdf"


def read(**answer):
    return read_page(json.dumps(answer).encode())


def test_items_with_their_addresses_and_days():
    found, cursor = read(items=[{"identifier": "tjro-diario-2025-06-23", "originalurl": URL, "date": "2025-06-23"}])
    assert found == [FoundItem("tjro-diario-2025-06-23", URL, "2025-06-23")]
    assert cursor is None


def test_item_of_several_addresses_is_one_for_each():
    found, _ = read(items=[{"identifier": "a", "originalurl": ["x", "y"]}])
    assert found == [FoundItem("a", "x"), FoundItem("a", "y")]


def test_item_that_says_nothing_of_itself_is_found_all_the_same():
    assert read(items=[{"identifier": "a", "date": 7}], cursor="W3")[0] == [FoundItem("a")]


def test_cursor_leads_on():
    assert read(items=[], cursor="W3sx")[1] == "W3sx"
    assert read(items=[], cursor="")[1] is None


@pytest.mark.parametrize("identifier", ["../a", "a/b", "", "a\nb", "ü", 7, None, "a" * 101])
def test_what_cannot_be_an_item_is_left_out(identifier):
    assert read(items=[{"identifier": identifier}, "a", None, {}])[0] == []


def test_text_that_no_person_wrote_is_left_out():
    assert read(items=[{"identifier": "a", "originalurl": "x\x1b[2J", "date": "y" * 501}])[0] == [FoundItem("a")]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"items": 1}', b"<html>", b"[" * 100_000])
def test_other_answers_are_none(body):
    with pytest.raises(ValueError):
        read_page(body)


@given(st.binary(max_size=200))
def test_nothing_crashes_the_reader(body):
    with contextlib.suppress(ValueError):
        read_page(body)
