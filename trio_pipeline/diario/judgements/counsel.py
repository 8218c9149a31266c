"""Counsel out of the text of a field: names with OAB numbers, and bodies that have none.

Seen are `NAME, OAB nº RO7821A`, `NAME (OAB/RO 6.227)`, `NAME OAB/ES 9173`, `OAB NºRO10059S`, `OAB nº RJ 258387`,
`(OAB/RO n. 8.992)`, `(OAB/GO 31.757, OAB/MS 8.125 e OAB/TO 4.562)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from trio_pipeline.diario.judgements.names import clean_name
from trio_pipeline.diario.model import Advogado

__all__ = ["read_counsel", "read_numbers"]

_OAB = re.compile(
    r"\bOAB\b\s?[/:-]?\s?(?P<before>[A-Z]{1,2}\b)?\s?,?\s?(?:n[º°o.]{0,2}\s?)?:?\s?"
    r"(?P<within>[A-Z]{2})?\s?-?\s?(?P<digits>\d{1,3}(?:\.\d{3}){1,3}|\d{1,10})"
    r"(?:\s?/\s?(?P<after>[A-Z]{2})\b)?-?(?P<letters>[A-Z]{1,2}\b)?\)?",
    re.IGNORECASE,
)
_STATE = re.compile("A[CLMP]|BA|CE|DF|ES|GO|M[AGST]|P[ABEIR]|R[JNORS]|S[CEP]|TO")
_NOBODY = re.compile(
    r"\W{0,3}(?:sem (?:advogad|procurador|representa)|n[ãa]o (?:constitu|informad|h[áa])|desconhecid).*", re.IGNORECASE
)
_AND = re.compile(r"^[\s),;.]*(?:e(?:\s+|$))?", re.IGNORECASE)
_BODIES = re.compile(r",| e (?=(?:procuradoria|defensoria|advocacia)\b)", re.IGNORECASE)
_TITLE = re.compile(r"^(?:dra?s?|adv|bela?)\.ª?\s*", re.IGNORECASE)


# The same bodies, and the lawyers of the same large firms, stand in a third of all fields.
@lru_cache(maxsize=1024)
def read_counsel(text: str) -> tuple[Advogado, ...]:
    """The lawyers and bodies that a field names, each once; of several numbers of one lawyer, the first.

    Args:
        text: The field's text in one line.
    """
    return tuple(dict.fromkeys(_counsel(text)))


def read_numbers(text: str) -> tuple[str, ...]:
    """Every OAB number in a text in one line, from left to right, as `read_counsel` writes them."""
    return tuple(map(_number, _OAB.finditer(text)))


def _counsel(text: str) -> Iterator[Advogado]:
    position = 0
    for mark in _OAB.finditer(text):
        *bodies, lawyer = _pieces(text[position : mark.start()]) or [""]
        position = mark.end()
        yield from (Advogado(body, None) for body in bodies)
        # Without a name before it, it is a further number of the same lawyer.
        if lawyer:
            yield Advogado(lawyer, _number(mark))
    yield from (Advogado(body, None) for body in _pieces(text[position:]))


def _pieces(text: str) -> list[str]:
    """The names in a text without OAB numbers; what says that there is no counsel is left out."""
    text = text.strip(", ")
    if not text:
        return []
    text = _AND.sub("", text)
    # Before most numbers one name stands, and nothing else.
    pieces = _BODIES.split(text) if "," in text or " e " in text.lower() else [text]
    names = (_TITLE.sub("", clean_name(piece)).strip("() ") for piece in pieces)
    return [name for name in names if name and not _NOBODY.fullmatch(name)]


def _number(mark: re.Match[str]) -> str:
    """State, digits, letters, without dots and spaces; the state may stand before or behind the digits."""
    state = mark["before"] or mark["within"] or mark["after"] or ""
    letters = mark["letters"] or ""
    if not state and _STATE.fullmatch(letters.upper()):
        state, letters = letters, ""
    return f"{state}{mark['digits'].replace('.', '')}{letters}".upper()
