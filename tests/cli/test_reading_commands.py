"""Collaboration tests: commands that read or mark a ledger, with a running pipeline and without one."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager

import duckdb
import pytest
from made_gazettes import gazette

from trio_pipeline import db_thread
from trio_pipeline.cli import asking
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.control import CommandError

OLD, NEW = gazette(1, "2024-08-29"), gazette(2, "2025-06-23")
"""What the fixture `ledger` holds."""

READING = ["stats", "failures", "decisions", "gaps", "verify"]
ALL_COMMANDS = [
    ["stats"],
    ["failures"],
    ["decisions"],
    ["retry", "--all"],
    ["gaps"],
    ["verify"],
    ["metadata", "--dry-run", "--set=tjro.contact=me@example.org"],
    ["drain"],
]

FIRST, SECOND = "7002770-82.2024.8.22.0011", "7000001-09.2025.8.22.0001"


def objects(said):
    return [json.loads(line) for line in said.out.splitlines()]


def lines(said):
    return [line.split("\t") for line in said.out.splitlines()]


@pytest.fixture
def in_no_hurry_to_wait(monkeypatch):
    """Whoever finds the ledger taken says so at once."""
    monkeypatch.setattr(asking, "_STARTING", 0.0)
    monkeypatch.setattr(db_thread, "_READER_PATIENCE", 0.0)


@contextmanager
def held(database):
    """Hold a ledger as a run does that does not answer yet."""
    with database.with_name(f"{database.name}.lock").open("w") as lock, duckdb.connect(database):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Errors that all of them share.


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=" ".join)
def test_no_ledger_is_wrong_usage(typed, command):
    said = typed(*command, "--db", "nowhere.duckdb")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert "there is no ledger at nowhere.duckdb" in said.err


@pytest.mark.parametrize("command", ALL_COMMANDS[:7], ids=" ".join)
def test_no_database_is_unusable(typed, tmp_path, command):
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, not a database\n" * 200)
    said = typed(*command, "--db", path)
    assert (said.code, said.out) == (ExitCode.UNUSABLE, "")
    assert said.err == f"trio-pipeline: {path} is no DuckDB database\n"
    assert path.read_text().startswith("these are notes")


@pytest.mark.parametrize("command", READING)
def test_other_database_is_no_ledger(typed, tmp_path, command):
    path = tmp_path / "other.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
    said = typed(command, "--db", path)
    assert (said.code, said.err) == (ExitCode.UNUSABLE, f"trio-pipeline: {path} is a database, but no ledger\n")


@pytest.mark.usefixtures("in_no_hurry_to_wait")
@pytest.mark.parametrize("command", ALL_COMMANDS[:7], ids=" ".join)
def test_ledger_in_use_is_told(typed, ledger, command):
    with held(ledger):
        said = typed(*command)
    assert (said.code, said.out) == (ExitCode.IN_USE, "")


@pytest.mark.parametrize("command", ALL_COMMANDS[:4], ids=" ".join)
def test_run_that_begins_is_waited_for(typed, ledger, pipeline, monkeypatch, command):
    began = []

    async def answer(arguments):
        lists = {"polo_ativo": [], "polo_passivo": []}
        yield {"diario_id": NEW.id, "life": "archive", "seconds_left": None, "segredo": False, **lists}

    async def nothing(arguments):
        for row in ():
            yield row

    async def begin(seconds):
        # While the command waits, the run opens its ear.
        context = pipeline(
            ledger, dict.fromkeys((command[0], "view"), answer) | {"left_out": nothing, "readings": nothing}
        )
        context.__enter__()
        began.append(context)

    monkeypatch.setattr(db_thread, "_READER_PATIENCE", 0.0)
    monkeypatch.setattr(asking.trio, "sleep", begin)
    with held(ledger):
        said = typed(*command)
    monkeypatch.undo()
    for context in began:
        context.__exit__(None, None, None)
    assert (said.code, len(began)) == (ExitCode.OK, 1)


@pytest.mark.parametrize("command", [["stats"], ["failures"], ["decisions"], ["retry", "--all"]], ids=" ".join)
def test_pipeline_that_refuses_is_told(typed, ledger, pipeline, command):
    async def refuse(arguments):
        raise CommandError("not \x1b[31mnow")
        yield

    with pipeline(ledger, {command[0]: refuse}):
        said = typed(*command)
    assert said.code == ExitCode.UNUSABLE
    assert "the running pipeline: " in said.err
    assert "\x1b" not in said.err


# stats


def test_stats_without_a_run(typed, ledger):
    said = typed("stats")
    assert said.code == ExitCode.OK
    assert lines(said) == [
        ["stage", "state", "gazettes", "size"],
        ["download", "downloaded", "1", "2.5 MB"],
        ["download", "rejected", "1", ""],
        ["archive", "failed", "1", "2.5 MB"],
        ["archive", "not_asked", "1", ""],
        ["extract", "extracted", "1", "2.5 MB"],
        ["extract", "not_asked", "1", ""],
        ["year", "gazettes_read", "without_entries", "by_older_rules", "entries_read", "entries_unread", "share_read"],
        ["2025", "1", "0", "1", "2", "0", "100.0 %"],
        ["no pipeline is running"],
    ]


def test_stats_as_json(typed, ledger):
    said = typed("stats", "--json")
    assert objects(said)[0] == {"stage": "download", "state": "downloaded", "gazettes": 1, "size": 2_500_000}
    assert objects(said)[6] == {
        "year": 2025,
        "gazettes_read": 1,
        "without_entries": 0,
        "by_older_rules": 1,
        "entries_read": 2,
        "entries_unread": 0,
        "share_read": 1.0,
    }
    assert len(objects(said)) == 7


STAGE = {
    "stage": "download",
    "workers": 3,
    "busy": 2,
    "waiting": 40,
    "done": 7,
    "failed": 1,
    "put_off": 5,
    "per_minute": 27.0,
    "seconds_left": 59.8,
    "stopped": None,
}
HOST = {
    "host": "tjro",
    "requests": 9,
    "interval": 7.0,
    "paused_since": "2026-11-23T10:00:00Z",
    "paused_until": "2026-11-23T10:10:00Z",
    "reason": "a block page",
}


RUN = {
    "run": "0123abcd",
    "elapsed": 3.5,
    "spool_files": 4,
    "spool_used": 12_345_678,
    "spool_limit": 5_000_000_000,
    "stalls": 0,
    "longest_stall": 0.0,
    "memory": 99_900_000,
    "network_gone_since": "2026-11-23T09:59:00Z",
}
ROOM = {
    "archive": "internet-archive",
    "room": 80,
    "queued": 10,
    "ration": 100,
    "queued_by_all": 20,
    "ration_of_all": 1000,
    "over_limit": False,
    "asked_at": "2026-11-23T10:00:00Z",
    "closed_since": None,
    "reason": None,
}


def test_stats_of_a_run(typed, ledger, pipeline):
    async def counts(arguments):
        yield {"stage": "download", "state": "pending", "gazettes": 42, "size": None}

    async def view(arguments):
        yield STAGE
        yield HOST
        yield ROOM
        yield RUN

    async def readings(arguments):
        for row in ():
            yield row

    with pipeline(ledger, {"stats": counts, "readings": readings, "view": view}):
        for_people, for_programs = typed("stats"), typed("stats", "--json")
    assert lines(for_people)[1] == ["download", "pending", "42", ""]
    assert lines(for_people)[3] == ["download", "3", "2", "40", "7", "1", "5", "27", "1 min", ""]
    assert lines(for_people)[5] == ["tjro", "9", "7", *list(HOST.values())[3:]]
    assert lines(for_people)[7][:4] == ["internet-archive", "80", "10", "100"]
    assert lines(for_people)[9][:8] == ["0123abcd", "3.5", "4", "12.3 MB", "5.0 GB", "0", "0", "99.9 MB"]
    assert objects(for_programs)[1:] == [STAGE, HOST, ROOM, RUN]


# failures


def test_failures_for_people(typed, ledger):
    said = typed("failures")
    table = lines(said)
    assert table[0] == ["id", "date", "number", "error_stage", "error", "attempts", "updated_at"]
    assert table[1][:6] == [NEW.id, "2025-06-23", "2", "archive", "503", "1"]
    assert table[2][:6] == [OLD.id, "2024-08-29", "1", "download", r"not a \x1b[31mPDF", "1"]


def test_failures_have_the_views_names(typed, ledger):
    rows = objects(typed("failures", "--json"))
    with duckdb.connect(ledger, read_only=True) as connection:
        names = {row[0] for row in connection.execute("DESCRIBE diarios").fetchall()}
    assert rows[0].keys() <= names
    assert [(row["id"], row["error"], row["download_state"]) for row in rows] == [
        (NEW.id, "503", "downloaded"),
        (OLD.id, "not a \x1b[31mPDF", "rejected"),
    ]


def test_failures_can_be_limited(typed, ledger):
    assert [row["id"] for row in objects(typed("failures", "--json", "--limit", 1))] == [NEW.id]
    assert typed("failures", "--limit", -1).code == ExitCode.USAGE
    # None asked for is not none failed.
    assert typed("failures", "--limit", 0).out == ""


def test_nothing_has_failed(typed, ledger):
    typed("retry", "--all")
    with duckdb.connect(ledger) as connection:
        connection.execute("DELETE FROM events WHERE outcome IN ('failed', 'rejected')")
    said = typed("failures")
    assert (said.code, said.out) == (ExitCode.OK, "nothing has failed\n")
    assert typed("failures", "--json").out == ""


# decisions


def test_decisions_for_people(typed, ledger):
    table = lines(typed("decisions", "vilhena", "unanimidade"))
    assert table == [
        ["date", "numero_processo", "classe", "polo_ativo", "polo_passivo", "relator", "resultado", "segredo"],
        [
            "2025-06-23",
            FIRST,
            "APELAÇÃO CÍVEL",
            "Município de Vilhena",
            "José Conceição",
            "Rowilson Teixeira",
            "nao_provido",
            "",
        ],
    ]


def test_decisions_have_the_views_names(typed, ledger):
    rows = objects(typed("decisions", "--json"))
    with duckdb.connect(ledger, read_only=True) as connection:
        names = [row[0] for row in connection.execute("DESCRIBE decisions").fetchall()]
    assert [row["numero_processo"] for row in rows] == [FIRST, SECOND]
    assert rows[0].keys() == {*names, "date"}
    assert rows[0]["advogados_polo_ativo"] == [{"nome": "Inês Brandão", "oab": "RO7821A"}]


@pytest.mark.parametrize("query", [["jose", "CONCEICAO"], ["jose CONCEICAO"], ["70027708220248220011"], [FIRST]])
def test_decisions_are_searched_by_words(typed, ledger, query):
    assert FIRST in [row["numero_processo"] for row in objects(typed("decisions", "--json", *query))]


def test_limit_of_decisions(typed, ledger):
    assert len(objects(typed("decisions", "--json", "--limit", 1))) == 1
    assert len(objects(typed("decisions", "--json", "--limit", 10**12))) == 2


def test_no_decision_matches(typed, ledger):
    assert typed("decisions", "habeas").out == "no decision matches\n"
    assert typed("decisions", "habeas", "--json").out == ""


def test_query_that_is_no_text_finds_nothing(typed, ledger):
    said = typed("decisions", "silva\udcff")
    assert (said.code, said.out) == (ExitCode.OK, "no decision matches\n")


# retry


def test_retry_marks_everything(typed, ledger):
    said = typed("retry", "--all")
    assert said.code == ExitCode.OK
    assert said.out.splitlines() == [
        f"{OLD.id}: download will be tried again",
        f"{NEW.id}: archive will be tried again",
    ]
    assert typed("retry", "--all").out == "nothing has failed\n"


def test_retry_of_one_stage(typed, ledger):
    assert typed("retry", "--stage", "archive").out == f"{NEW.id}: archive will be tried again\n"
    assert typed("retry", "--stage", "archive").out == "nothing has failed\n"


def test_retry_names_what_has_not_failed(typed, ledger):
    said = typed("retry", OLD.id, "\x1b[31mnobody", "silva\udcff")
    assert said.code == ExitCode.ITEMS_FAILED
    assert said.out == f"{OLD.id}: download will be tried again\n"
    assert said.err.splitlines()[0] == r"\x1b[31mnobody: nothing of it has failed"


@pytest.mark.parametrize("arguments", [[], [OLD.id, "--all"], ["--stage", "confirm"]])
def test_retry_must_be_told_what(typed, ledger, arguments):
    said = typed("retry", *arguments)
    assert (said.code, said.out) == (ExitCode.USAGE, "")


def test_retry_asks_the_pipeline(typed, ledger, pipeline):
    asked = []

    async def answer(arguments):
        asked.append(arguments)
        yield {"diario_id": OLD.id, "life": "download", "target": None}

    with pipeline(ledger, {"retry": answer}):
        said = typed("retry", OLD.id, "--stage", "download")
    assert asked == [{"ids": [OLD.id], "stage": "download"}]
    assert said.out == f"{OLD.id}: download will be tried again\n"
    # Nothing was written past the pipeline.
    assert len(objects(typed("failures", "--json"))) == 2


# drain


def test_drain_without_a_run(typed, ledger):
    said = typed("drain")
    assert (said.code, said.out, said.err) == (ExitCode.ITEMS_FAILED, "", "no pipeline is running\n")


def test_drain_asks_the_pipeline(typed, ledger, pipeline):
    async def answer(arguments):
        yield {"draining": True}

    with pipeline(ledger, {"drain": answer}):
        said = typed("drain")
    assert (said.code, said.out) == (ExitCode.OK, "the pipeline is draining\n")
