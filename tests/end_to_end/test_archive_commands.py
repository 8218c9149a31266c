"""What can be asked of an archive besides a run, against the stand-ins (end-to-end)."""

from __future__ import annotations


def at(archive, *arguments):
    """A command that asks this archive."""
    return [*arguments, *(f"--set=archive.{name}_url={archive.archive}" for name in ("s3", "metadata"))]


def test_copies_of_both_archives_are_verified(job, court, archive):
    uploads = job.run(court, "--extract=none", archive=archive)
    assert job.do(*uploads).code == 0
    job.finish(*uploads, done=("downloaded", "confirmed", "not_asked"))
    # The PDFs have left the spool, and come back from the archive.
    copying = at(archive, *job.run(court, "--extract=none"))
    assert job.do(*copying).code == 0
    before = archive.seen_by_archive()["requests"]

    done = job.do(*at(archive, "verify"))
    assert (done.code, done.out) == (0, ""), done.err
    assert done.err == "24 copies, 0 with a problem\n"
    asked = archive.seen_by_archive()["requests"]
    assert asked["metadata"] - before["metadata"] == 1  # one item holds the whole year
    assert asked.get("download", 0) == before.get("download", 0)

    whole = job.do(*at(archive, "verify", "--download", "--archive=internet-archive"))
    assert (whole.code, whole.err) == (0, "12 copies, 0 with a problem\n")
    assert archive.seen_by_archive()["requests"]["download"] - before.get("download", 0) == 12

    lost = next(job.archive.rglob("*.pdf"))
    lost.unlink()
    found = job.do(*at(archive, "verify", "--json"))
    assert found.code == 1
    assert [(row["id"], row["problem"]) for row in found.rows] == [(lost.stem, "missing")]
    # What it advises helps.
    (advice,) = [line for line in found.err.splitlines() if "trio-pipeline run" in line]
    _, _, options = advice.partition("trio-pipeline run ")
    assert job.do(*copying, *options.split()).code == 0
    assert job.do(*at(archive, "verify")).code == 0
