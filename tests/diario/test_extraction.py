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


HEADER = ["ANO XLIII NÚMERO 112 DIÁRIO DA JUSTIÇA", "Este diário foi assinado digitalmente"]


@pytest.mark.parametrize(
    ("end", "beginning"),
    [
        ("CPF nº 123.456.789-", "09, ao pagamento"),
        ("sob o nº 123.456.", "789-09, ao pagamento"),
        ("sob o nº 123.4", "56.789-09, ao pagamento"),
        ("sob o nº 123", ".456.789-09, ao pagamento"),
        ("inscrito no CPF", "12345678909, ao pagamento"),
        ("sob o nº 12.345.678/0001-", "95, ao pagamento"),
    ],
)
@pytest.mark.parametrize("header", [[], HEADER])
def test_number_with_a_header_within_is_masked(tmp_path, header, end, beginning):
    pages = [*HEADER, *FILLER, f"o devedor, {end}"], [*header, beginning, *FILLER]
    text = unpacked(extract_text(printed(tmp_path / "g.pdf", *pages)).data)
    shown = text.replace(" 112 ", "")
    assert not re.search(r"\d", shown)
    assert re.sub(r"\d", "*", end) in text
    assert "\n".join([*header, re.sub(r"\d", "*", beginning)]) in text


def test_number_between_learnt_headers_and_footers_is_masked(tmp_path):
    words = ["um", "dois", "três", "quatro", "cinco", "seis"]
    pages = [["Boletim", *[f"{word} {line}" for line in FILLER], f"Folha {page}"] for page, word in enumerate(words)]
    pages[2].insert(-1, "o devedor, 123.456.789-")
    pages[3].insert(1, "09, ao pagamento")
    text = unpacked(extract_text(printed(tmp_path / "g.pdf", *pages)).data)
    assert "o devedor, ***.***.***-\nFolha 2\fBoletim\n**, ao pagamento\n" in text
    assert re.findall(r"Folha \d", text) == [f"Folha {page}" for page in range(6)]


def test_numbers_on_both_sides_of_a_page_break_are_left(tmp_path):
    pages = [*HEADER, *FILLER, "autos 7002770-82.2024."], [*HEADER, "8.22.0011, de 12.345.678", *FILLER]
    text = unpacked(extract_text(printed(tmp_path / "g.pdf", *pages)).data)
    assert "autos 7002770-82.2024.\f" in text
    assert "8.22.0011, de 12.345.678" in text


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
