"""`trio-pipeline decisions`: search what was read out of the gazettes, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from trio_pipeline.cli.asking import answer
from trio_pipeline.cli.csv_lines import print_csv
from trio_pipeline.cli.exit_codes import CommandError
from trio_pipeline.cli.options import configured, json_option
from trio_pipeline.cli.output import print_rows
from trio_pipeline.cli.showing import print_entries, with_texts
from trio_pipeline.diario.ledger.filters import decision_parameters
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.settings import Loaded

__all__ = ["COLUMNS", "decisions", "for_people"]

COLUMNS = ("date", "numero_processo", "classe", "polo_ativo", "polo_passivo", "relator", "resultado", "segredo")
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

_UNREAD = ("date", "diario_id", "page", "reason", "text")
_ALL_UNREAD = ("diario_id", "date", "page", "span", "text", "reason")

_FOR_PEOPLE = 50
"""Rows, where nothing else is asked for."""

_BEGINNING = 120
"""Letters of an unread text that a table shows."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How the answer is to be written."""

    as_json: bool
    as_csv: bool
    show: bool
    unread: bool

    @property
    def view(self) -> str:
        return "unread" if self.unread else "decisions"

    @property
    def for_people(self) -> bool:
        return not (self.as_json or self.as_csv)


@click.command()
@click.argument("query", nargs=-1)
@click.option("--number", metavar="NUMBER", help="Case number or a part of it, with or without punctuation.")
@click.option("--party", metavar="NAME", help="Words of the name of a party.")
@click.option("--lawyer", metavar="NAME|OAB", help="Words of a lawyer's name, or an OAB number in any writing.")
@click.option("--class", "kind", metavar="WORDS", help="Words of the kind of case.")
@click.option("--result", metavar="RESULT", help="The result, such as provido or nao_provido.")
@click.option("--judge", metavar="NAME", help="Words of the reporting judge's name.")
@click.option("--from", "since", metavar="DATE", help="The first day of the gazettes, as in 2025-06-23.")
@click.option("--to", "until", metavar="DATE", help="Their last day, itself included.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N.  [default: 50 for people]")
@click.option("--show", is_flag=True, help="Show the text of each entry, with its gazette, page and address.")
@click.option("--unread", is_flag=True, help="What looked like a judgement and could not be read, instead.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV with a header.")
@json_option
@configured
def decisions(
    loaded: Loaded,
    *,
    query: tuple[str, ...],
    number: str | None,
    party: str | None,
    lawyer: str | None,
    kind: str | None,
    result: str | None,
    judge: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    show: bool,
    unread: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Search the decisions: those in which every word of QUERY occurs, whatever the case and the accents.

    A word may be part of a name, a lawyer's OAB number, a kind of case, a result, a word of the decision, or a process
    number with or without its punctuation. The options narrow the search to one field; all of them must hold. Newest
    gazette first.

    With --unread, what looked like a judgement and could not be read is searched by QUERY, --number, --from and --to.
    """
    about_decisions = {"party": party, "lawyer": lawyer, "class": kind, "result": result, "judge": judge}
    _check_options(about_decisions, as_json=as_json, as_csv=as_csv, unread=unread)
    form = _Form(as_json=as_json, as_csv=as_csv, show=show, unread=unread)
    most = _FOR_PEOPLE if limit is None and form.for_people else limit
    asked = {"query": " ".join(query), "number": number, "from": since, "to": until, **about_decisions}
    rows = _ask(loaded, form, asked, None if most is None else most + 1)
    # Who asks for none has not asked whether there are any.
    if limit != 0 or not form.for_people:
        _print(rows[:most], form, loaded, is_narrowed=any(asked.values()))
    if limit is None and most is not None and len(rows) > most:
        click.echo(f"these are the first {most}; --limit N shows more", err=True)
    _tell_left_out(loaded, form)


def for_people(row: Row) -> Row:
    """A decision with its lists of names as text, and a word where it is secret."""
    return {
        **row,
        **{side: _joined(row[side]) for side in ("polo_ativo", "polo_passivo")},
        "segredo": "segredo" if row["segredo"] else "",
    }


def _check_options(about_decisions: Mapping[str, object], *, as_json: bool, as_csv: bool, unread: bool) -> None:
    if as_json and as_csv:
        raise click.UsageError("--json and --csv contradict each other.")
    for name, value in about_decisions.items():
        if unread and value is not None:
            raise click.UsageError(f"What could not be read has no {name}: search its text with QUERY.")


def _ask(loaded: Loaded, form: _Form, asked: Mapping[str, object], most: int | None) -> list[Row]:
    arguments = {name: value for name, value in asked.items() if value is not None} | {"limit": most}
    try:
        decision_parameters(arguments)
    except ValueError as error:
        raise CommandError(str(error)) from None
    return answer(loaded, form.view, arguments)


def _tell_left_out(loaded: Loaded, form: _Form) -> None:
    """Say how many rows nobody sees, however they are asked for: the number must not tell whether a search hit one."""
    for row in answer(loaded, "left_out", {}):
        if row["view"] == form.view:
            click.echo(f"{_counted(row['rows'], form)} not shown: privacy.suppress", err=True)


def _counted(number: object, form: _Form) -> str:
    assert isinstance(number, int)
    if number == 1:
        return "1 unread entry is" if form.unread else "1 decision is"
    return f"{number:,} unread entries are" if form.unread else f"{number:,} decisions are"


def _print(rows: Sequence[Row], form: _Form, loaded: Loaded, *, is_narrowed: bool) -> None:
    columns = _ALL_UNREAD if form.unread else _ALL
    shown = rows
    if form.show:
        columns = tuple(dict.fromkeys((*columns, "url", "text")))
        shown = list(with_texts(rows, loaded.settings.run.text, loaded.suppression))
    if form.as_csv:
        print_csv(shown, columns)
    elif form.as_json:
        print_rows(shown, columns, as_json=True)
    elif not rows:
        click.echo(_nothing(form, is_narrowed=is_narrowed))
    elif form.show:
        print_entries(shown, loaded.settings.run.text)
    elif form.unread:
        print_rows([_unread_for_people(row) for row in rows], _UNREAD)
    else:
        print_rows([for_people(row) for row in rows], COLUMNS)


def _nothing(form: _Form, *, is_narrowed: bool) -> str:
    if form.unread:
        return "nothing unread matches" if is_narrowed else "nothing is unread"
    return "no decision matches" if is_narrowed else "no decision has been read yet"


def _unread_for_people(row: Row) -> Row:
    text = " ".join(str(row["text"]).split())
    return {**row, "text": f"{text[:_BEGINNING]}…" if len(text) > _BEGINNING else text}


def _joined(names: object) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list) else ""
