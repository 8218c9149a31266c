"""A reading as the ledger's tables take it: a JSON text of columns.

Made in the process that has read, and passed on unopened. So the one process that records the readings of all others
unpacks no thousands of objects, and DuckDB parses the columns itself, in half the time that values of Python take it.

Pure: this file does not know who read, or where the columns go.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
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
        decisions: The judgements: a JSON object with, for each column, the list of its values.
        missed: Likewise the entries that could not be read.
    """

    read: int
    unread: int
    decisions: str
    missed: str


def packed_reading(reading: Reading) -> PackedReading:
    """Pack a reading."""
    return PackedReading(
        len(reading.judgements),
        len(reading.unread),
        decisions=_columns(_DECISION, reading.judgements),
        missed=_columns(_UNREAD, reading.unread),
    )


_DECISION = tuple(field.name for field in dataclasses.fields(Judgement))
_UNREAD = tuple(field.name for field in dataclasses.fields(Unread))


def _columns(names: Iterable[str], entries: Sequence[Judgement | Unread]) -> str:
    columns = {name: [*map(attrgetter(name), entries)] for name in names}
    return json.dumps(columns, ensure_ascii=False, default=_counsel)


def _counsel(one: Advogado) -> dict[str, str | None]:
    return {"nome": one.nome, "oab": one.oab}
