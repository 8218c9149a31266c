"""Gazettes in two columns, as PDFium and the rules read them (collaboration)."""

from __future__ import annotations

import dataclasses
import datetime
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_texts import pages_of

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.services.editions import editions
from trio_pipeline.services.gazettes import make_gazette
from trio_pipeline.services.typesetting import typeset

DAYS = (datetime.date(2025, 6, 23), datetime.date(2008, 6, 23))


def make(seed, day=DAYS[0], **options):
    (edition,) = editions(1, day, seed=seed)
    return make_gazette(edition, seed=seed, columns=2, **options)


@pytest.fixture(scope="module")
def made():
    """Some gazettes with their pages."""
    gazettes = [make(seed, day) for seed in range(4) for day in DAYS]
    return [(one, pages_of(one.content())) for one in gazettes]


def test_same_seed_same_bytes():
    assert make(3).content() == make(3).content() != make(4).content()


def test_same_judgements_as_in_one_column(made):
    for one, _ in made[:2]:
        whole = make_gazette(one.gazette)
        assert [dataclasses.replace(judgement, page=0) for judgement in one.truth] == [
            dataclasses.replace(judgement, page=0) for judgement in whole.truth
        ]


@pytest.mark.parametrize(
    "form",
    [
        r" n\. \d{7}-\n\d\d\.",
        r"n[º.] \n[A-Z0-9]",
        r"OAB \nn",
        r"\(OAB/[A-Z]{2} \n\d",
        r"(?i)\w \nrelator, ",
        "\ufffe",
    ],
)
def test_form_occurs(made, form):
    assert any(re.search(form, page) for _, pages in made for page in pages)


def test_lines_are_narrow(made):
    lines = [line for _, pages in made for page in pages for line in page.splitlines()[3:] if "\ufffe" not in line]
    assert max(map(len, lines)) < 75


def test_left_column_goes_on_in_the_right_one():
    made = typeset(
        [f"w{number}" for number in range(200)], lambda page: ["head"], title="t", rng=random.Random(1), columns=2
    )
    first, second = pages_of(made.content)
    assert first.split() == ["head", *(f"w{number}" for number in range(150))]
    assert second.split() == ["head", *(f"w{number}" for number in range(150, 200))]
    assert made.pages == (1,) * 150 + (2,) * 50


def test_entries_go_on_in_the_next_column_and_page(made):
    cut = 0
    for one, pages in made:
        for judgement, following in zip(one.truth, one.truth[1:], strict=False):
            cut += (
                following.page > judgement.page and pages[following.page - 1].index(following.numero_processo[8:]) > 400
            )
    assert cut > 4


@given(st.integers(0), st.sampled_from(DAYS), st.integers(1, 25))
def test_rules_read_exactly_this(seed, day, judgements):
    one = make(seed, day, judgements=judgements)
    reading = read_judgements(pages_of(one.content()))
    assert [dataclasses.replace(read, span=(0, 0)) for read in reading.judgements] == list(one.truth)
    assert reading.unread == ()
