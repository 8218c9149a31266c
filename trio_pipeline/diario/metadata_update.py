"""Brings what is said in the Internet Archive about our uploads to what today's settings and program say.

Each item is read once, and what differs, in the item and in all of its files, is changed by one call. What somebody
else changes in between is left as they said it.

This file does not know where the copies are known from, or how the result is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from trio_pipeline.diario.archives.ia_answers import Description
from trio_pipeline.diario.archives.ia_changes import Change, changes
from trio_pipeline.diario.archives.ia_headers import file_fields, file_name, item_fields
from trio_pipeline.diario.archives.ia_metadata_writer import MetadataWriter, Overtaken
from trio_pipeline.diario.archives.ia_places import Place, place_of
from trio_pipeline.diario.copies import HeldCopy
from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.rounds import go_round
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.titles import Titles
from trio_pipeline.diario.visits import Visit, open_visit
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import Done, Failed, GiveUp, Rejected
from trio_pipeline.world import World

__all__ = ["Line", "OurItem", "OurItems", "Result", "Update", "our_items", "update_metadata"]

_READINGS = 3
"""How often an item is read when somebody else is always faster."""

# Where an item lies and what kind it is, is settled when it is made: only the archive's own people change that.
_SETTLED = frozenset({"collection", "mediatype"})


class Result(StrEnum):
    """What came of a change, or of an item."""

    CHANGED = "changed"
    WOULD_CHANGE = "would change"
    TAKEN_DOWN = "taken down"
    MISSING = "missing"
    NOT_CHANGED = "not changed"
    OVERTAKEN = "changed by somebody else meanwhile"


@dataclass(frozen=True, slots=True)
class OurItem:
    """An item that was made by this program, as far as its name and those of its files tell.

    Attributes:
        name: Its identifier.
        layout: `year` or `edition`.
        copies: Those in it that are confirmed.
    """

    name: str
    layout: str
    copies: tuple[HeldCopy, ...]


@dataclass(frozen=True, slots=True)
class OurItems:
    """What there is to look after, and what is left out.

    Attributes:
        items: The items.
        adopted: How many copies are in others' items.
        waiting: How many copies the archive has not shown yet.
    """

    items: tuple[OurItem, ...]
    adopted: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Line:
    """What is told about one change, or about an item or a file as a whole.

    Attributes:
        item: The item.
        result: What came of it.
        target: `metadata` or `files/NAME`; None for all of the item.
        change: The change; None if it is about the whole target.
        reason: One line for people, where the result needs one.
    """

    item: str
    result: Result
    target: str | None = None
    change: Change | None = None
    reason: str | None = None


@dataclass(slots=True)
class Update:
    """What has been done so far.

    Attributes:
        total: How many items there are.
        done: How many of them have been looked after.
        calls: How many calls have changed something.
        lines: What is to be told.
        stopped: Why the rest was not looked after, or None.
    """

    total: int = 0
    done: int = 0
    calls: int = 0
    lines: list[Line] = field(default_factory=list)
    stopped: str | None = None


def our_items(copies: Iterable[HeldCopy]) -> OurItems:
    """The items of ours among those that hold confirmed copies."""
    groups: dict[tuple[str, str], list[HeldCopy]] = {}
    adopted = waiting = 0
    for copy in copies:
        if copy.state != "confirmed" or copy.url is None:
            waiting += 1
            continue
        layout = _layout(copy, place_of(copy.url))
        if layout is None:
            adopted += 1
        else:
            groups.setdefault((archive_item(copy.gazette, layout), layout), []).append(copy)
    items = tuple(OurItem(name, layout, tuple(group)) for (name, layout), group in groups.items())
    return OurItems(items, adopted, waiting)


def _layout(copy: HeldCopy, place: Place | None) -> str | None:
    """By which layout a copy lies where it lies; None if somebody else has put it there."""
    own = file_name(copy.gazette)
    places = {layout: Place(archive_item(copy.gazette, layout), own) for layout in ("year", "edition")}
    return next((layout for layout, ours in places.items() if ours == place), None)


async def update_metadata(
    items: Sequence[OurItem],
    update: Update,
    settings: Settings,
    secrets: Secrets,
    pacer: Pacer,
    world: World,
    *,
    dry_run: bool,
) -> None:
    """Look after items.

    Args:
        items: The items.
        update: Is told what is done, as it is done.
        settings: What to say, whom to ask and how often.
        secrets: With the archive's keys, unless it is a dry run.
        pacer: The pace at which the archive is asked.
        world: Where.
        dry_run: Whether to change nothing.

    Cancellation: a checkpoint. A call that has begun may be carried out.
    """
    async with open_visit(settings, pacer, world) as visit:
        updater = _Updater(update, visit, settings, None if dry_run else _writer(visit, settings, secrets))

        def tell(item: OurItem, outcome: Done[list[Line]] | Failed | Rejected) -> None:
            update.done += 1
            if isinstance(outcome, Done):
                update.lines += outcome.result
            else:
                update.lines.append(Line(item.name, Result.NOT_CHANGED, reason=outcome.reason))

        update.total = len(items)
        update.stopped = await go_round("metadata", items, updater.look_after, tell, settings=settings, world=world)


def _writer(visit: Visit, settings: Settings, secrets: Secrets) -> MetadataWriter:
    assert secrets.archive_access is not None
    assert secrets.archive_secret is not None
    return MetadataWriter(
        visit.http,
        visit.pacer,
        metadata_url=settings.archive.metadata_url,
        redirects=visit.redirects,
        access_key=secrets.archive_access.reveal(),
        secret_key=secrets.archive_secret.reveal(),
    )


class _Updater:
    def __init__(self, update: Update, visit: Visit, settings: Settings, writer: MetadataWriter | None) -> None:
        self._update = update
        self._visit = visit
        self._settings = settings
        self._titles = Titles(settings.archive.title, settings.archive.year_title)
        self._writer = writer

    async def look_after(self, item: OurItem) -> list[Line]:
        """Have an item and its files say what they should."""
        first: dict[tuple[str, str], object] | None = None
        for _ in range(_READINGS):
            seen = await self._visit.items.describe(item.name)
            if seen.is_dark or not seen.exists:
                return [_gone(item, seen)]
            pending = self._pending(item, seen)
            if first is None:
                first = {(change.target, change.key): change.old for change in pending}
            # What somebody has said since the first reading is newer than what was to be said here.
            ours = [change for change in pending if _is_as_before(change, first)]
            others = [change for change in pending if not _is_as_before(change, first)]
            lines = [*_lines(item, Result.OVERTAKEN, others), *_missing(item, seen)]
            if not ours or self._writer is None:
                return [*_lines(item, Result.WOULD_CHANGE, ours), *lines]
            try:
                await self._writer.write(item.name, ours)
            except Overtaken as overtaken:
                reason = overtaken.reason
            else:
                self._update.calls += 1
                return [*_lines(item, Result.CHANGED, ours), *lines]
        raise GiveUp(f"somebody else, or an earlier change that waits, was faster {_READINGS} times: {reason}")

    def _pending(self, item: OurItem, seen: Description) -> list[Change]:
        first = item.copies[0].gazette
        wanted = item_fields(
            first, layout=item.layout, collection=self._settings.archive.collection, titles=self._titles
        )
        pending = changes("metadata", [pair for pair in wanted if pair[0] not in _SETTLED], seen.metadata)
        for copy in item.copies:
            name = file_name(copy.gazette)
            if name in seen.files:
                fields = file_fields(copy.gazette, copy.checksums, self._titles)
                pending += changes(f"files/{name}", fields, seen.files[name])
        return pending


def _is_as_before(change: Change, first: Mapping[tuple[str, str], object]) -> bool:
    key = change.target, change.key
    return key in first and first[key] == change.old


def _gone(item: OurItem, seen: Description) -> Line:
    if seen.is_dark:
        return Line(item.name, Result.TAKEN_DOWN, reason="the archive has taken it down; it is left alone")
    return Line(item.name, Result.MISSING, reason="there is no such item; see trio-pipeline verify")


def _missing(item: OurItem, seen: Description) -> Iterator[Line]:
    for copy in item.copies:
        name = file_name(copy.gazette)
        if name not in seen.files:
            reason = "the item does not have it; see trio-pipeline verify"
            yield Line(item.name, Result.MISSING, target=f"files/{name}", reason=reason)


def _lines(item: OurItem, result: Result, pending: Iterable[Change]) -> list[Line]:
    return [Line(item.name, result, target=change.target, change=change) for change in pending]
