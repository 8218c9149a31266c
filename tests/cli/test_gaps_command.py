"""Collaboration tests of `gaps`: a ledger with holes, and what is said about it."""

from __future__ import annotations

import datetime
import json

import pytest
import trio
from made_gazettes import gazette

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.diario.ledger.ledger import open_ledger
from trio_pipeline.services.editions import editions
from trio_pipeline.world import real_world


@pytest.fixture
def knows(tmp_path):
    """Writes a ledger that knows these gazettes."""

    def fill(gazettes):
        async def write():
            async with open_ledger(tmp_path / "diarios.duckdb", real_world()) as opened:
                await opened.add_gazettes(list(gazettes))

        trio.run(write)

    return fill


@pytest.fixture
def holes(knows):
    knows(
        [
            gazette(240, "2004-12-17"),
            gazette(1, "2006-01-02"),
            gazette(2, "2006-01-03", "SUP"),
            gazette(4, "2006-01-05"),
            gazette(9, "2006-01-12"),
        ]
    )


@pytest.mark.usefixtures("holes")
def test_gaps_for_people(typed):
    said = typed("gaps")
    assert (said.code, said.err) == (ExitCode.ITEMS_FAILED, "")
    assert [line.split("\t") for line in said.out.splitlines()] == [
        ["tribunal", "year", "missing", "published_after", "published_before"],
        ["tjro", "2005", "the whole year", "2004-12-17", "2006-01-02"],
        ["tjro", "2006", "3", "2006-01-03", "2006-01-05"],
        ["tjro", "2006", "5 to 8", "2006-01-05", "2006-01-12"],
    ]


@pytest.mark.usefixtures("holes")
def test_gaps_as_json_are_one_edition_each(typed):
    said = typed("gaps", "--json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == ExitCode.ITEMS_FAILED
    assert [(row["year"], row["number"]) for row in rows] == [
        (2005, None),
        (2006, 3),
        (2006, 5),
        (2006, 6),
        (2006, 7),
        (2006, 8),
    ]
    assert rows[1] == {
        "tribunal": "tjro",
        "year": 2006,
        "number": 3,
        "published_after": "2006-01-03",
        "published_before": "2006-01-05",
    }


def test_whole_catalog_lacks_nothing(typed, knows):
    knows(editions(600, datetime.date(2025, 6, 26), seed=1))
    said = typed("gaps")
    assert (said.code, said.err) == (ExitCode.OK, "")
    assert said.out.startswith("nothing is missing between the 5")
    assert typed("gaps", "--json").out == ""


def test_empty_ledger_is_no_gap(typed, knows):
    knows([])
    said = typed("gaps")
    assert (said.code, said.out) == (ExitCode.OK, "no gazette is known yet\n")
    assert (typed("gaps", "--json").code, typed("gaps", "--json").out) == (ExitCode.OK, "")


@pytest.mark.usefixtures("holes")
def test_gaps_of_a_run_come_from_the_run(typed, tmp_path, pipeline):
    async def answer(arguments):
        yield {"tribunal": "tjro", "year": 2025, "number": 1, "date": "2025-01-07"}
        yield {"tribunal": "tjro", "year": 2025, "number": 3, "date": "2025-01-09"}

    with pipeline(tmp_path / "diarios.duckdb", {"editions": answer}):
        said = typed("gaps", "--json")
    assert [json.loads(line)["number"] for line in said.out.splitlines()] == [2]
