"""Where a job may stand, seen from both threads: who may still withdraw it, interrupt it, begin it and answer it."""

from __future__ import annotations

import duckdb
import pytest

from trio_pipeline._db_jobs import Desk, Read


@pytest.fixture
def desk():
    desk = Desk()
    with duckdb.connect() as connection:
        desk.connected(connection)
        yield desk


@pytest.fixture
def job(desk):
    desk.received()
    return Read(None, len)


def test_waiting_job_can_be_withdrawn_once(desk, job):
    assert desk.statistics().queued == 1
    assert not desk.interrupt(job)
    assert desk.withdraw(job)
    assert desk.statistics().queued == 0
    assert not desk.withdraw(job)
    assert not desk.begin(job)
    assert not desk.end(job)
    assert desk.statistics().queued == 0


def test_current_job_can_be_interrupted_and_not_withdrawn(desk, job):
    assert desk.begin(job)
    assert desk.statistics().queued == 0
    assert desk.interrupt(job)
    assert not desk.withdraw(job)
    # A write begins again when its batch has failed.
    assert desk.begin(job)
    assert desk.end(job)
    assert desk.statistics().queued == 0


def test_read_whose_queries_are_over_is_not_interrupted(desk, job):
    desk.begin(job)
    desk.done(job)
    assert not desk.interrupt(job)
    assert not desk.withdraw(job)
    assert desk.end(job)


def test_job_that_never_began_can_be_answered(desk, job):
    assert desk.end(job)
    assert desk.statistics().queued == 0
    assert not desk.withdraw(job)


@pytest.mark.parametrize("is_done", [False, True])
def test_only_death_lets_a_job_be_withdrawn_that_has_begun(desk, job, is_done):
    desk.begin(job)
    if is_done:
        desk.done(job)
    desk.disconnected()
    assert not desk.interrupt(job)
    assert desk.withdraw(job)


def test_answered_job_is_not_withdrawn_even_after_death(desk, job):
    """Its answer is on its way: a task that was woken twice would be the end of Trio."""
    desk.begin(job)
    desk.end(job)
    desk.disconnected()
    assert not desk.withdraw(job)
