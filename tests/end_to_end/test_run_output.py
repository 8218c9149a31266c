"""What a run says, and where (end-to-end)."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import termios
from contextlib import suppress

import pytest
from job_processes import PATIENCE, ended


def shown_on_terminal(job, *arguments):
    """What a command shows on a terminal, and its end. The terminal is its stderr; its stdout is a pipe."""
    master, slave = pty.openpty()
    process = job.start(*arguments, stderr=slave)
    os.close(slave)
    shown = b""
    # Linux says EIO when the last one has left the terminal, macOS the end of the file.
    with os.fdopen(master, "rb", buffering=0) as terminal, suppress(OSError):
        while data := terminal.read(65536):
            shown += data
    return shown.decode(), ended(process)


def test_terminal_gets_a_bar_for_each_stage(job, court):
    job.environment |= {"TERM": "xterm-256color", "COLUMNS": "120"}
    shown, done = shown_on_terminal(job, *job.run(court, "--extract-workers=1"))
    assert (done.code, done.out) == (0, "")
    assert "━" in shown
    for stage in ("download", "archive", "confirm", "extract"):
        assert stage in shown
    assert "finished: nothing is left" in shown


@pytest.mark.parametrize("option", ["--quiet", "--no-progress"])
def test_terminal_is_left_alone_on_request(job, court, option):
    job.environment |= {"TERM": "xterm-256color"}
    shown, done = shown_on_terminal(job, *job.run(court, option, "--limit=1", "--extract=none"))
    assert done.code == 0
    assert "━" not in shown
    assert "\x1b" not in shown
    assert (shown == "") == (option == "--quiet")


def test_results_alone_go_to_stdout(job, court):
    done = job.do(*job.run(court, "-v", "--log-format=json"))
    assert (done.code, done.out) == (0, "")
    records = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert {record["level"] for record in records} == {"info"}
    assert len([record for record in records if record["message"].endswith("extracted")]) == 12
    decisions = job.do("decisions", "--json", "--limit=3")
    assert len(decisions.rows) == 3
    assert decisions.err == ""
    table = job.do("stats")
    assert table.out.splitlines()[0] == "stage\tstate\tgazettes\tsize"
    assert table.err == ""


def test_closed_terminal_drains_the_run(job, court):
    master, slave = pty.openpty()
    with court.services.held():
        process = job.start(*job.run(court), stderr=slave, preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        os.close(slave)
        job.wait_for(process, lambda view: view["download"]["busy"] >= 3, "downloads in hand")
        # The system sends SIGHUP, and from now on nothing can be written there.
        os.close(master)
        job.wait_for(process, lambda view: all(row["stopped"] for row in view.values()), "draining")
    assert ended(process).code == 129
    assert job.endings() == ["drained"]
    job.check_tidy(process)


def test_reader_of_progress_that_has_gone_ends_nothing(job, court):
    """As in `trio-pipeline run … 2>&1 | head`."""
    process = job.start(*job.run(court))
    process.stderr.readline()
    process.stderr.close()
    process.stderr = None
    assert process.wait(timeout=PATIENCE) == 0
    assert job.endings() == ["finished"]
    assert job.states() == {("downloaded", "confirmed", "extracted"): 12}
