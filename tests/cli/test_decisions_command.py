"""Collaboration tests: `decisions` with its filters and forms, and the entries as they stand in the gazette."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
import trio
from made_gazettes import gazette, judgement, read_by_rules

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.diario.lifecycle import StageName
from trio_pipeline.diario.model import Reading, Unread
from trio_pipeline.world import real_world

OTHER = gazette(3, "2023-02-01")
SECRET = "7000002-91.2025.8.22.0001"
ENTRY = "01 - 7000002-91.2025.8.22.0001\r\nApelante: C. R. D. S.\r\n\f2\r\nApelado: =HYPERLINK()\r\n"
TEXT = f"Pauta\r\n\f{ENTRY}03 - 7000009\r\nsem classe"


@pytest.fixture
def shelf(ledger, tmp_path):
    """The ledger with one gazette more: a secret case, and an entry that could not be read, both with their text."""
    start = TEXT.index(ENTRY)
    secret = judgement(
        SECRET,
        segredo=True,
        polo_ativo=("C. R. D. S.",),
        polo_passivo=("=HYPERLINK()",),
        decisao=None,
        span=(start, start + len(ENTRY)),
    )
    end = start + len(ENTRY)
    unread = Unread(3, (end, len(TEXT)), TEXT[end:], "no class")

    async def fill():
        async with open_ledger(ledger, real_world()) as opened:
            await opened.add_gazettes([OTHER])
            event = Event(OTHER.id, StageName.EXTRACT, "extracted")
            await opened.record_extraction(event, [read_by_rules(Reading((secret,), (unread,)))])

    trio.run(fill)
    texts = tmp_path / "text"
    texts.mkdir()
    (texts / f"{OTHER.id}.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    return ledger


def objects(said):
    return [json.loads(line) for line in said.out.splitlines()]


def lines(said):
    return [line.split("\t") for line in said.out.splitlines()]


@pytest.mark.parametrize(
    "options",
    [
        ["--number", "70000029120258220001"],
        ["--from", "2023-02-01", "--to", "2023-02-01"],
        ["--party", "hyperlink"],
        ["--lawyer", "OAB/RO 7.821-A", "--to=2024-01-01"],
        ["--class=apelacao", "--judge=rowilson", "--result=nao_provido", "--party=c."],
    ],
    ids=" ".join,
)
def test_options_narrow_the_search(typed, shelf, options):
    assert [row["numero_processo"] for row in objects(typed("decisions", "--json", *options))] == [SECRET]


def test_running_pipeline_gets_the_options(typed, shelf, pipeline):
    asked = []

    async def answer(arguments):
        asked.append(arguments)
        yield {"numero_processo": SECRET}

    async def left_out(arguments):
        yield {"view": "decisions", "rows": 3}

    with pipeline(shelf, {"decisions": answer, "left_out": left_out}):
        said = typed("decisions", "vilhena", "--party", "ana", "--from=2025-01-01", "--json")
    assert [row["numero_processo"] for row in objects(said)] == [SECRET]
    assert said.err == "3 decisions are not shown: privacy.suppress\n"
    assert asked == [{"query": "vilhena", "party": "ana", "from": "2025-01-01", "limit": None}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--result=provdo"], "the nearest is provido"),
        (["--from=yesterday"], "'yesterday' is no day"),
        (["--from=2025-01-02", "--to=2025-01-01"], "no day is from 2025-01-02 to 2025-01-01"),
        (["--number=abc"], "is no case number"),
        (["--lawyer=9Z9"], "nor an OAB number"),
        (["--json", "--csv"], "contradict each other"),
        (["--unread", "--party=ana"], "has no party"),
        (["--limit=-1"], "--limit"),
    ],
)
def test_wrong_option_is_wrong_usage(typed, shelf, options, message):
    said = typed("decisions", *options)
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert len(said.err.splitlines()) == 1
    assert message in said.err


def test_secret_case_is_marked(typed, shelf):
    assert lines(typed("decisions", "--number", SECRET))[1][-1] == "segredo"


def test_more_than_people_are_shown_is_told(typed, shelf, monkeypatch):
    monkeypatch.setattr("trio_pipeline.cli.decisions._FOR_PEOPLE", 2)
    said = typed("decisions")
    assert (len(lines(said)), said.err) == (3, "these are the first 2; --limit N shows more\n")
    assert typed("decisions", "--limit=2").err == ""
    assert len(objects(typed("decisions", "--json"))) == 3


def test_csv_has_the_names_of_json(typed, shelf):
    said = typed("decisions", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.out, newline="")))
    assert list(rows[0]) == list(objects(typed("decisions", "--json"))[0])
    assert rows[0]["advogados_polo_ativo"] == "Inês Brandão (RO7821A)"
    assert rows[2]["polo_passivo"] == "'=HYPERLINK()"
    assert typed("decisions", "nobody", "--csv").out == said.out.splitlines()[0] + "\r\n"


def test_entry_is_shown_with_its_page(typed, shelf):
    said = typed("decisions", "--show", "--number", SECRET)
    assert said.out.splitlines() == [
        f"2023-02-01  {OTHER.id}  page 2  {OTHER.url}#page=2",
        f"read as: {SECRET} | APELAÇÃO CÍVEL | Rowilson Teixeira | nao_provido | segredo",
        "    01 - 7000002-91.2025.8.22.0001",
        "    Apelante: C. R. D. S.",
        "    [page 3]",
        "    2",
        "    Apelado: =HYPERLINK()",
    ]


def test_text_and_address_are_told_to_programs(typed, shelf):
    *without, row = objects(typed("decisions", "--show", "--json"))
    assert (row["text"], row["url"]) == (ENTRY, f"{OTHER.url}#page=2")
    assert [other["text"] for other in without] == [None, None]


def test_text_that_is_not_there_is_said(typed, shelf, tmp_path):
    said = typed("decisions", "--show", "vilhena", "--from=2025-01-01", "--set=run.text=else\x1bwhere")
    assert said.code == ExitCode.OK
    where = rf"{tmp_path}/else\x1bwhere, the directory of run.text"
    assert f"    (the text of this entry cannot be read in {where}; the PDF has it on page 2)\n" in said.out


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(TEXT.encode())[:40], gzip.compress(b"\xff" * 200)],
    ids=["no gzip", "cut short", "no UTF-8"],
)
def test_text_that_is_broken_is_said(typed, shelf, tmp_path, content):
    (tmp_path / "text" / f"{OTHER.id}.txt.gz").write_bytes(content)
    said = typed("decisions", "--show", "--number", SECRET)
    assert said.code == ExitCode.OK
    assert "the text of this entry cannot be read in" in said.out
    assert "cannot be read" in said.err


def test_text_of_another_reading_is_not_shown(typed, shelf, tmp_path):
    (tmp_path / "text" / f"{OTHER.id}.txt.gz").write_bytes(gzip.compress(b"short"))
    assert "the text of this entry cannot be read in" in typed("decisions", "--show", "--number", SECRET).out


def test_unread_entries_are_listed(typed, shelf):
    assert lines(typed("decisions", "--unread")) == [
        ["date", "diario_id", "page", "reason", "text"],
        ["2023-02-01", OTHER.id, "3", "no class", "03 - 7000009 sem classe"],
    ]
    (row,) = objects(typed("decisions", "--unread", "--json", "sem"))
    assert row["text"] == "03 - 7000009\r\nsem classe"
    assert row.keys() == {"diario_id", "date", "page", "span", "text", "reason"}
    assert typed("decisions", "--unread", "--csv").out.splitlines()[0] == "diario_id,date,page,span,text,reason"


def test_unread_entry_is_shown_with_its_reason(typed, shelf):
    assert typed("decisions", "--unread", "--show").out.splitlines() == [
        f"2023-02-01  {OTHER.id}  page 3  {OTHER.url}#page=3",
        "not read: no class",
        "    03 - 7000009",
        "    sem classe",
    ]


def test_long_unread_text_is_cut_for_people(typed, shelf, monkeypatch):
    monkeypatch.setattr("trio_pipeline.cli.decisions._BEGINNING", 4)
    assert lines(typed("decisions", "--unread"))[1][-1] == "03 -…"


@pytest.mark.parametrize("options", [["nobody"], ["--to=1999-01-01"]])
def test_nothing_found_is_said(typed, shelf, options):
    assert typed("decisions", *options).out == "no decision matches\n"
    assert typed("decisions", *options, "--show").out == "no decision matches\n"
    assert typed("decisions", *options, "--unread").out == "nothing unread matches\n"
    assert typed("decisions", *options, "--show", "--json").out == ""


# privacy.suppress


@pytest.fixture
def suppress(tmp_path):
    """Writes a list, and names it as every command is told."""

    def write(*lines):
        (tmp_path / "hidden.txt").write_text("\n".join(lines), encoding="utf-8")
        return f"--set=privacy.suppress={tmp_path / 'hidden.txt'}"

    return write


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--show"], ["--show", "--json"], ["--show", "--csv"]])
def test_suppressed_name_is_in_no_form(typed, shelf, suppress, form):
    assert "C. R. D. S." in typed("decisions", *form).out
    said = typed("decisions", *form, suppress("c r d s # asked in May", "josé conceição"))
    assert (said.code, said.err) == (ExitCode.OK, "")
    assert "[suprimido]" in said.out
    assert "C. R. D. S." not in said.out
    assert "Conceição" not in said.out


@pytest.mark.parametrize("form", [["--show"], ["--show", "--json"], ["--show", "--csv"]])
def test_suppressed_name_with_a_header_within_is_hidden(typed, shelf, suppress, tmp_path, form):
    header = "Este diário foi assinado digitalmente"
    parties = "Apelante: C. R. D. S.\r\n\f2\r\nApelado: =HYPERLINK()"
    whole = TEXT.replace(parties, f"Ana\n\f{header}\nLima".ljust(len(parties)))
    path = next(one for one in tmp_path.rglob("*.gz") if gzip.decompress(one.read_bytes()).decode() == TEXT)
    path.write_bytes(gzip.compress(whole.encode(), mtime=0))
    said = typed("decisions", "--number", SECRET, *form, suppress("ana lima"))
    assert header in said.out
    assert "Ana" not in said.out
    assert "Lima" not in said.out


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--show"]])
def test_suppressed_case_is_left_out_and_counted(typed, shelf, suppress, form):
    hide = suppress("70000029120258220001")
    said = typed("decisions", *form, hide)
    assert "7000002" not in said.out
    assert said.err == "1 decision is not shown: privacy.suppress\n"
    # The count is the same whatever is searched.
    for query in (["--number", SECRET], ["--party=hyperlink"], ["vilhena"]):
        assert typed("decisions", *query, *form, hide).err == said.err
    assert typed("decisions", "--number", SECRET, hide).out == "no decision matches\n"


def test_suppressed_number_is_in_no_unread_text(typed, shelf, suppress):
    assert typed("decisions", "--unread", suppress("sem classe")).out.count("[suprimido]") == 1
    assert typed("decisions", "--unread", "sem", suppress("sem classe")).out == "nothing unread matches\n"
    said = typed("decisions", "--unread", suppress("7000009"))
    assert (said.out, said.err) == (
        "nothing is unread\n",
        "1 unread entry is not shown: privacy.suppress\n",
    )


def test_list_is_sent_with_the_question(typed, shelf, pipeline, suppress):
    asked = []

    async def answer(arguments):
        asked.append(arguments["suppress"])
        for row in ():
            yield row

    with pipeline(shelf, {"decisions": answer, "left_out": answer}):
        typed("decisions", suppress("Ana Lima", SECRET))
    assert asked == [["70000029120258220001", "analima"]] * 2


def test_failures_name_nobody(typed, shelf, suppress):
    said = typed("failures", suppress("31mPDF"))
    assert "[suprimido]" in said.out
    assert "PDF" not in said.out


EVERY_COMMAND = ["run", "stats", "decisions", "failures", "retry", "verify", "metadata", "gaps", "drain"]


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_list_that_cannot_be_used_ends_every_command(typed, shelf, suppress, command):
    said = typed(command, suppress("Ana Lima", "Ana"))
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert said.err.startswith("trio-pipeline: privacy.suppress (--set): ")
    assert "hidden.txt: line 2: is too short" in said.err


def test_list_that_is_not_there_ends_the_command(typed, shelf):
    said = typed("decisions", "--set=privacy.suppress=nowhere.txt")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    expected = "trio-pipeline: privacy.suppress (--set): nowhere.txt: cannot be read: No such file or directory\n"
    assert said.err == expected


@pytest.mark.parametrize("options", [[], ["--unread"], ["--show"], ["nobody"]])
def test_none_asked_for_is_not_none_read(typed, shelf, options):
    said = typed("decisions", "--limit=0", *options)
    assert (said.code, said.out, said.err) == (ExitCode.OK, "", "")


def test_none_asked_for_counts_what_is_hidden(typed, shelf, suppress):
    said = typed("decisions", "--limit=0", suppress(SECRET))
    assert (said.out, said.err) == ("", "1 decision is not shown: privacy.suppress\n")
    assert typed("decisions", "--limit=0", "--csv").out.startswith("diario_id,date")
