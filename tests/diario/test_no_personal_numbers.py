"""After a run of the real gazette, none of its CPF numbers is anywhere but in the PDF itself.

The numbers are collected here, by a pattern of this file's own, from what PDFium gives.
"""

from __future__ import annotations

import gzip
import logging
import re

import duckdb
import pypdfium2
import pytest
import trio
import trio.testing
from made_gazettes import gazette
from real_gazette import REAL_GAZETTE, needs_real_gazette
from scenes import open_scene

from trio_pipeline import cli
from trio_pipeline.diario.language_model.preparing import prepare
from trio_pipeline.services.publications import Publication

# With or without punctuation, broken over lines or not; the last but one may be the mark of a broken word.
CPF = re.compile(r"(?<![\d.])\d{3}\.?\s?\d{3}\.?\s?\d{3}\s?[-\u2010-\u2013\ufffe\u00ad]?\s?\d{2}(?!\d)", re.ASCII)
FORMATTED = re.compile(r"\d{3}\.\d{3}\.\d{3}[-\ufffe]\s?\d{2}", re.ASCII)


def digits_of(pattern: re.Pattern[str], text: str) -> set[str]:
    return {re.sub(r"\D", "", found) for found in pattern.findall(text)}


@pytest.fixture(scope="module")
def numbers():
    document = pypdfium2.PdfDocument(REAL_GAZETTE)
    try:
        return digits_of(FORMATTED, "\n".join(page.get_textpage().get_text_range() for page in document))
    finally:
        document.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a run of the real gazette has left everything."""
    directory = tmp_path_factory.mktemp("real")
    content = REAL_GAZETTE.read_bytes()

    async def run():
        published = (Publication(gazette(112), len(content), lambda: content),)
        async with open_scene(directory, publications=published, extract__kind="rules") as scene:
            await scene.run()
            assert scene.states() == [("downloaded", "confirmed", "extracted")]

    log, root = logging.FileHandler(directory / "log"), logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        root.setLevel(level)
        root.removeHandler(log)
        log.close()
    return directory


def tables(database):
    """Every cell of every table, as text."""
    with duckdb.connect(database, read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (name,) in names:
            for row in connection.execute(f"SELECT * FROM {name}").fetchall():
                yield str(row)


@needs_real_gazette
def test_there_are_numbers_to_hide(numbers):
    assert len(numbers) > 500


@needs_real_gazette
def test_no_table_has_any(numbers, folder):
    assert not digits_of(CPF, "\n".join(tables(folder / "diarios.duckdb"))) & numbers


@needs_real_gazette
def test_no_text_has_any(numbers, folder):
    (path,) = (folder / "text").iterdir()
    text = gzip.decompress(path.read_bytes()).decode()
    assert "***.***.***-**" in text
    assert not digits_of(CPF, text) & numbers
    assert not digits_of(CPF, re.sub(r"[\s\ufffe\u00ad]", "", text)) & numbers


@needs_real_gazette
@pytest.mark.parametrize("everything", [True, False])
def test_no_question_to_a_model_has_any(numbers, folder, everything):
    (path,) = (folder / "text").iterdir()
    asked = "\n".join(question.text for question in prepare(str(path), everything).questions)
    assert ("RECORRENTE" in asked) == everything
    assert not digits_of(CPF, asked) & numbers
    assert not digits_of(CPF, re.sub(r"[\s\ufffe\u00ad]", "", asked)) & numbers


@needs_real_gazette
@pytest.mark.parametrize("output", ["--json", "--csv", "--show"])
def test_no_form_of_the_decisions_has_any(numbers, folder, capsys, output):
    arguments = ["decisions", "--db", str(folder / "diarios.duckdb"), "--set", f"run.text={folder / 'text'}", output]
    assert cli._exit_code_of(arguments) == 0
    printed = capsys.readouterr().out
    assert len(printed) > 10_000
    assert not digits_of(CPF, printed) & numbers


@needs_real_gazette
@pytest.mark.parametrize("command", ["decisions", "stats", "failures"])
def test_no_command_prints_any(numbers, folder, capsys, command):
    assert cli._exit_code_of([command, "--db", str(folder / "diarios.duckdb"), "--json"]) == 0
    printed = capsys.readouterr()
    assert not digits_of(CPF, printed.out + printed.err) & numbers


@needs_real_gazette
def test_no_log_has_any(numbers, folder):
    log = (folder / "log").read_text()
    assert "extracted" in log
    assert not digits_of(CPF, log) & numbers


@needs_real_gazette
def test_there_is_a_table_to_look_at(folder, capsys):
    assert cli._exit_code_of(["decisions", "--db", str(folder / "diarios.duckdb"), "--json"]) == 0
    assert capsys.readouterr().out.count("\n") > 100
