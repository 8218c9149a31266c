"""Contract tests: the case numbers of before 2010 are found, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.old_numbers import SHAPE, find_old_numbers
from trio_pipeline.diario.shapes import shape_of


@pytest.mark.parametrize("number", ["001.2006.001234-5", "100.001.2004.012345-6", "200.000.1999.000001-0"])
@pytest.mark.parametrize("around", ["{}", "n. {}, de", "({})", "Autos nº {}."])
def test_old_number_is_found_where_it_stands(number, around):
    text = around.format(number)
    (found,) = find_old_numbers(text)
    assert (found.number, text[found.start : found.end]) == (number, number)
    assert SHAPE in shape_of(text)


def test_hyphen_may_be_a_broken_one():
    (found,) = find_old_numbers("001.2006.001234\ufffe5")
    assert found.number == "001.2006.001234-5"


@pytest.mark.parametrize(
    "text",
    [
        "7002770-82.2024.8.22.0011",
        "001.2106.001234-5",
        "1001.2006.001234-5",
        "1.001.2006.001234-5",
        "001.2006.001234-56",
        "001.2006.001234-5.8",
        "001.2006.01234-5",
        "12.345.678/0001-90",
    ],
)
def test_other_numbers_are_none(text):
    assert list(find_old_numbers(text)) == []


@given(st.text(st.sampled_from("0129.-/ \ufffe"), max_size=60))
def test_any_text_is_searched(text):
    for found in find_old_numbers(text):
        assert SHAPE in shape_of(text[found.start : found.end])
