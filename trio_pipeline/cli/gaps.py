"""`trio-pipeline gaps`: editions that the numbering says must exist and the ledger lacks."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import click

from trio_pipeline.cli.asking import answer
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.options import configured, json_option
from trio_pipeline.cli.output import print_rows
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.numbering import Edition, Gap
from trio_pipeline.diario.numbering import gaps as find_gaps
from trio_pipeline.diario.settings import Loaded

__all__ = ["gaps"]

_DATES = ("published_after", "published_before")


@click.command()
@json_option
@configured
def gaps(loaded: Loaded, *, as_json: bool) -> ExitCode:
    """Show the editions that must exist, since the court leaves no number out, and that no catalog has named.

    Numbers begin at 1 in every year; the first year counts from its lowest known number, and every year up to its
    highest. With --json there is an object for each edition, and one without a number for a year that is missing as a
    whole. Exit code 1 if any is missing.
    """
    rows = answer(loaded, "editions", {})
    found = list(find_gaps(map(_edition, rows)))
    if as_json:
        print_rows(_one_by_one(found), ("tribunal", "year", "number", *_DATES), as_json=True)
    elif found:
        print_rows([_for_people(gap) for gap in found], ("tribunal", "year", "missing", *_DATES))
    else:
        click.echo(_nothing_missing(rows))
    return ExitCode.ITEMS_FAILED if found else ExitCode.OK


def _edition(row: Row) -> Edition:
    tribunal, year, number, date = (row[name] for name in ("tribunal", "year", "number", "date"))
    assert isinstance(year, int)
    assert isinstance(number, int)
    return Edition(str(tribunal), year, number, datetime.date.fromisoformat(str(date)))


def _one_by_one(found: Sequence[Gap]) -> Iterator[Row]:
    for gap in found:
        for number in gap.numbers or (None,):
            yield {**_shared(gap), "number": number}


def _for_people(gap: Gap) -> Row:
    if not gap.numbers:
        missing = "the whole year"
    elif len(gap.numbers) == 1:
        missing = f"{gap.numbers[0]}"
    else:
        missing = f"{gap.numbers[0]} to {gap.numbers[-1]}"
    return {**_shared(gap), "missing": missing}


def _shared(gap: Gap) -> Row:
    return {
        "tribunal": gap.tribunal,
        "year": gap.year,
        "published_after": gap.published_after,
        "published_before": gap.published_before,
    }


def _nothing_missing(rows: Sequence[Row]) -> str:
    if not rows:
        return "no gazette is known yet"
    return f"nothing is missing between the {len(rows):,} editions that are known"
