"""A month of gazettes over real sockets, against hosts that turn us away, break off, ration and lose (end-to-end).

The same as a year of them on virtual time (tests/diario/test_a_year.py), without what takes hours.
"""

from __future__ import annotations

import pytest
from job_processes import archived, published, stand_ins

GAZETTES = 25
# The first requests are those by which the test itself learns what is published.
COURT_FAULTS = ("too-many=2x@30,retry-after=1", "unavailable=1x@36,retry-after=1", "reset=2x@28", "truncate=1x@33")
ARCHIVE_FAULTS = ("answer-lost=1x@3", "unavailable=1x@6,retry-after=1", "bucket-lock=1x", "lost=1x@10")
# With so short a first look, a day of patience with the archive is a quarter of a minute.
CONFIRM_AFTER = "0.05"


@pytest.fixture
def hosts(tmp_path):
    court_faults = [f"--fault=tjro:{fault}" for fault in COURT_FAULTS]
    archive_faults = [f"--fault=archive:{fault}" for fault in ARCHIVE_FAULTS]
    with (
        published(tmp_path, GAZETTES, *court_faults) as court,
        stand_ins("--gazettes=0", "--archive-queue=1", "--key-ration=10", *archive_faults) as archive,
    ):
        yield court, archive


def test_a_month_is_confirmed_without_annoying_anybody(job, hosts):
    court, archive = hosts
    before = court.services.seen_by_court()
    command = job.run(court, "--extract=none", f"--set=archive.confirm_after={CONFIRM_AFTER}", archive=archive)
    codes = []
    for _ in range(20):
        codes.append(job.do(*command).code)
        if job.states() == {("downloaded", "confirmed", "not_asked"): GAZETTES}:
            break
        job.wait_for_due()
    assert job.states() == {("downloaded", "confirmed", "not_asked"): GAZETTES}
    # What was accepted and lost was told once, as a failure, and sent again.
    assert set(codes) <= {0, 1}
    stored = archived(archive)
    assert {name: set(md5s) for name, md5s in stored.items()} == {name: {md5} for name, md5 in court.md5.items()}
    seen_by_court, seen_by_archive = court.services.seen_by_court(), archive.seen_by_archive()
    assert set(seen_by_court["faults"]) == {fault.partition("=")[0] for fault in COURT_FAULTS}
    assert set(seen_by_archive["faults"]) == {fault.partition("=")[0] for fault in ARCHIVE_FAULTS}
    # The faults that were ordered are all that was refused: nothing was sent where there was no room.
    refused = seen_by_archive["answers"].get("503", 0)
    assert refused == 2
    assert seen_by_court["in_flight_max"]["pdf"] <= 3
    assert seen_by_archive["in_flight_max"]["upload"] <= 2
    assert seen_by_court["requests"]["pdf"] - before["requests"]["pdf"] <= GAZETTES + 6
