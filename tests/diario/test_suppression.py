"""Contract and property tests: names and numbers that no output shows."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.control import ControlLimits
from trio_pipeline.diario.suppression import (
    MARK,
    NOTHING_HIDDEN,
    Suppression,
    SuppressionError,
    folded,
    parse_suppression,
    suppression_of,
)

NUMBER = "7002770-82.2024.8.22.0011"


def listing(*lines):
    return parse_suppression("\n".join(lines).encode())


NAMES = st.lists(st.text("abçdéíñoõrsÁÉZ", min_size=3, max_size=8), min_size=2, max_size=4).map(" ".join)
BETWEEN = st.text(" \t\n\r\f\u00a0\u00ad\ufffe-.,'", max_size=3)
AROUND = st.text("abz 07.,;ºª()\n", max_size=12)


@st.composite
def other_writings(draw, text):
    """The same letters and digits in another case, with other accents, and other things between them."""
    letters = []
    for letter in text:
        if not letter.isalnum():
            continue
        shape = draw(st.sampled_from([str.upper, str.lower, str]))(letter)
        form = draw(st.sampled_from(["NFC", "NFD", None]))
        if form is None:
            shape = "".join(part for part in unicodedata.normalize("NFD", shape) if not unicodedata.combining(part))
        letters += [unicodedata.normalize(form or "NFC", shape), draw(BETWEEN)]
    return "".join(letters[:-1])


@given(st.data(), NAMES, AROUND, AROUND)
def test_name_is_never_shown_in_any_writing(data, name, before, after):
    written = data.draw(other_writings(name))
    hidden = listing(name)
    shown = hidden.mask(f"{before} {written} {after}")
    assert folded(name) not in folded(shown)
    assert MARK in shown
    assert not hidden.holds(shown)


@given(st.data(), st.text("0123456789", min_size=6, max_size=20), AROUND, AROUND)
def test_number_is_never_shown_in_any_writing(data, number, before, after):
    hidden = listing(number)
    written = data.draw(other_writings(number))
    shown = hidden.mask(f"{before} {written} {after}")
    assert not hidden.holds(shown)
    assert MARK in shown


@given(st.lists(NAMES, max_size=4), st.text())
def test_masked_text_holds_nothing_of_the_list(names, text):
    hidden = listing(*names)
    assert not hidden.holds(hidden.mask(text))
    assert hidden.mask(hidden.mask(text)) == hidden.mask(text)
    if not hidden.holds(text):
        assert hidden.mask(text) == text


@given(st.lists(st.text("abc 12", min_size=1, max_size=6), max_size=6), st.text("abc 12", max_size=30))
def test_lists_that_overlap_come_to_an_end(keys, text):
    hidden = Suppression(frozenset(filter(None, map(folded, keys))))
    assert not hidden.holds(hidden.mask(text))


@given(st.text())
def test_fold_is_of_each_character(text):
    assert folded(text) == "".join(map(folded, text))
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("Ana Lima", "ANA  LÍMA e outros", f"{MARK} e outros"),
        ("Ana Lima", "Ana Li\ufffe\nma", MARK),
        ("ana lima", "Ana Lima, Ana Lima", f"{MARK}, {MARK}"),
        ("ana lima", "ana limaana lima ana lima", f"ana limaana lima {MARK}"),
        # Others, whose names go on.
        ("Ana Lima", "Mariana Lima, Ana Limas", "Mariana Lima, Ana Limas"),
        ("Ana Lima", "5Ana Lima7", f"5{MARK}7"),
        ("José D'Ávila", "JOSE DAVILA", MARK),
        ("Strauß", "STRAUSS", MARK),
        ("Josefina", "Jose\ufb01na", MARK),
        (NUMBER, "nº7002770-82.2024.8.22.0011.", f"nº{MARK}."),
        (NUMBER, "70027708220248220011", MARK),
        ("70027708220248220011", f"({NUMBER})", f"({MARK})"),
        (NUMBER, "170027708220248220011", "170027708220248220011"),
        ("123456", "١٢٣٤٥٦", MARK),
        ("OAB/RO 7.821-A", "Inês (OAB/RO nº 7.821-A)", f"Inês ({MARK})"),
        ("OAB/RO 7.821-A", "RO7821A", MARK),
        ("RO7821A", "7.821-A/RO", MARK),
        ("RO7821A", "OAB nºRO7821A", f"OAB nº{MARK}"),
        # Another letter is another person's number.
        ("RO7821", "RO7821A", "RO7821A"),
    ],
)
def test_what_is_found_and_what_is_not(line, text, expected):
    assert listing(line).mask(text) == expected


def test_name_with_a_header_within_is_hidden_on_both_sides():
    hidden = listing("Ana Lima")
    text = "x Ana\nFolha 1\fBoletim\nLima y"
    gap = (text.index("\nFolha"), text.index("Lima"))
    assert hidden.mask_across(text, [gap]) == f"x {MARK}\nFolha 1\fBoletim\n{MARK} y"
    assert hidden.mask_across("Ana Lima\fANA LIMA\fz", [(8, 9), (17, 18)]) == f"{MARK}\f{MARK}\fz"
    assert hidden.mask_across("Ana Lima", []) == MARK


def test_page_break_within_a_name_stays():
    assert listing("Ana Lima").mask("Ana\n\fLima") == f"{MARK}\f{MARK}"


def test_list_of_people():
    hidden = listing("\ufeff# who asked us to", "", "  Ana Lima  # 2026-01-02", "\t", f"{NUMBER}\r")
    assert hidden.keys == {"analima", "70027708220248220011"}
    assert hidden.holds_number(f"Processo {NUMBER}")
    assert not hidden.holds_number("Ana Lima")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Ana Lima\n\nAna", "line 3: is too short"),
        (b"# 1\n12345", "line 2: is too short"),
        (b"--- ... ---", "line 1: is too short"),
        (b"x Suprimido x", "line 1: is what is printed"),
        (b"Ana Lima\n7821-A", "line 2: is an OAB number without its state"),
        ("Ana Lima\nJosé".encode("latin-1"), "line 2: is not UTF-8"),
        (b"a" * 70_000, "is longer than 64 KB"),
    ],
)
def test_list_that_cannot_be_used_names_the_line(data, message):
    with pytest.raises(SuppressionError, match=message) as caught:
        parse_suppression(data)
    assert "Ana" not in str(caught.value)


@pytest.mark.parametrize("line", ["RO7821A\n", "Жуков\n"])
def test_longest_list_fits_into_a_question(line):
    longest = line.encode() * (2**16 // len(line.encode()))
    lines = [text.replace("7821", str(1000 + number)) for number, text in enumerate(longest.decode().splitlines())]
    keys = sorted(parse_suppression("\n".join(lines).encode()[: 2**16]).keys)
    assert len(json.dumps(keys)) < 0.9 * ControlLimits().request_size


def test_empty_list_hides_nothing():
    assert listing("# nobody") == NOTHING_HIDDEN
    assert not NOTHING_HIDDEN
    assert NOTHING_HIDDEN.mask("Ana Lima") == "Ana Lima"
    assert not NOTHING_HIDDEN.holds("Ana Lima")


def test_both_lists_apply():
    both = listing("Ana Lima") | listing("José Prado")
    assert both.mask("Ana Lima x José Prado") == f"{MARK} x {MARK}"


@given(st.lists(NAMES, max_size=3))
def test_list_travels_as_its_keys(names):
    hidden = listing(*names)
    assert suppression_of(sorted(hidden.keys)) == hidden
    assert suppression_of(None) == NOTHING_HIDDEN


@pytest.mark.parametrize("value", ["Ana Lima", [7], ["Ana Lima"], [""], {"analima": 1}])
def test_what_is_no_list_of_keys(value):
    with pytest.raises(ValueError, match="must be a list"):
        suppression_of(value)
