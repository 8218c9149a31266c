"""Gazettes, checksums and judgements for tests, each as short as it can be said."""

from __future__ import annotations

import datetime
import hashlib
import json

from trio_pipeline.diario.identifiers import gazette_id
from trio_pipeline.diario.model import Advogado, Checksums, Gazette, Judgement, Reading
from trio_pipeline.diario.packed_readings import packed_reading
from trio_pipeline.diario.readers import ReadingPart

__all__ = ["checksums_of", "entries_of", "gazette", "judgement", "read_by_rules"]


def gazette(number: int = 1, date: str = "2025-06-23", suffix: str = "") -> Gazette:
    """An edition; the number tells it from others."""
    day = datetime.date.fromisoformat(date)
    name = f"{day:%Y%m%d}-NR{number}{suffix}.pdf"
    url = f"https://www.tjro.jus.br/novodiario/{day.year}/{name}"
    return Gazette(gazette_id("tjro", day, number, suffix), "tjro", day, number, suffix, url, name)


def checksums_of(data: bytes) -> Checksums:
    """What a file with these bytes is known by."""
    return Checksums(len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest())


def judgement(numero_processo: str = "7002770-82.2024.8.22.0011", **fields: object) -> Judgement:
    """A judgement, every field of which holds something."""
    values: dict[str, object] = {
        "page": 2,
        "ordinal": "07",
        "numero_processo": numero_processo,
        "numero_valido": True,
        "classe": "APELAÇÃO CÍVEL",
        "polo_ativo": ("Município de Vilhena",),
        "polo_passivo": ("José Conceição",),
        "advogados_polo_ativo": (Advogado("Inês Brandão", "RO7821A"),),
        "advogados_polo_passivo": (Advogado("Defensoria Pública", None),),
        "relator": "Rowilson Teixeira",
        "decisao": "Recurso não provido, à unanimidade.",
        "resultado": "nao_provido",
        "segredo": False,
        "span": (10, 90),
    }
    return Judgement(**(values | fields))  # type: ignore[arg-type]  # a field of each type


def read_by_rules(reading: Reading, version: str = "3") -> ReadingPart:
    """A reading as the ledger takes it."""
    return ReadingPart("rules", version, packed_reading(reading))


def entries_of(packed: str) -> list[dict[str, object]]:
    """The entries that packed columns are of, as far as JSON can tell."""
    columns = json.loads(packed)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
