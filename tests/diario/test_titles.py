"""Titles from templates (contract, pure): what a template may say, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_gazettes import gazette

from trio_pipeline.diario.titles import Titles, check_edition_title, check_year_title

EDITION = gazette(112, "2025-06-23")
SUPPLEMENT = gazette(162, "2024-08-29", "SUP")


def test_titles_that_nobody_sets():
    assert Titles().edition(EDITION) == "Diário da Justiça TJRO - 23/06/2025 - nº 112"
    assert Titles().edition(SUPPLEMENT) == "Diário da Justiça TJRO - 29/08/2024 - nº 162 SUP"
    assert Titles().year(EDITION) == "Diário da Justiça TJRO - 2025"


def test_every_field_can_be_had():
    template = check_edition_title("{tribunal}/{year}/{number}{suffix} {date} {day}")
    assert Titles(of_edition=template).edition(SUPPLEMENT) == "TJRO/2024/162SUP 2024-08-29 29/08/2024"
    assert Titles(of_year=check_year_title("{year} {tribunal}")).year(EDITION) == "2025 TJRO"


def test_empty_field_leaves_no_gap():
    assert Titles(of_edition=" {suffix}  nº {number} {suffix} ({date}) ").edition(EDITION) == "nº 112 (2025-06-23)"


def test_template_without_field_is_a_title():
    assert Titles(of_edition=check_edition_title("Diário")).edition(EDITION) == "Diário"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{nummer}", "there is no field 'nummer'; the nearest is {number}"),
        ("{}", "there is no field ''"),
        ("{number.__class__}", "the nearest is {number}"),
        ("{number!r:>9}", "the nearest is {number}"),
        ("{number", "a brace that belongs to no field"),
        ("number}", "a brace that belongs to no field"),
        ("{{number}}", "a brace that belongs to no field"),
        ("", "1 to 300 characters"),
        ("  ", "1 to 300 characters"),
        ("x" * 301, "1 to 300 characters"),
        ("a\nb", "on one line"),
        ("a\x1b[2J", "on one line"),
    ],
)
def test_what_is_no_template_is_refused(template, reason):
    with pytest.raises(ValueError) as caught:
        check_edition_title(template)
    assert reason in str(caught.value)


def test_year_knows_no_edition():
    with pytest.raises(ValueError, match="there is no field 'number'"):
        check_year_title("{number}")


@given(st.text())
def test_accepted_template_always_makes_a_title(template):
    try:
        check_edition_title(template)
    except ValueError:
        return
    title = Titles(of_edition=template).edition(EDITION)
    assert "{" not in title
    assert "}" not in title
