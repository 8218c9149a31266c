"""What is believed of a model's answer: what has the form that was asked for, and stands in the text that was sent.

Every number, name and text of a judgement must occur in the piece, word by word, and in the part of it that is the
judgement's own: from where an entry begins to where the next one does, as the rules see it, or between the case numbers
of the answer. What a model makes up, or mixes from two entries, is not taken.

Pure: this file does not know who answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.names import clean_name, is_initials
from trio_pipeline.diario.judgements.result import read_result
from trio_pipeline.diario.language_model.claims import Claims, cleaned, registration
from trio_pipeline.diario.language_model.places import Place, Places, digits_of
from trio_pipeline.diario.language_model.questions import Question
from trio_pipeline.diario.language_model.said import Malformed, SaidCounsel, SaidJudgement, read_answer
from trio_pipeline.diario.language_model.squeezed import Squeezed, squeeze, squeezed_text
from trio_pipeline.diario.model import Advogado, Judgement

__all__ = ["Asked", "Malformed", "Verified", "verify"]

_SECRET = re.compile(r"segredodejustica|emsegredo|sobsigilo")
_FEWEST_DIGITS = 8  # of a case number; older forms than the CNJ's have 11 and more
_FEWEST_CHARACTERS = 30
"""Of a judgement: its number takes 17 at least, and a name and a decision stand beside it."""

_LONGEST_NAMED = 60  # characters of a number that stands nowhere, where it is told of
_QUOTES = str.maketrans("", "", "“”")


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
        was_halved: Whether its halves were asked about afterwards, whose answers go before this one.
    """

    question: Question
    verified: Verified | None
    reason: str
    was_halved: bool = False


def verify(answer: str, question: Question) -> Verified:
    """Read an answer and check it against what was asked about, in time that grows with its length alone.

    Judgements that begin in the part of a neighbouring piece are left to that.

    Args:
        answer: JSON.
        question: The piece that was sent.

    Raises:
        Malformed: It is no JSON of the right form, or has more judgements than the piece can hold.
    """
    given = read_answer(answer)
    most = len(question.text) // _FEWEST_CHARACTERS + 1
    if len(given) > most:
        raise Malformed(f"{len(given)} judgements, where the text can hold {most}")
    text = squeeze(question.lines)
    numbers = [number for number in (digits_of(one.numero_processo) for one in given) if len(number) >= _FEWEST_DIGITS]
    places = Places(text, map(text.first_of, question.entries), numbers)
    claims = Claims(text)
    judgements, rejected = [], []
    for one in given:
        found = _found(one, text, places, claims)
        if isinstance(found, str):
            rejected.append(found)
        elif question.owns(found.span[0]):
            judgements.append(found)
    return Verified(tuple(dict.fromkeys(judgements)), tuple(rejected))


def _found(said: SaidJudgement, text: Squeezed, places: Places, claims: Claims) -> Judgement | str:
    """The judgement, or why it is not believed."""
    digits = digits_of(said.numero_processo)
    if len(digits) < _FEWEST_DIGITS:
        return "an answer without a case number"
    standing = places.of(digits)
    number = standing[0].printed if standing else cleaned(said.numero_processo)[:_LONGEST_NAMED]
    if not any(map(squeezed_text, (said.relator or "", *said.polo_ativo, *said.polo_passivo))):
        return f"{number}: an answer with neither parties nor the reporting judge"
    if not squeezed_text(said.decisao or ""):
        return f"{number}: an answer without a decision"
    problem = f"{number}: the number does not stand in the text"
    for place in standing:
        missing = claims.missing(said, place)
        if missing is None:
            return _judgement(said, text, place, claims)
        problem = f"{number}: {missing} does not stand in the text"
    return problem


def _judgement(said: SaidJudgement, text: Squeezed, place: Place, claims: Claims) -> Judgement:
    decision = " ".join(cleaned((said.decisao or "").translate(_QUOTES)).split()).strip(" '\"")
    first = text.line(place.number)
    end = claims.decision_end(said.decisao or "", place)
    result = read_result(decision)
    return Judgement(
        page=first.page,
        ordinal=claims.ordinal(said.ordinal or "", place),
        numero_processo=place.printed,
        numero_valido=cnj.is_valid(place.printed),
        classe=_name(said.classe or "") or None,
        polo_ativo=_names(said.polo_ativo),
        polo_passivo=_names(said.polo_passivo),
        advogados_polo_ativo=_counsel(said.advogados_polo_ativo),
        advogados_polo_passivo=_counsel(said.advogados_polo_passivo),
        relator=_name(said.relator or "") or None,
        decisao=decision,
        # The rules read the result of a decision as well as anybody; where they know no word for it the model may.
        resultado=(said.resultado or result) if result == "outro" else result,
        segredo=any(map(is_initials, (*said.polo_ativo, *said.polo_passivo)))
        or _SECRET.search(text.characters[place.number : place.end]) is not None,
        span=(first.start, first.end if end is None else max(first.end, text.line(end - 1).end)),
    )


def _name(said: str) -> str:
    """A name as it is stored; empty if it has no letter."""
    name = clean_name(cleaned(said))
    return name if squeezed_text(name) else ""


def _names(said: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(_name, said) if name))


def _counsel(said: Iterable[SaidCounsel]) -> tuple[Advogado, ...]:
    counsel = (Advogado(_name(one.nome), None if one.oab is None else registration(one.oab)) for one in said)
    return tuple(dict.fromkeys(one for one in counsel if one.nome))
