"""Contract tests: a gazette is cut into pieces so that every entry is whole in the piece that owns it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from counted_calls import calls_of
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.language_model.questions import Question, TooMuchToAsk, ask_about, split

NOTARIAL = "TABELIONATO DE PROTESTO DE TÍTULOS\nEdital de intimação"


def page(number, lines=40):
    return "\n".join(f"Linha {line} da página {number}, com palavras até a margem direita" for line in range(lines))


pieces_of_text = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\f"), max_size=4_000), min_size=1, max_size=6
)


def asked(pages, *, everything=True):
    return ask_about(pages, everything=everything).questions


def test_pieces_overlap_and_own_their_part():
    questions = asked([page(number) for number in range(1, 21)])
    assert len(questions) > 3
    for one, following in pairwise(questions):
        assert one.owned[1] == following.owned[0]
        shared = one.lines[-1].end - following.lines[0].start
        assert shared >= 2_500
        assert following.owned[0] == following.lines[0].start
    assert all(len(question.text) <= 12_000 for question in questions)


@given(pieces_of_text)
def test_every_position_is_owned_once(pages):
    questions = asked(pages)
    if questions:
        assert questions[0].owned[0] == 0
        assert questions[-1].owned[1] >= questions[-1].lines[-1].end
    for one, following in pairwise(questions):
        assert one.owned[1] == following.owned[0]


@given(pieces_of_text)
def test_nothing_is_left_out(pages):
    sent = {(line.start, line.end) for question in asked(pages) for line in question.lines}
    assert sent == {(line.start, line.end) for line in Pages(pages).lines()}


def test_notaries_pages_are_not_sent():
    questions = asked([page(1), NOTARIAL, f"ACÓRDÃO\nRelatora: Ana\n{page(3)}"])
    assert {line.page for question in questions for line in question.lines} == {1, 3}


def test_only_what_rules_could_not_read_is_sent():
    unread = "07 - 7002770-82.2024.8.22.0011\nClasse: Recurso Inominado\nRecorrente: ANA"
    prepared = ask_about([page(1), unread], everything=False)
    assert len(prepared.reading.unread) == 1
    (question,) = prepared.questions
    assert question.text == unread


def test_nothing_unread_is_no_question():
    assert asked([page(1)], everything=False) == ()


def test_halves_share_lines_and_part_what_they_own():
    (question, *_) = asked([page(number) for number in range(1, 4)])
    first, second = split(question)
    assert (first.owned[0], second.owned[1]) == question.owned
    assert first.owned[1] == second.owned[0] == second.lines[0].start
    assert first.lines[-1].end > second.lines[0].start
    assert {*first.lines, *second.lines} == {*question.lines}


def test_splitting_comes_to_an_end():
    waiting = [*asked([page(number) for number in range(1, 4)])]
    asked_about = 0
    while waiting:
        waiting += split(waiting.pop())
        asked_about += 1
        assert asked_about < 100


@pytest.mark.parametrize("text", ["x" * 1_500, "x" * 50_000])
def test_single_line_is_cut_to_the_longest_piece(text):
    questions = asked([text])
    assert all(len(question.text) <= 12_001 for question in questions)
    assert "".join(dict.fromkeys(line.text for question in questions for line in question.lines))


@pytest.mark.parametrize("pages", [["a\n" * 5_000] * 61, ["x" * 999_999] * 19], ids=["lines", "characters"])
def test_more_than_any_gazette_has_is_refused_before_it_is_cut(pages):
    with pytest.raises(TooMuchToAsk, match=r"more to ask a model about than in any gazette: [\d,]+ characters in"):
        asked(pages)


def test_cutting_is_work_in_proportion():
    def cut(count):
        assert len(asked([f"{page(number)}\n" * 10 for number in range(count)])) > count

    cut(20)
    assert calls_of(cut, 640) < 12 * calls_of(cut, 80)


def test_same_text_is_the_same_question():
    (one,), (other,) = asked([page(1, 10)]), asked(["", page(1, 10)])
    assert one.hash == other.hash
    assert one != other
    assert Question(one.lines[:-1], one.owned).hash != one.hash
