"""Bodies that are no gazettes, from a court that is not even the stand-in (end-to-end)."""

from __future__ import annotations

import re

import pytest
from bad_court import ANSWERS


@pytest.mark.parametrize("number", ANSWERS)
def test_is_failed_with_its_reason_after_five_attempts(bad_run, number):
    job, done = bad_run
    name = f"tjro-diario-2025-01-{number:02}-nr{number}"
    events = job.query(
        f"SELECT outcome, attempt, detail ->> 'reason' FROM events "
        f"WHERE diario_id = '{name}' AND outcome <> 'asked' ORDER BY seq"
    )
    assert [event[:2] for event in events] == [*(("put_off", attempt) for attempt in range(1, 5)), ("failed", 5)]
    reasons = {reason for _, _, reason in events}
    assert all(reasons)
    assert all(ANSWERS[number][3] in reason for reason in reasons), reasons
    assert f"{name}: failed: " in done.err


def test_leaves_nothing_in_the_spool(bad_run):
    job, _ = bad_run
    assert not [*job.spool.iterdir(), *job.folder.rglob("*.pdf")]
    assert job.query("SELECT count(*) FROM events WHERE outcome = 'downloaded'") == [(0,)]


def test_run_says_that_something_failed(bad_run):
    job, done = bad_run
    assert (done.code, done.out) == (1, "")
    assert job.states() == {("failed", "pending", "pending"): len(ANSWERS)}
    failures = job.do("failures", "--json").rows
    assert {row["number"]: row["attempts"] for row in failures} == dict.fromkeys(ANSWERS, 5)


def test_progress_is_plain_lines_without_a_terminal(bad_run):
    _, done = bad_run
    assert re.search(r"^download \d/9", done.err, re.MULTILINE)
    assert "\x1b" not in done.err
