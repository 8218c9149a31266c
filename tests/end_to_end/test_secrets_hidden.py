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
    said = "".join(part for ending in [done, *others] for part in (ending.out, ending.err))
    assert "canary" not in said
    written = [path for path in job.folder.rglob("*") if path.is_file()]
    assert job.database in written
    assert [path for path in written if b"canary" in path.read_bytes()] == []
