"""Keys appear in the headers of requests and nowhere else, whatever is asked and whatever goes wrong (end-to-end)."""

from __future__ import annotations

import pytest
from job_processes import stand_ins

SECRETS = {
    "IA_ACCESS_KEY": "canary-of-access-4711",
    "IA_SECRET_KEY": "canary-of-secret-4712",
    "GEMINI_API_KEY": "canary-of-model-4713",
}
FAULTS = ("reset=1x", "answer-lost=1x@2", "redirect=1x@3", "malformed=1x@5")


@pytest.fixture
def failing_archive():
    """An archive that goes wrong in most of the ways it can."""
    faults = [f"--fault=archive:{fault}" for fault in FAULTS]
    with stand_ins("--gazettes=0", *faults) as services:
        yield services


@pytest.fixture
def archive_that_refuses_changes():
    """An archive that has a fault when it is first written to, and then somebody who is faster."""
    faults = ["--fault=archive-write:internal=1x", "--fault=archive-write:conflict=1x@1"]
    with stand_ins("--gazettes=0", *faults) as services:
        yield services


def test_keys_are_in_no_output_and_in_no_file(job, court, failing_archive):
    job.environment |= SECRETS
    command = job.run(court, "-vv", "--limit=6", "--extract=none", "--profile=profile", archive=failing_archive)
    done = job.do(*command)
    assert done.code == 0, done.err
    # So all of it did go wrong.
    assert failing_archive.seen_by_archive()["faults"].keys() == {fault.partition("=")[0] for fault in FAULTS}
    shown = job.do("--show-config")
    assert "hidden, from" in shown.out
    others = [shown, job.do(*command, "--log-format=json"), job.do("stats", "--json"), job.do("failures", "--json")]
    check_hidden(job, done, *others)


def test_keys_are_in_nothing_that_is_said_about_the_archive(job, court, archive_that_refuses_changes):
    archive = archive_that_refuses_changes
    job.environment |= SECRETS
    command = job.run(court, "--limit=6", "--extract=none", archive=archive)
    first = job.do(*command)
    job.wait_for_due()
    assert [first.code, job.do(*command).code] == [0, 0]
    asking = ["-vv", *(f"--set=archive.{name}_url={archive.archive}" for name in ("s3", "metadata"))]
    verified = job.do("verify", "--download", *asking)
    overtaken = job.do("metadata", *asking, "--set=archive.title={number}")
    changed = job.do("metadata", *asking, "--set=archive.title={date}", "--log-format=json")
    unreachable = job.do("metadata", *asking, "--set=archive.metadata_url=http://127.0.0.1:9", "--set=run.patience=0")
    assert [ending.code for ending in (verified, overtaken, changed, unreachable)] == [0, 1, 0, 3]
    assert archive.seen_by_archive()["faults"].keys() == {"internal", "conflict"}
    check_hidden(job, first, verified, overtaken, changed, unreachable)


def check_hidden(job, *endings):
    """No key is in what was said, nor in any file."""
    said = "".join(part for ending in endings for part in (ending.out, ending.err))
    assert "canary" not in said
    written = [path for path in job.folder.rglob("*") if path.is_file()]
    assert job.database in written
    assert [path for path in written if b"canary" in path.read_bytes()] == []
