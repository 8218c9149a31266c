"""Which answers tell their bytes from others, and which are the rest of what was asked for (contract)."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.partials import Partial, length_if_rest, strong_validator

CHANGED = "Mon, 23 Jun 2025 21:00:00 GMT"
PARTIAL = Partial("court", '"tag"', 5000, 2000)
REST = {"content-range": "bytes 2000-4999/5000", "etag": '"tag"'}


def dated(sent, **more):
    return {"last-modified": CHANGED, "date": sent, **more}


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"a-1"'}, '"a-1"'),
        ({"etag": 'W/"a-1"'}, None),
        ({"etag": "a-1"}, None),
        ({"etag": '""'}, None),
        ({"etag": '"a", "b"'}, None),
        ({"etag": '"a\r\nX: y"'}, None),
        ({"etag": f'"{"a" * 201}"'}, None),
        ({}, None),
        (dated("Mon, 23 Jun 2025 21:01:00 GMT"), CHANGED),
        (dated("Mon, 23 Jun 2025 21:00:59 GMT"), None),
        (dated("Mon, 23 Jun 2025 21:01:00 GMT", etag='W/"a"'), None),
        (dated("yesterday"), None),
        ({"last-modified": CHANGED}, None),
        ({"last-modified": "23 Jun 2025 21:00 +0000", "date": "Mon, 23 Jun 2025 22:01:00 GMT"}, None),
    ],
)
def test_strong_validators(headers, validator):
    assert strong_validator(headers) == validator


def test_request_for_the_rest():
    assert PARTIAL.headers() == {"Range": "bytes=2000-", "If-Range": '"tag"'}


def test_exactly_what_is_lacking():
    assert length_if_rest(REST, PARTIAL) == 5000
    assert length_if_rest(REST, Partial("court", '"tag"', None, 2000)) == 5000
    assert length_if_rest({"content-range": REST["content-range"]}, PARTIAL) == 5000


@pytest.mark.parametrize(
    "content_range",
    [
        "",
        "bytes 1999-4999/5000",
        "bytes 2000-4998/5000",
        "bytes 2000-5000/5001",
        "bytes 2000-1999/2000",
        "bytes 2000-4999/*",
        "bytes */5000",
        "items 2000-4999/5000",
        f"bytes 2000-4999/{'9' * 19}",
    ],
)
def test_other_ranges(content_range):
    assert length_if_rest({**REST, "content-range": content_range}, PARTIAL) is None


def test_other_versions():
    assert length_if_rest({**REST, "etag": '"new"'}, PARTIAL) is None
    by_date = Partial("court", CHANGED, 5000, 2000)
    assert length_if_rest({**REST, "last-modified": CHANGED}, by_date) == 5000
    assert length_if_rest({**REST, "last-modified": "Tue, 24 Jun 2025 21:00:00 GMT"}, by_date) is None
