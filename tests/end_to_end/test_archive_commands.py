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


def test_metadata_are_brought_up_to_date(job, court, archive):
    uploads = job.run(court, "--extract=none", archive=archive)
    assert job.do(*uploads).code == 0
    job.finish(*uploads, done=("downloaded", "confirmed", "not_asked"))
    titles = ["--set=archive.title=DJ {number}/{year}", "--set=archive.year_title=DJ {year}"]

    def writes():
        return archive.seen_by_archive()["requests"].get("metadata-write", 0)

    assert job.do(*at(archive, "metadata")).err == "1 items of ours, nothing to change\n"
    shown = job.do(*at(archive, "metadata", "--dry-run", "--json", *titles))
    assert (shown.code, writes()) == (0, 0)
    assert len(shown.rows) == 13
    assert shown.rows[0] == {
        "item": "tjro-diario-2026",
        "target": "metadata",
        "key": "title",
        "old": "Diário da Justiça TJRO - 2026",
        "new": "DJ 2026",
        "result": "would change",
        "reason": None,
    }
    done = job.do(*at(archive, "metadata", *titles))
    assert (done.code, writes()) == (0, 1), done.err
    assert done.err == "1 items of ours, 13 changed, 1 calls\n"
    assert job.do(*at(archive, "metadata", *titles)).err == "1 items of ours, nothing to change\n"
