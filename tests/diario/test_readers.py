"""Contract tests: what is read again when rules or models change."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.readers import PastReading, Reader

RULES, BOTH, MODEL = Reader("3"), Reader("3", "m/1"), Reader(None, "m/1")


@pytest.mark.parametrize(
    ("reader", "extractor", "version", "unread", "expected"),
    [
        (RULES, "rules", "3", 2, True),
        (RULES, "rules", "2", 0, False),
        (RULES, "", "", 0, False),
        (RULES, "rules+model", "3+m/1", 1, True),
        (RULES, "rules+model", "2+m/1", 0, True),
        (RULES, "rules+model", "2+m/1", 2, True),
        (RULES, "model", "m/1", 0, True),
        (BOTH, "rules", "3", 0, True),
        (BOTH, "rules", "3", 2, False),
        (BOTH, "rules+model", "3+m/1", 2, True),
        (BOTH, "rules+model", "2+m/1", 2, False),
        (BOTH, "rules+model", "3+older/1", 2, True),
        (BOTH, "model", "m/1", 2, True),
        (MODEL, "rules", "3", 0, False),
        (MODEL, "rules+model", "3+m/1", 0, False),
        (MODEL, "model", "older/1", 2, True),
    ],
)
def test_newer_rules_read_again_what_no_model_has_read_and_a_model_what_none_has(
    reader, extractor, version, unread, expected
):
    assert reader.has_done(PastReading(extractor, version, unread)) is expected


@pytest.mark.parametrize(
    ("extractor", "version", "expected"),
    [
        ("rules", "3", False),
        ("rules", "2", True),
        ("", "", True),
        ("rules+model", "3+m/1", False),
        ("rules+model", "2+m/1", True),
        ("model", "m/1", False),
    ],
)
def test_what_other_rules_have_read_is_told_though_it_is_left_alone(extractor, version, expected):
    assert PastReading(extractor, version, 0).is_by_other_rules("3") is expected
