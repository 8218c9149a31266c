"""Contract tests: CSV that a spreadsheet and a program read alike."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.cli.csv_lines import print_csv


def written(*rows, columns=("a", "b")):
    out = io.StringIO(newline="")
    print_csv(rows, columns, file=out)
    return out.getvalue()


def cell(value):
    _, (text, _) = csv.reader(io.StringIO(written({"a": value}), newline=""))
    return text


def test_header_and_line_ends():
    assert written() == "a,b\r\n"
    assert written({"a": 1, "b": 'o "x", y'}) == 'a,b\r\n1,"o ""x"", y"\r\n'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        (-7, "-7"),
        ("José", "José"),
        (["Ana", "José"], "Ana; José"),
        ([], ""),
        ([{"nome": "Inês", "oab": "RO7821A"}, {"nome": "Defensoria", "oab": None}], "Inês (RO7821A); Defensoria"),
        ([10, 90], "10; 90"),
        ("one\r\ntwo\fthree", "one\ntwo\nthree"),
        ("\x1b[31mred", r"\x1b[31mred"),
    ],
)
def test_values_become_cells(value, expected):
    assert cell(value) == expected


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\n=1", "＝1", "=cmd|' /C calc'!A0"])
def test_formula_is_no_formula_any_more(text):
    assert cell(text).startswith("'")
    assert cell([text]).startswith("'")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3))
def test_any_text_stays_in_its_cell(names):
    rows = list(csv.reader(io.StringIO(written({"a": names, "b": "end"}), newline="")))
    assert len(rows) == 2
    assert rows[1][1] == "end"
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r"))
