"""A PDF on its way into the spool: the file `ID.part`, written over however many attempts it takes.

This file does not know how much room there is, or when the part is given up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from trio_pipeline.channels import Reservation
from trio_pipeline.diario.exchange import BrokenOff
from trio_pipeline.diario.hashing import Hasher
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.partials import Partial
from trio_pipeline.world import Files

__all__ = ["Part"]

_PACKET = 1460
"""Bytes that fit into one packet of most networks: to send no more than that again costs nobody anything."""


class Part:
    """What has arrived of a PDF, and its checksums so far.

    Attributes:
        path: Where it lies.
        resting: The room for what has arrived, while nobody goes on with it; None while somebody does.
    """

    def __init__(self, files: Files, path: Path) -> None:
        self.path = path
        self.resting: Reservation | None = None
        self._files = files
        self._hasher = Hasher()
        self._partial: Partial | None = None

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self._hasher.size

    @property
    def partial(self) -> Partial | None:
        """How the rest is asked for; None if that cannot be done or is not worth it."""
        partial = self._partial
        if partial is None or self.size <= _PACKET or (partial.length is not None and self.size >= partial.length):
            return None
        return replace(partial, size=self.size)

    async def write(
        self, chunks: AsyncIterator[bytes], grow: Callable[[int], Awaitable[None]], partial: Partial | None
    ) -> Checksums:
        """Write what comes to the end of the file, and sync it.

        Args:
            chunks: The bytes.
            grow: Called with the size that the file is about to have.
            partial: How the rest is asked for if this breaks off.

        Raises:
            BrokenOff: As `chunks` raised it; what came before is in the file.

        Cancellation: what is in the file is of no use any more.
        """
        self._partial = partial
        file = await (self._files.append(self.path) if self.size else self._files.create(self.path))
        broken_off: BrokenOff | None = None
        try:
            try:
                async for chunk in chunks:
                    self._hasher.update(chunk)
                    await grow(self.size)
                    await file.write(chunk)
            except BrokenOff as error:
                broken_off = error
            # What was written need not be in the file before it is synced, broken off or not.
            await file.sync()
        finally:
            await file.close()
        if broken_off is not None:
            raise broken_off
        return self._hasher.checksums()
