"""What can be asked of the decisions and of what could not be read: arguments from outside into parameters of SQL.

Pure: this file knows which arguments make sense; what they find is said by decisions.sql and unread.sql.
"""

from __future__ import annotations

import datetime
import difflib
import re
import unicodedata
from collections.abc import Mapping

from trio_pipeline.diario.model import RESULTADOS
from trio_pipeline.diario.oab import read_oab
from trio_pipeline.diario.quoting import quoted
from trio_pipeline.diario.units import parse_day

__all__ = ["decision_parameters", "limit_of", "optional_text", "unread_parameters"]

_MOST = 2**31 - 1
"""Rows; a limit above this is none."""


def decision_parameters(arguments: Mapping[str, object]) -> dict[str, object]:
    """The parameters of decisions.sql.

    Args:
        arguments: What `unread_parameters` takes; `party`, `class` and `judge`, words; `lawyer`, words of a name or an
            OAB number in any writing; `result`, one of `RESULTADOS`. Whatever is left out is not asked for.

    Raises:
        ValueError: One of them makes no sense; the message is one line.
    """
    return unread_parameters(arguments) | {
        "party": _words(arguments, "party"),
        "class": _words(arguments, "class"),
        "judge": _words(arguments, "judge"),
        "result": _result(arguments),
        **_lawyer(arguments),
    }


def unread_parameters(arguments: Mapping[str, object]) -> dict[str, object]:
    """The parameters of unread.sql.

    Args:
        arguments: `query`, words that must all occur; `number`, a case number or a part of one, with or without its
            punctuation; `from` and `to`, the first and the last day of the gazettes; `limit`, the most rows.

    Raises:
        ValueError: One of them makes no sense; the message is one line.
    """
    since, until = _day(arguments, "from"), _day(arguments, "to")
    if since is not None and until is not None and since > until:
        raise ValueError(f"no day is from {since} to {until}")
    return {
        "words": _words(arguments, "query"),
        "number": _number(arguments),
        "since": since,
        "until": until,
        "limit": limit_of(arguments),
    }


def limit_of(arguments: Mapping[str, object]) -> int | None:
    """The argument `limit`: the most rows, None for all.

    Raises:
        ValueError: It is none.
    """
    limit = arguments.get("limit")
    if limit is None:
        return None
    if not isinstance(limit, int) or limit < 0:
        raise ValueError("the limit must be a number, and not below 0")
    return min(limit, _MOST)


def optional_text(arguments: Mapping[str, object], name: str) -> str | None:
    """An argument that is text if it is there. Bytes that are no text, which may be typed, become question marks.

    Raises:
        ValueError: It is something else.
    """
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"the {name} must be text")
    return None if value is None else value.encode("utf-8", "replace").decode()


def _words(arguments: Mapping[str, object], name: str) -> list[str]:
    return (optional_text(arguments, name) or "").split()


def _number(arguments: Mapping[str, object]) -> str | None:
    text = optional_text(arguments, "number")
    if text is None:
        return None
    digits = re.sub(r"[-./\s]", "", text)
    if not re.fullmatch(r"[0-9]{1,20}", digits):
        raise ValueError(f"{quoted(text)} is no case number such as 7002770-82.2024.8.22.0011, nor a part of one")
    return digits


def _result(arguments: Mapping[str, object]) -> str | None:
    text = optional_text(arguments, "result")
    if text is None:
        return None
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    word = "_".join("".join(letters).casefold().split())
    if word not in RESULTADOS:
        (nearest,) = difflib.get_close_matches(word[:80], RESULTADOS, n=1, cutoff=0.0)
        raise ValueError(f"there is no result {quoted(text)}; the nearest is {nearest}")
    return word


def _lawyer(arguments: Mapping[str, object]) -> dict[str, object]:
    text = optional_text(arguments, "lawyer") or ""
    if not any(map(str.isdecimal, text)):
        return {"lawyer": text.split(), "oab": None, "oab_state": None}
    oab = read_oab(text)
    if oab is None:
        raise ValueError(f"{quoted(text)} is neither a lawyer's name nor an OAB number such as RO7821A")
    return {"lawyer": [], "oab": oab.rest, "oab_state": oab.state}


def _day(arguments: Mapping[str, object], name: str) -> datetime.date | None:
    text = optional_text(arguments, name)
    return None if text is None else parse_day(text)
