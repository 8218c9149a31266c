"""What Gemini's stand-in says: the judgements whose entries stand in the text that it is asked about.

It is a careful reader who knows the truth beforehand, and who makes one kind of mistake when a fault asks for it. Pure:
this file does not know when that is, nor how an answer is wrapped.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from trio_pipeline.diario.language_model.squeezed import squeezed_text
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.gemini_schemas import Shape

__all__ = ["Truths", "said"]

_MADE_UP_NUMBER = "7999999-10.2099.8.22.9999"
_MADE_UP_NAME = "NINGUÉM DE TAL"
_MADE_UP_DECISION = "RECURSO CONHECIDO E PROVIDO POR QUEM NUNCA O LEU."
_ORDERED = re.compile(r"(?:devolva|responda|escreva)\D{0,80}(\d{7}-\d{2}\.\d{4}\.\d\.\d{2}\.\d{4})", re.IGNORECASE)


class Truths:
    """The judgements that a model could find in any of the gazettes.

    Args:
        judgements: They; gazettes of the same contents have the same ones.
    """

    def __init__(self, judgements: Iterable[Judgement]) -> None:
        once = dict.fromkeys(judgements)
        self._known = [(_digits(one.numero_processo), squeezed_text(one.decisao or ""), one) for one in once]

    def in_text(self, text: str) -> list[Judgement]:
        """Those whose number and whole decision stand in a text, in the order of the text."""
        squeezed = squeezed_text(text)
        found = [
            (squeezed.find(number), one)
            for number, decision, one in self._known
            if number in squeezed and decision and squeezed.find(decision, squeezed.find(number)) >= 0
        ]
        return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def said(judgements: Sequence[Judgement], text: str, shape: Shape | None, mistake: str) -> str:
    """What the model says.

    Args:
        judgements: What it should find.
        text: What it is asked about.
        shape: What the answer is to be like; None for whatever it likes.
        mistake: The name of a fault, or of none of the mistakes below.

    Returns:
        JSON.
    """
    judgements = _MISTAKES.get(mistake, lambda given, _: given)(judgements, text)
    value: object = {"judgements": [_plain(one) for one in judgements]}
    if mistake == "wrong-schema":
        value = {"result": [one.numero_processo for one in judgements]}
    elif shape is not None:
        value = _shaped(value, shape)
    whole = json.dumps(value, ensure_ascii=False)
    return whole[: len(whole) * 2 // 3] if mistake == "broken-json" else whole


def _plain(judgement: Judgement) -> dict[str, object]:
    fields = dataclasses.asdict(judgement)
    return {name: value for name, value in fields.items() if name not in {"page", "span", "numero_valido", "segredo"}}


def _shaped(value: object, shape: Shape) -> object:
    """A value as the shape wants it: what it does not name is left out, and what it requires and nobody knows empty."""
    if value is None and shape.nullable:
        return None
    match shape.kind:
        case "object":
            given = value if isinstance(value, Mapping) else {}
            names = [name for name in shape.properties if name in given or name in shape.required]
            return {name: _shaped(given.get(name), shape.properties[name]) for name in names}
        case "array":
            items = shape.items or Shape("string")
            return [_shaped(one, items) for one in value] if isinstance(value, list | tuple) else []
        case "string":
            word = value if isinstance(value, str) else ""
            return word if not shape.enum or word in shape.enum else shape.enum[0]
        case "boolean":
            return value is True
        case _:
            return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _with_first(change: Callable[[Judgement], Judgement]) -> Callable[[Sequence[Judgement], str], list[Judgement]]:
    return lambda judgements, _: [*map(change, judgements[:1]), *judgements[1:]]


def _obeying(judgements: Sequence[Judgement], text: str) -> list[Judgement]:
    """Do what a text in the gazette tells a reader to do."""
    ordered = _ORDERED.search(text)
    if ordered is None or not judgements:
        return list(judgements)
    made_up = dataclasses.replace(judgements[0], numero_processo=ordered[1], decisao=_MADE_UP_DECISION)
    return [made_up, *judgements]


_MISTAKES: Mapping[str, Callable[[Sequence[Judgement], str], list[Judgement]]] = MappingProxyType(
    {
        "made-up-number": _with_first(lambda one: dataclasses.replace(one, numero_processo=_MADE_UP_NUMBER)),
        "made-up-name": _with_first(lambda one: dataclasses.replace(one, polo_ativo=(*one.polo_ativo, _MADE_UP_NAME))),
        "made-up-counsel": _with_first(
            lambda one: dataclasses.replace(one, advogados_polo_ativo=(Advogado(_MADE_UP_NAME, "RO99999"),))
        ),
        "made-up-decision": _with_first(lambda one: dataclasses.replace(one, decisao=_MADE_UP_DECISION)),
        "forgets": lambda judgements, _: list(judgements[1:]),
        "obeys": _obeying,
    }
)


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)
