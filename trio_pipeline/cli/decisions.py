"""`trio-pipeline decisions`: search what was read out of the gazettes."""

from __future__ import annotations

import click

from trio_pipeline.cli.asking import answer
from trio_pipeline.cli.exit_codes import CommandError
from trio_pipeline.cli.options import configured, json_option
from trio_pipeline.cli.output import print_rows
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.preflight import UsageError, check_privacy
from trio_pipeline.diario.settings import Loaded

__all__ = ["COLUMNS", "decisions", "for_people"]

COLUMNS = ("date", "numero_processo", "classe", "polo_ativo", "polo_passivo", "relator", "resultado")
"""What a table for people shows of a decision."""

_ALL = (
    "diario_id",
    "date",
    "page",
    "ordinal",
    "numero_processo",
    "numero_valido",
    "classe",
    "polo_ativo",
    "polo_passivo",
    "advogados_polo_ativo",
    "advogados_polo_passivo",
    "relator",
    "decisao",
    "resultado",
    "segredo",
    "span",
    "extractor",
    "extractor_version",
)


@click.command()
@click.argument("query", nargs=-1)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N.  [default: 50 for people]")
@json_option
@configured
def decisions(loaded: Loaded, *, query: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """Search the decisions: those in which every word of QUERY occurs, whatever the case and the accents.

    A word may be part of a name, a lawyer's OAB number, a kind of case, a result, a word of the decision, or a process
    number with or without its punctuation. Newest gazette first.
    """
    try:
        check_privacy(loaded.settings)
    except UsageError as error:
        raise CommandError(str(error)) from None
    most = limit if limit is not None or as_json else 50
    rows = answer(loaded.settings.run.db, "decisions", {"query": " ".join(query), "limit": most})
    if as_json:
        print_rows(rows, _ALL, as_json=True)
    elif rows:
        print_rows([for_people(row) for row in rows], COLUMNS)
    else:
        click.echo("no decision matches" if query else "no decision has been read yet")


def for_people(row: Row) -> Row:
    """A decision with its lists of names as text."""
    return {
        **row,
        **{side: _joined(row[side]) for side in ("polo_ativo", "polo_passivo")},
    }


def _joined(names: object) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list) else ""
