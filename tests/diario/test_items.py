"""Contract tests: what a gazette needs next follows from where its lives stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_gazettes import gazette

from trio_pipeline.diario.items import (
    Branches,
    Item,
    following,
    is_at_rest,
    needs_pdf,
    starting_stages,
)
from trio_pipeline.diario.lifecycle import DONE, ImpossibleEvent, Life, StageName, State
from trio_pipeline.diario.readers import Reader

BOTH = Branches(archive="internet-archive", reader=Reader("3"))
ARCHIVE_ONLY = Branches(archive="internet-archive")
EXTRACT_ONLY = Branches(archive=None, reader=Reader("3"))
ALL_BRANCHES = [BOTH, ARCHIVE_ONLY, EXTRACT_ONLY]

STATES = {
    Life.DOWNLOAD: [State.PENDING, State.DOWNLOADED, State.FAILED, State.REJECTED],
    Life.ARCHIVE: [State.PENDING, State.SUBMITTED, State.CONFIRMED, State.FAILED, State.REJECTED],
    Life.EXTRACT: [State.PENDING, State.EXTRACTED, State.FAILED, State.REJECTED],
}

downloads, archives, extractions = (st.sampled_from(STATES[life]) for life in Life)


def item(download="downloaded", archive="pending", extract="pending"):
    return Item(
        gazette(),
        states={Life.DOWNLOAD: State(download), Life.ARCHIVE: State(archive), Life.EXTRACT: State(extract)},
    )


def starts(*states, branches=BOTH, has_pdf=True):
    return set(starting_stages(item(*states), branches, has_pdf=has_pdf))


def test_lives_are_of_branches_that_are_on():
    assert BOTH.lives == (Life.ARCHIVE, Life.EXTRACT)
    assert ARCHIVE_ONLY.lives == (Life.ARCHIVE,)
    assert EXTRACT_ONLY.lives == (Life.EXTRACT,)


def test_life_never_asked_for():
    assert Item(gazette()).state(Life.EXTRACT) is State.NOT_ASKED


def test_events_change_their_life():
    one = item("pending", "not_asked", "not_asked")
    one.happen(StageName.DOWNLOAD, "downloaded")
    one.happen(StageName.ARCHIVE, "asked")
    one.happen(StageName.ARCHIVE, "started")
    one.happen(StageName.CONFIRM, "confirmed")
    assert [one.state(life) for life in Life] == [State.DOWNLOADED, State.CONFIRMED, State.NOT_ASKED]


def test_impossible_event_changes_nothing():
    one = item("rejected")
    with pytest.raises(ImpossibleEvent):
        one.happen(StageName.DOWNLOAD, "downloaded")
    assert one.state(Life.DOWNLOAD) is State.REJECTED


@pytest.mark.parametrize(
    ("states", "has_pdf", "expected"),
    [
        (("pending", "pending", "pending"), False, {"download"}),
        (("downloaded", "pending", "pending"), True, {"archive", "extract"}),
        (("downloaded", "pending", "pending"), False, {"download"}),
        (("downloaded", "submitted", "pending"), True, {"confirm", "extract"}),
        (("downloaded", "submitted", "pending"), False, {"confirm", "download"}),
        (("downloaded", "submitted", "extracted"), False, {"confirm"}),
        (("downloaded", "confirmed", "extracted"), False, set()),
        (("downloaded", "rejected", "rejected"), True, set()),
        (("rejected", "pending", "pending"), False, set()),
        (("rejected", "submitted", "pending"), False, {"confirm"}),
        (("rejected", "pending", "extracted"), True, {"archive"}),
    ],
)
def test_way_begins_where_it_stands(states, has_pdf, expected):
    assert starts(*states, has_pdf=has_pdf) == expected


def test_branch_that_is_off_is_left_alone():
    assert starts("downloaded", "submitted", "pending", branches=EXTRACT_ONLY) == {"extract"}
    assert starts("downloaded", "pending", "pending", branches=ARCHIVE_ONLY) == {"archive"}
    assert starts("downloaded", "confirmed", "pending", branches=ARCHIVE_ONLY, has_pdf=False) == set()


@given(downloads, archives, extractions, st.sampled_from(ALL_BRANCHES))
def test_stages_without_pdf_need_none(download, archive, extract, branches):
    stages = starts(download, archive, extract, branches=branches, has_pdf=False)
    assert stages <= {StageName.DOWNLOAD, StageName.CONFIRM}


@given(downloads, archives, extractions, st.sampled_from(ALL_BRANCHES), st.booleans())
def test_done_is_done(download, archive, extract, branches, has_pdf):
    one = item(download, archive, extract)
    stages = starting_stages(one, branches, has_pdf=has_pdf)
    if is_at_rest(one, branches, set(DONE.values())) and one.state(Life.DOWNLOAD) is State.DOWNLOADED:
        assert not stages
    if not stages:
        waits = [one.state(life) is State.PENDING for life in branches.lives]
        assert not any(waits) or one.state(Life.DOWNLOAD) is State.REJECTED


def follows(stage, *states, branches=BOTH, has_pdf=True):
    return set(following(item(*states), branches, StageName(stage), has_pdf=has_pdf))


@pytest.mark.parametrize(
    ("stage", "states", "has_pdf", "expected"),
    [
        ("download", ("downloaded", "pending", "pending"), True, {"archive", "extract"}),
        ("download", ("downloaded", "submitted", "pending"), True, {"extract"}),
        ("download", ("downloaded", "pending", "failed"), True, {"archive"}),
        ("archive", ("downloaded", "submitted", "pending"), True, {"confirm"}),
        ("archive", ("downloaded", "confirmed", "pending"), True, set()),
        ("confirm", ("downloaded", "submitted", "pending"), True, {"confirm"}),
        ("confirm", ("downloaded", "confirmed", "pending"), True, set()),
        ("confirm", ("downloaded", "pending", "extracted"), True, {"archive"}),
        ("confirm", ("downloaded", "pending", "extracted"), False, {"download"}),
        ("extract", ("downloaded", "pending", "extracted"), True, set()),
    ],
)
def test_stages_feed_each_other(stage, states, has_pdf, expected):
    assert follows(stage, *states, has_pdf=has_pdf) == expected


def test_download_feeds_branches_that_are_on():
    assert follows("download", branches=EXTRACT_ONLY) == {"extract"}
    assert follows("download", branches=ARCHIVE_ONLY) == {"archive"}


@pytest.mark.parametrize(
    ("archive", "extract", "branches", "expected"),
    [
        ("pending", "extracted", BOTH, True),
        ("confirmed", "pending", BOTH, True),
        ("submitted", "extracted", BOTH, False),
        ("failed", "rejected", BOTH, False),
        ("confirmed", "pending", ARCHIVE_ONLY, False),
        ("pending", "extracted", EXTRACT_ONLY, False),
    ],
)
def test_pdf_is_needed_while_work_waits(archive, extract, branches, expected):
    assert needs_pdf(item("downloaded", archive, extract), branches) is expected


def test_life_left_to_another_run_needs_no_pdf():
    one = item("downloaded", "pending", "extracted")
    one.left.add(Life.ARCHIVE)
    assert not needs_pdf(one, BOTH)


def with_text(*states, awaits_model=False):
    one = item(*states)
    one.has_text, one.awaits_model = True, awaits_model
    return one


@pytest.mark.parametrize(("awaits_model", "stage"), [(False, "extract"), (True, "model")])
@pytest.mark.parametrize("has_pdf", [False, True])
def test_reading_a_kept_text_needs_no_pdf(awaits_model, stage, has_pdf):
    one = with_text("downloaded", "confirmed", "pending", awaits_model=awaits_model)
    assert starting_stages(one, BOTH, has_pdf=has_pdf) == {stage}
    assert not needs_pdf(one, BOTH)
    assert is_at_rest(one, BOTH, set(DONE.values()))


def test_pdf_brought_back_for_the_archive_starts_no_reading():
    one = with_text("downloaded", "pending", "pending", awaits_model=True)
    assert following(one, BOTH, StageName.DOWNLOAD, has_pdf=True) == {"archive"}


def test_what_rules_leave_goes_to_the_model():
    one = item("downloaded", "confirmed", "pending")
    one.happen(StageName.EXTRACT, "read")
    assert following(one, BOTH, StageName.EXTRACT, has_pdf=False) == {"model"}


def test_text_that_is_lost_is_made_again():
    one = with_text("downloaded", "confirmed", "pending")
    one.has_text = False
    one.happen(StageName.EXTRACT, "put_off")
    assert following(one, BOTH, StageName.EXTRACT, has_pdf=False) == {"download"}
    assert following(one, BOTH, StageName.EXTRACT, has_pdf=True) == {"extract"}


def test_what_is_left_to_another_run_goes_nowhere():
    one = with_text("downloaded", "confirmed", "pending", awaits_model=True)
    one.left.add(Life.EXTRACT)
    one.happen(StageName.MODEL, "put_off")
    assert following(one, BOTH, StageName.MODEL, has_pdf=False) == set()


def test_rest_is_of_every_branch_that_is_on():
    one = item("downloaded", "submitted", "extracted")
    assert not is_at_rest(one, BOTH, set(DONE.values()))
    assert is_at_rest(one, BOTH, {*DONE.values(), State.SUBMITTED})
    assert is_at_rest(one, EXTRACT_ONLY, set(DONE.values()))


def test_item_shows_its_gazette():
    assert repr(item()) == gazette().id
