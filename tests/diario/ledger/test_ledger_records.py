"""Collaboration tests: what a run records is what the next one finds, through a database thread and a real file."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import json
from contextlib import asynccontextmanager

import duckdb
import pytest
from book import NOON
from made_gazettes import checksums_of, gazette, judgement, read_by_rules

from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable
from trio_pipeline.diario.ledger.events import Event, LifeStanding
from trio_pipeline.diario.ledger.ledger import open_ledger, read_standings
from trio_pipeline.diario.ledger.queries import resettable
from trio_pipeline.diario.lifecycle import Life, StageName, State
from trio_pipeline.diario.model import Reading, Unread
from trio_pipeline.world import real_world

ARCHIVE = "internet-archive"
OTHER_ARCHIVE = "folder:/srv/archive"
LATER = NOON + datetime.timedelta(hours=1)
ID = gazette().id
CHECKSUMS = checksums_of(b"%PDF-1.4 gazette")
DOWNLOADED = {"size": CHECKSUMS.size, "sha256": CHECKSUMS.sha256, "md5": CHECKSUMS.md5, "pages": 3}


class Shelf:
    """A ledger's file, and a world whose clock and ids the test sets."""

    def __init__(self, directory):
        ids = itertools.count(1)
        self.path = directory / "diarios.duckdb"
        self.now = NOON
        self.world = dataclasses.replace(real_world(), now=lambda: self.now, new_id=lambda: f"id-{next(ids)}")

    @asynccontextmanager
    async def open(self, archive=ARCHIVE):
        """The ledger in a run that has just begun."""
        async with open_ledger(self.path, self.world) as ledger:
            await ledger.begin_run({"run": {"db": "diarios.duckdb"}}, archive)
            yield ledger


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


async def rows(ledger, sql):
    def read(connection):
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    return await ledger.read(read)


async def standing(ledger, archive=ARCHIVE):
    (only,) = await ledger.standings(archive)
    return only


def event(stage, outcome, **fields):
    target = ARCHIVE if stage in {"archive", "confirm"} else None
    return Event(ID, StageName(stage), outcome, **({"target": target} | fields))


async def test_run_is_on_record(shelf):
    async with shelf.open() as ledger:
        assert ledger.run_id == "id-1"
        shelf.now = LATER
        await ledger.end_run("finished", {"download": {"downloaded": 2}})
        (run,) = await rows(ledger, "SELECT * FROM runs")
    assert run | {"config": json.loads(run["config"]), "counts": json.loads(run["counts"])} == {
        "run_id": "id-1",
        "started_at": NOON,
        "ended_at": LATER,
        "ended_by": "finished",
        "config": {"run": {"db": "diarios.duckdb"}},
        "counts": {"download": {"downloaded": 2}},
    }


async def test_event_keeps_every_field(shelf):
    async with shelf.open() as ledger:
        await ledger.record(
            event("download", "put_off", attempt=2, elapsed=1.25, not_before=LATER, detail={"reason": "503", "size": 7})
        )
        (row,) = await rows(ledger, "SELECT * EXCLUDE (seq) FROM events")
    assert row | {"detail": json.loads(row["detail"])} == {
        "happened_at": NOON,
        "run_id": "id-1",
        "diario_id": ID,
        "stage": "download",
        "target": None,
        "outcome": "put_off",
        "attempt": 2,
        "elapsed": 1.25,
        "not_before": LATER,
        "detail": {"reason": "503", "size": 7},
    }


async def test_many_events_keep_their_order(shelf):
    outcomes = ["asked", "put_off", "failed", "reset", "downloaded"] * 20
    async with shelf.open() as ledger:
        await ledger.record_all(event("download", outcome) for outcome in outcomes)
        told = await rows(ledger, "SELECT outcome FROM events ORDER BY seq")
    assert [row["outcome"] for row in told] == outcomes


async def test_events_of_different_kinds_go_together(shelf):
    events = [
        event("download", "asked"),
        event("archive", "submitted", not_before=LATER, attempt=1, detail={"url": "u"}),
    ]
    async with shelf.open() as ledger:
        await ledger.record_all(events)
        told = await rows(ledger, "SELECT target, attempt, not_before FROM events ORDER BY seq")
    assert told == [
        {"target": None, "attempt": None, "not_before": None},
        {"target": ARCHIVE, "attempt": 1, "not_before": LATER},
    ]


async def test_no_events_write_nothing(shelf):
    async with shelf.open() as ledger:
        before = ledger.statistics().batches
        await ledger.record_all([])
        assert ledger.statistics().batches == before


async def test_gazettes_are_added_once(shelf):
    both = [gazette(1), gazette(2)]
    async with shelf.open() as ledger:
        assert await ledger.add_gazettes(both) == 2
        assert await ledger.add_gazettes(both) == 0
        assert await ledger.add_gazettes([*both, gazette(3), gazette(3)]) == 1
        assert await ledger.add_gazettes([]) == 0


async def test_moved_gazette_is_known_anew(shelf):
    moved = dataclasses.replace(
        gazette(), url="https://www.tjro.jus.br/novodiario/2025/moved.pdf", file_name="moved.pdf"
    )
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        assert await ledger.add_gazettes([moved]) == 1
        assert (await standing(ledger)).gazette == moved


async def test_standings_are_newest_first(shelf):
    days = ("2024-08-29", "2025-06-23", "2004-01-02")
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette(date=day) for day in days] + [gazette(2, days[0])])
        found = [str(where.gazette.date) for where in await ledger.standings(ARCHIVE)]
    assert found == ["2025-06-23", "2024-08-29", "2024-08-29", "2004-01-02"]


async def test_new_gazette_stands_nowhere(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        where = await standing(ledger)
    assert (where.gazette, where.checksums, where.size, where.archives, where.lives) == (gazette(), None, None, {}, {})
    assert where.life(Life.EXTRACT) == LifeStanding(State.NOT_ASKED)


async def test_standing_tells_everything(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("download", "downloaded", attempt=1, detail=DOWNLOADED))
        shelf.now = LATER
        await ledger.record(event("archive", "started"))
        await ledger.record(event("archive", "submitted", not_before=LATER, detail={"url": "u", "acknowledged": True}))
        await ledger.record(event("extract", "failed", detail={"reason": "the worker died"}))
        where = await standing(ledger)
    assert (where.checksums, where.size, where.archives) == (CHECKSUMS, CHECKSUMS.size, {ARCHIVE: "u"})
    assert where.lives == {
        Life.DOWNLOAD: LifeStanding(State.DOWNLOADED),
        Life.ARCHIVE: LifeStanding(State.SUBMITTED, not_before=LATER, submitted_at=LATER, acknowledged=True),
        Life.EXTRACT: LifeStanding(State.FAILED, failed_runs=1),
    }


async def test_size_of_earlier_try_is_known(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("download", "put_off", detail={"reason": "no room", "size": 9_000_000}))
        await ledger.record(event("download", "failed", detail={"reason": "no room"}))
        where = await standing(ledger)
    assert (where.checksums, where.size) == (None, 9_000_000)


@pytest.mark.parametrize(
    ("detail", "acknowledged"), [({"acknowledged": True}, True), ({"acknowledged": False}, False), ({"url": "u"}, True)]
)
async def test_answer_to_upload_is_known(shelf, detail, acknowledged):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("archive", "submitted", detail=detail))
        assert (await standing(ledger)).life(Life.ARCHIVE).acknowledged is acknowledged


async def test_upload_cut_off_is_unanswered(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("archive", "submitted", detail={"acknowledged": True}))
        await ledger.record(event("confirm", "lost"))
        shelf.now = LATER
        await ledger.record(event("archive", "started"))
        where = (await standing(ledger)).life(Life.ARCHIVE)
    assert (where.state, where.submitted_at, where.acknowledged) == (State.SUBMITTED, LATER, False)


async def test_waiting_ends_with_the_next_word(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("download", "put_off", not_before=LATER))
        assert (await standing(ledger)).life(Life.DOWNLOAD).not_before == LATER
        await ledger.record(event("download", "reset"))
        assert (await standing(ledger)).life(Life.DOWNLOAD).not_before is None


async def test_other_archives_life_is_not_ours(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("archive", "confirmed", target=OTHER_ARCHIVE, detail={"url": "u"}))
        where = await standing(ledger)
        assert where.life(Life.ARCHIVE).state is State.NOT_ASKED
        assert where.archives == {OTHER_ARCHIVE: "u"}
        assert (await standing(ledger, None)).lives == {}


async def test_copy_outlives_reset(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("archive", "confirmed", detail={"url": "u"}))
        await ledger.record(event("archive", "reset"))
        assert (await standing(ledger)).archives == {ARCHIVE: "u"}
        await ledger.record(event("archive", "submitted"))
        await ledger.record(event("confirm", "lost"))
        assert (await standing(ledger)).archives == {}


async def test_next_run_finds_everything(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("download", "downloaded", detail=DOWNLOADED))
    async with shelf.open() as ledger:
        await ledger.record(event("download", "restored", detail={"source": "spool"}))
        sequence = [row["seq"] for row in await rows(ledger, "SELECT seq FROM events ORDER BY happened_at, rowid")]
        assert (await standing(ledger)).checksums == CHECKSUMS
    # What a later run says counts as later, whatever its clock says.
    assert sequence == sorted(sequence)
    assert len(set(sequence)) == 2


async def test_second_run_is_refused(shelf):
    async with shelf.open():
        with pytest.raises(DatabaseInUse):
            async with open_ledger(shelf.path, shelf.world):
                raise AssertionError("two runs hold one ledger")


async def test_file_that_is_no_ledger(shelf):
    shelf.path.write_bytes(b"not a database, but long enough to be read as the header of one" * 100)
    with pytest.raises(DatabaseUnusable):
        async with open_ledger(shelf.path, shelf.world):
            raise AssertionError("opened what is no database")


async def test_other_database_is_no_ledger(shelf):
    with duckdb.connect(shelf.path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER)")
    with pytest.raises(DatabaseUnusable, match="is a database, but no ledger"):
        await read_standings(shelf.path, ARCHIVE, shelf.world)


async def test_names_of_python_are_not_in_sql(shelf):
    treasure = [{"n": 1}]  # a name that a query could hit upon
    async with shelf.open() as ledger:
        with pytest.raises(duckdb.CatalogException, match="treasure"):
            await ledger.read(lambda connection: (connection.execute("SELECT * FROM treasure"), treasure))


async def test_standings_need_no_ledger(shelf):
    assert await read_standings(shelf.path, ARCHIVE, shelf.world) == []
    assert not shelf.path.exists()


async def test_standings_are_read_without_a_run(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record(event("extract", "asked"))
    (where,) = await read_standings(shelf.path, ARCHIVE, shelf.world)
    assert where.life(Life.EXTRACT).state is State.PENDING


READING = Reading(
    judgements=(judgement(), judgement("7000001-09.2025.8.22.0001", ordinal=None, polo_ativo=(), relator=None)),
    unread=(Unread(5, (400, 420), "Processo ilegível", "no number"),),
)


async def test_reading_is_kept_whole(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record_extraction(event("extract", "extracted", detail={"pages": 9}), [read_by_rules(READING)])
        decisions = await rows(ledger, "SELECT * FROM decisions ORDER BY span")
        unread = await rows(ledger, "SELECT * FROM unread")
        (told,) = await rows(ledger, "SELECT outcome, detail FROM events")
        (diario,) = await rows(ledger, "SELECT extract_state, entries_read, entries_unread FROM diarios")
    assert decisions[0] == {
        "diario_id": ID,
        "page": 2,
        "ordinal": "07",
        "numero_processo": "7002770-82.2024.8.22.0011",
        "numero_valido": True,
        "classe": "APELAÇÃO CÍVEL",
        "polo_ativo": ["Município de Vilhena"],
        "polo_passivo": ["José Conceição"],
        "advogados_polo_ativo": [{"nome": "Inês Brandão", "oab": "RO7821A"}],
        "advogados_polo_passivo": [{"nome": "Defensoria Pública", "oab": None}],
        "relator": "Rowilson Teixeira",
        "decisao": "Recurso não provido, à unanimidade.",
        "resultado": "nao_provido",
        "segredo": False,
        "span": [10, 90],
        "extractor": "rules",
        "extractor_version": "3",
    }
    assert [decisions[1][name] for name in ("ordinal", "polo_ativo", "relator")] == [None, [], None]
    assert unread == [
        {"diario_id": ID, "page": 5, "span": [400, 420], "text": "Processo ilegível", "reason": "no number"}
    ]
    assert json.loads(told["detail"]) == {
        "pages": 9,
        "extraction": "id-2",
        "entries_read": 2,
        "entries_unread": 1,
        "extractor": "rules",
        "extractor_version": "3",
    }
    assert diario == {"extract_state": "extracted", "entries_read": 2, "entries_unread": 1}


async def test_newest_reading_replaces_the_older(shelf):
    async with shelf.open() as ledger:
        await ledger.add_gazettes([gazette()])
        await ledger.record_extraction(event("extract", "extracted"), [read_by_rules(READING)])
        again = Reading((judgement(decisao="Recurso provido."),), ())
        await ledger.record_extraction(event("extract", "extracted"), [read_by_rules(again, "4")])
        found = await rows(ledger, "SELECT decisao, extractor_version FROM decisions")
        unread = await rows(ledger, "SELECT * FROM unread")
    assert found == [{"decisao": "Recurso provido.", "extractor_version": "4"}]
    assert unread == []


async def test_empty_reading_replaces_too(shelf):
    async with shelf.open() as ledger:
        await ledger.record_extraction(event("extract", "extracted"), [read_by_rules(READING)])
        await ledger.record_extraction(event("extract", "extracted"), [read_by_rules(Reading((), ()), "4")])
        assert await rows(ledger, "SELECT * FROM decisions UNION ALL BY NAME SELECT * FROM unread") == []


async def test_failed_reading_leaves_the_older(shelf):
    async with shelf.open() as ledger:
        await ledger.record_extraction(event("extract", "extracted"), [read_by_rules(READING)])
        await ledger.record(event("extract", "reset"))
        await ledger.record(event("extract", "failed", detail={"reason": "the worker died"}))
        assert len(await rows(ledger, "SELECT * FROM decisions")) == 2


async def test_reading_is_kept_whole_or_not_at_all(shelf):
    broken = Event(None, StageName.EXTRACT, "extracted")  # the table refuses an event of no gazette
    async with shelf.open() as ledger:
        with pytest.raises(duckdb.ConstraintException):
            await ledger.record_extraction(broken, [read_by_rules(READING)])
        assert await rows(ledger, "SELECT 1 FROM decision_rows UNION ALL SELECT 1 FROM unread_rows") == []


async def test_reset_is_for_what_failed(shelf):
    async with shelf.open() as ledger:
        await ledger.record(event("download", "downloaded", detail=DOWNLOADED))
        await ledger.record(event("archive", "failed"))
        await ledger.record(event("extract", "rejected"))
        lives = await ledger.read(lambda connection: resettable(connection, {}))
        events = await ledger.reset(lives)
        states = await rows(ledger, "SELECT life, state FROM lives ORDER BY life")
    assert [(one.stage, one.outcome, one.target) for one in events] == [
        ("archive", "reset", ARCHIVE),
        ("extract", "reset", None),
    ]
    assert [tuple(row.values()) for row in states] == [
        ("archive", "pending"),
        ("download", "downloaded"),
        ("extract", "pending"),
    ]


async def test_pace_is_remembered_by_hosts(shelf):
    async with shelf.open() as ledger:
        assert await ledger.pace("tjro") is None
        await ledger.remember_pace("tjro", {"interval": 2.0})
        await ledger.remember_pace("archive", {"interval": None})
        await ledger.remember_pace("tjro", {"interval": 7.0})
    async with shelf.open() as ledger:
        assert await ledger.pace("tjro") == {"interval": 7.0}
        assert await ledger.pace("archive") == {"interval": None}


async def test_stranger_s_database_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.duckdb"
    with duckdb.connect(path) as other:
        other.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(DatabaseUnusable, match="no ledger"):
        async with open_ledger(path, real_world()):
            pytest.fail("opened")
    with duckdb.connect(path) as other:
        assert other.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("mine",)]
