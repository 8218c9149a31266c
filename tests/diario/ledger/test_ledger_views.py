"""Contract tests: what people may query, column by column, as the design names them."""

from __future__ import annotations

import datetime

import pytest
from book import NOON
from made_gazettes import gazette

ARCHIVE = "internet-archive"
OTHER_ARCHIVE = "folder:/srv/archive"
LATER = NOON + datetime.timedelta(hours=1)
DOWNLOADED = {"size": 2_500_000, "sha256": "5a" * 32, "md5": "3d" * 16, "pages": 192}
COPY_URL = "https://archive.org/download/tjro-diario-2025/20250623-NR1.pdf"

COUNSEL = "STRUCT(nome VARCHAR, oab VARCHAR)[]"
COLUMNS = {
    "diarios": {
        "id": "VARCHAR",
        "tribunal": "VARCHAR",
        "date": "DATE",
        "number": "INTEGER",
        "suffix": "VARCHAR",
        "url": "VARCHAR",
        "file_name": "VARCHAR",
        "download_state": "VARCHAR",
        "archive_state": "VARCHAR",
        "extract_state": "VARCHAR",
        "size": "BIGINT",
        "sha256": "VARCHAR",
        "md5": "VARCHAR",
        "pages": "INTEGER",
        "archive_url": "VARCHAR",
        "entries_read": "INTEGER",
        "entries_unread": "INTEGER",
        "attempts": "BIGINT",
        "error": "VARCHAR",
        "error_stage": "VARCHAR",
        "updated_at": "TIMESTAMP",
    },
    "copies": {
        "diario_id": "VARCHAR",
        "archive": "VARCHAR",
        "state": "VARCHAR",
        "url": "VARCHAR",
        "md5": "VARCHAR",
        "updated_at": "TIMESTAMP",
    },
    "decisions": {
        "diario_id": "VARCHAR",
        "page": "INTEGER",
        "ordinal": "VARCHAR",
        "numero_processo": "VARCHAR",
        "numero_valido": "BOOLEAN",
        "classe": "VARCHAR",
        "polo_ativo": "VARCHAR[]",
        "polo_passivo": "VARCHAR[]",
        "advogados_polo_ativo": COUNSEL,
        "advogados_polo_passivo": COUNSEL,
        "relator": "VARCHAR",
        "decisao": "VARCHAR",
        "resultado": "VARCHAR",
        "segredo": "BOOLEAN",
        "span": "INTEGER[]",
        "extractor": "VARCHAR",
        "extractor_version": "VARCHAR",
    },
    "unread": {
        "diario_id": "VARCHAR",
        "page": "INTEGER",
        "span": "INTEGER[]",
        "text": "VARCHAR",
        "reason": "VARCHAR",
    },
    "events": {
        "seq": "BIGINT",
        "happened_at": "TIMESTAMP",
        "run_id": "VARCHAR",
        "diario_id": "VARCHAR",
        "stage": "VARCHAR",
        "target": "VARCHAR",
        "outcome": "VARCHAR",
        "attempt": "INTEGER",
        "elapsed": "DOUBLE",
        "not_before": "TIMESTAMP",
        "detail": "JSON",
    },
    "runs": {
        "run_id": "VARCHAR",
        "started_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
        "ended_by": "VARCHAR",
        "config": "JSON",
        "counts": "JSON",
    },
}


@pytest.mark.parametrize("relation", COLUMNS)
def test_columns_are_the_contract(book, relation):
    assert list(book.columns(relation).items()) == list(COLUMNS[relation].items())


def test_no_key_and_no_index(book):
    assert book.rows("SELECT index_name FROM duckdb_indexes()") == []
    kinds = {row["constraint_type"] for row in book.rows("SELECT constraint_type FROM duckdb_constraints()")}
    assert kinds <= {"NOT NULL"}


def test_new_gazette_is_not_asked(book):
    book.add(gazette())
    row = book.diario()
    known = gazette()
    assert {name: row[name] for name in ("id", "tribunal", "date", "number", "suffix", "url", "file_name")} == {
        "id": known.id,
        "tribunal": "tjro",
        "date": known.date,
        "number": 1,
        "suffix": "",
        "url": known.url,
        "file_name": known.file_name,
    }
    assert {row[f"{life}_state"] for life in ("download", "archive", "extract")} == {"not_asked"}
    assert row["attempts"] == 0
    rest = ("size", "sha256", "md5", "pages", "archive_url", "entries_read", "entries_unread", "error", "updated_at")
    assert {row[name] for name in rest} == {None}


def test_gazette_is_as_last_said(book):
    book.add(gazette())
    book.connection.execute(
        "INSERT INTO gazettes (id, tribunal, date, number, suffix, url, file_name) "
        "SELECT id, tribunal, date, number, suffix, 'https://moved', file_name FROM gazettes"
    )
    assert book.diario()["url"] == "https://moved"


def test_gazette_done_has_everything(book):
    book.add(gazette())
    book.begin_run()
    book.tell("download", "downloaded", attempt=2, detail=DOWNLOADED)
    book.tell("archive", "submitted", attempt=1, detail={"url": COPY_URL})
    book.tell("confirm", "confirmed", attempt=1, detail={"url": COPY_URL})
    read = {"extraction": "first", "entries_read": 31, "entries_unread": 2}
    book.tell("extract", "extracted", attempt=1, happened_at=LATER, detail=read)
    row = book.diario()
    expected = {
        "download_state": "downloaded",
        "archive_state": "confirmed",
        "extract_state": "extracted",
        **DOWNLOADED,
        "archive_url": COPY_URL,
        "entries_read": 31,
        "entries_unread": 2,
        "attempts": 4,
        "error": None,
        "error_stage": None,
        "updated_at": LATER,
    }
    assert {name: row[name] for name in expected} == expected


def test_order_is_by_seq(book):
    book.add(gazette())
    book.tell("download", "failed", happened_at=LATER)
    book.tell("download", "downloaded", happened_at=NOON, detail=DOWNLOADED)
    row = book.diario()
    # The clock was set back in between.
    assert (row["download_state"], row["updated_at"]) == ("downloaded", NOON)


def test_checksums_are_of_the_first_download(book):
    book.add(gazette())
    book.tell("download", "downloaded", detail=DOWNLOADED)
    book.tell("download", "restored", detail={"source": "court", "size": 1, "sha256": "00", "md5": "00", "pages": 1})
    row = book.diario()
    assert {name: row[name] for name in DOWNLOADED} == DOWNLOADED


@pytest.mark.parametrize("outcome", ["put_off", "failed", "rejected"])
@pytest.mark.parametrize("stage", ["download", "archive", "extract"])
def test_error_names_its_stage(book, stage, outcome):
    book.add(gazette())
    book.begin_run()
    book.tell(stage, outcome, detail={"reason": "the connection was reset"})
    row = book.diario()
    assert (row["error"], row["error_stage"]) == ("the connection was reset", stage)


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [("download", "downloaded"), ("download", "restored"), ("archive", "submitted"), ("extract", "extracted")],
)
def test_error_ends_with_success(book, stage, outcome):
    book.add(gazette())
    book.begin_run()
    book.tell(stage, "failed", detail={"reason": "the connection was reset"})
    book.tell(stage, outcome, detail=DOWNLOADED)
    row = book.diario()
    assert (row["error"], row["error_stage"]) == (None, None)


def test_error_outlives_reset(book):
    book.add(gazette())
    book.tell("download", "rejected", detail={"reason": "the PDF has no page"})
    book.tell("download", "reset")
    row = book.diario()
    assert (row["download_state"], row["error"]) == ("pending", "the PDF has no page")


def test_error_of_looking_shows(book):
    book.add(gazette())
    book.begin_run()
    book.tell("archive", "submitted", detail={"url": COPY_URL})
    book.tell("confirm", "put_off", detail={"reason": "archive.org cannot be reached"})
    row = book.diario()
    assert (row["archive_state"], row["error_stage"]) == ("submitted", "confirm")
    book.tell("confirm", "absent")
    assert book.diario()["error"] is None


def test_newest_error_counts(book):
    book.add(gazette())
    book.begin_run()
    book.tell("extract", "failed", detail={"reason": "the worker died"})
    book.tell("download", "put_off", detail={"reason": "503"})
    book.tell("archive", "failed", detail={"reason": "400 BadContent"})
    row = book.diario()
    assert (row["error"], row["error_stage"]) == ("400 BadContent", "archive")


def test_failure_without_reason_shows(book):
    book.add(gazette())
    book.tell("download", "put_off", detail={"reason": "503"})
    book.tell("download", "failed")
    assert book.diario()["error"] == "failed"


def test_attempts_count_in_all_runs(book):
    book.add(gazette())
    book.begin_run()
    book.tell("download", "asked")
    for run_id, attempt in (("run-1", 1), ("run-1", 2), ("run-2", 1)):
        book.tell("download", "put_off", run_id=run_id, attempt=attempt)
    book.tell("archive", "started")
    book.tell("archive", "submitted", attempt=1)
    assert book.diario()["attempts"] == 4


def test_archive_is_the_last_runs(book):
    book.add(gazette())
    book.begin_run("run-1", OTHER_ARCHIVE)
    book.tell("archive", "confirmed", target=OTHER_ARCHIVE, detail={"url": "file:///srv/archive/1.pdf"})
    assert book.diario()["archive_state"] == "confirmed"
    book.begin_run("run-2", ARCHIVE)
    assert (book.diario()["archive_state"], book.diario()["archive_url"]) == ("not_asked", None)
    book.tell("archive", "asked", target=ARCHIVE)
    assert book.diario()["archive_state"] == "pending"


def test_run_without_archive_hides_nothing(book):
    book.add(gazette())
    book.begin_run("run-1", ARCHIVE)
    book.tell("archive", "confirmed", detail={"url": COPY_URL})
    book.begin_run("run-2", None)
    assert book.diario()["archive_state"] == "confirmed"


def test_copies_are_one_for_each_archive(book):
    book.add(gazette())
    book.tell("download", "downloaded", detail=DOWNLOADED)
    book.tell("archive", "confirmed", target=OTHER_ARCHIVE, detail={"url": "file:///srv/archive/1.pdf"})
    book.tell("archive", "submitted", target=ARCHIVE, detail={"url": COPY_URL}, happened_at=LATER)
    assert book.rows("SELECT * FROM copies ORDER BY archive") == [
        {
            "diario_id": gazette().id,
            "archive": OTHER_ARCHIVE,
            "state": "confirmed",
            "url": "file:///srv/archive/1.pdf",
            "md5": DOWNLOADED["md5"],
            "updated_at": NOON,
        },
        {
            "diario_id": gazette().id,
            "archive": ARCHIVE,
            "state": "submitted",
            "url": COPY_URL,
            "md5": DOWNLOADED["md5"],
            "updated_at": LATER,
        },
    ]


@pytest.mark.parametrize(
    ("later", "is_there"),
    [
        ([("archive", "reset")], True),
        ([("confirm", "absent")], True),
        ([("confirm", "lost")], False),
        ([("confirm", "failed")], False),
        ([("confirm", "lost"), ("archive", "started")], False),
        ([("confirm", "lost"), ("archive", "submitted")], True),
    ],
)
def test_copy_is_there_until_it_is_missed(book, later, is_there):
    book.add(gazette())
    book.begin_run()
    book.tell("download", "downloaded", detail=DOWNLOADED)
    book.tell("archive", "submitted", detail={"url": COPY_URL})
    for stage, outcome in later:
        book.tell(stage, outcome)
    (copy,) = book.rows("SELECT url, md5 FROM copies")
    assert copy == ({"url": COPY_URL, "md5": DOWNLOADED["md5"]} if is_there else {"url": None, "md5": None})
    assert book.diario()["archive_url"] == copy["url"]


def failed_runs(book):
    rows = book.rows("SELECT life, target, runs FROM failed_runs ORDER BY ALL")
    return [(row["life"], row["target"], row["runs"]) for row in rows]


def test_runs_that_failed_are_counted(book):
    for run_id in ("run-1", "run-2"):
        book.tell("download", "put_off", run_id=run_id)
        book.tell("download", "failed", run_id=run_id)
        book.tell("archive", "failed", run_id=run_id)
    book.tell("confirm", "failed", run_id="run-3")
    book.tell("archive", "failed", target=OTHER_ARCHIVE)
    assert failed_runs(book) == [("archive", OTHER_ARCHIVE, 1), ("archive", ARCHIVE, 3), ("download", None, 2)]


def test_run_that_failed_twice_counts_once(book):
    book.tell("download", "failed", run_id="run-1")
    book.tell("download", "failed", run_id="run-1")
    assert failed_runs(book) == [("download", None, 1)]


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        ("download", "reset"),
        ("download", "downloaded"),
        ("download", "restored"),
        ("archive", "reset"),
        ("archive", "confirmed"),
        ("confirm", "confirmed"),
        ("extract", "reset"),
        ("extract", "extracted"),
    ],
)
def test_failed_runs_begin_again(book, stage, outcome):
    life = "archive" if stage == "confirm" else stage
    book.tell(life, "failed", run_id="run-1")
    book.tell(stage, outcome, run_id="run-2")
    assert failed_runs(book) == []
    book.tell(life, "failed", run_id="run-3")
    assert [runs for _, _, runs in failed_runs(book)] == [1]


def test_runs_show_how_they_ended(book):
    book.begin_run("run-1")
    book.begin_run("run-2")
    book.connection.execute(
        "INSERT INTO run_ends VALUES ('run-1', ?, 'drained', '{\"download\": {\"downloaded\": 3}}')", [LATER]
    )
    assert book.rows("SELECT run_id, started_at, ended_at, ended_by, counts FROM runs") == [
        {
            "run_id": "run-1",
            "started_at": NOON,
            "ended_at": LATER,
            "ended_by": "drained",
            "counts": '{"download": {"downloaded": 3}}',
        },
        {"run_id": "run-2", "started_at": NOON, "ended_at": None, "ended_by": None, "counts": None},
    ]
