"""Contract tests: OAB numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.oab import Oab, read_oab


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RO7821A", Oab("RO", "7821A")),
        ("OAB/RO 7.821-A", Oab("RO", "7821A")),
        ("oab nº ro 7821 a", Oab("RO", "7821A")),
        ("(OAB/RO n. 8.992)", Oab("RO", "8992")),
        ("OAB nº RO7821A", Oab("RO", "7821A")),
        ("7.821-A/RO", Oab("RO", "7821A")),
        ("7821/RO", Oab("RO", "7821")),
        ("OAB 7821", Oab(None, "7821")),
        ("7821A", Oab(None, "7821A")),
        ("RN 12.345", Oab("RN", "12345")),
        ("OAB/MS 8.125", Oab("MS", "8125")),
    ],
)
def test_every_writing_says_the_same(text, expected):
    assert read_oab(text) == expected


@pytest.mark.parametrize("text", ["", "RO", "Inês Brandão", "XX7821", "RO7821/AC", "RO7821ABC", "7821 7821 7821", "٧٨"])
def test_what_is_no_number(text):
    assert read_oab(text) is None


@given(st.text())
def test_any_text_is_read_or_not(text):
    found = read_oab(text)
    assert found is None or found.rest[0].isdigit()
