"""Property tests: what of a gazette's pages is content, however it is asked for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.pages import PAGE_BREAK, Pages

LINE = st.sampled_from(["", " ", "Boletim 7", "  Ana Lima", "123.456. ", "ANO X NÚMERO 1 DIÁRIO DA JUSTIÇA", "x"])
PAGE = st.lists(LINE, max_size=30).map("\n".join)
PAGES = st.lists(PAGE, max_size=7)


@given(PAGES)
def test_gaps_are_between_lines_of_content(texts):
    pages = Pages(texts)
    expected = [
        (one.end, following.start + len(following.text) - len(following.text.lstrip()))
        for one, following in pairwise(pages.lines())
        if following.page > one.page
    ]
    assert list(pages.gaps()) == expected
    assert all(PAGE_BREAK in pages.text[start:end] for start, end in expected)


@given(PAGES, st.booleans())
def test_pages_that_are_rewritten_have_the_same_content(texts, is_asked_before):
    pages = Pages(texts)
    masked = pages.text.replace("7", "*").replace("123.456", "***.***")
    if is_asked_before:
        assert len(list(pages.gaps())) < max(1, len(texts))
    rewritten = pages.rewritten(masked)
    assert rewritten.text == masked
    assert rewritten.lines() == Pages(masked.split(PAGE_BREAK)).lines()
    assert [(line.start, line.end) for line in rewritten.lines()] == [(line.start, line.end) for line in pages.lines()]


def test_masked_digits_in_a_footer_leave_it_one():
    """One of these numbers is masked, as if it were a person's: its check digits are right by chance."""
    numbered = [f"Ato {word}\nDocumento 111444777{number}" for number, word in enumerate("abcdef", start=33)]
    masked = [text.replace("11144477735", "***********") for text in numbered]
    assert [line.text for line in Pages(masked).lines()] == [f"Ato {word}" for word in "abcdef"]


@given(PAGES)
def test_lines_of_some_pages_are_those_of_all(texts):
    pages = Pages(texts)
    parts = [line for number in range(1, len(texts) + 1) for line in pages.lines_between(number, number)]
    assert parts == pages.lines()
