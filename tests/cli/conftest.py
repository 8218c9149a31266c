"""What tests of the commands share: a ledger made by hand, a command line in this process, a pipeline that answers."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import trio
from made_gazettes import gazette, judgement, read_by_rules

from trio_pipeline import cli as command_line
from trio_pipeline.control import open_control, socket_path
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.diario.model import Reading
from trio_pipeline.world import real_world

OLD, NEW = gazette(1, "2024-08-29"), gazette(2, "2025-06-23")


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Calls the command in this process, in an empty directory and without a user's settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TRIO_PIPELINE_", "IA_", "GEMINI_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers])
    monkeypatch.setattr(root, "level", root.level)

    def call(*arguments):
        code = command_line._exit_code_of([*map(str, arguments)])
        said = capsys.readouterr()
        return Said(int(code), said.out, said.err)

    return call


@pytest.fixture
def ledger(tmp_path):
    """The path of a ledger: the old gazette was rejected, the new one downloaded and read, and not archived."""
    path = tmp_path / "diarios.duckdb"

    async def fill():
        async with open_ledger(path, real_world()) as opened:
            await opened.begin_run({}, "internet-archive")
            await opened.add_gazettes([OLD, NEW])
            await opened.record_all(
                [
                    Event(OLD.id, StageName.DOWNLOAD, "rejected", attempt=1, detail={"reason": "not a \x1b[31mPDF"}),
                    Event(NEW.id, StageName.DOWNLOAD, "downloaded", attempt=1, detail={"size": 2_500_000}),
                    Event(NEW.id, StageName.ARCHIVE, "failed", target="internet-archive", detail={"reason": "503"}),
                ]
            )
            reading = Reading(
                (judgement(), judgement("7000001-09.2025.8.22.0001", decisao="Provido.", span=(90, 170))), ()
            )
            event = Event(NEW.id, StageName.EXTRACT, "extracted")
            await opened.record_extraction(event, [read_by_rules(reading, "0")])

    trio.run(fill)
    return path


@pytest.fixture
def pipeline():
    """`with pipeline(database, commands)`: somebody answers for the database as a running pipeline does."""

    @contextmanager
    def answering(database, commands):
        started, handles = threading.Event(), []

        async def serve():
            ended = trio.Event()
            async with open_control(socket_path(database), commands):
                handles.extend((trio.lowlevel.current_trio_token(), ended))
                started.set()
                await ended.wait()

        thread = threading.Thread(target=trio.run, args=(serve,))
        thread.start()
        assert started.wait(10)
        try:
            yield
        finally:
            token, ended = handles
            token.run_sync_soon(ended.set)
            thread.join()

    return answering
