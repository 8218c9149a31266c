"""What a second process asks and orders while a run is on, and when none is (end-to-end).

The archive is held, so that the run goes on for as long as a test needs it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from job_processes import HOST, ended

MISSING = "tjro-diario-2026-07-01-nr900"


@pytest.fixture
def court_that_lacks_one(court, tmp_path):
    """The court, and a catalog that names a gazette that it does not have."""
    rows = [(gazette.url, gazette.date, gazette.number) for gazette in court.gazettes.values()]
    rows.append((f"{HOST}/novodiario/2026/20260701700-NR900.pdf", "2026-07-01", 900))
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("url,date,number\n" + "".join(f"{url},{date},{number}\n" for url, date, number in rows))
    return replace(court, catalog=catalog)


@pytest.fixture
def running(job, court_that_lacks_one, archive):
    """A run that has read everything, missed one, and cannot upload."""
    command = job.run(court_that_lacks_one, archive=archive)
    with archive.held():
        process = job.start(*command)
        job.wait_for(process, lambda view: view["extract"]["done"] == 12, "everything read")
        job.wait_for(process, lambda view: view["download"]["failed"] == 1, "one failed")
        job.wait_for(process, lambda view: view["archive"]["busy"] >= 2, "uploads in hand")
        yield process


def test_readers_answer_and_the_run_loses_nothing(job, court, running, archive):
    stats = job.do("stats", "--json")
    assert stats.code == 0
    states = {(row["stage"], row["state"]): row["gazettes"] for row in stats.rows if "state" in row}
    assert states["download", "downloaded"] == 12
    assert states["extract", "extracted"] == 12
    live = {row["stage"]: row for row in stats.rows if "workers" in row}
    in_hand = live["archive"]["busy"]
    assert in_hand >= 2

    failures = job.do("failures", "--json")
    assert [(row["id"], row["error_stage"]) for row in failures.rows] == [(MISSING, "download")]
    assert "404" in failures.rows[0]["error"]

    decisions = job.do("decisions", "--json")
    assert {row["diario_id"] for row in decisions.rows} == court.bodies.keys()
    number = decisions.rows[0]["numero_processo"]
    found = job.do("decisions", "--json", number.replace(".", "").replace("-", ""))
    assert {row["numero_processo"] for row in found.rows} == {number}

    # The catalog goes from the middle of the year straight to number 900.
    gaps = job.do("gaps")
    assert gaps.code == 1
    assert "to 899" in gaps.out

    # Begun and not answered: the archive, which is held, is not asked for what is in a folder.
    verified = job.do("verify", "--archive=folder:archive")
    assert (verified.code, verified.err) == (0, "0 copies, 0 with a problem\n")

    second = job.do(*job.run(court, archive=archive))
    assert (second.code, second.out) == (4, "")
    (refusal,) = [line for line in second.err.splitlines() if "gazettes in" not in line]
    assert "diarios.duckdb" in refusal

    retried = job.do("retry", MISSING)
    assert (retried.code, retried.err) == (0, "")
    assert retried.out == f"{MISSING}: download will be tried again\n"
    # The court does not have it this time either.
    job.wait_for(running, lambda view: view["download"]["failed"] == 2, "tried again")

    drained = job.do("drain")
    assert drained.code == 0
    archive.resume()
    done = ended(running)
    assert done.code == 1, done.err
    assert job.endings() == ["drained"]
    assert job.query("SELECT count(*) FROM events WHERE outcome = 'submitted'") == [(in_hand,)]
    assert job.query("SELECT count(*) FROM events WHERE outcome = 'extracted'") == [(12,)]
    job.check_tidy(running)


def test_commands_without_a_run_ask_the_file(job, court_that_lacks_one):
    done = job.do(*job.run(court_that_lacks_one))
    assert done.code == 1
    assert MISSING in done.err
    assert job.states() == {("downloaded", "confirmed", "extracted"): 12, ("failed", "pending", "pending"): 1}
    stats = job.do("stats")
    assert "no pipeline is running" in stats.out
    assert [row["id"] for row in job.do("failures", "--json").rows] == [MISSING]
    drain = job.do("drain")
    assert (drain.code, drain.err) == (1, "no pipeline is running\n")
    assert job.do("retry", "--all").out == f"{MISSING}: download will be tried again\n"
    assert job.states()["pending", "pending", "pending"] == 1
    unknown = job.do("retry", "tjro-diario-1999-01-01-nr1")
    assert (unknown.code, unknown.out) == (1, "")


@pytest.mark.parametrize(
    "command", [["stats"], ["failures"], ["decisions"], ["gaps"], ["verify"], ["drain"], ["retry", "--all"]]
)
def test_commands_without_a_ledger_say_so(job, typed, command):
    done = typed(*command)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert "there is no ledger" in done.err
    assert not job.database.exists()
