"""Copies as the ledger knows them: where a gazette was put or found, and what its bytes must be.

Pure: this file does not know whether any of it is still true.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from trio_pipeline.diario.model import Checksums, Gazette

__all__ = ["HeldCopy", "held_copy"]


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """A copy that was handed over to an archive or seen there.

    Attributes:
        gazette: Of what.
        archive: The archive's name in the ledger.
        state: `submitted` or `confirmed`.
        url: Where it was put or found; None if the program ended before it knew what came of the upload.
        checksums: What its bytes must have.
        submitted_at: When it was handed over, UTC; None if it was there before.
        acknowledged: Whether the archive said that it had it.
    """

    gazette: Gazette
    archive: str
    state: str
    url: str | None
    checksums: Checksums
    submitted_at: datetime.datetime | None
    acknowledged: bool


def held_copy(row: Mapping[str, object]) -> HeldCopy:
    """A row of the query `copies`, as JSON gives it."""
    number, size, submitted_at = row["number"], row["size"], row["submitted_at"]
    assert isinstance(number, int)
    assert isinstance(size, int)
    gazette = Gazette(
        id=str(row["id"]),
        tribunal=str(row["tribunal"]),
        date=datetime.date.fromisoformat(str(row["date"])),
        number=number,
        suffix=str(row["suffix"]),
        url=str(row["url"]),
        file_name=str(row["file_name"]),
    )
    return HeldCopy(
        gazette=gazette,
        archive=str(row["archive"]),
        state=str(row["state"]),
        url=None if row["copy_url"] is None else str(row["copy_url"]),
        checksums=Checksums(size, str(row["sha256"]), str(row["md5"])),
        submitted_at=None if submitted_at is None else _utc(str(submitted_at)),
        acknowledged=bool(row["acknowledged"]),
    )


def _utc(text: str) -> datetime.datetime:
    """A moment as `queries` writes it, without a time zone, which is UTC everywhere in this program."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=None)
