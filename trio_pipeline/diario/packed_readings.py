"""A reading as the ledger's tables take it: a JSON text for each column.

Made in the process that has read, and passed on unopened. So the one process that records the readings of all others
unpacks no thousands of objects, and DuckDB parses the columns itself, in half the time that values of Python take it.

Pure: this file does not know who read, or where the columns go.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from trio_pipeline.diario.model import Advogado, Judgement, Reading, Unread

__all__ = ["PackedReading", "packed_reading"]


@dataclass(frozen=True, slots=True)
class PackedReading:
    """A reading.

    Attributes:
        read: How many judgements there are.
        unread: How many entries could not be read.
        decisions: For each column of the judgements the JSON list of its values.
        missed: Likewise for the entries that could not be read.
    """

    read: int
    unread: int
    decisions: Mapping[str, str]
    missed: Mapping[str, str]


def packed_reading(reading: Reading) -> PackedReading:
    """Pack a reading."""
    return PackedReading(
        len(reading.judgements),
        len(reading.unread),
        decisions={name: _column(name, reading.judgements) for name in _DECISION},
        missed={name: _column(name, reading.unread) for name in _UNREAD},
    )


_DECISION = tuple(field.name for field in dataclasses.fields(Judgement))
_UNREAD = tuple(field.name for field in dataclasses.fields(Unread))


def _column(name: str, entries: Iterable[Judgement | Unread]) -> str:
    return json.dumps([*map(attrgetter(name), entries)], ensure_ascii=False, default=_counsel)


def _counsel(one: Advogado) -> dict[str, str | None]:
    return {"nome": one.nome, "oab": one.oab}
