"""Contract tests: what was copied is found again, whatever line breaks and punctuation did to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.language_model.squeezed import squeeze, squeezed_text


def squeezed(*lines):
    return squeeze(Pages(["\n".join(lines)]).lines())


def found(text, words):
    return [*text.find(words, 0, len(text.characters))]


@pytest.mark.parametrize(
    "words",
    ["Conceição de Araújo", "CONCEICAO DE ARAUJO", "conceição  de, araújo.", "Concei\u00adção de Araújo"],
)
def test_writing_does_not_count(words):
    text = squeezed("Recorrente: José Concei\ufffe", "ção de Araújo")
    assert len(found(text, words)) == 1


def test_other_words_are_not_found():
    text = squeezed("Recorrente: José")
    assert found(text, "Josefa") == []


@pytest.mark.parametrize("words", ["", " ", "—", "..."])
def test_words_without_letters_stand_nowhere(words):
    text = squeezed("— ... José")
    assert found(text, words) == []


def test_every_character_knows_its_line():
    text = squeezed("Ana", "Bia")
    ((begin, end),) = found(text, "Bia")
    assert text.line(begin).text == "Bia"
    assert text.line(end - 1).text == "Bia"
    assert text.line(0).text == "Ana"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["ESTADO IMPROVIDO"], "PROVIDO"),
        (["ESTADO IM\ufffe", "PROVIDO"], "PROVIDO"),
        (["ESTADO IM\u00ad", "  PROVIDO"], "PROVIDO"),
        (["ESTADO IM-", "PROVIDO"], "PROVIDO"),
        (["ESTADO IM\ufffe PROVIDO"], "PROVIDO"),
        (["ESTADO IM\x00PROVIDO"], "PROVIDO"),
        (["ESTADO IM\ufffe", "PROVIDO"], "ESTADO IM"),
        (["JOSÉ DA CONCEIÇÃO"], "ONCE"),
        (["JOSE\u0301S"], "JOSÉ"),
    ],
)
def test_part_of_a_word_is_no_word(lines, words):
    assert found(squeezed(*lines), words) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("BENEFICIOS S.A.BRADESCO SAUDE S/A", "BRADESCO SAUDE S/A"),
        ("SERVICOS LTDA.BANCO DO SUL", "BANCO DO SUL"),
        ("Relator:PAULO LIMA", "PAULO LIMA"),
        ("GUARDA-CHUVA", "CHUVA"),
        ("um recurso - PROVIDO", "PROVIDO"),
        ("Apelação7002770", "Apelação"),
    ],
)
def test_punctuation_parts_words(line, words):
    assert len(found(squeezed(line), words)) == 1


@given(st.text())
def test_any_text_is_found_in_itself(text):
    lines = squeezed(text)
    whole = "\n".join(line.text for line in lines.lines)
    assert bool(found(lines, whole)) == bool(squeezed_text(whole))


@given(st.lists(st.text(alphabet="aÉ1 .\n"), max_size=6))
def test_any_line_is_found_in_its_text(texts):
    lines = squeezed(*texts)
    for line in lines.lines:
        if squeezed_text(line.text):
            assert found(lines, line.text)


@given(st.text(alphabet="ab \ufffe-.\n"), st.text(alphabet="ab ", max_size=4))
def test_what_is_found_stands_there(text, words):
    lines = squeezed(text)
    for begin, end in found(lines, words):
        assert squeezed_text(lines.printed(begin, end)) == squeezed_text(words)
