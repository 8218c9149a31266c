"""Behaviour of the search for a part of a text: every place, overlapping ones too, and none that reaches beyond."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.occurrences import occurrences

LETTERS = st.text("ab", max_size=12)
PARTS = st.text("ab", min_size=1, max_size=3)
PLACES = st.integers(0, 12)


@given(LETTERS, PARTS, PLACES, PLACES)
def test_every_place_is_found(text, part, start, end):
    within = text[:end]
    places = [place for place in range(start, len(within)) if within.startswith(part, place)]
    assert [*occurrences(text, part, start, end)] == places
    assert [*occurrences(text.encode(), part.encode(), start, end)] == places


def test_end_of_the_text_is_the_end_of_the_search():
    assert [*occurrences("aaa", "aa")] == [0, 1]
