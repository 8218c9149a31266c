"""Collaboration tests: what leaves a worker process that has read a PDF."""

from __future__ import annotations

import pickle
import re

import pytest
from made_gazettes import entries_of, gazette
from made_pdfs import printed

from trio_pipeline.diario.extraction import extract, extract_text
from trio_pipeline.diario.pdf import PdfUnreadable
from trio_pipeline.diario.stored_text import unpacked
from trio_pipeline.services.gazettes import make_gazette

FILLER = ["Acordam os membros da turma, por unanimidade, em negar provimento ao recurso"] * 3


@pytest.fixture(scope="module")
def publication():
    return make_gazette(gazette(), judgements=12)


@pytest.fixture(scope="module")
def path(publication, tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "gazette.pdf"
    path.write_bytes(publication.content())
    return str(path)


@pytest.fixture(scope="module")
def extraction(path):
    return extract(path)


def test_judgements_are_found_where_they_stand(publication, extraction):
    entries = entries_of(extraction.reading.decisions)
    read = [(one["page"], one["numero_processo"], one["resultado"]) for one in entries]
    assert read == [(one.page, one.numero_processo, one.resultado) for one in publication.truth]
    assert (extraction.reading.read, extraction.reading.unread) == (len(read), 0)


def test_spans_fit_the_text(extraction):
    text = unpacked(extraction.text.data)
    for entry in entries_of(extraction.reading.decisions):
        begin, end = entry["span"]
        assert entry["numero_processo"] in text[begin:end]


def test_text_alone_is_the_same_text(path, extraction):
    assert extract_text(path) == extraction.text


def test_pages_are_counted_and_told_apart(extraction):
    assert len(unpacked(extraction.text.data).split("\f")) == extraction.text.pages > 1


def test_personal_numbers_are_masked(extraction):
    text = unpacked(extraction.text.data)
    assert "CPF/CNPJ:***.***.***-**" in text
    assert not re.search(r"\d{3}\.\d{3}\.\d{3}-\d{2}", text)


def test_masking_reaches_every_page(tmp_path):
    lines = ["Devedor: X, 000.000.000-00"], ["CNPJ 00.000.000/0000-00 do devedor", *FILLER]
    text = unpacked(extract_text(printed(tmp_path / "g.pdf", *lines)).data)
    assert text.startswith("Devedor: X, ***.***.***-**\fCNPJ **.***.***/****-** do devedor")


def test_number_that_a_page_break_cuts_is_masked(tmp_path):
    path = printed(tmp_path / "g.pdf", [*FILLER, "CPF 000.000."], ["000-00", *FILLER])
    text = unpacked(extract_text(path).data)
    assert "CPF ***.***.\f***-**\n" in text


def test_title_and_author_of_the_file_are_no_text(tmp_path):
    path = tmp_path / "g.pdf"
    content = b"".join([b"(", b"000.000.000-00", b")"])
    made = printed(path, FILLER)
    path.write_bytes(path.read_bytes().replace(b"(untitled)", content))
    assert b"000.000.000-00" in path.read_bytes()
    assert "-" not in unpacked(extract_text(made).data)


@pytest.mark.parametrize("read", [extract, extract_text])
def test_what_is_no_pdf_is_refused(tmp_path, read):
    path = tmp_path / "g.pdf"
    path.write_bytes(b"<html>")
    with pytest.raises(PdfUnreadable):
        read(str(path))


def test_extraction_crosses_a_process(extraction):
    assert pickle.loads(pickle.dumps(extraction)) == extraction
