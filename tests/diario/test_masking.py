"""Contract tests: personal numbers are masked at the same length, and nothing else is touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.masking import mask_personal_numbers

CASE = "7002770-82.2024.8.22.0011"


def cpf(base: int) -> str:
    """A number with right check digits, formed here so that none stands in the project."""
    digits = [int(digit) for digit in f"{base:09d}"]
    for _ in range(2):
        total = sum(weight * digit for weight, digit in zip(range(len(digits) + 1, 1, -1), digits, strict=True))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))


def test_formatted_cpf_is_masked():
    assert mask_personal_numbers("Devedor: X, 000.000.000-00.") == "Devedor: X, ***.***.***-**."


def test_formatted_cnpj_is_masked():
    assert mask_personal_numbers("CNPJ 00.000.000/0000-00;") == "CNPJ **.***.***/****-**;"


@pytest.mark.parametrize("separator", ["-\n", "\ufffe", "\u00ad", " - ", "–"])
def test_broken_hyphen_is_masked(separator):
    text = f"000.000.000{separator}00"

    assert mask_personal_numbers(text) == f"***.***.***{separator}**"


def test_broken_line_within_is_masked():
    assert mask_personal_numbers("000.\n000.000-00") == "***.\n***.***-**"
    assert mask_personal_numbers("00.000.000/\n0000-00") == "**.***.***/\n****-**"


@pytest.mark.parametrize(
    "words", ["CPF ", "CPF nº ", "CPF/MF sob o nº ", "C.P.F.: ", "cpf:", "CPF/CNPJ: : ", "CPF sob\no n. ", "CPF\n"]
)
def test_digits_after_the_word_are_masked(words):
    assert mask_personal_numbers(f"{words}00000000000 e") == f"{words}*********** e"
    assert mask_personal_numbers(f"{words}000000000-00 e") == f"{words}*********-** e"


def test_firm_digits_after_the_word_are_masked():
    assert mask_personal_numbers("CNPJ: 00000000000000") == "CNPJ: **************"
    assert mask_personal_numbers("CNPJ nº 00000000/0000-00") == "CNPJ nº ********/****-**"


@given(st.integers(0, 999_999_999).filter(lambda base: len(set(f"{base:09d}")) > 1))
def test_valid_digits_alone_are_masked(base):
    # A firm of one person carries its owner's number in its name.
    assert mask_personal_numbers(f"FULANA DE TAL {cpf(base)}\n") == f"FULANA DE TAL {'*' * 11}\n"


@pytest.mark.parametrize("base", [123_456_789, 700_277_082])
def test_both_check_digits_count(base):
    digits = cpf(base)
    wrong_first = digits[:9] + str((int(digits[9]) + 1) % 10)
    total = sum(weight * int(digit) for weight, digit in zip(range(11, 1, -1), wrong_first, strict=True))
    for wrong in (f"{wrong_first}{total * 10 % 11 % 10}", f"{digits[:10]}{(int(digits[10]) + 1) % 10}"):
        assert mask_personal_numbers(f"x {wrong} y") == f"x {wrong} y"


@pytest.mark.parametrize("text", ["12345678900", "00000000000", "R$ 1.000.000,00", "OAB nº RO10059S", "69 3309-0000"])
def test_other_numbers_are_left(text):
    assert mask_personal_numbers(f"x {text} y") == f"x {text} y"


@pytest.mark.parametrize(
    "text",
    [CASE, f"CPF {CASE}", f"CPF no processo {CASE}", f"CPF, p. 12345 {CASE}", "CPF no processo 70027708220248220011"],
)
def test_case_numbers_are_left(text):
    assert mask_personal_numbers(text) == text


def test_case_number_beside_a_personal_one_is_left():
    assert mask_personal_numbers(f"CPF 000.000.000-00 {CASE}") == f"CPF ***.***.***-** {CASE}"
    assert mask_personal_numbers(f"{CASE} CPF 00000000000") == f"{CASE} CPF ***********"


def test_personal_number_after_many_cases_is_masked():
    cases = f"{CASE}, {CASE} e {CASE}"
    assert mask_personal_numbers(f"{cases}: CPF 000.000.000-00") == f"{cases}: CPF ***.***.***-**"


def test_date_behind_is_left():
    assert mask_personal_numbers("CPF 00000000000 01/2025") == "CPF *********** 01/2025"
    assert mask_personal_numbers("CPF 000.000.000-00 01/20") == "CPF ***.***.***-** 01/20"


def test_every_number_is_masked_once():
    text = " e ".join(["CPF 000.000.000-00"] * 3)

    assert mask_personal_numbers(text) == re.sub("0", "*", text)


# Of nobody: the digits in a row, as forms to fill in have them.
PERSON = "123456789-09"
FIRM = "12.345.678/0001-95"
LETTERED = "12ABC34501DE35"


def hidden(text):
    return re.sub(r"\d", "*", text)


@pytest.mark.parametrize("mark", ["\ufffe", "\u00ad", "\u200b", "\ufffe\n", "\u00ad \n", "\ufffe\n\f\n"])
@pytest.mark.parametrize("form", ["123.456.789-09", FIRM, "CPF 12345678909"])
def test_mark_of_a_broken_word_anywhere_within_hides_nothing(form, mark):
    first = 4 if form.startswith("CPF") else 0
    for place in range(first + 1, len(form)):
        text = f"x {form[:place]}{mark}{form[place:]} y"
        assert mask_personal_numbers(text) == hidden(text)


@pytest.mark.parametrize("between", ["\n", " \n", "\n "])
@pytest.mark.parametrize("form", ["123.456.789-09", FIRM])
def test_line_break_anywhere_within_hides_nothing(form, between):
    for place in range(1, len(form)):
        text = f"x {form[:place]}{between}{form[place:]} y"
        assert mask_personal_numbers(text) == hidden(text)


@pytest.mark.parametrize("between", ["\f", "\n\f", "\f\n", "\n\n\f\n", " \f "])
def test_page_break_anywhere_within_hides_nothing(between):
    for place in range(1, len("123.456.789-09")):
        text = f"x 123.456.789-09 {'123.456.789-09'[:place]}{between}{'123.456.789-09'[place:]} y"
        assert mask_personal_numbers(text) == hidden(text)


def test_gap_is_looked_across_and_left():
    text = "CPF 123.456.789-\nFolha 12\f09, e 3"
    assert mask_personal_numbers(text, [(16, 26)]) == "CPF ***.***.***-\nFolha 12\f**, e 3"


@pytest.mark.parametrize(
    "form",
    [
        PERSON,
        "123.456.78909",
        "123.456.789.09",
        "123.456.789/09",
        "123 456 789 09",
        "123\u00a0456\u00a0789-09",
        "123.456.789\u221209",
        "123.456.789\u201409",
        "123.456.789\u2009-\u200909",
        "１２３.４５６.７８９-０９",
        "12345678/0001-95",
        "12345678000195",
        "12.ABC.345/01DE-35",
        "12.345.678/00\n01-95",
    ],
)
def test_form_with_right_check_digits_is_masked(form):
    assert mask_personal_numbers(f"x {form}, y") == f"x {hidden(form)}, y"


@pytest.mark.parametrize(
    "form",
    ["123456789-08", "123.456.78908", "123 456 789 08", "12345678/0001-94", "12345678000194", "1.123.456.789-08"],
)
def test_form_with_wrong_check_digits_is_left(form):
    assert mask_personal_numbers(f"protocolo {form}, y") == f"protocolo {form}, y"


@pytest.mark.parametrize(
    "words", ["CPFs ", "CPFn ", "CPF_", "CPFnº", "C P F ", "C.P.F. ", "C. P. F. nº ", "CIC ", "CGC: ", "CPF"]
)
def test_other_words_for_the_number(words):
    assert mask_personal_numbers(f"{words}00000000000 e") == f"{words}*********** e"


def test_wide_digits_after_the_word_are_masked():
    assert mask_personal_numbers("CPF ０００００００００００ e") == "CPF *********** e"


def test_letters_of_a_firm_stay():
    assert mask_personal_numbers(f"CNPJ nº {LETTERED} e") == f"CNPJ nº {hidden(LETTERED)} e"
    assert mask_personal_numbers(f"código {LETTERED} e") == f"código {LETTERED} e"


def test_number_of_a_list_may_stand_before():
    assert mask_personal_numbers("1.123.456.789-09") == "1.***.***.***-**"


@pytest.mark.parametrize("number", ["001.2006.001234-5", "100.001.2004.012345-6", "RO 10059-S", "20250623104"])
def test_numbers_of_old_cases_and_others_are_left_behind_the_word(number):
    for between in ("", "\n", "\ufffe", "\f"):
        text = f"CPF, autos {number[:9]}{between}{number[9:]} e"
        assert number == "20250623104" or mask_personal_numbers(text) == text
    assert mask_personal_numbers(f"OAB, autos {number}") == f"OAB, autos {number}"


@given(st.integers(1, 24), st.sampled_from(["\ufffe", "\n", "\f", "\n\f"]))
def test_broken_case_number_is_left(place, between):
    text = f"CPF {CASE[:place]}{between}{CASE[place:]} e"
    if CASE[place - 1] in ".-" or between == "\ufffe":
        assert mask_personal_numbers(text) == text


@given(st.text(alphabet="0123456789.-/ CPFN\n"), st.text(alphabet="./- CPF\n", max_size=3))
def test_no_text_before_a_case_number_hides_it(before, between):
    assert mask_personal_numbers(f"{before} {between}n. {CASE}").endswith(CASE)


@given(st.text(alphabet=st.sampled_from("0123456789.-/ \nCPFNJ:n\ufffe") | st.characters()))
def test_length_and_all_but_digits_stay(text):
    masked = mask_personal_numbers(text)

    assert len(masked) == len(text)
    assert all(
        after == before or (after == "*" and before.isdecimal()) for before, after in zip(text, masked, strict=True)
    )


@pytest.mark.parametrize(
    "before",
    [
        "RG 12.345.678 ",
        "capital de 10.000.000\n",
        "123.456.789 ",
        "12.345.678.",
        "RG 12.345.678/",
    ],
)
def test_number_of_a_firm_behind_another_number_is_masked(before):
    assert mask_personal_numbers(f"{before}11.222.333/0001-81 ACME") == f"{before}**.***.***/****-** ACME"


def test_number_behind_one_page_end_does_not_go_on_before_the_next():
    # As much as is looked at around a page's end: up to the number behind one, and from the date on before another.
    behind = f"2{'x' * 25} CPF 329133872"
    before = f"65/05/3230 {'y' * 69}"
    text = f"a\f{behind}\n{'z' * 50}\n{before}\f3"
    assert mask_personal_numbers(text) == text
