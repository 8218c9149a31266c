"""Compares the copies that the ledger knows with what their archives say, and with their bytes.

Nothing is written, neither to the ledger nor to an archive. The Internet Archive is asked once for each item, however
many files it holds; a folder's files are read.

This file does not know where the copies are known from, or how the result is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trio_pipeline.diario.archives.folder import FolderArchive
from trio_pipeline.diario.archives.ia_headers import file_name
from trio_pipeline.diario.archives.ia_places import Place, place_of
from trio_pipeline.diario.copies import HeldCopy
from trio_pipeline.diario.findings import Finding, Problem, judge_absent, judge_bytes, judge_item, not_asked
from trio_pipeline.diario.hashing import Hasher, hash_file
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.rounds import go_round
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.sources import Absent
from trio_pipeline.diario.stages.confirm import LookSchedule
from trio_pipeline.diario.visits import Visit, open_visit
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import Done, Failed, Rejected
from trio_pipeline.world import World

__all__ = ["Verification", "is_in_a_folder", "verify"]

_FOLDER = "folder:"


@dataclass(slots=True)
class Verification:
    """What has been found so far.

    Attributes:
        total: How many questions there are: about each copy, and about the bytes of those that are to be read.
        asked: How many have been answered.
        findings: What is not as it should be.
        stopped: Why the Internet Archive was not asked for the rest, or None.
    """

    total: int = 0
    asked: int = 0
    findings: list[Finding] = field(default_factory=list)
    stopped: str | None = None


def is_in_a_folder(copy: HeldCopy) -> bool:
    """Whether a copy is on this machine, where nobody has to be asked for it."""
    return copy.archive.startswith(_FOLDER)


async def verify(
    copies: Sequence[HeldCopy],
    verification: Verification,
    settings: Settings,
    pacer: Pacer,
    world: World,
    *,
    download: bool,
) -> None:
    """Look at copies: those in folders first, then those in the Internet Archive.

    Args:
        copies: The copies.
        verification: Is told what is found, as it is found.
        settings: Whom to ask, and how often.
        pacer: The pace at which the archive is asked.
        world: Where.
        download: Whether to read the bytes of what is in the Internet Archive, too.

    Cancellation: a checkpoint; what was found until then stays.
    """
    async with open_visit(settings, pacer, world) as visit:
        verifier = _Verifier(verification, visit, settings, world)
        await verifier.look_into_folders([copy for copy in copies if is_in_a_folder(copy)])
        there = await verifier.ask_for_items([copy for copy in copies if not is_in_a_folder(copy)])
        if download:
            await verifier.read_bytes(there)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A copy in the Internet Archive, and where."""

    copy: HeldCopy
    place: Place


class _Verifier:
    def __init__(self, verification: Verification, visit: Visit, settings: Settings, world: World) -> None:
        self._verification = verification
        self._visit = visit
        self._settings = settings
        self._world = world
        self._schedule = LookSchedule(settings.archive.confirm_after, world)

    async def look_into_folders(self, copies: Sequence[HeldCopy]) -> None:
        """Read what is in folders."""

        def tell(copy: HeldCopy, outcome: Done[Finding | None] | Failed | Rejected) -> None:
            self._conclude([copy], outcome, [outcome.result] if isinstance(outcome, Done) else [])

        self._verification.total += len(copies)
        await go_round("folder", copies, self._look_into_folder, tell, settings=self._settings, world=self._world)

    async def ask_for_items(self, copies: Sequence[HeldCopy]) -> list[_Placed]:
        """Ask for the items that hold copies, each once. Returns what is there with the right checksum."""
        there: list[_Placed] = []

        def tell(group: tuple[_Placed, ...], outcome: Done[list[Finding]] | Failed | Rejected) -> None:
            findings = outcome.result if isinstance(outcome, Done) else []
            self._conclude([placed.copy for placed in group], outcome, findings)
            if isinstance(outcome, Done):
                wrong = {finding.copy for finding in findings}
                there.extend(placed for placed in group if placed.copy not in wrong)

        self._verification.total += len(copies)
        groups = self._by_item(copies)
        self._stop(
            await go_round("items", groups, self._ask_for_item, tell, settings=self._settings, world=self._world)
        )
        return there

    async def read_bytes(self, placed: Sequence[_Placed]) -> None:
        """Read what is in the Internet Archive."""

        def tell(one: _Placed, outcome: Done[Finding | None] | Failed | Rejected) -> None:
            self._conclude([one.copy], outcome, [outcome.result] if isinstance(outcome, Done) else [])

        self._verification.total += len(placed)
        self._stop(await go_round("bytes", placed, self._read, tell, settings=self._settings, world=self._world))

    def _conclude(
        self,
        copies: Sequence[HeldCopy],
        outcome: Done[object] | Failed | Rejected,
        findings: Iterable[Finding | None],
    ) -> None:
        self._verification.asked += len(copies)
        if isinstance(outcome, Done):
            self._verification.findings += filter(None, findings)
        else:
            self._verification.findings += [not_asked(copy, outcome.reason) for copy in copies]

    def _stop(self, reason: str | None) -> None:
        self._verification.stopped = self._verification.stopped or reason

    # Folders

    async def _look_into_folder(self, copy: HeldCopy) -> Finding | None:
        path = self._path(copy)
        try:
            if await self._world.files.size(path) is None:
                return judge_absent(copy, f"there is no file {path}", is_due=True)
            return judge_bytes(copy, await hash_file(self._world, path))
        except OSError as error:
            return Finding(copy, Problem.UNREADABLE, f"{path} cannot be read: {error.strerror}")

    def _path(self, copy: HeldCopy) -> Path:
        folder = FolderArchive(self._world, Path(copy.archive.removeprefix(_FOLDER)))
        return Path(unquote(urlsplit(copy.url or folder.url(copy.gazette)).path))

    # The Internet Archive

    def _by_item(self, copies: Iterable[HeldCopy]) -> list[tuple[_Placed, ...]]:
        """Copies by the item that they are in; a copy whose address cannot be read is a finding."""
        groups: dict[str, list[_Placed]] = {}
        for copy in copies:
            place = self._place(copy)
            if place is None:
                finding = Finding(copy, Problem.UNREADABLE, "its recorded address is none of a file in the archive")
                self._conclude([copy], Done(None), [finding])
            else:
                groups.setdefault(place.item, []).append(_Placed(copy, place))
        return [tuple(group) for group in groups.values()]

    def _place(self, copy: HeldCopy) -> Place | None:
        if copy.url is not None:
            # What was found there may be somebody else's item, with a name of its own.
            return place_of(copy.url)
        return Place(archive_item(copy.gazette, self._settings.archive.layout), file_name(copy.gazette))

    async def _ask_for_item(self, group: tuple[_Placed, ...]) -> list[Finding]:
        item = await self._visit.items.get(group[0].place.item)
        judged = (judge_item(one.copy, one.place, item, is_due=self._is_due(one.copy)) for one in group)
        return [finding for finding in judged if finding is not None]

    def _is_due(self, copy: HeldCopy) -> bool:
        if copy.state == "confirmed" or copy.submitted_at is None:
            return True
        age = (self._world.now() - copy.submitted_at).total_seconds()
        return self._schedule.is_overdue(age, acknowledged=copy.acknowledged)

    async def _read(self, placed: _Placed) -> Finding | None:
        hasher = Hasher()
        try:
            async with self._visit.files.open(placed.place.url(self._settings.archive.metadata_url)) as body:
                async for chunk in body.chunks:
                    hasher.update(chunk)
        except Absent as absent:
            return Finding(placed.copy, Problem.UNREADABLE, absent.reason)
        return judge_bytes(placed.copy, hasher.checksums())
