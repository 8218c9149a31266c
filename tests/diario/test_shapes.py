"""Contract tests: a shape has one byte for each character of its text, and makes alike what is alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.shapes import shape_of


@given(st.text())
def test_positions_are_the_same(text):
    assert len(shape_of(text)) == len(text)


@given(st.text())
def test_digits_and_line_feeds_are_where_they_were(text):
    shape = shape_of(text)
    for character, byte in zip(text, shape, strict=True):
        assert (byte == ord("0")) == (character in "0123456789")
        assert (byte == ord("\n")) == (character == "\n")


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("7002770-82.2024.8.22.0011", b"0000000-00.0000.0.00.0000"),
        ("7002770\ufffe82", b"0000000-00"),
        ("CPF nº\t1\f", "cpf nº 0 ".encode("latin-1")),
        ("“é” ?", b"?\xe9? ?"),
        ("٣", b"?"),
    ],
)
def test_what_is_alike_looks_alike(text, shape):
    assert shape_of(text) == shape
