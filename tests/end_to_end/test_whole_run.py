"""The main job from the catalog to the decisions, by the command alone (end-to-end)."""

from __future__ import annotations

import hashlib
import json

from job_processes import archived


def sha256(body):
    return hashlib.sha256(body).hexdigest()


def test_folder_archive_and_rules(job, court):
    done = job.do(*job.run(court))
    assert done.code == 0, done.err
    files = {path.stem: path.read_bytes() for path in job.archive.rglob("*.pdf")}
    assert files == court.bodies
    rows = job.query("SELECT id, sha256, md5, size, pages > 0, entries_read > 0, error FROM diarios")
    assert {row[0]: row[1:] for row in rows} == {
        name: (sha256(body), court.md5[name], len(body), True, True, None) for name, body in court.bodies.items()
    }
    assert job.states() == {("downloaded", "confirmed", "extracted"): 12}
    assert job.query("SELECT count(DISTINCT diario_id), min(page) > 0 FROM decisions") == [(12, True)]
    assert job.query("SELECT state, count(*) FROM copies GROUP BY ALL") == [("confirmed", 12)]
    # Nobody needs the PDFs any more, but everybody the texts.
    assert list(job.spool.iterdir()) == []
    assert len(list((job.folder / "text").rglob("*"))) >= 12
    (counts,) = job.query("SELECT ended_by, counts::VARCHAR FROM runs")
    assert counts[0] == "finished"
    assert json.loads(counts[1])["download"] == {"downloaded": 12, "left": 0}


def test_second_run_has_nothing_to_do(job, court):
    assert job.do(*job.run(court)).code == 0
    before = court.services.requests()
    events = job.query("SELECT count(*) FROM events")
    again = job.do(*job.run(court))
    assert again.code == 0
    assert court.services.requests() == before
    assert job.query("SELECT count(*) FROM events") == events
    assert job.endings() == ["finished", "finished"]
    assert again.err.count("nothing to do") == 4


def test_internet_archive_holds_every_gazette_once(job, court, archive):
    command = job.run(court, archive=archive)
    done = job.do(*command)
    assert done.code == 0, done.err
    assert archived(archive) == {name: [md5] for name, md5 in court.md5.items()}
    # What was submitted is not waited for, but looked for by the next run.
    job.finish(*command, done=("downloaded", "confirmed", "extracted"))
    before = court.services.requests(), archive.seen_by_archive()["requests"]
    assert job.do(*command).code == 0
    assert (court.services.requests(), archive.seen_by_archive()["requests"]) == before
    assert archived(archive) == {name: [md5] for name, md5 in court.md5.items()}
    for (url,) in job.query("SELECT archive_url FROM diarios"):
        assert url.startswith(f"{archive.archive}/download/")


def test_second_archive_and_extraction_ask_the_court_for_nothing(job, court, archive):
    assert job.do(*job.run(court, "--extract=none")).code == 0
    assert job.states() == {("downloaded", "confirmed", "not_asked"): 12}
    before = court.services.requests()
    command = job.run(court, "--extract=rules", archive=archive)
    job.finish(*command, done=("downloaded", "confirmed", "extracted"))
    assert court.services.requests() == before
    assert archived(archive) == {name: [md5] for name, md5 in court.md5.items()}
    assert job.query("SELECT count(DISTINCT archive), count(*) FROM copies") == [(2, 24)]


def test_layout_by_edition_makes_an_item_for_each(job, court, archive):
    done = job.do(*job.run(court, "--extract=none", "--set=archive.layout=edition", archive=archive))
    assert done.code == 0, done.err
    items = {name.partition("/")[0] for name in archive.seen_by_archive()["uploads"]}
    assert items == court.bodies.keys()


def test_limit_takes_up_the_newest_and_leaves_the_rest(job, court):
    assert job.do(*job.run(court, "--limit=5", "--extract=none")).code == 0
    newest = job.query("SELECT id FROM diarios WHERE download_state = 'downloaded' ORDER BY date DESC, id DESC")
    expected = sorted(court.bodies, reverse=True)[:5]
    assert sorted((name for (name,) in newest), reverse=True) == expected
    assert job.states()["pending", "pending", "not_asked"] == 7


def test_dry_run_asks_nobody_and_records_nothing(job, court):
    before = court.services.requests()
    done = job.do(*job.run(court, "--dry-run"))
    assert done.code == 0
    assert "12 gazettes would be taken up" in done.out
    assert court.services.requests() == before
    assert not job.database.exists()
