"""What the end-to-end tests share: a court for all of them, and for each an archive and a directory of its own."""

from __future__ import annotations

import logging
import os

import pytest
from bad_court import LIMIT, bad_court, write_catalog
from job_processes import Ended, Job, ended, published, stand_ins

from trio_pipeline import cli as command_line


@pytest.fixture(scope="session")
def court(tmp_path_factory):
    """Twelve generated gazettes."""
    with published(tmp_path_factory.mktemp("court"), 12) as made:
        yield made


@pytest.fixture
def archive():
    """An empty archive."""
    with stand_ins("--gazettes=0") as services:
        yield services


@pytest.fixture
def job(tmp_path):
    """A directory to work in. Whatever a test does, no process is left."""
    made = Job(tmp_path)
    yield made
    made.close()


@pytest.fixture
def archive_that_stalls():
    """An archive that stops listening in the middle of the first two uploads."""
    with stand_ins("--gazettes=0", "--fault=archive:stall=2x") as services:
        yield services


@pytest.fixture
def court_that_stalls(tmp_path):
    """A court of four gazettes that stops talking in the middle of three of them, once each have been read whole."""
    with published(tmp_path, 4, "--fault=tjro:stall=3x@4") as made:
        yield made


@pytest.fixture
def typed(job, monkeypatch, capsys):
    """Calls the command in this process: enough for what is refused before anything begins, and fifty times as fast."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.chdir(job.folder)

    def call(*arguments):
        for name in os.environ.keys() - job.environment.keys():
            if name.startswith(("TRIO_PIPELINE_", "IA_", "GEMINI_", "GOOGLE_", "XDG_")):
                monkeypatch.delenv(name)
        for name, value in job.environment.items():
            monkeypatch.setenv(name, value)
        code = command_line._exit_code_of([*map(str, arguments)])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def begun_bad_run(tmp_path_factory):
    """A run that gets wrong bodies alone. Gives the job and its process."""
    job = Job(tmp_path_factory.mktemp("bad"))
    catalog = job.folder / "catalog.csv"
    write_catalog(catalog)
    with bad_court() as address:
        settings = [f"--set=tjro.base_url={address}", "--set=tjro.interval=0", f"--set=tjro.size_limit={LIMIT}"]
        yield job, job.start("run", catalog, "--download-workers=9", *settings)
        job.close()


@pytest.fixture(scope="session", autouse=True)
def bad_run_begins_early(request):
    """Five attempts take their time. They do so while other tests run, if any test asks what came of them."""
    if any("bad_run" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("begun_bad_run")


@pytest.fixture(scope="session")
def bad_run(begun_bad_run):
    """The job whose run got wrong bodies alone, and how that ended."""
    job, process = begun_bad_run
    return job, ended(process)
