"""Titles made from templates such as `Diário da Justiça {tribunal} - {day}`.

A template is text with fields in braces, and nothing else: no formats, no attributes, no way to anything but the
fields.

Pure: this file does not know what the titles are for.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.quoting import quoted

__all__ = ["EDITION_TITLE", "YEAR_TITLE", "Titles", "check_edition_title", "check_year_title"]

EDITION_TITLE = "Diário da Justiça {tribunal} - {day} - nº {number} {suffix}"
"""The title of an edition, if nobody sets another one."""

YEAR_TITLE = "Diário da Justiça {tribunal} - {year}"
"""The title of a year's editions, if nobody sets another one."""

_YEAR_FIELDS = ("tribunal", "year")
_EDITION_FIELDS = (*_YEAR_FIELDS, "date", "day", "number", "suffix")
_FIELD = re.compile(r"\{([^{}]*)\}")
_LONGEST = 300


def check_edition_title(template: str) -> str:
    """A template of an edition's title, with the fields tribunal, year, date, day, number and suffix.

    `{date}` is 2025-06-23, `{day}` the same as 23/06/2025; `{suffix}` is empty but for supplements.

    Raises:
        ValueError: It is empty, has another field or a brace too many, or what no title can have.
    """
    return _checked(template, _EDITION_FIELDS)


def check_year_title(template: str) -> str:
    """Likewise of the title of a year's editions, with the fields tribunal and year."""
    return _checked(template, _YEAR_FIELDS)


@dataclass(frozen=True, slots=True)
class Titles:
    """How editions and years are called.

    Attributes:
        of_edition: A template that `check_edition_title` has accepted.
        of_year: One that `check_year_title` has accepted.
    """

    of_edition: str = EDITION_TITLE
    of_year: str = YEAR_TITLE

    def edition(self, gazette: Gazette) -> str:
        """The title of an edition.

        A field that is empty leaves no gap: white space counts once, and not at the ends.
        """
        fields = {
            "date": gazette.date.isoformat(),
            "day": f"{gazette.date:%d/%m/%Y}",
            "number": str(gazette.number),
            "suffix": gazette.suffix,
        }
        return _filled(self.of_edition, fields | _of_year(gazette))

    def year(self, gazette: Gazette) -> str:
        """The title of all editions of a gazette's year."""
        return _filled(self.of_year, _of_year(gazette))


def _of_year(gazette: Gazette) -> dict[str, str]:
    return {"tribunal": gazette.tribunal.upper(), "year": str(gazette.date.year)}


def _filled(template: str, fields: Mapping[str, str]) -> str:
    return " ".join(_FIELD.sub(lambda match: fields[match[1]], template).split())


def _checked(template: str, fields: Collection[str]) -> str:
    if not template.strip() or len(template) > _LONGEST or not template.isprintable():
        raise ValueError(f"must be 1 to {_LONGEST} characters on one line")
    for name in _FIELD.findall(template):
        if name not in fields:
            nearest = difflib.get_close_matches(name, fields, n=1, cutoff=0.0)[0]
            raise ValueError(f"there is no field {quoted(name)}; the nearest is {{{nearest}}}")
    if re.search(r"[{}]", _FIELD.sub("", template)):
        raise ValueError("has a brace that belongs to no field; a field is written as {number}")
    return template
