"""Contract tests: what becomes of a model's answers about one gazette, put together with what rules see in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pieces import FIRST, SECOND, TEXT, first, piece, said, second

from trio_pipeline.diario.language_model.answers import Asked, verify
from trio_pipeline.diario.language_model.merging import _Covered, read_by_model
from trio_pipeline.diario.language_model.questions import ask_about

PREPARED = ask_about([TEXT], everything=True)


def answered(*judgements, question=None, was_halved=False):
    question = question or piece()
    return Asked(question, verify(said(*judgements), question), "STOP", was_halved)


def lost(was_halved=False):
    return Asked(piece(), None, "RECITATION", was_halved)


def read(*asked):
    return read_by_model(PREPARED, asked, everything=True)


def numbers(reading):
    return [judgement.numero_processo for judgement in reading.judgements]


def test_what_the_model_reads_is_read():
    reading = read(answered(second(), first()))
    assert numbers(reading) == [FIRST, SECOND]
    assert reading.unread == ()


def test_entry_without_a_judgement_is_unread_with_the_reason():
    reading = read(answered(first(), second(relator="OUTRO")))
    assert numbers(reading) == [FIRST]
    (entry,) = reading.unread
    assert SECOND in entry.text
    assert "relator" in entry.reason


def test_piece_without_an_answer_is_unread_with_the_reason():
    assert [entry.reason for entry in read(lost()).unread] == 2 * ["the model: RECITATION"]


@pytest.mark.parametrize("half", [lost(), answered()])
def test_what_was_believed_of_a_whole_stays_where_a_half_brings_nothing(half):
    reading = read(answered(first(), second(relator="OUTRO"), was_halved=True), half)
    assert numbers(reading) == [FIRST]
    assert len(reading.unread) == 1


def test_half_goes_before_the_whole():
    short = "RECURSO CONHECIDO E NÃO PROVIDO À UNANIMIDADE,"
    reading = read(answered(first(decisao=short), was_halved=True), answered(first(), second()))
    assert [judgement.decisao for judgement in reading.judgements] == [first()["decisao"], second()["decisao"]]


def test_half_that_was_halved_goes_before_the_whole():
    whole = answered(first(), second(decisao="EMBARGOS"), was_halved=True)
    half = answered(second(), was_halved=True)
    reading = read(whole, half, lost())
    assert [judgement.decisao for judgement in reading.judgements] == [first()["decisao"], second()["decisao"]]


def test_no_answer_of_a_whole_is_no_reason_once_its_halves_are_answered():
    (entry,) = read(lost(was_halved=True), answered(first())).unread
    assert "RECITATION" not in entry.reason


spans = st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda one: (one[0], one[0] + one[1]))


@given(st.lists(spans), spans)
def test_spans_that_touch_are_told(covering, span):
    touched = any(start < span[1] and span[0] < end for start, end in covering)
    assert _Covered(covering).touches(span) == touched
