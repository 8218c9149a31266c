"""Entries as they stand in the gazette: their text out of the stored page texts, and where to see the page itself.

This file does not know how entries were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from trio_pipeline.diario.judgements.pages import PAGE_BREAK, Pages
from trio_pipeline.diario.ledger.queries import Row
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.stored_text import TextLost
from trio_pipeline.diario.suppression import Suppression
from trio_pipeline.diario.texts import read_text

__all__ = ["print_entries", "with_texts"]

_LINE_END = re.compile(r"\r\n|[\r\n]")


def with_texts(rows: Iterable[Row], directory: Path, suppression: Suppression) -> Iterator[Row]:
    """Rows with the text of their entry, and with an address that opens the PDF at its page.

    Args:
        rows: With `diario_id`, `page`, `span` and `url`, those of a gazette one after the other.
        directory: Where the texts of gazettes are.
        suppression: Who is to appear nowhere.

    Yields:
        The row with `text`, None where the gazette's text is not there, and `url` with the page.
    """
    gazette, whole = None, None
    gaps: list[tuple[int, int]] = []
    for row in rows:
        if row["diario_id"] != gazette:
            gazette = row["diario_id"]
            whole = _text_of(directory, str(gazette))
            # A name may have a page's header within.
            gaps = [*Pages(whole.split(PAGE_BREAK)).gaps()] if whole is not None and suppression else []
        text = _part(whole, row["span"], suppression, gaps)
        yield {**row, "url": f"{row['url']}#page={row['page']}", "text": text}


def print_entries(rows: Iterable[Row], directory: Path) -> None:
    """Print entries for a person: gazette, page and address, what was read there, and the text with its page breaks.

    Args:
        rows: As `with_texts` yields them.
        directory: Where the texts of gazettes were looked for.
    """
    for number, row in enumerate(rows):
        if number:
            click.echo()
        click.echo(terminal_safe(f"{row['date']}  {row['diario_id']}  page {row['page']}  {row['url']}"))
        click.echo(terminal_safe(_what_was_read(row)))
        for line in _lines(row, directory):
            click.echo(f"    {terminal_safe(line)}")


def _what_was_read(row: Row) -> str:
    if "reason" in row:
        return f"not read: {row['reason']}"
    secret = "segredo" if row["segredo"] else None
    parts = (row["numero_processo"], row["classe"], row["relator"], row["resultado"], secret)
    return "read as: " + " | ".join(str(part) for part in parts if part is not None)


def _lines(row: Row, directory: Path) -> Iterator[str]:
    text, page = row["text"], row["page"]
    assert isinstance(page, int)
    if not isinstance(text, str):
        # Whole: the setting may be relative to where one stands.
        where = f"{directory.absolute()}, the directory of run.text"
        yield f"(the text of this entry cannot be read in {where}; the PDF has it on page {page})"
        return
    for place, part in enumerate(text.split(PAGE_BREAK)):
        if place:
            yield f"[page {page + place}]"
        yield from _LINE_END.split(part.strip("\r\n"))


def _text_of(directory: Path, gazette: str) -> str | None:
    try:
        return read_text(directory, gazette)
    except (OSError, TextLost) as error:
        path = terminal_safe(str(directory))
        click.echo(f"the text of {terminal_safe(gazette)} in {path} cannot be read: {error}", err=True)
        return None


def _part(whole: str | None, span: object, suppression: Suppression, gaps: Sequence[tuple[int, int]]) -> str | None:
    assert isinstance(span, list)
    start, end = span
    # A text that is shorter is that of another reading.
    if whole is None or end > len(whole):
        return None
    within = [(begin - start, finish - start) for begin, finish in gaps if start <= begin and finish <= end]
    return suppression.mask_across(whole[start:end], within)
