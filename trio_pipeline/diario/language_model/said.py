"""What a model says of a piece, before any of it is believed: the form of its answer.

Pure.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trio_pipeline.diario.model import RESULTADOS

__all__ = ["Malformed", "SaidCounsel", "SaidJudgement", "read_answer"]


class Malformed(Exception):
    """The answer does not have the form that was asked for."""


class SaidCounsel(BaseModel):
    """What is said of a lawyer, or of a body that speaks for a party."""

    model_config = ConfigDict(extra="ignore")

    nome: str
    oab: str | None = None


class SaidJudgement(BaseModel):
    """What is said of a judgement; the fields are those of `Judgement`."""

    model_config = ConfigDict(extra="ignore")

    numero_processo: str
    ordinal: str | None = None
    classe: str | None = None
    polo_ativo: list[str] = Field(default_factory=list)
    polo_passivo: list[str] = Field(default_factory=list)
    advogados_polo_ativo: list[SaidCounsel] = Field(default_factory=list)
    advogados_polo_passivo: list[SaidCounsel] = Field(default_factory=list)
    relator: str | None = None
    decisao: str | None = None
    resultado: Literal[RESULTADOS] | None = None  # type: ignore[valid-type]  # a tuple of words, which mypy cannot see


class _Answer(BaseModel):
    judgements: list[SaidJudgement]


def read_answer(answer: str) -> list[SaidJudgement]:
    """The judgements of an answer.

    Raises:
        Malformed: It is no JSON of the right form.
    """
    try:
        return _Answer.model_validate_json(answer, strict=True).judgements
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Malformed(f"{first['msg']} at {'.'.join(map(str, first['loc'])) or 'the top'}") from None
