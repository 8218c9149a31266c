"""The demo, and the commands that it invites to (end-to-end)."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest
from job_processes import children_of, ended, is_alive, wait_until

from trio_pipeline.services.vocabulary import JUDGES


def test_demo_ends_well_and_its_commands_can_be_typed(job):
    # What an earlier demo has left is in nobody's way, not even what it left half-done.
    (job.folder / "demo" / "spool").mkdir(parents=True)
    (job.folder / "demo" / "diarios.duckdb").write_text("cut off")
    done = job.do("demo", "--gazettes=4")
    assert done.code == 0, done.err
    printed, read, right, made_up = map(
        int, re.search(r"(\d+) judgements.* (\d+) of.* (\d+) with.* (\d+) made", done.out).groups()
    )
    assert (read, right, made_up) == (printed, printed, 0)
    assert "put off" in done.err, "no fault was overcome"
    assert is_confirmed(job)

    commands = [line.strip() for line in done.out.partition("Try next:\n")[2].splitlines()]
    assert len(commands) == 5
    for command in commands:
        typed = subprocess.run(
            command, shell=True, cwd=job.folder, env=job.environment, capture_output=True, text=True, check=False
        )
        assert (typed.returncode, typed.stderr) == (0, ""), command
        assert typed.stdout, command


def is_confirmed(job):
    stats = job.do("stats", "--db=demo/diarios.duckdb", "--json")
    states = {(row["stage"], row["state"]): row["gazettes"] for row in stats.rows if "state" in row}
    return states == {("download", "downloaded"): 4, ("archive", "confirmed"): 4, ("extract", "extracted"): 4}


def test_demo_shows_nobody_who_is_suppressed(job):
    job.environment["TRIO_PIPELINE_PRIVACY__SUPPRESS"] = "hidden.txt"
    hidden = job.folder / "hidden.txt"
    hidden.write_text("\n".join(JUDGES), encoding="utf-8")
    done = job.do("demo", "--gazettes=2")
    assert done.code == 0, done.err
    assert "[suprimido]" in done.out
    assert not [judge for judge in JUDGES if judge.casefold() in done.out.casefold()]
    hidden.write_text("Ana", encoding="utf-8")
    refused = job.do("demo")
    assert (refused.code, refused.out) == (2, "")
    assert "line 1: is too short" in refused.err


def test_interrupted_demo_ends_with_its_stand_ins(job):
    process = job.start("demo", "--gazettes=20")
    job.database = job.folder / "demo" / "diarios.duckdb"
    job.wait_for(process, lambda view: view["download"]["done"], "a gazette downloaded")
    # Ctrl-C reaches everything in the terminal's group.
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    assert done.code == 130, done.err
    assert "Traceback" not in done.err
    assert "second run" not in done.err
    assert job.endings() == ["drained"]
    job.check_tidy(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_demo_that_is_ended_while_gazettes_are_made_leaves_no_stand_ins(job, number):
    process = job.start("demo", "--gazettes=500")
    # Imports start processes as well.
    wait_until(lambda: any("--gazettes" in seen.command for seen in children_of(process)), "the stand-ins started")
    process.send_signal(number)
    done = ended(process)
    assert done.code == 128 + number
    assert "Traceback" not in done.err
    wait_until(lambda: not is_alive(process.pid), "no process left over")
