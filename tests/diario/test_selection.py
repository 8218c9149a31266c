"""Contract tests: what a run takes up, and what it records before it begins."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_gazettes import checksums_of, gazette

from trio_pipeline.diario.items import Branches, starting_stages
from trio_pipeline.diario.ledger.events import LifeStanding, Standing
from trio_pipeline.diario.lifecycle import Life, StageName, State
from trio_pipeline.diario.readers import PastReading, Reader
from trio_pipeline.diario.selection import Selection, plan

ARCHIVE = "internet-archive"
BOTH = Branches(archive=ARCHIVE, reader=Reader("3"))
EXTRACT_ONLY = Branches(archive=None, reader=Reader("3"))
READ = PastReading("rules", "3", unread=2)
MOMENT = datetime.datetime.fromisoformat("2026-11-23T12:00:00")

DAYS = ("2025-06-20", "2025-06-23", "2025-06-24", "2025-06-25")


def standing(date=DAYS[1], *, number=1, suffix="", **states):
    """A gazette whose lives are in these states; those that are left out were never asked for."""
    lives = {Life(life): LifeStanding(State(state)) for life, state in states.items()}
    if states.get("extract") == "extracted":
        lives[Life.EXTRACT] = LifeStanding(State.EXTRACTED, reading=READ)
    return Standing(gazette(number, date, suffix), lives=lives)


def done(date=DAYS[1], **states):
    return standing(date, **({"download": "downloaded", "archive": "confirmed", "extract": "extracted"} | states))


def pending(date=DAYS[1]):
    return done(date, download="pending", archive="pending", extract="pending")


def dates(chosen):
    return [item.gazette.date.isoformat() for item in chosen.items]


def words(chosen):
    return [(event.diario_id, event.stage.value, event.outcome, event.target) for event in chosen.events]


def test_new_gazette_is_asked_for():
    chosen = plan([standing()], Selection(), BOTH)
    (item,) = chosen.items
    identifier = item.gazette.id
    assert words(chosen) == [
        (identifier, "download", "asked", None),
        (identifier, "archive", "asked", ARCHIVE),
        (identifier, "extract", "asked", None),
    ]
    assert {item.state(life) for life in Life} == {State.PENDING}


def test_branch_that_is_off_is_not_asked_for():
    chosen = plan([standing()], Selection(), EXTRACT_ONLY)
    assert [stage for _, stage, _, _ in words(chosen)] == ["download", "extract"]
    assert chosen.items[0].state(Life.ARCHIVE) is State.NOT_ASKED


def test_branch_switched_on_later_is_asked_for():
    first = standing(download="downloaded", extract="extracted")
    chosen = plan([first], Selection(), BOTH)
    assert words(chosen) == [(first.gazette.id, "archive", "asked", ARCHIVE)]
    assert len(chosen.items) == 1


def test_done_is_not_taken_up():
    assert plan([done()], Selection(), BOTH) == plan([], Selection(), BOTH)


def test_what_failed_is_taken_up_again():
    chosen = plan([done(archive="failed")], Selection(), BOTH)
    assert chosen.items[0].state(Life.ARCHIVE) is State.PENDING
    assert words(chosen) == []


def test_what_was_rejected_is_not():
    rejected = [done(archive="rejected"), done(DAYS[2], download="rejected", archive="pending", extract="pending")]
    assert plan(rejected, Selection(), BOTH).items == ()


def test_newest_goes_first():
    chosen = plan([pending(day) for day in (DAYS[1], DAYS[3], DAYS[0])], Selection(), BOTH)
    assert dates(chosen) == [DAYS[3], DAYS[1], DAYS[0]]


def test_oldest_first_when_asked():
    chosen = plan([pending(day) for day in (DAYS[1], DAYS[3], DAYS[0])], Selection(oldest_first=True), BOTH)
    assert dates(chosen) == [DAYS[0], DAYS[1], DAYS[3]]


@pytest.mark.parametrize("oldest_first", [False, True])
def test_same_day_goes_by_id(oldest_first):
    same_day = [standing(suffix="-SUP"), standing()]
    chosen = plan(same_day, Selection(oldest_first=oldest_first, limit=1), BOTH)
    assert [item.gazette.suffix for item in chosen.items] == [""]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, 4),
        (DAYS[1], None, 3),
        (None, DAYS[1], 2),
        (DAYS[1], DAYS[2], 2),
        (DAYS[2], DAYS[2], 1),
        (DAYS[3], DAYS[0], 0),
    ],
)
def test_days_are_both_included(since, until, expected):
    selection = Selection(
        since=since and datetime.date.fromisoformat(since), until=until and datetime.date.fromisoformat(until)
    )
    chosen = plan([standing(day) for day in DAYS], selection, BOTH)
    assert len(chosen.items) == expected
    # What was not asked for by date is not on record either.
    assert len({event.diario_id for event in chosen.events}) == expected


def test_limit_takes_the_first():
    everything = [pending(day) for day in DAYS]
    assert dates(plan(everything, Selection(limit=2), BOTH)) == [DAYS[3], DAYS[2]]
    assert dates(plan(everything, Selection(limit=2, oldest_first=True), BOTH)) == [DAYS[0], DAYS[1]]
    assert dates(plan(everything, Selection(limit=0), BOTH)) == []


def test_beyond_limit_is_work_left():
    chosen = plan([standing(day) for day in DAYS], Selection(limit=1), BOTH)
    assert len(chosen.items) == 1
    assert len(chosen.events) == 3 * len(DAYS)


def test_looking_is_no_new_work():
    submitted = [done(day, archive="submitted") for day in DAYS[1:]]
    chosen = plan([*submitted, pending(DAYS[0])], Selection(limit=1), BOTH)
    assert dates(chosen) == [DAYS[3], DAYS[2], DAYS[1], DAYS[0]]


def test_what_cannot_be_had_takes_no_place():
    hopeless = [done(day, download="rejected", archive="pending", extract="pending") for day in DAYS[1:]]
    chosen = plan([*hopeless, pending(DAYS[0])], Selection(limit=1), BOTH)
    assert dates(chosen) == [DAYS[0]]


def test_force_does_it_again():
    chosen = plan([done()], Selection(force=True), BOTH)
    assert [(stage, outcome) for _, stage, outcome, _ in words(chosen)] == [("archive", "reset"), ("extract", "reset")]
    (item,) = chosen.items
    # The PDF is not asked for a second time while a copy of it is left.
    assert [item.state(life) for life in Life] == [State.DOWNLOADED, State.PENDING, State.PENDING]


def test_force_leaves_what_was_rejected():
    chosen = plan([done(archive="rejected")], Selection(force=True), BOTH)
    assert [stage for _, stage, _, _ in words(chosen)] == ["extract"]


def test_force_stays_within_limit():
    chosen = plan([done(day) for day in DAYS], Selection(force=True, limit=1), BOTH)
    assert dates(chosen) == [DAYS[3]]
    assert {event.diario_id for event in chosen.events} == {chosen.items[0].gazette.id}


def test_force_asks_for_nothing_impossible():
    chosen = plan([done(download="rejected")], Selection(force=True), BOTH)
    assert (chosen.items, chosen.events) == ((), ())


def test_item_knows_what_the_ledger_knows():
    checksums = checksums_of(b"%PDF")
    known = Standing(
        gazette(),
        checksums=checksums,
        size=4,
        archives={ARCHIVE: None},
        lives={
            Life.DOWNLOAD: LifeStanding(State.DOWNLOADED),
            Life.ARCHIVE: LifeStanding(State.SUBMITTED, MOMENT, MOMENT, acknowledged=True, failed_runs=2),
            Life.EXTRACT: LifeStanding(State.FAILED, failed_runs=4),
        },
    )
    (item,) = plan([known], Selection(), BOTH).items
    assert (item.checksums, item.size, item.archives) == (checksums, 4, {ARCHIVE: None})
    assert item.failed_runs == {Life.DOWNLOAD: 0, Life.ARCHIVE: 2, Life.EXTRACT: 4}
    assert item.not_before == {Life.ARCHIVE: MOMENT}
    assert (item.submitted_at, item.acknowledged) == (MOMENT, True)


STATES = {
    "download": ["pending", "downloaded", "failed", "rejected"],
    "archive": ["pending", "submitted", "confirmed", "failed", "rejected"],
    "extract": ["pending", "extracted", "failed", "rejected"],
}
standings = st.lists(
    st.tuples(
        st.integers(1, 28), st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in STATES.items()})
    ),
    max_size=12,
).map(
    lambda drawn: [
        standing(f"2025-02-{day:02}", number=number, **states) for number, (day, states) in enumerate(drawn, 1)
    ]
)


@given(standings, st.integers(0, 14), st.booleans(), st.booleans())
def test_limit_cuts_the_work_short(all_of_them, limit, oldest_first, force):
    whole = plan(all_of_them, Selection(oldest_first=oldest_first, force=force), BOTH)
    part = plan(all_of_them, Selection(limit=limit, oldest_first=oldest_first, force=force), BOTH)
    work = [item.gazette.id for item in whole.items if is_work(item)]
    assert [item.gazette.id for item in part.items if is_work(item)] == work[:limit]
    to_look_for = [item.gazette.id for item in whole.items if not is_work(item)]
    assert [item.gazette.id for item in part.items if not is_work(item)] == to_look_for
    assert (part.held_back, whole.held_back) == (max(0, len(work) - limit), 0)


def is_work(item):
    return item.state(Life.DOWNLOAD) is not State.REJECTED and State.PENDING in item.states.values()


@given(standings, st.booleans())
def test_plan_of_a_plan_is_the_same(all_of_them, force):
    first = plan(all_of_them, Selection(force=force), BOTH)
    reset = {event.diario_id for event in first.events if event.outcome == "reset"}
    assert reset <= {item.gazette.id for item in first.items}
    again = plan(
        [
            Standing(
                item.gazette,
                lives={life: LifeStanding(state, reading=READ) for life, state in item.states.items()},
            )
            for item in first.items
        ],
        Selection(),
        BOTH,
    )
    assert [item.gazette for item in again.items] == [item.gazette for item in first.items]
    assert again.events == ()


def read_by(extractor, version, *, unread=0, state="extracted", awaits_model=False, has_text=True):
    """A gazette that is done but for what this says of its reading."""
    past = PastReading(extractor, version, unread)
    where = LifeStanding(State(state), reading=past, awaits_model=awaits_model)
    return replace(done(), lives={**done().lives, Life.EXTRACT: where}, has_text=has_text)


def stages_of(chosen, *, has_pdf):
    (item,) = chosen.items
    return set(starting_stages(item, BOTH, has_pdf=has_pdf))


def test_newer_rules_read_again_what_older_ones_read():
    chosen = plan([read_by("rules", "2")], Selection(), BOTH)
    assert [word for _, _, word, _ in words(chosen)] == ["reset"]
    assert stages_of(chosen, has_pdf=False) == {StageName.EXTRACT}


def test_without_its_text_a_gazette_is_read_again_from_its_pdf():
    chosen = plan([read_by("rules", "2", has_text=False)], Selection(), BOTH)
    assert stages_of(chosen, has_pdf=False) == {StageName.DOWNLOAD}


def test_what_newer_rules_read_counts_for_the_limit():
    chosen = plan([read_by("rules", "2")], Selection(limit=0), BOTH)
    assert chosen.events == ()


def test_reading_of_an_older_program_is_made_again():
    where = LifeStanding(State.EXTRACTED, reading=None)
    old = replace(done(), lives={**done().lives, Life.EXTRACT: where})
    assert len(plan([old], Selection(), BOTH).items) == 1


def test_what_waits_for_the_model_goes_there_at_once():
    both = Branches(ARCHIVE, Reader("3", "m/1"))
    chosen = plan([read_by("rules", "3", unread=2, state="pending", awaits_model=True)], Selection(), both)
    assert stages_of(chosen, has_pdf=False) == {StageName.MODEL}


def test_what_waits_for_the_model_is_read_by_newer_rules_first():
    both = Branches(ARCHIVE, Reader("4", "m/1"))
    chosen = plan([read_by("rules", "3", unread=2, state="pending", awaits_model=True)], Selection(), both)
    assert stages_of(chosen, has_pdf=False) == {StageName.EXTRACT}
