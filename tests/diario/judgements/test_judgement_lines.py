"""Contract tests: pages become one run of lines without headers, and broken words become whole again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_texts import HEADER

from trio_pipeline.diario.judgements.lines import FULL_WIDTH, join_lines, width_of
from trio_pipeline.diario.judgements.pages import PAGE_BREAK, Pages


def texts(pages: list[str]) -> list[str]:
    return [line.text for line in Pages(pages).lines()]


def test_known_header_is_skipped():
    assert texts([HEADER.format(page=1) + "a\nb\n", HEADER.format(page=2) + "c"]) == ["a", "b", "c"]


def test_header_words_within_a_page_stay():
    inside = "a\n" * 6 + "Este diário foi assinado digitalmente.\n" + "b\n" * 6

    assert "Este diário foi assinado digitalmente." in texts([inside])


def test_unknown_header_and_footer_are_learned():
    pages = [f"Gazeta de Lugar Nenhum, n. {n}\ntexto {chr(97 + n)}\nFolha {n} de 8\n" for n in range(8)]

    assert texts(pages) == [f"texto {chr(97 + n)}" for n in range(8)]


def test_four_pages_teach():
    assert texts(["mesma\na", "mesma\nb", "mesma\nc", "mesma\nd"]) == ["a", "b", "c", "d"]


def test_header_of_four_pages_in_five_is_learned():
    pages = [f"Gazeta, folha {n}\n{chr(97 + n)}" if n < 8 else "anexo" for n in range(10)]

    assert texts(pages) == ["a", "b", "c", "d", "e", "f", "g", "h", "anexo", "anexo"]


def test_header_missing_from_one_page_is_learned():
    pages = [f"Gazeta, folha {n}\n{chr(97 + n)}" for n in range(8)]
    pages[3] = "capa"

    assert texts(pages) == ["a", "b", "c", "capa", "e", "f", "g", "h"]


def test_three_pages_teach_nothing():
    assert texts(["mesma\na", "mesma\nb", "mesma\nc"]) == ["mesma", "a", "mesma", "b", "mesma", "c"]


def test_repeated_label_is_no_header():
    # A page of judgements may well end as the one before ended.
    pages = [f"{chr(97 + n)}\nDECISÃO: RETIRADO DE PAUTA" for n in range(8)]

    assert texts(pages).count("DECISÃO: RETIRADO DE PAUTA") == 8


def test_repeated_line_at_half_the_pages_is_no_header():
    pages = [f"{chr(97 + n)}\n{'DO VOTO DO RELATOR.' if n % 2 else 'outra'}" for n in range(8)]

    assert texts(pages).count("DO VOTO DO RELATOR.") == 4


def test_page_of_header_alone_is_empty():
    assert texts([HEADER.format(page=1)]) == []


def test_lines_know_their_place():
    pages = ["primeira \nsegunda", "", "  terceira\r\n"]
    whole = PAGE_BREAK.join(pages)
    lines = Pages(pages).lines()

    assert [whole[line.start : line.end] for line in lines] == ["primeira", "segunda", "  terceira"]
    assert [line.page for line in lines] == [1, 1, 3]
    assert [line.folded for line in lines] == [True, False, False]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        (["FERNAN\ufffe", "DES"], "FERNANDES"),
        (["FERNAN\u00ad", "DES"], "FERNANDES"),
        (["FERNAN\ufffeDES"], "FERNANDES"),
        (["JI-", "PARANÁ"], "JI-PARANÁ"),
        (["PORTO", "VELHO"], "PORTO VELHO"),
        (["ENERGIA -", "SA"], "ENERGIA - SA"),
        (["a  b\t", " c "], "a b c"),
        ([], ""),
    ],
)
def test_broken_lines_are_joined(broken, whole):
    assert join_lines(broken) == whole


@given(st.lists(st.text(), max_size=8))
def test_any_page_has_places(pages):
    whole = PAGE_BREAK.join(pages)
    lines = Pages(pages).lines()

    assert all(whole[line.start : line.end] == line.text for line in lines)
    assert [line.start for line in lines] == sorted(line.start for line in lines)


@pytest.mark.parametrize("first", ["Exe\u00adcução fiscal", "Execu\u00adte", "a\ufffede"])
def test_hyphen_within_a_line_joins_nothing_to_the_next(first):
    assert join_lines([first, "provida"]).endswith(" provida")


@pytest.mark.parametrize(
    ("lengths", "width"),
    [
        ([60] * 40, 60),
        ([30] * 20 + [60] * 20, 60),
        ([60] * 39, FULL_WIDTH),
        ([60] * 100 + [130], 60),
        ([60] * 40 + [130] * 3, FULL_WIDTH),
        ([130] * 40, FULL_WIDTH),
        ([80] * 40, FULL_WIDTH),
        ([35] * 40, 35),
        ([34] * 40, FULL_WIDTH),
        ([], FULL_WIDTH),
    ],
)
def test_width_is_that_of_the_longest_lines(lengths, width):
    assert width_of(Pages(["\n".join("a" * length for length in lengths)]).lines()) == width


def test_broken_word_makes_no_line_longer():
    assert width_of(Pages(["\n".join(["a" * 60] * 40 + [f"{'a' * 59}\ufffe{'a' * 60}"] * 10)]).lines()) == 60
