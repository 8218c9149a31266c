"""Where gazettes are kept for good: what every archive can do, and what it says about a copy.

This file does not know any archive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.retry import Reject, StopStage

__all__ = ["Archive", "Copy", "OtherBytes", "TakenForSpam"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A gazette in an archive.

    Attributes:
        archive: The archive's `target`.
        state: `submitted` (handed over, not seen there yet) or `confirmed` (seen there, with the right checksum).
        url: Where it is, or will be.
        md5: Of the bytes that were handed over or seen.
        acknowledged: False if all bytes were handed over and no answer came; then it may not have arrived.
    """

    archive: str
    state: Literal["submitted", "confirmed"]
    url: str
    md5: str
    acknowledged: bool = True


class OtherBytes(Reject):
    """The archive holds other bytes under the gazette's name. Only who has put them there may replace them."""


class TakenForSpam(StopStage):
    """The archive takes what was handed over for spam. Who goes on after that loses the account."""


class Archive(Protocol):
    """A place that keeps gazettes. Every archive is a `Source` as well.

    All methods but `url` may raise the errors of `trio_pipeline.retry`, OSError for our own disk, and HostPaused when a
    host is paused for longer than its pacer's patience.

    Attributes:
        target: What it is called in the ledger: `internet-archive`, `folder:/absolute/path`.
    """

    @property
    def target(self) -> str:
        """See the class."""

    async def find(self, gazette: Gazette, checksums: Checksums, *, since: float = -math.inf) -> Copy | None:
        """The copy with these bytes that is there already; None if there is none.

        Args:
            gazette: The gazette.
            checksums: Of its bytes.
            since: Trio time. An answer to a question that was asked before does not do; whoever wants to know whether
                something handed over has arrived says when it was due.

        Raises:
            OtherBytes: There is something else in its place.
            Reject: It was taken down.

        Cancellation: a checkpoint; nothing is changed by it.
        """

    async def adopt(self, gazette: Gazette, checksums: Checksums) -> Copy | None:
        """A copy with these bytes that others have put elsewhere in the archive; None if none is known.

        Cancellation: a checkpoint; nothing is changed by it.
        """

    async def wait_for_room(self, gazette: Gazette) -> None:
        """Wait until the archive takes an upload, and take that place; `put` comes next.

        Cancellation: a checkpoint; cancelled, no place is taken.
        """

    async def put(self, gazette: Gazette, checksums: Checksums, path: Path) -> Copy:
        """Hand over a file. Doing it twice writes the same bytes under the same name.

        Args:
            gazette: The gazette.
            checksums: What the file's bytes must have.
            path: The file.

        Cancellation: a checkpoint. An upload that has begun may have been carried out.
        """

    async def queued(self, gazette: Gazette) -> bool | None:
        """Whether something handed over still waits to be worked off where the gazette belongs; None if unknown.

        Cancellation: a checkpoint.
        """

    def url(self, gazette: Gazette) -> str:
        """Where the gazette is, once it is there."""
