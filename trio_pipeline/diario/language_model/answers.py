"""What is believed of a model's answer: what has the form that was asked for, and stands in the text that was sent.

Every number, name and text of a judgement must occur in the piece, letter by letter, and in the part of it that is the
judgement's own: from where an entry begins to where the next one does, as the rules see it, or between the case numbers
of the answer. What a model makes up, or mixes from two entries, is not taken.

Pure: this file does not know who answered.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.names import clean_name, is_initials
from trio_pipeline.diario.judgements.result import read_result
from trio_pipeline.diario.language_model.questions import Question
from trio_pipeline.diario.language_model.squeezed import Squeezed, squeeze, squeezed_text
from trio_pipeline.diario.model import RESULTADOS, Advogado, Judgement

__all__ = ["Asked", "Malformed", "Verified", "verify"]

_OAB = re.compile(r"([A-Z]{2})(\d{1,10})([A-Z]{0,2})")
_SECRET = re.compile(r"segredodejustica|emsegredo|sobsigilo")
_FEWEST_DIGITS = 8  # of a case number; older forms than the CNJ's have 11 and more


class Malformed(Exception):
    """The answer does not have the form that was asked for."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of an answer.

    Attributes:
        judgements: What stands in the text.
        rejected: For each judgement that does not, why not, in one line.
    """

    judgements: tuple[Judgement, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking about a piece.

    Attributes:
        question: The piece.
        verified: What is believed of the answer; None if there is none that can be read.
        reason: Why there is none; else how the answer ended.
    """

    question: Question
    verified: Verified | None
    reason: str


class _Advogado(BaseModel):
    model_config = ConfigDict(extra="ignore")

    nome: str
    oab: str | None = None


class _Judgement(BaseModel):
    model_config = ConfigDict(extra="ignore")

    numero_processo: str
    ordinal: str | None = None
    classe: str | None = None
    polo_ativo: list[str] = Field(default_factory=list)
    polo_passivo: list[str] = Field(default_factory=list)
    advogados_polo_ativo: list[_Advogado] = Field(default_factory=list)
    advogados_polo_passivo: list[_Advogado] = Field(default_factory=list)
    relator: str | None = None
    decisao: str | None = None
    resultado: Literal[RESULTADOS] | None = None  # type: ignore[valid-type]  # a tuple of words, which mypy cannot see


class _Answer(BaseModel):
    judgements: list[_Judgement]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the entry of a case number stands in the squeezed text: from the border before it to the one after it.

    Attributes:
        number: The first digit of its number.
        begin: The first character that may be its own.
        end: The first one that may not.
    """

    number: int
    begin: int
    end: int


def verify(answer: str, question: Question) -> Verified:
    """Read an answer and check it against what was asked about.

    Judgements that begin in the part of a neighbouring piece are left to that.

    Args:
        answer: JSON.
        question: The piece that was sent.

    Raises:
        Malformed: It is no JSON of the right form.
    """
    try:
        given = _Answer.model_validate_json(answer, strict=True).judgements
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Malformed(f"{first['msg']} at {'.'.join(map(str, first['loc'])) or 'the top'}") from None
    text = squeeze(question.lines)
    numbers = [_digits(one.numero_processo) for one in given]
    entries = {text.first_of(entry) for entry in question.entries}
    judgements, rejected = [], []
    for one, number in zip(given, numbers, strict=True):
        others = {position for other in _whole(numbers) - {number} for position in text.numbers(other)}
        found = _found(one, number, text, sorted(entries | others))
        if isinstance(found, str):
            rejected.append(found)
        elif question.owns(found.span[0]):
            judgements.append(found)
    return Verified(tuple(dict.fromkeys(judgements)), tuple(rejected))


def _whole(numbers: Iterable[str]) -> set[str]:
    return {number for number in numbers if len(number) >= _FEWEST_DIGITS}


def _found(given: _Judgement, number: str, text: Squeezed, borders: Sequence[int]) -> Judgement | str:
    """The judgement, or why it is not believed."""
    if not _whole([number]):
        return "an answer without a case number"
    if not any(map(squeezed_text, (given.relator or "", *given.polo_ativo, *given.polo_passivo))):
        return f"{given.numero_processo}: an answer with neither parties nor the reporting judge"
    if not squeezed_text(given.decisao or ""):
        return f"{given.numero_processo}: an answer without a decision"
    problem = f"{given.numero_processo}: the number does not stand in the text"
    for place in _places(number, text, borders):
        missing = next((name for name, value in _claims(given) if not _stands(value, text, place)), None)
        if missing is None:
            return _judgement(given, number, text, place)
        problem = f"{given.numero_processo}: {missing} does not stand in the text"
    return problem


def _places(number: str, text: Squeezed, borders: Sequence[int]) -> Iterator[_Place]:
    for position in text.numbers(number):
        following = bisect.bisect_right(borders, position)
        begin = borders[following - 1] if following else 0
        yield _Place(position, begin, borders[following] if following < len(borders) else len(text.characters))


def _claims(given: _Judgement) -> Iterable[tuple[str, str]]:
    """Everything that the answer says stands there, by the name of its field."""
    yield "decisao", given.decisao or ""
    for name in ("classe", "relator"):
        yield name, getattr(given, name) or ""
    for name in ("polo_ativo", "polo_passivo"):
        yield from ((name, party) for party in getattr(given, name))
    for name in ("advogados_polo_ativo", "advogados_polo_passivo"):
        for advogado in getattr(given, name):
            yield name, advogado.nome
            yield from ((name, part) for part in _oab_parts(advogado.oab))


def _oab_parts(oab: str | None) -> tuple[str, ...]:
    """What must stand in the text of a number whose state may be printed before or behind its digits."""
    if oab is None:
        return ()
    match = _OAB.fullmatch(_plain_oab(oab))
    return (oab,) if match is None else (match[1], match[2] + match[3])


def _plain_oab(oab: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", oab.upper().removeprefix("OAB"))


def _stands(value: str, text: Squeezed, place: _Place) -> bool:
    # What has no letter says nothing, and is left out of the judgement as well.
    return not squeezed_text(value) or text.find(value, place.begin, place.end) is not None


def _judgement(given: _Judgement, number: str, text: Squeezed, place: _Place) -> Judgement:
    decision = " ".join((given.decisao or "").translate(_QUOTES).split()).strip(" '\"")
    first = text.line(place.number)
    last = text.find(decision, place.begin, place.end)
    printed = cnj.normalise(number) or given.numero_processo.strip()
    parties = (*given.polo_ativo, *given.polo_passivo)
    words = text.characters[place.number : place.end]
    result = read_result(decision)
    return Judgement(
        page=first.page,
        ordinal=given.ordinal or None,
        numero_processo=printed,
        numero_valido=cnj.is_valid(printed),
        classe=clean_name(given.classe or "") or None,
        polo_ativo=_names(given.polo_ativo),
        polo_passivo=_names(given.polo_passivo),
        advogados_polo_ativo=_counsel(given.advogados_polo_ativo),
        advogados_polo_passivo=_counsel(given.advogados_polo_passivo),
        relator=clean_name(given.relator or "") or None,
        decisao=decision,
        # The rules read the result of a decision as well as anybody; where they know no word for it the model may.
        resultado=(given.resultado or result) if result == "outro" else result,
        segredo=any(map(is_initials, parties)) or _SECRET.search(words) is not None,
        span=(first.start, first.end if last is None else max(first.end, text.line(last).end)),
    )


_QUOTES = str.maketrans("", "", "“”")


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(clean_name, names) if name))


def _counsel(given: Iterable[_Advogado]) -> tuple[Advogado, ...]:
    counsel = (Advogado(clean_name(one.nome), None if one.oab is None else _plain_oab(one.oab)) for one in given)
    return tuple(dict.fromkeys(one for one in counsel if one.nome))
