"""Collaboration tests: what PDFium makes of gazettes, whole, broken and scanned."""

from __future__ import annotations

import pickle

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_gazettes import gazette
from made_pdfs import picture, printed
from real_gazette import REAL_GAZETTE, needs_real_gazette

from trio_pipeline.diario import pdf
from trio_pipeline.diario.pdf import PdfUnreadable, count_pages, read_pages
from trio_pipeline.services.gazettes import make_gazette

BROKEN = {
    "empty": b"",
    "a page of the firewall": b"<html><title>STIC - P\xc3\xa1gina Bloqueada</title></html>",
    "a header alone": b"%PDF-1.4\n",
    "noise": bytes(range(256)) * 20,
}
LONG = ["Acordam os membros da turma, por unanimidade, em negar provimento ao recurso"] * 3
"""Lines that make a page of text."""


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


def by_pypdfium2(path):
    """The text that pypdfium2's own objects give."""
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    finally:
        document.close()


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


def test_text_is_that_of_pypdfium2(publication, path_of):
    path = path_of(publication.content())
    assert read_pages(path) == by_pypdfium2(path)


@needs_real_gazette
def test_text_of_a_real_gazette_is_that_of_pypdfium2():
    assert read_pages(str(REAL_GAZETTE)) == by_pypdfium2(REAL_GAZETTE)


@given(st.lists(st.text(st.characters(max_codepoint=255, blacklist_characters="\f\r\n"), max_size=60), max_size=5))
def test_text_of_any_lines_is_that_of_pypdfium2(tmp_path_factory, lines):
    path = printed(tmp_path_factory.mktemp("any") / "g.pdf", LONG, lines)
    assert read_pages(path) == by_pypdfium2(path)


def test_lines_end_the_same_way(tmp_path):
    (page,) = read_pages(printed(tmp_path / "g.pdf", LONG))
    assert page.split("\n") == LONG


# What is refused


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("read", [count_pages, read_pages])
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
    with pytest.raises(PdfUnreadable, match=rf"^page {last} of the PDF cannot be read$"):
        read_pages(path)


def test_damage_anywhere_has_one_name(publication, path_of):
    content = publication.content()
    outcomes = set()
    for start in range(0, len(content), len(content) // 40):
        damaged = content[:start] + bytes(100) + content[start + 100 :]
        try:
            read_pages(path_of(damaged))
        except PdfUnreadable as error:
            outcomes.add(error.reason.partition(":")[0])
        else:
            outcomes.add("read")
    assert {"read"} < outcomes


def test_refusal_crosses_a_process():
    error = pickle.loads(pickle.dumps(PdfUnreadable("the PDF has no page")))
    assert (error.reason, str(error)) == ("the PDF has no page", "the PDF has no page")


@pytest.mark.parametrize("read", [count_pages, read_pages])
def test_pdf_without_a_page_is_refused(tmp_path, read):
    path = tmp_path / "g.pdf"
    pypdfium2.PdfDocument.new().save(path)
    with pytest.raises(PdfUnreadable, match=r"^the PDF (has no page$|does not open)"):
        read(str(path))


def test_more_pages_than_any_gazette_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "MOST_PAGES", 2)
    assert len(read_pages(printed(tmp_path / "g.pdf", LONG, LONG))) == 2
    with pytest.raises(PdfUnreadable, match=r"^the PDF has 3 pages, which is more than 2$"):
        read_pages(printed(tmp_path / "g.pdf", LONG, LONG, LONG))


def test_more_text_on_a_page_than_any_has_is_refused(tmp_path, monkeypatch):
    path = printed(tmp_path / "g.pdf", LONG, [*LONG, "and more"])
    monkeypatch.setattr(pdf, "_MOST_CHARACTERS_OF_A_PAGE", len("\r\n".join(LONG)))
    with pytest.raises(PdfUnreadable, match=r"^page 2 of the PDF has more than 232 characters$"):
        read_pages(path)


def test_more_text_than_any_gazette_has_is_refused(tmp_path, monkeypatch):
    path = printed(tmp_path / "g.pdf", LONG, LONG, LONG)
    monkeypatch.setattr(pdf, "MOST_CHARACTERS", 3 * len("\n".join(LONG)))
    assert len(read_pages(path)) == 3
    monkeypatch.setattr(pdf, "MOST_CHARACTERS", 3 * len("\n".join(LONG)) - 1)
    with pytest.raises(PdfUnreadable, match=r"^the PDF has more than 689 characters by page 3$"):
        read_pages(path)


# Scans

WHOLE, LOGO = (0, 0, 595, 842), (250, 750, 60, 60)
"""Where a picture stands on a page: left, bottom, width, height, in points."""


@pytest.mark.parametrize("stamp", [[], ["Assinado eletronicamente, 23/06/2025"]], ids=["bare", "with a stamp"])
def test_scan_is_refused(tmp_path, stamp):
    path = printed(tmp_path / "g.pdf", [picture(*WHOLE), *stamp], [picture(*WHOLE), *stamp])
    with pytest.raises(PdfUnreadable, match=r"^the PDF has no text layer: it is a scan$"):
        read_pages(path)


def test_empty_pages_are_refused(tmp_path):
    with pytest.raises(PdfUnreadable, match=r"^the PDF has no text layer: all its pages are empty$"):
        read_pages(printed(tmp_path / "g.pdf", [], []))


@pytest.mark.parametrize(
    "pages",
    [
        [[picture(*WHOLE)], LONG],
        [LONG, *[[picture(*WHOLE)]] * 5],
        [[picture(*LOGO), "Suplemento sem atos"]],
        [["Edição sem atos"], []],
    ],
    ids=["cover", "annexes", "short notice with the arms", "short notice"],
)
def test_gazette_with_pages_without_text_is_read(tmp_path, pages):
    texts = read_pages(printed(tmp_path / "g.pdf", *pages))
    assert len(texts) == len(pages)
    assert any(texts)
