"""The archive's notation for metadata, and what it is told about items and files (contract, pure)."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from scripted_network import GAZETTE, PDF
from tiny_archive import checksums_of

from trio_pipeline.diario.archives.ia_headers import file_name, item_fields, numbered_headers, upload_headers
from trio_pipeline.diario.titles import Titles

SUMS = checksums_of(PDF)
TITLES = Titles()


def headers_of(gazette=GAZETTE, layout="edition", collection="opensource"):
    return upload_headers(gazette, SUMS, layout=layout, collection=collection, titles=TITLES)


def test_values_of_a_key_are_numbered_from_00():
    fields = [("subject", "a"), ("title", "t"), ("subject", "b")]
    assert numbered_headers("meta", fields) == {
        "x-archive-meta00-subject": "a",
        "x-archive-meta00-title": "t",
        "x-archive-meta01-subject": "b",
    }


def test_underscores_become_two_hyphens():
    assert numbered_headers("filemeta", [("original_name", "a")]) == {"x-archive-filemeta00-original--name": "a"}


def test_empty_values_are_left_out_and_not_counted():
    assert numbered_headers("meta", [("subject", ""), ("subject", "a")]) == {"x-archive-meta00-subject": "a"}


def test_plain_values_stay_readable():
    value = "https://www.tjro.jus.br/a%20b?c=d"
    assert numbered_headers("meta", [("originalurl", value)]) == {"x-archive-meta00-originalurl": value}


def test_what_is_not_plain_is_encoded():
    assert list(numbered_headers("meta", [("a", "Diário da Justiça")]).values()) == [
        "uri(Di%C3%A1rio%20da%20Justi%C3%A7a)"
    ]


def test_what_looks_encoded_is_encoded():
    assert list(numbered_headers("meta", [("a", "uri(a)")]).values()) == ["uri(uri%28a%29)"]


@given(st.text(min_size=1))
def test_every_value_survives_and_fits_a_header(value):
    if any("\ud800" <= character <= "\udfff" for character in value):
        return
    [header] = numbered_headers("meta", [("key", value)]).values()
    assert re.fullmatch(r"[\x21-\x7e]+", header)
    encoded = re.fullmatch(r"uri\((.*)\)", header)
    assert (unquote(encoded.group(1)) if encoded else header) == value


def test_upload_asks_for_what_the_archive_offers():
    headers = headers_of()
    assert headers["Content-MD5"] == SUMS.md5
    assert headers["x-archive-auto-make-bucket"] == "1"
    assert headers["x-archive-queue-derive"] == "0"
    assert headers["x-archive-size-hint"] == str(SUMS.size)
    assert "x-archive-interactive-priority" not in headers


def test_edition_tells_its_item_where_it_comes_from():
    headers = headers_of()
    assert headers["x-archive-meta00-mediatype"] == "texts"
    assert headers["x-archive-meta00-collection"] == "opensource"
    assert headers["x-archive-meta00-language"] == "por"
    assert headers["x-archive-meta00-date"] == "2025-06-23"
    assert headers["x-archive-meta00-originalurl"] == GAZETTE.url
    assert unquote(headers["x-archive-meta00-creator"]) == "uri(Tribunal de Justiça de Rondônia)"
    assert unquote(headers["x-archive-meta00-title"]) == "uri(Diário da Justiça TJRO - 23/06/2025 - nº 112)"


def test_year_tells_its_item_nothing_of_one_edition():
    fields = dict(item_fields(GAZETTE, layout="year", collection="opensource", titles=TITLES))
    assert fields["date"] == "2025"
    assert fields["title"] == "Diário da Justiça TJRO - 2025"
    assert not any("112" in value for value in fields.values())


def test_file_tells_what_it_is():
    headers = headers_of(dataclasses.replace(GAZETTE, suffix="SUP"), layout="year")
    assert headers["x-archive-filemeta00-number"] == "112"
    assert headers["x-archive-filemeta00-suffix"] == "SUP"
    assert headers["x-archive-filemeta00-date"] == "2025-06-23"
    assert headers["x-archive-filemeta00-sha256"] == SUMS.sha256
    assert headers["x-archive-filemeta00-originalurl"] == GAZETTE.url
    assert headers["x-archive-filemeta00-original--name"] == "20250623104-NR112.pdf"
    assert unquote(headers["x-archive-filemeta00-title"]).endswith("nº 112 SUP)")


def test_no_collection_is_the_archives_own_choice():
    assert not any("collection" in name for name in headers_of(collection=""))


def test_unknown_court_goes_by_its_letters():
    headers = headers_of(dataclasses.replace(GAZETTE, tribunal="tjac"))
    assert headers["x-archive-meta00-creator"] == "TJAC"


def test_file_names_need_no_quoting():
    assert file_name(GAZETTE) == "tjro-diario-2025-06-23-nr112.pdf"
