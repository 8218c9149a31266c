"""The spool: PDFs on disk while somebody still needs them, within a bound of bytes.

A file gets its name `ID.pdf` only when it is whole, checked and synced; until then it is `ID.part`. It stays until it
is let go, or until room is needed: then those that nobody is about to work on are removed, in the order of `Keep`. So
whoever is about to work on a PDF finds it here.

What has arrived of a PDF that broke off stays as well, until the end of the run. It is the first to go when room is
needed, and never waits for room itself.

This file does not know where PDFs come from, nor what is done with them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import trio

from trio_pipeline.channels import ByteBudget, Reservation
from trio_pipeline.diario.exchange import BrokenOff
from trio_pipeline.diario.hashing import hash_file
from trio_pipeline.diario.model import Checksums
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.parts import Part
from trio_pipeline.diario.plain_files import is_replaced
from trio_pipeline.world import World

__all__ = ["Keep", "NoRoom", "Spool", "SpoolFull", "SpoolStatistics", "take_over_spool"]


_OURS = re.compile(r"[a-z]+-diario-\d{4}-\d{2}-\d{2}-nr\d+(-[a-z0-9]+)?\.(pdf|part)")
"""Names that this program gives. Whatever else lies in a directory that was named as the spool is somebody's own."""


class Keep(IntEnum):
    """How much a PDF is still needed; where room is lacking, the lowest go first."""

    SUBMITTED = 1
    """An archive has accepted it, and has yet to show it."""

    FAILED = 2
    """Something failed that another run will try again."""

    NEEDED = 3
    """This run is about to work on it. It is never removed."""


class SpoolFull(Exception):
    """There is no room, and nothing that runs will make any."""


class NoRoom(Exception):
    """There is no room for all of a PDF now.

    Attributes:
        size: Bytes to reserve before it is tried again.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class SpoolStatistics:
    """How the spool stands.

    Attributes:
        files: How many PDFs lie there.
        used: Bytes of them and of what is reserved for downloads.
        limit: The bound in bytes.
        removed: How many PDFs were removed to make room.
    """

    files: int
    used: int
    limit: int
    removed: int


@dataclass(slots=True)
class _Entry:
    reservation: Reservation
    keep: Keep
    verified: bool


class Spool:
    """PDFs by the id of their gazette. Made by `take_over_spool`."""

    def __init__(self, directory: Path, world: World, limit: int, kept: Mapping[str, int]) -> None:
        self._directory = directory
        self._world = world
        self._files = world.files
        self._budget = ByteBudget(limit)
        # What an earlier run left is needed only if this run takes it up, and is not trusted before it was read.
        self._entries = {
            identifier: _Entry(self._budget.hold(size), Keep.FAILED, verified=False)
            for identifier, size in kept.items()
        }
        self._waiting: set[trio.CancelScope] = set()
        self._parts: dict[str, Part] = {}
        self._leaving: dict[Path, trio.Event] = {}
        self._frozen = False
        self._removed = 0

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._entries

    def path(self, identifier: str) -> Path:
        """Where the PDF of a gazette lies, or would lie."""
        return self._directory / f"{identifier}.pdf"

    def statistics(self) -> SpoolStatistics:
        """How it stands now."""
        budget = self._budget.statistics()
        return SpoolStatistics(len(self._entries), budget.used, budget.limit, self._removed)

    async def keep(self, identifier: str, keep: Keep) -> None:
        """Say how much a PDF is needed; one that is not here is not missed. Those who wait for room may get it by this.

        Cancellation: a checkpoint only when PDFs are removed.
        """
        if identifier in self._entries:
            self._entries[identifier].keep = keep
        await self._serve()

    def freeze(self) -> None:
        """Say that a stage which would let PDFs go has ended: whoever finds no room has nothing to wait for."""
        self._frozen = True
        for waiting in self._waiting:
            waiting.cancel()

    async def remove(self, identifier: str) -> None:
        """Delete a PDF that nobody needs any more; one that is not here is not missed.

        Cancellation: a checkpoint, but it is deleted all the same.
        """
        entry = self._entries.pop(identifier, None)
        if entry is not None:
            await self._delete(self.path(identifier), entry.reservation)

    async def forget(self, identifier: str) -> None:
        """Delete what has arrived of a PDF that broke off; if that is nothing, it is not missed.

        Cancellation: as `remove`.
        """
        part = self._parts.pop(identifier, None)
        if part is not None:
            await self._delete(part.path, part.resting)

    async def forget_all(self) -> None:
        """Delete what has arrived of all that broke off.

        Cancellation: as `remove`.
        """
        for identifier in list(self._parts):
            await self.forget(identifier)

    async def _delete(self, path: Path, reservation: Reservation | None) -> None:
        # Whoever brings it back meanwhile must not lose it by this.
        gone = self._leaving[path] = trio.Event()
        try:
            with trio.CancelScope(shield=True):
                await self._files.remove(path)
        finally:
            if reservation is not None:
                reservation.release()
            del self._leaving[path]
            gone.set()

    def partial(self, identifier: str, source: str) -> Partial | None:
        """What has arrived of a PDF from a source that can be asked for the rest; None if there is no such thing."""
        part = self._parts.get(identifier)
        partial = None if part is None else part.partial
        return partial if partial is not None and partial.source == source else None

    async def take_up(self, identifier: str, size: int) -> Reservation | None:
        """Have room for all of a PDF of which something has arrived.

        Returns:
            The room; None if nothing has arrived, or if there is no room for the rest: then nothing is left of it.

        Cancellation: a checkpoint; what has arrived stays.
        """
        part = self._parts.get(identifier)
        if part is None or part.resting is None:
            return None
        reservation, part.resting = part.resting, None
        try:
            if await self._files.size(part.path) == part.size:
                await self.resize(reservation, max(size, part.size))
                return reservation
        except NoRoom:
            pass
        except BaseException:
            part.resting = reservation
            raise
        part.resting = reservation
        await self.forget(identifier)
        return None

    async def give_back(self, identifier: str, reservation: Reservation) -> None:
        """End a download for now: what has arrived rests in the room that it takes, the other room is free.

        Cancellation: a checkpoint only when something is removed.
        """
        part = self._parts.get(identifier)
        if part is None:
            reservation.release()
        else:
            reservation.resize(part.size)
            part.resting = reservation
        await self._serve()

    async def _serve(self) -> None:
        """Make room for those who wait for it, out of what can go."""
        while self._budget.statistics().wanted and await self._remove_least_needed():
            pass

    async def reserve(self, size: int) -> Reservation:
        """Wait for room for `size` bytes.

        Raises:
            SpoolFull: There is none, and nothing that runs will make any.

        Cancellation: a checkpoint; nothing is reserved.
        """
        while not self._budget.fits(size) and await self._remove_least_needed():
            pass
        if not self._frozen or self._budget.fits(size):
            with trio.CancelScope() as waiting:
                self._waiting.add(waiting)
                try:
                    return await self._budget.reserve(size)
                finally:
                    self._waiting.discard(waiting)
        raise SpoolFull("the spool is full, and nothing that still runs will empty it")

    async def resize(self, reservation: Reservation, size: int) -> None:
        """Hold `size` bytes instead of what was reserved; makes room, but does not wait for any.

        Raises:
            NoRoom: They do not fit; nothing has changed.

        Cancellation: a checkpoint only when PDFs are removed.
        """
        while not reservation.resize(size):
            if not await self._remove_least_needed():
                raise NoRoom(size)

    async def store(
        self,
        identifier: str,
        chunks: AsyncIterator[bytes],
        reservation: Reservation,
        check: Callable[[Path, Checksums], Awaitable[None]],
        partial: Partial | None = None,
    ) -> Checksums:
        """Write a PDF: under a temporary name, checked, synced, renamed. Bytes go behind those that have arrived.

        Args:
            identifier: Of the gazette.
            chunks: The bytes as they come.
            reservation: Room for all of it, which the spool takes over if this succeeds.
            check: Called with the file under its temporary name; what it raises, `store` raises, and nothing is kept.
            partial: How the rest is asked for if `chunks` break off. If it can be, what has arrived is kept.

        Raises:
            NoRoom: There are more bytes than were reserved, and they do not fit.
            BrokenOff: As `chunks` raised it.

        Cancellation: nothing is kept, or all of it.
        """
        path = self._directory / f"{identifier}.part"
        part = self._parts.pop(identifier, None) or Part(self._files, path)

        async def grow(size: int) -> None:
            if size > reservation.size:
                # Not everybody says beforehand how much will come.
                await self.resize(reservation, size)

        try:
            await self._wait_gone(path)
            checksums = await part.write(chunks, grow, partial)
            await check(path, checksums)
            with trio.CancelScope(shield=True):
                await self._wait_gone(self.path(identifier))
                await self._files.replace(path, self.path(identifier))
                reservation.resize(checksums.size)
                self._entries[identifier] = _Entry(reservation, Keep.NEEDED, verified=True)
        except BaseException as error:
            if isinstance(error, BrokenOff) and part.partial is not None:
                self._parts[identifier] = part
            else:
                with trio.CancelScope(shield=True):
                    await self._files.remove(path)
            raise
        return checksums

    async def _wait_gone(self, path: Path) -> None:
        if path in self._leaving:
            await self._leaving[path].wait()

    async def verify(self, identifier: str, checksums: Checksums) -> bool:
        """Whether a PDF is here and is what it was; one that is not is removed.

        One that this run has written or verified before is not read again.
        """
        entry = self._entries.get(identifier)
        return entry is not None and (entry.verified or await self.look_again(identifier, checksums))

    async def look_again(self, identifier: str, checksums: Checksums) -> bool:
        """Whether a PDF is still what it was, though this run has written it; one that is not is removed.

        For whoever could not read it: the disk is not ours alone.
        """
        entry = self._entries.get(identifier)
        if entry is None:
            return False
        entry.verified = await self._is_intact(identifier, checksums)
        # It may have been brought back meanwhile.
        if not entry.verified and self._entries.get(identifier) is entry:
            await self.remove(identifier)
        return entry.verified

    async def _is_intact(self, identifier: str, checksums: Checksums) -> bool:
        path = self.path(identifier)
        try:
            return not await self._world.threads.run(is_replaced, path) and (
                await hash_file(self._world, path) == checksums
            )
        except FileNotFoundError:
            return False

    async def _remove_least_needed(self) -> bool:
        """Remove what is needed least: of parts the smallest, else a PDF; False if all are needed."""
        resting = [(part.size, name) for name, part in self._parts.items() if part.resting is not None]
        if resting:
            await self.forget(min(resting)[1])
            return True
        removable = [(entry.keep, name) for name, entry in self._entries.items() if entry.keep < Keep.NEEDED]
        if not removable:
            return False
        self._removed += 1
        await self.remove(min(removable)[1])
        return True


async def take_over_spool(directory: Path, *, limit: int, known: Mapping[str, Checksums], world: World) -> Spool:
    """Take over the spool as an earlier run left it: count what lies there, and sweep what belongs to nothing.

    Args:
        directory: Where it is; created if it is missing.
        limit: Its bound in bytes. It is never more than half of the disk that is free or the spool's own.
        known: The recorded checksums of every gazette that has any.
        world: Its files.

    Raises:
        OSError: The directory cannot be used.

    Cancellation: a checkpoint; what is there stays there, save what belongs to nothing.
    """
    files = world.files
    await files.make_directory(directory)
    kept: dict[str, int] = {}
    for name, size in (await files.sizes(directory)).items():
        path = directory / name
        checksums = known.get(path.stem) if path.suffix == ".pdf" else None
        if checksums is not None and checksums.size == size:
            kept[path.stem] = size
        elif _OURS.fullmatch(name):
            await files.remove(path)
    free = await files.free_space(directory)
    return Spool(directory, world, min(limit, (free + sum(kept.values())) // 2), kept)
