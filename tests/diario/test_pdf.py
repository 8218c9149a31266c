"""Collaboration tests: what PDFium makes of gazettes, whole and broken."""

from __future__ import annotations

import pickle
import re

import pytest
from made_gazettes import gazette
from reportlab.pdfgen.canvas import Canvas

from trio_pipeline.diario.pdf import PdfUnreadable, count_pages, extract, read_pages
from trio_pipeline.services.gazettes import make_gazette

BROKEN = {
    "empty": b"",
    "a page of the firewall": b"<html><title>STIC - P\xc3\xa1gina Bloqueada</title></html>",
    "a header alone": b"%PDF-1.4\n",
    "noise": bytes(range(256)) * 20,
}


@pytest.fixture(scope="module")
def publication():
    return make_gazette(gazette(), judgements=12)


@pytest.fixture
def path_of(tmp_path):
    def write(content):
        path = tmp_path / "gazette.pdf"
        path.write_bytes(content)
        return str(path)

    return write


def printed(path, *pages, **options):
    """A PDF with lines of text."""
    canvas = Canvas(str(path), invariant=1, **options)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(50, 800 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return str(path)


def test_pages_are_counted(publication, path_of):
    last = max(truth.page for truth in publication.truth)
    assert count_pages(path_of(publication.content())) >= last > 1


def test_text_has_every_page(publication, path_of):
    path = path_of(publication.content())
    pages = read_pages(path)
    assert len(pages) == count_pages(path)
    for number, text in enumerate(pages, 1):
        assert "ANO XLIII NÚMERO 001 DIARIO DA JUSTIÇA" in text
        assert f"23-06-2025 {number}\n" in f"{text}\n"


def test_judgements_are_found_where_they_stand(publication, path_of):
    extraction = extract(path_of(publication.content()))
    read = [(one.page, one.numero_processo, one.resultado) for one in extraction.reading.judgements]
    assert read == [(one.page, one.numero_processo, one.resultado) for one in publication.truth]
    assert extraction.reading.unread == ()


def test_spans_fit_the_text(publication, path_of):
    extraction = extract(path_of(publication.content()))
    text = "\f".join(extraction.pages)
    for judgement in extraction.reading.judgements:
        begin, end = judgement.span
        assert judgement.numero_processo in text[begin:end]


def test_personal_numbers_are_masked(publication, path_of):
    text = "".join(extract(path_of(publication.content())).pages)
    assert "CPF/CNPJ:***.***.***-**" in text
    assert not re.search(r"\d{3}\.\d{3}\.\d{3}-\d{2}", text)


def test_masking_reaches_every_page(tmp_path):
    path = printed(tmp_path / "g.pdf", ["Devedor: X, 000.000.000-00"], ["CNPJ 00.000.000/0000-00 do devedor"])
    assert read_pages(path) == ("Devedor: X, ***.***.***-**", "CNPJ **.***.***/****-** do devedor")


def test_lines_end_the_same_way(tmp_path):
    (page,) = read_pages(printed(tmp_path / "g.pdf", ["first", "second", "third"]))
    assert page.split("\n") == ["first", "second", "third"]


def test_page_without_text_is_empty(tmp_path):
    extraction = extract(printed(tmp_path / "g.pdf", [], ["second"]))
    assert extraction.pages == ("", "second")
    assert extraction.reading.judgements == ()


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("read", [count_pages, read_pages, extract])
def test_what_is_no_pdf_does_not_open(path_of, read, content):
    with pytest.raises(PdfUnreadable, match="does not open"):
        read(path_of(content))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_cut_off_pdf_does_not_open(publication, path_of, part):
    content = publication.content()
    with pytest.raises(PdfUnreadable):
        count_pages(path_of(content[: int(len(content) * part)]))


def test_locked_pdf_does_not_open(tmp_path):
    with pytest.raises(PdfUnreadable, match="password"):
        count_pages(printed(tmp_path / "g.pdf", ["secret"], encrypt="open sesame"))


def test_broken_page_is_no_empty_page(publication, path_of):
    head, mark, tail = publication.content().rpartition(b"/Type /Page\n")
    assert mark
    path = path_of(head + b"/Type /Pain\n" + tail)
    # It opens, and only reading shows it.
    last = count_pages(path)
    with pytest.raises(PdfUnreadable, match=rf"^page {last} of the PDF cannot be read"):
        extract(path)


def test_damage_anywhere_has_one_name(publication, path_of):
    content = publication.content()
    outcomes = set()
    for start in range(0, len(content), len(content) // 40):
        damaged = content[:start] + bytes(100) + content[start + 100 :]
        try:
            extract(path_of(damaged))
        except PdfUnreadable as error:
            outcomes.add(error.reason.partition(":")[0])
        else:
            outcomes.add("read")
    assert {"read"} < outcomes


def test_refusal_crosses_a_process():
    error = pickle.loads(pickle.dumps(PdfUnreadable("the PDF has no page")))
    assert (error.reason, str(error)) == ("the PDF has no page", "the PDF has no page")


def test_extraction_crosses_a_process(publication, path_of):
    extraction = extract(path_of(publication.content()))
    assert pickle.loads(pickle.dumps(extraction)) == extraction
