"""`trio-pipeline stats`: what is done, in flight and failed, how fast, and how long still."""

from __future__ import annotations

import math

import click

from trio_pipeline.cli.asking import answer, ask_pipeline
from trio_pipeline.cli.options import configured, json_option
from trio_pipeline.cli.output import print_rows
from trio_pipeline.cli.time_left import time_left
from trio_pipeline.diario.ledger.hiding import masked
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.settings import Loaded
from trio_pipeline.diario.units import rough_size

__all__ = ["stats"]

_YEAR = (
    "year",
    "gazettes_read",
    "without_entries",
    "by_older_rules",
    "entries_read",
    "entries_unread",
    "share_read",
)
_STAGE = (
    "stage",
    "workers",
    "busy",
    "waiting",
    "done",
    "failed",
    "put_off",
    "per_minute",
    "seconds_left",
    "stopped",
)
_RUN = (
    "run",
    "elapsed",
    "spool_files",
    "spool_used",
    "spool_limit",
    "stalls",
    "longest_stall",
    "memory",
    "network_gone_since",
)
_SIZES = ("size", "spool_used", "spool_limit", "memory")
"""Columns that are bytes."""

_ROOM = (
    "archive",
    "room",
    "queued",
    "ration",
    "queued_by_all",
    "ration_of_all",
    "over_limit",
    "asked_at",
    "closed_since",
    "reason",
)
_HOST = ("host", "requests", "interval", "paused_since", "paused_until", "reason")


@click.command()
@json_option
@configured
def stats(loaded: Loaded, *, as_json: bool) -> None:
    """Show how many gazettes are in which state, how much of them could be read, and what a running pipeline is doing.

    The share that was read is of what looks like a judgement. What does not look like one is in no count: how a year's
    layout reads is known only when somebody has compared its table with its pages. Many gazettes without an entry are a
    sign that it does not.

    With --json, rows about the ledger have `state`, or `year` and `share_read` (from 0 to 1), rows about the running
    pipeline have `workers`, rows about the hosts that it talks to have `host`, the row about the Internet Archive's
    queues (how many uploads there is room for, and how many wait there) has `archive`, and the row about the whole of
    it has `run`; sizes are in bytes.
    """
    database = loaded.settings.run.db
    rows = answer(loaded, "stats", {})
    print_rows(rows if as_json else map(_with_units, rows), ["stage", "state", "gazettes", "size"], as_json=as_json)
    years = answer(loaded, "readings", {})
    if years:
        print_rows(years if as_json else [_year_for_people(row) for row in years], _YEAR, as_json=as_json)
    told = ask_pipeline(database, "view", {})
    if told is None:
        if not as_json:
            click.echo("no pipeline is running")
        return
    live = [masked(row, loaded.suppression) for row in told]
    stages = [row for row in live if "stage" in row]
    print_rows(stages if as_json else [_for_people(row) for row in stages], _STAGE, as_json=as_json)
    print_rows([row for row in live if "host" in row], _HOST, as_json=as_json)
    room = [row for row in live if "archive" in row]
    if room:
        print_rows(room, _ROOM, as_json=as_json)
    runs = [row for row in live if "run" in row]
    print_rows(runs if as_json else map(_with_units, runs), _RUN, as_json=as_json)


def _with_units(row: Row) -> Row:
    sizes = {name: row.get(name) for name in _SIZES}
    return {**row, **{name: rough_size(size) for name, size in sizes.items() if isinstance(size, int)}}


def _year_for_people(row: Row) -> Row:
    share = row["share_read"]
    # Rounded down: 99.96 % is not all of it.
    shown = f"{math.floor(share * 1000) / 10:.1f} %" if isinstance(share, int | float) else None
    return {**row, "share_read": shown}


def _for_people(row: Row) -> Row:
    seconds = row["seconds_left"]
    left = time_left(seconds) if isinstance(seconds, int | float) else None
    return {**row, "seconds_left": left}
