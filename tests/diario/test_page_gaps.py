"""Property tests: what stands between the content of two pages is the same, whether all lines are read or few."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.lines import PAGE_BREAK, read_lines
from trio_pipeline.diario.page_gaps import page_gaps

LINE = st.sampled_from(["", " ", "Boletim 7", "  Ana Lima", "123.456. ", "ANO X NÚMERO 1 DIÁRIO DA JUSTIÇA", "x"])
PAGE = st.lists(LINE, max_size=30).map("\n".join)


@given(st.lists(PAGE, max_size=7))
def test_gaps_are_between_lines_of_content(pages):
    whole = PAGE_BREAK.join(pages)
    expected = [
        (one.end, following.start + len(following.text) - len(following.text.lstrip()))
        for one, following in pairwise(read_lines(pages))
        if following.page > one.page
    ]
    assert list(page_gaps(pages)) == expected
    assert all(PAGE_BREAK in whole[start:end] for start, end in expected)
