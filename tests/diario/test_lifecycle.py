"""Contract tests: the table of the life cycle is whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.lifecycle import (
    DONE,
    OUTCOMES,
    TRANSITIONS,
    ImpossibleEvent,
    Life,
    StageName,
    State,
    life_of,
    state_after,
)

STATES_OF = {
    Life.DOWNLOAD: {State.NOT_ASKED, State.PENDING, State.DOWNLOADED, State.FAILED, State.REJECTED},
    Life.ARCHIVE: {
        State.NOT_ASKED,
        State.PENDING,
        State.SUBMITTED,
        State.CONFIRMED,
        State.FAILED,
        State.REJECTED,
    },
    Life.EXTRACT: {State.NOT_ASKED, State.PENDING, State.EXTRACTED, State.FAILED, State.REJECTED},
}
"""The states of each life, as the design names them."""

KNOWN_WORDS = sorted({outcome for _, outcome in OUTCOMES})


def reachable(life: Life) -> set[State]:
    found, new = set(), {State.NOT_ASKED}
    while new:
        found |= new
        new = {
            OUTCOMES[stage, outcome]
            for (stage, outcome), before in TRANSITIONS.items()
            if life_of(stage) is life and before & found
        } - found
    return found


def test_every_outcome_has_transitions():
    assert TRANSITIONS.keys() == OUTCOMES.keys()
    assert all(TRANSITIONS.values())


@pytest.mark.parametrize("life", Life)
def test_life_reaches_its_states(life):
    assert reachable(life) == STATES_OF[life]


@pytest.mark.parametrize("life", Life)
def test_life_begins_by_asking(life):
    first = {key for key, before in TRANSITIONS.items() if life_of(key[0]) is life and State.NOT_ASKED in before}
    assert first == {(StageName(life.value), "asked")}


@pytest.mark.parametrize("life", Life)
def test_every_state_can_end_done(life):
    done = {DONE[life]}
    while True:
        more = {
            state
            for key, before in TRANSITIONS.items()
            if life_of(key[0]) is life and OUTCOMES[key] in done
            for state in before
        }
        if more <= done:
            break
        done |= more
    assert done >= STATES_OF[life]


def test_rejected_leaves_by_reset_only():
    leaving = {outcome for (_, outcome), before in TRANSITIONS.items() if State.REJECTED in before}
    assert leaving == {"reset"}


@pytest.mark.parametrize("stage", [StageName.DOWNLOAD, StageName.ARCHIVE, StageName.EXTRACT])
def test_reset_is_for_everything_asked(stage):
    assert TRANSITIONS[stage, "reset"] == set(State) - {State.NOT_ASKED}


UNDER_WAY = {State.PENDING, State.FAILED}


@pytest.mark.parametrize(
    ("stage", "outcomes", "before"),
    [
        (
            StageName.DOWNLOAD,
            {"downloaded", "restored", "put_off", "failed", "rejected"},
            UNDER_WAY | {State.DOWNLOADED},
        ),
        (StageName.ARCHIVE, {"started"}, UNDER_WAY),
        (StageName.ARCHIVE, {"submitted", "confirmed", "put_off", "failed", "rejected"}, UNDER_WAY | {State.SUBMITTED}),
        (StageName.CONFIRM, {"confirmed", "put_off", "absent", "lost", "failed", "rejected"}, {State.SUBMITTED}),
        (StageName.EXTRACT, {"read", "extracted", "put_off", "failed", "rejected"}, UNDER_WAY),
        (StageName.MODEL, {"extracted", "put_off", "failed", "rejected"}, UNDER_WAY),
    ],
)
def test_work_happens_to_what_is_under_way(stage, outcomes, before):
    assert {outcome: TRANSITIONS[stage, outcome] for outcome in outcomes} == dict.fromkeys(outcomes, before)


def test_every_stage_belongs_to_a_life():
    assert {stage: life_of(stage) for stage in StageName} == {
        StageName.DOWNLOAD: Life.DOWNLOAD,
        StageName.ARCHIVE: Life.ARCHIVE,
        StageName.CONFIRM: Life.ARCHIVE,
        StageName.EXTRACT: Life.EXTRACT,
        StageName.MODEL: Life.EXTRACT,
    }


def test_upload_counts_from_its_start():
    assert state_after(State.PENDING, StageName.ARCHIVE, "started") is State.SUBMITTED


def test_lost_upload_waits_again():
    assert state_after(State.SUBMITTED, StageName.CONFIRM, "lost") is State.PENDING


def test_pdf_can_be_needed_again():
    assert state_after(State.DOWNLOADED, StageName.DOWNLOAD, "restored") is State.DOWNLOADED


@given(st.sampled_from(State), st.sampled_from(StageName), st.sampled_from([*KNOWN_WORDS, "", "pending", "DOWNLOADED"]))
def test_event_is_possible_or_an_error(state, stage, outcome):
    if state in TRANSITIONS.get((stage, outcome), ()):
        assert state_after(state, stage, outcome) is OUTCOMES[stage, outcome]
    else:
        with pytest.raises(ImpossibleEvent, match=f"cannot happen to a gazette that is {state}"):
            state_after(state, stage, outcome)
