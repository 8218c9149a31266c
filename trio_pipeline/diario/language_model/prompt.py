"""What every question to a model begins with, and the form that its answer must have.

The text is a file of its own in `prompts`, with its version in its name: an answer to another version is another one.

Pure: this file does not know who is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from trio_pipeline.diario.model import RESULTADOS

__all__ = ["PROMPT_VERSION", "instruction", "schema"]

PROMPT_VERSION = "1"
"""Changes with every change of the text or of the form."""

_TEXT = {"type": "STRING"}
_TEXT_OR_NULL = {"type": "STRING", "nullable": True}


@cache
def instruction() -> str:
    """What the model is told before it is given a piece of a gazette."""
    name = f"judgements-{PROMPT_VERSION}.txt"
    return resources.files(__package__).joinpath("prompts", name).read_text(encoding="utf-8")


def schema() -> Mapping[str, object]:
    """The form of an answer, in the subset of OpenAPI 3.0 that Gemini's `responseSchema` takes."""
    judgement = {
        "numero_processo": _TEXT,
        "ordinal": _TEXT_OR_NULL,
        "classe": _TEXT_OR_NULL,
        "polo_ativo": _list_of(_TEXT),
        "polo_passivo": _list_of(_TEXT),
        "advogados_polo_ativo": _list_of(_object({"nome": _TEXT, "oab": _TEXT_OR_NULL})),
        "advogados_polo_passivo": _list_of(_object({"nome": _TEXT, "oab": _TEXT_OR_NULL})),
        "relator": _TEXT_OR_NULL,
        "decisao": _TEXT_OR_NULL,
        "resultado": {**_TEXT_OR_NULL, "enum": list(RESULTADOS)},
    }
    return _object({"judgements": _list_of(_object(judgement))})


def _list_of(items: Mapping[str, object]) -> dict[str, object]:
    return {"type": "ARRAY", "items": items}


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    names = list(properties)
    return {"type": "OBJECT", "properties": properties, "required": names, "propertyOrdering": names}
