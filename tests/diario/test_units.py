"""Durations and sizes (contract)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.units import format_duration, format_size, parse_duration, parse_size, rough_size


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("90", 90.0),
        ("90s", 90.0),
        (" 90 sec ", 90.0),
        ("30m", 1800.0),
        ("30 min", 1800.0),
        ("1h", 3600.0),
        ("1.5 hours", 5400.0),
        ("2 days", 172_800.0),
        ("1D", 86_400.0),
        ("0", 0.0),
    ],
)
def test_duration_is_read(written, seconds):
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (5_000_000, 5_000_000),
        ("5 GB", 5_000_000_000),
        ("200MB", 200_000_000),
        ("256 KB", 256_000),
        ("256 kb", 256_000),
        ("256 KiB", 262_144),
        ("1.5 TB", 1_500_000_000_000),
        ("17 B", 17),
        ("17", 17),
    ],
)
def test_size_is_read(written, size):
    assert parse_size(written) == size


NO_QUANTITY = ["", " ", "soon", "1 2", "-1", -1, "1e3", "٣", "1,5", True, None, [1], float("nan"), float("inf"), 1e300]


@pytest.mark.parametrize("written", [*NO_QUANTITY, "3 weeks", "3 MB", "9" * 5000])
def test_no_duration_is_refused(written):
    with pytest.raises(ValueError):
        parse_duration(written)


@pytest.mark.parametrize("written", [*NO_QUANTITY, "3 min", "3 XB", "0.5 B", 0.5, "9" * 5000])
def test_no_size_is_refused(written):
    with pytest.raises(ValueError):
        parse_size(written)


def test_error_names_unit():
    with pytest.raises(ValueError, match="'weeks' is none of s, m, h, d"):
        parse_duration("3 weeks")
    with pytest.raises(ValueError, match="cannot be negative"):
        parse_duration("-3s")


@given(st.integers(0, 10**9).map(float) | st.decimals(0, 10**6, places=6).map(float))
def test_written_duration_is_read_again(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, 10**15))
def test_written_size_is_read_again(size):
    assert parse_size(format_size(size)) == size


def test_duration_is_written_short():
    assert [format_duration(value) for value in (0.0, 2.0, 90.0, 1800.0, 3600.0, 86_400.0, 864_000.0)] == [
        "0 s",
        "2 s",
        "90 s",
        "30 min",
        "1 h",
        "1 day",
        "10 days",
    ]


def test_size_is_written_short():
    assert [format_size(value) for value in (0, 999, 1000, 5_000_000_000)] == ["0 B", "999 B", "1 KB", "5 GB"]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (2_345_678, "2.3 MB"),
        (14_849_123_456, "14.8 GB"),
        (1_234 * 10**12, "1,234.0 TB"),
    ],
)
def test_size_for_a_person_is_rough(size, shown):
    assert rough_size(size) == shown
