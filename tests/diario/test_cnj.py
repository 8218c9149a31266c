"""Contract tests: case numbers are found, put into the official form, and their check digits told right from wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario import cnj
from trio_pipeline.diario.shapes import shape_of

VALID = ("7002770-82.2024.8.22.0011", "0005268-75.2013.8.26.0100")

numbers = st.builds(
    lambda sequence, year, segment, court, origin: (
        f"{sequence:07d}-{cnj.check_digits(sequence, year, segment, court, origin):02d}"
        f".{year}.{segment}.{court:02d}.{origin:04d}"
    ),
    st.integers(0, 9_999_999),
    st.integers(1000, 9999),
    st.integers(0, 9),
    st.integers(0, 99),
    st.integers(0, 9999),
)


def found(text: str) -> list[str]:
    return [number.number for number in cnj.find_numbers(text)]


@pytest.mark.parametrize("number", VALID)
def test_published_numbers_are_valid(number):
    assert cnj.is_valid(number)


@given(numbers)
def test_made_numbers_are_valid(number):
    assert cnj.is_valid(number)


@given(numbers, st.integers(0, 99))
def test_other_check_digits_are_wrong(number, check):
    same = (check - int(number[8:10])) % 97 == 0

    assert cnj.is_valid(f"{number[:8]}{check:02d}{number[10:]}") == same


@given(numbers, st.integers(0, 6), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(number, place, distance):
    wrong = str((int(number[place]) + distance) % 10)

    assert not cnj.is_valid(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "7002770", "7002770-82.2024.8.22", "7002770-82.2024.8.22.00111", "x" * 20, "²" * 20]
)
def test_other_text_is_no_number(text):
    assert cnj.normalise(text) is None
    assert not cnj.is_valid(text)


def test_twenty_digits_are_a_number():
    assert cnj.normalise(" 70027708220248220011 ") == VALID[0]


def test_normal_form_stays_itself():
    assert cnj.normalise(VALID[0]) == VALID[0]


@pytest.mark.parametrize(
    "text",
    [
        "7002770-82.2024.8.22.0011",
        "7002770-\n82.2024.8.22.0011",
        "7002770\ufffe82.2024.8.22.0011",
        "7002770\u00ad82.2024.8.22.0011",
        "7002770–82.2024.8.22.0011",
        "7002770-82.2024.8.22.\n0011",
    ],
)
def test_broken_numbers_are_found(text):
    assert found(f"Processo n. {text}, de hoje") == [VALID[0]]


def test_numbers_are_found_in_order():
    text = f"n. {VALID[1]}/Vilhena e {VALID[0]}."

    assert found(text) == [VALID[1], VALID[0]]
    assert [text[number.start : number.end] for number in cnj.find_numbers(text)] == [VALID[1], VALID[0]]


@pytest.mark.parametrize("text", [f"1{VALID[0]}", f"{VALID[0]}1", f"1.{VALID[0]}"])
def test_part_of_a_longer_number_is_not_found(text):
    assert found(text) == []


def test_files_of_the_administration_are_told():
    assert cnj.is_administrative("0001201-60.2025.8.22.8700")
    assert cnj.is_administrative("0008946-57.2025.8.22.8000")
    assert not cnj.is_administrative(VALID[0])
    assert not cnj.is_administrative("0800383-48.2025.8.22.9000")


@given(st.text())
def test_any_text_is_searched(text):
    for number in cnj.find_numbers(text):
        assert cnj.normalise(number.number) == number.number


@given(st.text("0123456789-. \n", max_size=20), numbers, st.text("0123456789-. \n", max_size=20), st.data())
def test_stretch_touches_the_numbers_that_it_shares_a_character_with(before, number, behind, data):
    text = f"{before}{number}{behind}"
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    shared = any(one.start < end and start < one.end for one in cnj.find_numbers(text))
    assert cnj.touches_number(text, shape_of(text), start, end) == shared
