"""The stage `confirm`: looks in the archive for what was handed over.

An archive's yes means "queued", and its queues stall for hours. What was answered is looked for at growing intervals,
and has failed when it is long overdue. What was not answered, because the answer or we ourselves got lost, may never
have arrived: it is handed over again when it is absent and the archive has nothing waiting for that item.
"""

from __future__ import annotations

import datetime

import trio

from trio_pipeline.diario.archives import Archive, Copy, OtherBytes
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.stages.bookkeeping import Result
from trio_pipeline.retry import GiveUp, TryAgain
from trio_pipeline.world import World

__all__ = ["Confirmer", "LookSchedule"]

_LOOKS = (1, 3, 12, 48, 144)
"""When to look, in units of the first pause: with 5 minutes, after 5 and 15 minutes, 1, 4 and 12 hours, then daily."""

_OVERDUE = 288
"""When what was answered is overdue, in the same unit: with 5 minutes, after a day. Queues have stalled for hours."""

_OVERDUE_UNANSWERED = 12
"""The same for what was not answered, where the archive does not tell what is waiting: after an hour."""


class LookSchedule:
    """When an upload is looked for.

    Args:
        unit: Seconds from an upload to the first look.
        world: For the time of day.
    """

    def __init__(self, unit: float, world: World) -> None:
        self._unit = unit
        self._world = world

    def first(self) -> tuple[float, datetime.datetime]:
        """The first look after an upload that ends now: in Trio's time, and UTC."""
        return self._in(self._unit)

    def next(self, age: float) -> tuple[float, datetime.datetime]:
        """The next look at an upload that was made `age` seconds ago."""
        for look in _LOOKS:
            if age < look * self._unit:
                return self._in(look * self._unit - age)
        return self._in(_OVERDUE * self._unit)

    def is_overdue(self, age: float, *, acknowledged: bool) -> bool:
        """Whether an upload made `age` seconds ago should be there by now."""
        return age >= self._unit * (_OVERDUE if acknowledged else _OVERDUE_UNANSWERED)

    def age(self, item: Item) -> float:
        """Seconds since an item's upload; 0 if the clock was set back in between."""
        assert item.submitted_at is not None
        return max(0.0, (self._world.now() - item.submitted_at).total_seconds())

    def _in(self, seconds: float) -> tuple[float, datetime.datetime]:
        return trio.current_time() + seconds, self._world.now() + datetime.timedelta(seconds=seconds)


class Confirmer:
    """Looks for gazettes in an archive.

    Args:
        archive: The archive.
        schedule: When to look.
    """

    def __init__(self, *, archive: Archive, schedule: LookSchedule) -> None:
        self._archive = archive
        self._schedule = schedule

    async def confirm(self, item: Item) -> Result:
        """Look for a gazette.

        Raises:
            TryAgain: The archive could not be asked. That uses up no attempt: it says nothing about the upload, and a
                failure would have it made a second time.
            GiveUp: It was answered and is long overdue, or it is there with other bytes. It may be tried again.
            Reject: It was taken down.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: a checkpoint; nothing is changed.
        """
        age = self._schedule.age(item)
        found = await self._look(item, since=item.look_due)
        if not isinstance(found, Copy) and await self._is_due_to_be_there(item, age, found):
            # Nothing waits any more, but it may have arrived between the two questions.
            found = await self._look(item, since=trio.current_time())
            if not isinstance(found, Copy):
                return self._missing(item, age, found)
        if isinstance(found, Copy):
            return Result(item, "confirmed", {"url": found.url, "md5": found.md5})
        due, not_before = self._schedule.next(age)
        return Result(item, "absent", not_before=not_before, due=due)

    def _missing(self, item: Item, age: float, found: OtherBytes | None) -> Result:
        if found is not None:
            raise GiveUp(f"handed over, and {found.reason}")
        if item.acknowledged:
            raise GiveUp(f"accepted {age / 3600:.0f} hours ago, and still not in the archive")
        return Result(item, "lost", {"reason": "the upload was cut off and never arrived"})

    async def _look(self, item: Item, *, since: float) -> Copy | OtherBytes | None:
        assert item.checksums is not None
        try:
            return await self._archive.find(item.gazette, item.checksums, since=since)
        except OtherBytes as other:
            # Perhaps what was there before, as long as the new bytes wait in the archive's queue.
            return other
        except TryAgain as error:
            raise TryAgain(error.reason, after=error.after, counts=False) from error

    async def _is_due_to_be_there(self, item: Item, age: float, found: OtherBytes | None) -> bool:
        # What the archive accepts it may take a while to queue, and longer to show; but not in other bytes.
        if found is None and item.acknowledged and not self._schedule.is_overdue(age, acknowledged=True):
            return False
        queued = await self._archive.queued(item.gazette)
        if queued is None:
            return self._schedule.is_overdue(age, acknowledged=item.acknowledged)
        return not queued
