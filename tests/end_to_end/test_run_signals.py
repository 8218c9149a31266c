"""A run that is interrupted once and twice, in each of its stages, by real signals (end-to-end).

A stage is held by stopping the process that it needs, so that it is certain where the signal meets it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from job_processes import archived, ended, held_workers, wait_until

DONE = ("downloaded", "confirmed", "not_asked")
READ = ("downloaded", "confirmed", "extracted")


@dataclass(frozen=True)
class Held:
    """A run that is on, and certainly in one stage.

    Attributes:
        process: The run.
        release: Lets it go on.
        command: What it was started by.
        done: The states of a gazette when nothing is left to do.
    """

    process: object
    release: Callable[[], None]
    command: list
    done: tuple


@pytest.fixture
def held(job, court, archive):
    """Holds a run in the stage of a given name."""
    stack = contextlib.ExitStack()

    def hold(stage):
        match stage:
            case "download":
                return hold_by(court.services, stage, 3, job.run(court), READ)
            case "archive":
                return hold_by(archive, stage, 2, job.run(court, "--extract=none", archive=archive), DONE)
            case "confirm":
                command = job.run(court, "--extract=none", archive=archive)
                assert job.do(*command).code == 0
                job.wait_for_due()
                return hold_by(archive, stage, 1, command, DONE)
            case "extract":
                return hold_reader(job.run(court, "--extract-workers=1"))

    def hold_by(services, stage, busy, command, done):
        inner = stack.enter_context(contextlib.ExitStack())
        inner.enter_context(services.held())
        process = job.start(*command)
        job.wait_for(process, lambda view: view[stage]["busy"] >= busy, f"{stage} busy")
        return Held(process, inner.close, command, done)

    def hold_reader(command):
        inner = stack.enter_context(contextlib.ExitStack())
        process = job.start(*command)
        job.wait_for(process, lambda view: view["extract"]["busy"], "a gazette being read")
        inner.enter_context(held_workers(process))
        # What the worker had said before that is taken in, and then nothing moves any more.
        job.wait_for(process, lambda view: view["extract"]["busy"] and view["extract"]["waiting"], "reading held")
        return Held(process, inner.close, command, READ)

    with stack:
        yield hold


@pytest.mark.parametrize(
    ("stage", "number", "code", "outcome"),
    [
        ("download", signal.SIGTERM, 143, "downloaded"),
        ("archive", signal.SIGHUP, 129, "submitted"),
        ("confirm", signal.SIGINT, 130, "confirmed"),
        ("extract", signal.SIGINT, 130, "extracted"),
        ("extract", signal.SIGTERM, 143, "extracted"),
        ("extract", signal.SIGHUP, 129, "extracted"),
    ],
)
def test_first_signal_lets_work_in_hand_end(job, held, stage, number, code, outcome):
    run = held(stage)
    busy = job.view()[stage]["busy"]
    # As from a terminal or from systemd: to the worker processes as well.
    os.killpg(run.process.pid, number)
    job.wait_for(run.process, lambda view: all(row["stopped"] for row in view.values()), "draining")
    run.release()
    done = ended(run.process)
    assert done.code == code, done.err
    assert job.endings()[-1] == "drained"
    job.check_tidy(run.process)
    last = "SELECT run_id FROM runs ORDER BY started_at DESC LIMIT 1"
    ((count,),) = job.query(
        f"SELECT count(*) FROM events WHERE run_id = ({last}) AND stage = '{stage}' AND outcome = '{outcome}'"
    )
    assert count >= busy
    assert job.query("SELECT * FROM events WHERE outcome IN ('failed', 'rejected')") == []
    assert "ended when it was asked to" in done.err
    assert job.states() != {run.done: 12}
    job.finish(*run.command, done=run.done)


@pytest.mark.parametrize(
    ("stage", "numbers", "code"),
    [
        ("download", (signal.SIGINT, signal.SIGINT), 130),
        ("archive", (signal.SIGTERM, signal.SIGTERM), 143),
        ("confirm", (signal.SIGHUP, signal.SIGTERM), 129),
        ("extract", (signal.SIGTERM, signal.SIGINT), 143),
    ],
)
def test_second_signal_cuts_it_off(job, court, archive, held, stage, numbers, code):
    run = held(stage)
    first, second = numbers
    run.process.send_signal(first)
    # Two of the same that are pending together would be one.
    job.wait_for(run.process, lambda view: all(row["stopped"] for row in view.values()), "draining")
    run.process.send_signal(second)
    done = ended(run.process)
    run.release()
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert job.endings()[-1] == "cancelled"
    job.check_tidy(run.process)
    job.finish(*run.command, done=run.done)
    if stage in {"archive", "confirm"}:
        assert archived(archive) == {name: [md5] for name, md5 in court.md5.items()}


def test_upload_that_is_cut_off_is_looked_for_and_repeated(job, court, archive_that_stalls):
    archive = archive_that_stalls
    command = job.run(court, "--extract=none", "--set=archive.layout=edition", "--set=run.grace=0.1", archive=archive)
    process = job.start(*command)
    wait_until(lambda: archive.seen_by_archive()["faults"].get("stall") == 2, "two uploads stalled")
    process.send_signal(signal.SIGINT)
    done = ended(process)
    # What is in hand does not end, and the time that it gets for that is over soon.
    assert done.code == 130, done.err
    assert job.endings() == ["cancelled"]
    job.check_tidy(process)
    begun = job.query("SELECT outcome FROM events WHERE stage = 'archive' AND outcome <> 'asked'")
    # Whose turn had not come yet counts as begun as well: what was recorded is that it may have been sent.
    assert set(begun) == {("started",)}
    assert job.query("SELECT count(*) FROM diarios WHERE archive_state = 'submitted'") == [(len(begun),)]
    job.finish(*command, done=DONE)
    assert job.query("SELECT count(*) FROM events WHERE outcome = 'lost'") == [(len(begun),)]
    assert archived(archive) == {name: [md5] for name, md5 in court.md5.items()}


def test_download_that_is_cut_off_leaves_nothing_behind(job, court_that_stalls):
    command = job.run(court_that_stalls, "--extract=none", "--set=run.grace=0.1")
    process = job.start(*command)
    wait_until(lambda: court_that_stalls.services.seen_by_court()["faults"].get("stall") == 3, "downloads stalled")
    wait_until(lambda: list(job.spool.glob("*.part")), "a file being written")
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 143
    job.check_tidy(process)
    assert job.endings() == ["cancelled"]
    job.finish(*command, done=DONE)


def test_hangup_that_kills_idle_workers_is_no_defect(job, court, archive):
    command = job.run(court, archive=archive)
    with archive.held():
        process = job.start(*command)
        job.wait_for(process, lambda view: view["extract"]["done"] == 12, "everything read")
        # As when a terminal is closed: to the run and to its worker processes, which have nothing to do now.
        os.killpg(process.pid, signal.SIGHUP)
        job.wait_for(process, lambda view: all(row["stopped"] for row in view.values()), "draining")
    done = ended(process)
    assert done.code == 129, done.err
    assert job.endings() == ["drained"]
    job.check_tidy(process)
