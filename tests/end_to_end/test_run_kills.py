"""A run that is killed at random instants and started again (end-to-end)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter

import pytest
from job_processes import archived, ended, held_workers, is_alive, stand_ins, wait_until

KILLS = 3
UPLOADERS = 2
DOWNLOADERS = 3 + 1  # one is spare: a PDF that it holds may be there and not be recorded yet

# Uploads after whose start a run said nothing more, because it was dead.
IN_FLIGHT = """
SELECT diario_id FROM events AS started
WHERE stage = 'archive' AND outcome = 'started' AND NOT EXISTS (
    FROM events AS later
    WHERE later.diario_id = started.diario_id AND later.run_id = started.run_id
        AND later.stage = 'archive' AND later.seq > started.seq
)
"""


@pytest.fixture
def slow_archive():
    """An archive that takes its time for an upload, so that a kill often hits one."""
    with stand_ins("--gazettes=0", "--archive-latency=0.15") as services:
        yield services


def kill_somewhere(job, command, source):
    process = job.start(*command)
    wait_until(lambda: job.view() or process.poll() is not None, "the run on its way")
    time.sleep(source.uniform(0.0, 0.5))
    process.kill()
    code = ended(process).code
    # Its worker processes notice that nobody is left to work for.
    wait_until(lambda: not is_alive(process.pid), "no process left over")
    return code


def test_nothing_is_lost_or_done_twice(job, court, slow_archive):
    command = job.run(court, archive=slow_archive)
    before, _ = court.services.requests()
    source = random.Random(20)
    codes = [kill_somewhere(job, command, source) for _ in range(KILLS)]
    assert -signal.SIGKILL in codes
    job.finish(*command, done=("downloaded", "confirmed", "extracted"))

    interrupted = Counter(name for (name,) in job.query(IN_FLIGHT))
    stored = archived(slow_archive)
    assert stored.keys() == court.bodies.keys()
    for name, sums in stored.items():
        assert set(sums) == {court.md5[name]}
        assert len(sums) <= 1 + interrupted[name], f"{name} was sent again without need"
    assert sum(len(sums) - 1 for sums in stored.values()) <= KILLS * UPLOADERS
    after, _ = court.services.requests()
    assert after - before <= len(court.bodies) + KILLS * DOWNLOADERS
    assert not list(job.folder.rglob("*.part"))
    assert job.query(
        "SELECT count(*) FROM (SELECT diario_id, span FROM decisions GROUP BY ALL HAVING count(*) > 1)"
    ) == [(0,)]
    # Only a run that was killed could fail to say how it ended. It has said so if the kill came between its last record
    # and its exit.
    endings = job.endings()
    assert endings.count(None) <= codes.count(-signal.SIGKILL)
    assert endings[-1] == "finished"


def kill_worker_at_work(job, process, stage, at_work):
    """Kill the worker processes while one of them has something of the stage, or is about to get it."""
    done = job.view()[stage]["done"]
    with held_workers(process) as workers:
        job.wait_for(process, at_work, f"{stage} in hand")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
    job.wait_for(process, lambda view: view[stage]["done"] > done, "what came of it")


def test_worker_process_that_dies_while_a_pdf_is_opened_costs_nothing(job, court):
    def written(view):
        with contextlib.suppress(FileNotFoundError):  # it has just got its final name
            parts = job.folder.rglob("tjro-*.part")
            return any(path.stat().st_size == len(court.bodies[path.stem]) for path in parts)

    check_death_of_worker(job, court, "download", written)


def test_worker_process_that_dies_while_a_text_is_read_costs_nothing(job, court):
    check_death_of_worker(job, court, "extract", lambda view: view["extract"]["busy"])


def check_death_of_worker(job, court, stage, at_work):
    process = job.start(*job.run(court, "--extract-workers=1", "--download-workers=1"))
    job.wait_for(process, lambda view: view["download"]["done"], "a gazette opened")
    kill_worker_at_work(job, process, stage, at_work)
    done = ended(process)
    assert done.code == 0, done.err
    assert job.states() == {("downloaded", "confirmed", "extracted"): 12}
    assert job.query("SELECT stage, detail FROM events WHERE outcome = 'put_off'") == []


def test_run_after_a_kill_replaces_the_dead_socket(job, court):
    with court.services.held():
        process = job.start(*job.run(court))
        job.wait_for(process, lambda view: view["download"]["busy"], "downloads in hand")
        process.kill()
        ended(process)
    stats = job.do("stats", "--json")
    assert stats.code == 0
    assert stats.rows[0]["state"] == "pending"
    assert job.do(*job.run(court, "--extract=none")).code == 0
