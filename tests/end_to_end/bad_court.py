"""A court that sends bodies which are no gazettes; it is not even the stand-in, so that nothing of ours makes them."""

from __future__ import annotations

import http.server
import re
import threading
from contextlib import contextmanager

from job_processes import HOST

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
        if self.path == "/robots.txt":
            self.send_error(404)
            return
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


def write_catalog(path):
    """A catalog of what this court is asked for."""
    rows = [f"{HOST}/novodiario/2025/202501{number:02}104-NR{number}.pdf,2025-01-{number:02}" for number in ANSWERS]
    path.write_text("\n".join(["url,date", *rows, ""]))
