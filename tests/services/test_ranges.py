"""The Range header (contract)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.ranges import parse_range


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, (0, 10)),
        ("bytes=0-", (0, 10)),
        ("bytes=3-", (3, 10)),
        ("bytes=3-5", (3, 6)),
        ("bytes=3-99", (3, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=-", (0, 10)),
        ("bytes=1-2,4-5", (0, 10)),
        ("lines=1-2", (0, 10)),
        ("bytes=10-", None),
        ("bytes=5-3", None),
        ("bytes=-0", None),
    ],
)
def test_part_of_ten_bytes(text, part):
    assert parse_range(text, 10) == part


def test_nothing_can_be_taken_from_empty():
    assert parse_range("bytes=-5", 0) is None
    assert parse_range(None, 0) == (0, 0)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 100))
def test_part_lies_inside(first, last, size):
    part = parse_range(f"bytes={first}-{last}", size)
    assert part is None or (0 <= part[0] < part[1] <= size and part[0] == first)
