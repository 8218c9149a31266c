"""Contract tests: the ledger's view of states says the same as the table of the life cycle, event by event."""

from __future__ import annotations

from book import Book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_gazettes import gazette

from trio_pipeline.diario.lifecycle import OUTCOMES, TRANSITIONS, StageName, State, life_of, state_after

GAZETTES = tuple(gazette(number) for number in (1, 2, 3))
ARCHIVES = ("internet-archive", "folder:/srv/archive")


@st.composite
def histories(draw):
    """Events that can happen one after the other to some gazettes and archives, and the states that they lead to."""
    states, events = {}, []
    for _ in range(draw(st.integers(0, 25))):
        diario_id = draw(st.sampled_from(GAZETTES)).id
        archive = draw(st.sampled_from(ARCHIVES))
        possible = [
            (stage, outcome)
            for (stage, outcome), before in TRANSITIONS.items()
            if states.get(key_of(diario_id, stage, archive), State.NOT_ASKED) in before
        ]
        stage, outcome = draw(st.sampled_from(possible))
        key = key_of(diario_id, stage, archive)
        states[key] = state_after(states.get(key, State.NOT_ASKED), stage, outcome)
        events.append((diario_id, stage, key[2], outcome))
    return events, states


def key_of(diario_id, stage, archive):
    life = life_of(stage)
    return diario_id, life, archive if life == "archive" else None


def test_states_are_the_life_cycle(book):
    rows = book.rows("SELECT * FROM states")
    table = {(StageName(row["stage"]), row["outcome"]): State(row["state"]) for row in rows}
    assert table == OUTCOMES
    assert len(rows) == len(OUTCOMES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(histories())
def test_view_follows_every_history(book: Book, history):
    events, states = history
    book.connection.execute("DELETE FROM events")
    for diario_id, stage, target, outcome in events:
        book.tell(stage.value, outcome, diario_id=diario_id, target=target)
    rows = book.rows("SELECT diario_id, life, target, state FROM lives")
    assert {(row["diario_id"], row["life"], row["target"]): row["state"] for row in rows} == states
    assert len(rows) == len(states)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(histories(), st.sampled_from(ARCHIVES))
def test_diarios_follow_every_history(book: Book, history, archive):
    events, states = history
    for table in ("events", "gazettes", "run_starts"):
        book.connection.execute(f"DELETE FROM {table}")
    book.add(*GAZETTES)
    book.begin_run(archive=archive)
    for diario_id, stage, target, outcome in events:
        book.tell(stage.value, outcome, diario_id=diario_id, target=target)
    for row in book.rows("SELECT * FROM diarios"):
        for stage in (StageName.DOWNLOAD, StageName.ARCHIVE, StageName.EXTRACT):
            state = states.get(key_of(row["id"], stage, archive), State.NOT_ASKED)
            assert row[f"{stage}_state"] == state


def test_unknown_events_have_no_state(book):
    book.tell("download", "asked")
    book.tell("download", "sang")
    assert [row["state"] for row in book.rows("SELECT state FROM lives")] == ["pending"]
