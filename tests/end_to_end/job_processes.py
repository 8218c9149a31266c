"""The command and the stand-ins as processes, and what can be seen of them from outside.

Whatever waits here waits for a state, for as long as a slow machine may need; nothing is measured.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx
import pytest
import trio

from trio_pipeline.control import BrokenAnswer, NoPipeline, ask, socket_path
from trio_pipeline.diario.catalog import read_catalog

COMMAND = [sys.executable, "-W", "error", "-m", "trio_pipeline"]
KEYS = {"IA_ACCESS_KEY": "test-access", "IA_SECRET_KEY": "test-secret"}
PATIENCE = 90.0
HOST = "https://www.tjro.jus.br"


def wait_until(condition, what):
    """The first true answer of `condition`, asked for again and again."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"never seen: {what}"
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self):
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class StandIns:
    """The services in a process of their own."""

    process: subprocess.Popen
    tjro: str
    archive: str
    gemini: str

    def seen_by_court(self):
        return _statistics(self.tjro)

    def seen_by_archive(self):
        return _statistics(self.archive)

    def requests(self):
        """How often the court, and the archive's uploads, were asked."""
        court, archive = self.seen_by_court(), self.seen_by_archive()
        return court["requests"].get("pdf", 0), archive["requests"].get("upload", 0)

    @contextlib.contextmanager
    def held(self):
        """Nothing is answered meanwhile: connections are taken by the system, and that is all."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.resume()

    def resume(self):
        """Go on, if held."""
        self.process.send_signal(signal.SIGCONT)


def _statistics(address):
    # Nothing here is encrypted, and loading certificates takes longer than the request.
    return httpx.get(f"{address}/_control/statistics", verify=False, timeout=PATIENCE).json()


@contextlib.contextmanager
def stand_ins(*arguments):
    command = [*COMMAND, "services", "--tjro-port=0", "--archive-port=0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        line = process.stdout.readline()
        assert line, "the stand-ins did not start"
        yield StandIns(process, **json.loads(line))
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Published:
    """A court, and what it publishes."""

    services: StandIns
    catalog: Path
    gazettes: dict
    bodies: dict

    @property
    def md5(self):
        return {name: hashlib.md5(body).hexdigest() for name, body in self.bodies.items()}


@contextlib.contextmanager
def published(folder, gazettes, *arguments):
    """A court with generated gazettes, and all of their bytes."""
    catalog = folder / "catalog.json"
    made = (f"--gazettes={gazettes}", "--seed=3", "--newest=2026-06-30", f"--write-catalog={catalog}")
    with stand_ins(*made, *arguments) as services:
        listed = {gazette.id: gazette for gazette in read_catalog(catalog).gazettes}
        bodies = {}
        for name, gazette in listed.items():
            answer = httpx.get(services.tjro + gazette.url.removeprefix(HOST), verify=False, timeout=PATIENCE)
            bodies[name] = answer.raise_for_status().content
        yield Published(services, catalog, listed, bodies)


class Job:
    """A directory in which somebody types commands; every path in it is the default one."""

    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "diarios.duckdb"
        self.spool = folder / "spool"
        self.archive = folder / "archive"
        home = folder / "home"
        home.mkdir(exist_ok=True)
        # Neither the settings nor the keys of whoever runs the tests.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **KEYS}
        self._started = []

    def start(self, *arguments, **options):
        """A command that goes on; it leads a session of its own, as one in a terminal does."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": self.environment}
        command = [*COMMAND, *map(str, arguments)]
        process = subprocess.Popen(command, cwd=self.folder, start_new_session=True, **{**pipes, **options})
        self._started.append(process)
        return process

    def do(self, *arguments, **options):
        """A command to its end."""
        return ended(self.start(*arguments, **options))

    def run(self, court, *arguments, archive=None):
        """What is typed to run the gazettes of `court`; `archive` is a stand-in, or None for the folder."""
        command = ["run", court.catalog, "--set=tjro.interval=0", f"--set=tjro.base_url={court.services.tjro}"]
        if archive is not None:
            command.append("--archive=internet-archive")
            command += [f"--set=archive.{name}_url={archive.archive}" for name in ("s3", "metadata")]
            command.append("--set=archive.confirm_after=1")
        return [*command, *arguments]

    def query(self, sql):
        """Rows of the ledger, once nobody writes to it."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def states(self):
        """How many gazettes are in which states: of download, archive and extract."""
        columns = "download_state, archive_state, extract_state"
        return {row[:3]: row[3] for row in self.query(f"SELECT {columns}, count(*) FROM diarios GROUP BY ALL")}

    def endings(self):
        """How each run ended, oldest first."""
        return [ended_by for (ended_by,) in self.query("SELECT ended_by FROM runs ORDER BY started_at")]

    def view(self):
        """The stages of the running pipeline by name, or nothing if it does not answer (yet)."""
        try:
            rows = trio.run(ask, socket_path(self.database), "view", {})
            return {row["stage"]: row for row in rows if "stage" in row}
        except (NoPipeline, BrokenAnswer, OSError):
            return {}

    def wait_for(self, process, condition, what):
        """Wait for a state of the running pipeline."""

        def holds():
            assert process.poll() is None, f"ended before: {what}\n{process.communicate()[1]}"
            view = self.view()
            return view and condition(view)

        wait_until(holds, what)

    def wait_for_due(self):
        """Wait until everything that was put off is due."""
        ((latest,),) = self.query("SELECT max(not_before) FROM events")
        if latest is not None:
            wait_until(lambda: datetime.datetime.now(datetime.UTC).replace(tzinfo=None) > latest, "everything due")

    def finish(self, *arguments, done):
        """Run again until all is done that had to wait."""
        for _ in range(6):
            self.wait_for_due()
            last = self.do(*arguments)
            assert last.code == 0, last.err
            if self.states().keys() == {done}:
                return
        pytest.fail(f"not done: {self.states()}\n{last.err}")

    def check_tidy(self, process):
        """Nothing half-written, no process, no socket, no lock."""
        assert not list(self.folder.rglob("*.part"))
        wait_until(lambda: not is_alive(process.pid), "no process left over")
        assert not socket_path(self.database).exists()
        assert self.is_unlocked()

    def is_unlocked(self):
        """Whether nobody holds the ledger."""
        with Path(f"{self.database}.lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    def close(self):
        """No test leaves a process behind."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ended(process):
    out, err = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, out, err)


@dataclass(frozen=True)
class Seen:
    """A process, as the system lists it. Its family is its session; on macOS, which does not tell, its group."""

    number: int
    parent: int
    state: str
    family: int
    command: str


def is_alive(leader):
    """Whether a process of a family lives. One that is dead, but was not collected by the first process, does not."""
    return any(seen.family == leader and not seen.state.startswith("Z") for seen in _processes())


def children_of(process):
    """What a command has started itself."""
    return [seen for seen in _processes() if seen.parent == process.pid]


@contextlib.contextmanager
def held_workers(process):
    """The worker processes of a run do nothing meanwhile. Gives their numbers."""
    workers = [seen.number for seen in children_of(process) if "spawn_main" in seen.command]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield workers
    finally:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)


def _processes():
    if not Path("/proc/self/stat").exists():  # macOS
        columns = "pid=,ppid=,state=,pgid=,command="
        listing = subprocess.run(["ps", "-A", "-ww", "-o", columns], capture_output=True, check=True)
        for line in listing.stdout.decode(errors="replace").splitlines():
            number, parent, state, group, command = line.split(maxsplit=4)
            yield Seen(int(number), int(parent), state, int(group), command)
        return
    for path in Path("/proc").glob("[0-9]*"):
        # It may end between being listed and being read.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent, _, session = (path / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (path / "cmdline").read_bytes().decode(errors="replace")
            yield Seen(int(path.name), int(parent), state, int(session), command)


def archived(services):
    """The checksums of every body that was stored, by the name of its file without its ending."""
    uploads = services.seen_by_archive()["uploads"]
    return {Path(name).stem: upload["md5"] for name, upload in uploads.items()}
