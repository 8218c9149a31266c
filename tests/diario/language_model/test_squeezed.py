"""Contract tests: what was copied is found again, whatever line breaks and punctuation did to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.lines import read_lines
from trio_pipeline.diario.language_model.squeezed import squeeze, squeezed_text


def squeezed(*lines):
    return squeeze(read_lines(["\n".join(lines)]))


@pytest.mark.parametrize(
    "words",
    ["Conceição de Araújo", "CONCEICAO DE ARAUJO", "conceição  de, araújo.", "Concei\u00adção de Araújo"],
)
def test_writing_does_not_count(words):
    text = squeezed("Recorrente: José Concei\ufffe", "ção de Araújo")
    assert text.find(words, 0, len(text.characters)) is not None


def test_other_words_are_not_found():
    text = squeezed("Recorrente: José")
    assert text.find("Josefa", 0, len(text.characters)) is None


@pytest.mark.parametrize("words", ["", " ", "—", "..."])
def test_words_without_letters_stand_nowhere(words):
    text = squeezed("— ... José")
    assert text.find(words, 0, len(text.characters)) is None


def test_every_character_knows_its_line():
    text = squeezed("Ana", "Bia")
    last = text.find("Bia", 0, len(text.characters))
    assert text.line(last).text == "Bia"
    assert text.line(0).text == "Ana"


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("Autos 001.2004.012345-6 em grau de recurso", 1),
        ("Autos 001.2004.012345-67", 0),
        ("Autos 9001.2004.012345-6", 0),
        ("Autos 5-001.2004.012345-6", 0),
        ("3 001.2004.012345-6 2004", 1),
        ("00120040123456, 001.2004.012345-6", 2),
    ],
)
def test_part_of_a_longer_number_is_another_number(line, times):
    assert len(list(squeezed(line).numbers("00120040123456"))) == times


@given(st.text())
def test_any_text_is_found_in_itself(text):
    lines = squeezed(text)
    for line in lines.lines:
        if squeezed_text(line.text):
            assert lines.find(line.text, 0, len(lines.characters)) is not None
