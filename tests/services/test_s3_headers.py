"""What an upload's headers say (contract)."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.s3_headers import content_md5, credentials, metadata, valid_identifier


class TestIdentifiers:
    @pytest.mark.parametrize("text", ["tjro-diario-2025", "a1234", "0_.-x", "A" * 100])
    def test_good_ones(self, text):
        assert valid_identifier(text)

    @pytest.mark.parametrize("text", ["", "abcd", "A" * 101, "-abcde", ".abcde", "diário-2025", "a b c d", "abcde\n"])
    def test_bad_ones(self, text):
        assert not valid_identifier(text)


class TestCredentials:
    def test_low(self):
        assert credentials("LOW key:secret:with:colons") == ("key", "secret:with:colons")

    @pytest.mark.parametrize("text", ["", "LOW key", "LOW :secret", "LOW key:", "AWS key:secret", "low key:secret"])
    def test_anything_else(self, text):
        assert credentials(text) is None


class TestDigests:
    digest = hashlib.md5(b"body").digest()

    def test_hex_and_base64_are_the_same(self):
        assert content_md5(self.digest.hex()) == self.digest
        assert content_md5(self.digest.hex().upper()) == self.digest
        assert content_md5(base64.b64encode(self.digest).decode()) == self.digest

    @pytest.mark.parametrize("text", ["", "zz", "AAAA", base64.b64encode(b"x" * 20).decode(), "é"])
    def test_no_digest(self, text):
        assert content_md5(text) is None


class TestMetadata:
    def test_numbers_give_the_order(self):
        headers = [
            ("x-archive-meta01-subject", "b"),
            ("x-archive-meta00-subject", "a"),
            ("x-archive-meta02-title", "t"),
        ]
        assert metadata(headers, "x-archive-meta") == {"subject": ["a", "b"], "title": "t"}

    def test_number_may_be_missing(self):
        assert metadata([("x-archive-meta-title", "t")], "x-archive-meta") == {"title": "t"}

    def test_two_hyphens_are_an_underscore(self):
        assert metadata([("x-archive-meta00-original--url", "u")], "x-archive-meta") == {"original_url": "u"}

    def test_empty_value_is_left_out(self):
        assert metadata([("x-archive-meta00-title", "")], "x-archive-meta") == {}

    def test_files_and_items_are_apart(self):
        headers = [("x-archive-meta00-title", "item"), ("x-archive-filemeta00-title", "file")]
        assert metadata(headers, "x-archive-meta") == {"title": "item"}
        assert metadata(headers, "x-archive-filemeta") == {"title": "file"}

    def test_other_headers_are_ignored(self):
        assert metadata([("x-archive-auto-make-bucket", "1"), ("host", "h")], "x-archive-meta") == {}

    def test_three_values_are_one_list(self):
        headers = [(f"x-archive-meta{number:02d}-k", str(number)) for number in range(3)]
        assert metadata(headers, "x-archive-meta") == {"k": ["0", "1", "2"]}

    @given(st.text(min_size=1))
    def test_uri_carries_any_text(self, text):
        headers = [("x-archive-meta00-title", f"uri({quote(text)})")]
        assert metadata(headers, "x-archive-meta") == {"title": text}
