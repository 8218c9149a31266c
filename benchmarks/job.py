"""Measures the main job as its users run it: the command, against stand-ins in a process of their own.

    python benchmarks/job.py speed CATALOG        500 gazettes, 50 ms a download, 100 ms an upload, 256 KB a file
    python benchmarks/job.py growth CATALOG       the first 500 and all rows, no latency: processor time an item
    python benchmarks/job.py kills CATALOG        the run of `speed`, killed 20 times at random instants
    python benchmarks/job.py readers CATALOG      stats, failures and decisions during the run of `speed`
    python benchmarks/job.py gazette PDF LABELS SCORER      a real gazette through `run`, and its score

Each prints what it measured and what the design allows, and asserts only what has nothing to do with time: that every
file arrived, once and whole. `trio-pipeline` is taken from the environment of the Python that runs this.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trio_pipeline.diario.catalog import read_catalog

COMMAND = [sys.executable, "-m", "trio_pipeline"]
ENVIRONMENT = os.environ | {"IA_ACCESS_KEY": "benchmark-access", "IA_SECRET_KEY": "benchmark-secret"}
SIZE = 256_000
DOWNLOAD, UPLOAD, DOWNLOADERS, UPLOADERS = 0.05, 0.1, 3, 2


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code, and seconds of wall clock and of processor."""

    code: int
    wall: float
    cpu: float


@contextlib.contextmanager
def stand_ins(catalog: Path, *options: str) -> Iterator[dict[str, str]]:
    command = [*COMMAND, "services", "--catalog", str(catalog), "--size", str(SIZE), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def job(catalog: Path, folder: Path, addresses: dict[str, str], *options: str) -> list[str]:
    settings = {
        "tjro.base_url": addresses["tjro"],
        "tjro.interval": "0",
        "archive.s3_url": addresses["archive"],
        "archive.metadata_url": addresses["archive"],
        "archive.layout": "edition",
        "archive.confirm_after": "1",
        "run.spool": str(folder / "spool"),
        "run.text": str(folder / "text"),
    }
    folder.mkdir(exist_ok=True)
    flags = [f"--set={key}={value}" for key, value in settings.items()]
    database = folder / "diarios.duckdb"
    return [*COMMAND, "run", str(catalog), f"--db={database}", "--extract=none", "--no-progress", *flags, *options]


def run(command: Sequence[str]) -> Ended:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    code = subprocess.run(command, env=ENVIRONMENT, check=False, stderr=subprocess.DEVNULL).returncode
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ended(code, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ask(address: str) -> dict[str, dict[str, dict[str, object]]]:
    with urllib.request.urlopen(f"{address}/_control/statistics") as answer:
        return json.load(answer)


def first_rows(catalog: Path, count: int, folder: Path) -> Path:
    path = folder / f"first-{count}.json"
    path.write_text(json.dumps(json.loads(catalog.read_text(encoding="utf-8"))[:count]), encoding="utf-8")
    return path


def check_archive(addresses: dict[str, str], spool_of_truth: dict[str, str], *, extra_bodies: int = 0) -> int:
    """Assert that every gazette is in the archive under its checksum; returns how many bodies were sent twice."""
    uploads = ask(addresses["archive"])["uploads"]
    bodies = 0
    for identifier, md5 in spool_of_truth.items():
        matching = [upload for name, upload in uploads.items() if name.startswith(f"{identifier}/")]
        assert len(matching) == 1, f"{identifier}: {len(matching)} files in the archive"
        assert set(matching[0]["md5"]) == {md5}, f"{identifier}: wrong checksum"
        bodies += int(matching[0]["bodies"])
    assert len(uploads) == len(spool_of_truth)
    again = bodies - len(spool_of_truth)
    assert again <= extra_bodies, f"{again} bodies were sent again, {extra_bodies} in flight"
    return again


def truth(catalog: Path, addresses: dict[str, str]) -> dict[str, str]:
    """The checksum of every gazette of the catalog as the court publishes it, by id."""
    checksums = {}
    for gazette in read_catalog(catalog).gazettes:
        path = gazette.url.partition("://")[2].partition("/")[2]
        with urllib.request.urlopen(f"{addresses['tjro']}/{path}") as body:
            checksums[gazette.id] = hashlib.md5(body.read()).hexdigest()
    return checksums


def speed(catalog: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = first_rows(catalog, 500, folder)
        with stand_ins(rows, f"--tjro-latency={DOWNLOAD}", f"--archive-latency={UPLOAD}") as addresses:
            start = run(job(rows, folder / "start", addresses, "--archive=internet-archive", "--limit=0"))
            ended = run(job(rows, folder / "job", addresses, "--archive=internet-archive"))
            assert ended.code == 0
            check_archive(addresses, truth(rows, addresses))
    allowed = max(500 * DOWNLOAD / DOWNLOADERS, 500 * UPLOAD / UPLOADERS)
    print(f"wall clock      {ended.wall:6.1f} s; the limits allow {allowed:.1f} s: {ended.wall / allowed:.3f} times")
    print(f"processor time  {(ended.cpu - start.cpu) / 500 * 1000:6.2f} ms an item; start-up {start.cpu:.2f} s")


def growth(catalog: Path) -> None:
    everything = len(json.loads(catalog.read_text(encoding="utf-8")))
    per_item = {}
    for count in (500, everything):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = first_rows(catalog, count, folder)
            with stand_ins(rows) as addresses:
                archive = f"--archive=folder:{folder / 'archive'}"
                start = run(job(rows, folder / "start", addresses, archive, "--limit=0"))
                ended = run(job(rows, folder / "job", addresses, archive))
            files = sum(1 for _ in (folder / "archive").rglob("*.pdf"))
            assert ended.code == 0
            assert files == count, f"{files} files of {count}"
        per_item[count] = (ended.cpu - start.cpu) / count * 1000
        print(f"{count:5} items  {ended.wall:6.1f} s  {per_item[count]:.2f} ms of processor time an item")
    print(f"ratio {per_item[everything] / per_item[500]:.3f}")


def kills(catalog: Path, times: int = 20, seed: int = 0) -> None:
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = first_rows(catalog, 500, folder)
        with stand_ins(rows, f"--tjro-latency={DOWNLOAD}", f"--archive-latency={UPLOAD}") as addresses:
            command = job(rows, folder / "job", addresses, "--archive=internet-archive")
            for _ in range(times):
                process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL, start_new_session=True)
                time.sleep(source.uniform(0.3, 3.0))
                process.kill()
                process.wait()
            ended = run(command)
            # What was in flight at the last kill is looked for when it is due.
            time.sleep(1.5)
            last = run(command)
            expected = truth(rows, addresses)
            again = check_archive(addresses, expected, extra_bodies=times * UPLOADERS)
    print(f"{times} kills; exit codes {ended.code} and {last.code}; 500 gazettes there, {again} bodies sent again")


def readers(catalog: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = first_rows(catalog, 500, folder)
        seconds: dict[str, list[float]] = {"stats": [], "failures": [], "decisions": []}
        with stand_ins(rows, f"--tjro-latency={DOWNLOAD}", f"--archive-latency={UPLOAD}") as addresses:
            command = job(rows, folder / "job", addresses, "--archive=internet-archive")
            process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
            time.sleep(2)
            while process.poll() is None:
                for word, taken in seconds.items():
                    asked = [*COMMAND, word, f"--db={folder / 'job' / 'diarios.duckdb'}", "--json"]
                    began = time.perf_counter()
                    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
                    taken.append(time.perf_counter() - began)
            check_archive(addresses, truth(rows, addresses))
    for word, taken in seconds.items():
        print(f"{word:10} {len(taken):3} times, median {statistics.median(taken):.2f} s, longest {max(taken):.2f} s")


def gazette(pdf: Path, labels: Path, scorer: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published = folder / "court" / "novodiario" / pdf.name[:4]
        published.mkdir(parents=True)
        (published / pdf.name).write_bytes(pdf.read_bytes())
        date = f"{pdf.name[:4]}-{pdf.name[4:6]}-{pdf.name[6:8]}"
        rows = folder / "catalog.csv"
        url = f"https://www.tjro.jus.br/novodiario/{pdf.name[:4]}/{pdf.name}"
        rows.write_text(f"url,date\n{url},{date}\n", encoding="utf-8")
        handler = functools.partial(QuietHandler, directory=str(folder / "court"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            database = f"--db={folder / 'diarios.duckdb'}"
            address = f"http://127.0.0.1:{server.server_port}"
            command = [*COMMAND, "run", str(rows), database, f"--archive=folder:{folder / 'archive'}"]
            command += [f"--set=run.spool={folder / 'spool'}", f"--set=run.text={folder / 'text'}"]
            ended = run([*command, f"--set=tjro.base_url={address}"])
            server.shutdown()
        assert ended.code == 0
        predictions = folder / "predictions.jsonl"
        with predictions.open("w", encoding="utf-8") as file:
            subprocess.run([*COMMAND, "decisions", database, "--json"], check=True, stdout=file)
        print(f"{len(predictions.read_text(encoding='utf-8').splitlines())} decisions in {ended.wall:.1f} s")
        subprocess.run([sys.executable, str(scorer), str(labels), str(predictions)], check=True)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on stderr for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, D102 -- the base class's
        del format, args


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    commands = {"speed": speed, "growth": growth, "kills": kills, "readers": readers, "gazette": gazette}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*map(Path, sys.argv[2:]))
