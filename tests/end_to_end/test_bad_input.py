"""What the command says to input that it cannot use: one clear line, the right exit code, no request (end-to-end)."""

from __future__ import annotations

import os

import pytest
from job_processes import HOST


@pytest.fixture
def refused(typed, court):
    """Types a command that must end at once; gives its code and the one line that it says."""

    def do(*arguments):
        before = court.services.requests()
        done = typed(*arguments)
        assert done.out == ""
        assert court.services.requests() == before
        said = [line for line in done.err.splitlines() if not line.endswith(f"gazettes in {court.catalog}")]
        assert len(said) == 1, done.err
        return done.code, said[0]

    return do


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", ""),
        (b"{not json", ""),
        (b"%PDF-1.4 \x00\x01", "binary"),
        (b'{"answer": 42}', "no list of gazettes"),
        (b"name,age\nsilva,40\n", ""),
    ],
)
def test_what_is_no_catalog_is_named(job, court, refused, content, complaint):
    path = job.folder / "wrong.json"
    if content is not None:
        path.write_bytes(content)
    code, said = refused("run", path, f"--set=tjro.base_url={court.services.tjro}")
    assert code == 2
    assert f"{path}: " in said
    assert complaint in said
    assert not job.database.exists()


def test_bad_rows_are_reported_with_their_line_and_the_rest_goes_on(job, court):
    good, other = sorted(court.bodies)[-2:]
    rows = {name: (court.gazettes[name].url, court.gazettes[name].date) for name in (good, other)}
    bad = [
        ("https://elsewhere.example/novodiario/2026/20260101104-NR1.pdf", "2026-01-01"),
        (f"{HOST}/novodiario/2026/../../etc/passwd", "2026-01-01"),
        (f"{HOST}/novodiario/2026/20260132104-NR2.pdf", "2026-01-32"),
        (f"{HOST}/novodiario/2026/20260105104-NR3.pdf", ""),
        rows[good],
    ]
    lines = [rows[good], *bad, rows[other]]
    path = job.folder / "catalog.csv"
    path.write_text("url,date\n" + "".join(f"{url},{date}\n" for url, date in lines))
    command = job.run(court, "--extract=none")
    command[1] = path
    done = job.do(*command)
    assert done.code == 0, done.err
    said = done.err.splitlines()
    for number in range(3, 8):
        assert any(line.startswith(f"{path}:{number}: left out: ") for line in said), number
    assert f"{good} is on line 2 already" in done.err
    assert {path.stem for path in job.archive.rglob("*.pdf")} == {good, other}


def test_row_that_would_write_to_a_terminal_is_shown_harmless(job, court, typed):
    path = job.folder / "catalog.csv"
    good = court.gazettes[min(court.bodies)]
    path.write_text(f"url,date\n\x1b[31m{HOST}/x.pdf\x1b[0m,2026-01-01\n{good.url},{good.date}\n")
    command = job.run(court, "--dry-run")
    command[1] = path
    done = typed(*command)
    assert f"{path}:2: left out: " in done.err
    assert "\x1b" not in done.err + done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--set=tjro.intervall=0"], "the nearest is tjro.interval"),
        (["--set=tjro.workers=many"], "tjro.workers"),
        (["--set=run.spool_limit"], "KEY=VALUE"),
        (["--archive=none", "--extract=none"], "--archive none and --extract none"),
        (["--archive=cloud"], "not 'cloud'"),
        (["--extract=model"], "model"),
        (["--deadline=soon"], "run.deadline"),
        (["--from=yesterday"], "yesterday"),
        (["--limit=-1"], "-1"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_options_are_named(job, court, refused, arguments, complaint):
    code, said = refused(*job.run(court, *arguments))
    assert code == 2
    assert complaint in said
    assert not job.database.exists()


def test_unknown_key_of_the_file_names_file_and_nearest(job, court, refused):
    (job.folder / "trio-pipeline.toml").write_text("[archive]\nlayuot = 'year'\n")
    code, said = refused(*job.run(court))
    assert code == 2
    assert "trio-pipeline.toml" in said
    assert "archive.layout" in said


def test_unknown_key_of_the_environment_names_the_nearest(job, court, refused):
    job.environment["TRIO_PIPELINE_TJRO__WORKER"] = "3"
    code, said = refused(*job.run(court))
    assert code == 2
    assert "TRIO_PIPELINE_TJRO__WORKERS" in said


def test_archive_without_keys_is_refused(job, court, refused):
    for name in ("IA_ACCESS_KEY", "IA_SECRET_KEY"):
        del job.environment[name]
    code, said = refused(*job.run(court, "--archive=internet-archive"))
    assert code == 2
    assert "IA_ACCESS_KEY" in said


def test_half_of_the_keys_is_refused(job, court, refused):
    del job.environment["IA_SECRET_KEY"]
    code, said = refused(*job.run(court, "--archive=internet-archive"))
    assert code == 2
    assert "IA_SECRET_KEY" in said
    assert "test-access" not in said


def test_real_court_is_not_asked_without_a_contact(job, court, refused):
    code, said = refused("run", court.catalog)
    assert code == 2
    assert "tjro.contact" in said
    # The ledger comes before the first request.
    assert not job.database.exists()


def test_real_archive_is_told_of_before_the_first_upload(job, court, typed):
    before = court.services.requests()
    real_archive = ["--archive=internet-archive", "--set=tjro.contact=me@example.org"]
    done = typed(*job.run(court, *real_archive))
    assert done.code == 2
    assert "12 files" in done.err
    assert "--yes" in done.err
    # What the court would list is not known yet, and nobody is asked for it.
    run, _catalog, *others = job.run(court, *real_archive)
    done = typed(run, *others)
    assert done.code == 2
    assert "0 files" in done.err
    assert "found out only then" in done.err
    assert court.services.requests() == before


@pytest.mark.parametrize("command", ["run", "stats", "retry"])
def test_what_is_no_database_is_left_alone(job, court, refused, command):
    job.database.write_text("a shopping list\n" * 1000)
    arguments = {"run": job.run(court), "stats": ["stats"], "retry": ["retry", "--all"]}[command]
    code, said = refused(*arguments)
    assert code == 74
    assert "diarios.duckdb" in said
    assert job.database.read_text() == "a shopping list\n" * 1000


def test_database_in_a_directory_that_is_none(job, refused, court):
    (job.folder / "occupied").write_text("")
    code, said = refused(*job.run(court, "--db=occupied/diarios.duckdb"))
    assert code == 74
    assert "occupied" in said


@pytest.mark.parametrize("key", ["run.spool", "run.text", "archive.folder"])
def test_directory_that_is_none_is_an_unusable_disk(job, court, key):
    (job.folder / "occupied").write_text("")
    done = job.do(*job.run(court, f"--set={key}=occupied/inside"))
    assert done.code == 74, done.err
    assert "Traceback" not in done.err
    assert "occupied" in done.err
    assert job.is_unlocked()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_spool_without_permission_is_an_unusable_disk(job, court):
    job.spool.mkdir(mode=0o500)
    done = job.do(*job.run(court))
    assert done.code == 74
    assert "Permission denied" in done.err
