"""PDFs of an exact length for somebody's catalog (collaboration with PDFium)."""

from __future__ import annotations

import datetime
import hashlib

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.services.editions import editions
from trio_pipeline.services.rows import TooSmall, publish_rows

ROWS = editions(12, datetime.date(2025, 6, 23), seed=1)


def text_of(content):
    document = pypdfium2.PdfDocument(content)
    try:
        texts = []
        for index in range(len(document)):
            page = document[index]
            text = page.get_textpage()
            texts.append(text.get_text_range())
            text.close()
            page.close()
    finally:
        document.close()
    return "".join(texts)


@pytest.mark.parametrize("size", [3_000, 9_999, 65_536, 262_144])
def test_bodies_are_exact_and_open(size):
    for published in publish_rows(ROWS, size):
        content = published.content()
        assert len(content) == published.length == size
        text = text_of(content)
        assert all(judgement.numero_processo in text for judgement in published.truth)


@settings(max_examples=10, deadline=None)
@given(st.integers(2_500, 40_000))
def test_any_length_can_be_had(size):
    (published,) = publish_rows(ROWS[:1], size)
    assert len(published.content()) == size
    assert "DIARIO DA JUSTIÇA" in text_of(published.content())


def test_all_checksums_differ():
    bodies = [published.content() for published in publish_rows(ROWS, 4_000)]
    assert len({hashlib.md5(body).hexdigest() for body in bodies}) == len(ROWS)


def test_body_is_the_same_each_time_and_each_life():
    first, second = publish_rows(ROWS, 4_000), publish_rows(ROWS, 4_000)
    assert [one.content() for one in first] == [one.content() for one in second]
    assert first[0].content() == first[0].content()


def test_seed_changes_contents():
    (first,), (second,) = publish_rows(ROWS[:1], 30_000, seed=1), publish_rows(ROWS[:1], 30_000, seed=2)
    assert first.truth != second.truth


def test_large_ones_hold_judgements_and_small_ones_none():
    assert publish_rows(ROWS[:1], 65_536)[0].truth
    assert not publish_rows(ROWS[:1], 3_000)[0].truth


def test_too_small_says_what_would_do():
    with pytest.raises(TooSmall, match=r"shortest takes (\d+)") as caught:
        publish_rows(ROWS[:1], 100)
    enough = int(str(caught.value).split()[-1])
    assert len(publish_rows(ROWS[:1], enough)[0].content()) == enough


def test_gazettes_are_those_of_the_catalog():
    assert tuple(published.gazette for published in publish_rows(ROWS, 4_000)) == ROWS
