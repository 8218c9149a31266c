"""Bodies that are no gazettes, from a court that is not even the stand-in (end-to-end)."""

from __future__ import annotations

import http.server
import re
import threading
import time
from contextlib import contextmanager

import pytest
from job_processes import HOST, Job, ended

LIMIT = 100_000
PDF = {"Content-Type": "application/pdf"}
HTML = {"Content-Type": "text/html; charset=utf-8"}

# What the court sends for each gazette, by its number: status, headers, body; and what is to be said of it.
ANSWERS = {
    1: (200, HTML, b"<html><h1>Em breve</h1></html>", "a page instead of a PDF"),
    2: (200, PDF, b"", "an empty answer"),
    3: (200, PDF | {"Content-Length": "5000"}, b"%PDF-1.4 " + b"x" * 1000, ""),
    4: (200, PDF, b"PK\x03\x04" + b"x" * 1000, "not a PDF"),
    5: (200, PDF, b"%PDF-1.4 " + b"x" * 1000, ""),
    6: (200, PDF | {"Content-Length": str(LIMIT + 1)}, b"%PDF-1.4 ", "larger than allowed"),
    # Without a length, how long it is shows only when it comes.
    7: (200, PDF, b"%PDF-1.4 " + b"x" * LIMIT, "larger than allowed"),
    8: (200, HTML, b"%PDF-1.4 " + b"x" * 1000, "a page instead of a PDF"),
    # Four pauses of three seconds: long enough for a line of progress.
    9: (500, {"Retry-After": "3"}, b"", "status 500"),
}


class BadCourt(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body, _ = ANSWERS[int(re.search(r"NR(\d+)", self.path)[1])]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        """Nothing: that clients hang up is what they are to do here."""


@contextmanager
def bad_court():
    with Server(("127.0.0.1", 0), BadCourt) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def bad_run(tmp_path_factory):
    """One run for all of these tests: its attempts take their time. Gives the job, its end, and what the spool held."""
    job = Job(tmp_path_factory.mktemp("bad"))
    catalog = job.folder / "catalog.csv"
    rows = [f"{HOST}/novodiario/2025/202501{number:02}104-NR{number}.pdf,2025-01-{number:02}" for number in ANSWERS]
    catalog.write_text("\n".join(["url,date", *rows, ""]))
    with bad_court() as address:
        settings = [f"--set=tjro.base_url={address}", "--set=tjro.interval=0", f"--set=tjro.size_limit={LIMIT}"]
        process = job.start("run", catalog, "--download-workers=9", *settings)
        seen = set()
        while process.poll() is None:
            seen |= {path.name for path in job.spool.glob("*")}
            time.sleep(0.005)
        yield job, ended(process), seen
    job.close()


@pytest.mark.parametrize("number", ANSWERS)
def test_is_failed_with_its_reason_after_five_attempts(bad_run, number):
    job, done, _ = bad_run
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


def test_never_has_its_final_name(bad_run):
    job, _, seen = bad_run
    assert not [name for name in seen if not name.endswith(".part")]
    assert not [*job.spool.iterdir(), *job.folder.rglob("*.pdf")]


def test_run_says_that_something_failed(bad_run):
    job, done, _ = bad_run
    assert (done.code, done.out) == (1, "")
    assert job.states() == {("failed", "pending", "pending"): len(ANSWERS)}
    failures = job.do("failures", "--json").rows
    assert {row["number"]: row["attempts"] for row in failures} == dict.fromkeys(ANSWERS, 5)


def test_progress_is_plain_lines_without_a_terminal(bad_run):
    _, done, _ = bad_run
    assert re.search(r"^download \d/9", done.err, re.MULTILINE)
    assert "\x1b" not in done.err
