"""The stage `listing`: reads what the court lists, year by year, while the run lasts.

It is no part of the life of a gazette: it only makes gazettes known. That nothing new is listed is believed only of a
listing that is whole; everything else is a fault of the court's, which is told, though what did come is used.

This file does not know how the listing is fetched, or what is done to a gazette.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.diario.intake import Intake
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.ledger.court_notes import CourtNotes, ListingNote
from trio_pipeline.diario.listing import Listing, YearListing
from trio_pipeline.diario.listing_years import DAY, court_day, seconds_until_due, years_to_read
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.retry import Done, Failed, GiveUp, Outcome, PutOff, Rejected, TryAgain
from trio_pipeline.telemetry import Telemetry
from trio_pipeline.world import World

__all__ = ["LISTING", "Lister", "TakeUp"]

LISTING = "listing"
"""What the stage is called."""

TakeUp = Callable[[Sequence[Item]], Awaitable[None]]
"""Puts gazettes where their way begins."""

_log = logging.getLogger("trio_pipeline.listing")


class Lister:
    """Reads the listing of every year that the run looks after, again and again.

    Args:
        listing: Where it is read.
        notes: Where every reading is recorded.
        intake: Told what is listed.
        telemetry: Told how long it took.
        world: For the time of day.
        selection: What the user asked for.
        settings: How often, and how old the newest gazette may be.

    Attributes:
        backlog: The years, each from when it is due. A run does not wait for one that is not.
        faults: What is wrong with the listing of each year, as last read; one line for people.
    """

    def __init__(
        self,
        *,
        listing: Listing,
        notes: CourtNotes,
        intake: Intake,
        telemetry: Telemetry,
        world: World,
        selection: Selection,
        settings: Settings,
    ) -> None:
        sign = 1 if selection.oldest_first else -1
        self.backlog: Backlog[int] = Backlog(lambda year: sign * year, patient=False)
        self.faults: dict[int, str] = {}
        self._listing = listing
        self._notes = notes
        self._intake = intake
        self._telemetry = telemetry
        self._world = world
        self._selection = selection
        self._refresh = settings.tjro.refresh
        self._stale_after = settings.tjro.stale_after
        self._patience = settings.run.patience
        self._read_at: Mapping[int, datetime.datetime] = {}
        self._followed: set[int] = set()
        self._due: set[int] = set()
        self._told: set[tuple[int, int, str]] = set()
        self._has_read = trio.Event()

    @property
    def found(self) -> int:
        """How many gazettes were taken up that were not known before."""
        return self._intake.found

    @property
    def held_back(self) -> int:
        """How many gazettes with work to do the limit leaves to other runs."""
        return self._intake.held_back

    @property
    def left(self) -> int:
        """How many years are due and have not been read."""
        return len(self._due)

    async def begin(self) -> None:
        """Find out which years are to be read, and when.

        Cancellation: a checkpoint.
        """
        self._read_at = await self._notes.readings()
        self._follow()
        self._look_whether_read()

    async def wait_read(self) -> None:
        """Return when every year that was due at the beginning has been read, or given up.

        Cancellation: a checkpoint.
        """
        await self._has_read.wait()

    async def choose_first(self) -> Sequence[Item]:
        """See `Intake.choose_first`."""
        return await self._intake.choose_first()

    async def read(self, year: int, take_up: TakeUp) -> YearListing:
        """Read the listing of a year, and take up what is new in it.

        Raises:
            TryAgain: It could not be had this time, or not whole.
            GiveUp: The court has none, or nothing new for too long.
            StopStage: The court must not be asked.
            HostPaused: The court is paused for longer than its pacer's patience.

        Cancellation: what was not taken up is left to the next run.
        """
        listed = await self._listing.read_year(year)
        self._tell_problems(year, listed)
        known = self._intake.known_of(year)
        await take_up(await self._intake.take_in(listed.gazettes))
        if listed.flaw is not None:
            raise TryAgain(listed.flaw)
        missing = {gazette.id for gazette in known} - {gazette.id for gazette in listed.gazettes}
        if missing:
            raise TryAgain(f"it lacks {len(missing)} of {len(known)} gazettes that were known, {max(missing)} for one")
        await self._check_newest(year, listed)
        return listed

    async def record(self, year: int, outcome: Outcome[YearListing], _attempt: int, elapsed: float) -> None:
        """Record what came of a reading, and see to the next one.

        Cancellation: it is recorded, with all that follows, or not.
        """
        note = _note(year, outcome)
        await self._notes.remember_reading(note)
        self._telemetry.observe(LISTING, note.outcome, elapsed)
        is_over = not isinstance(outcome, PutOff) or outcome.delay > self._patience
        if note.reason is None:
            self.faults.pop(year, None)
            _log.info("the listing of %d: %d gazettes, the newest of %s", year, note.rows, note.newest)
        else:
            _log.log(logging.WARNING if is_over else logging.INFO, "the listing of %d: %s", year, note.reason)
            if is_over:
                self.faults[year] = note.reason
        if is_over:
            self._due.discard(year)
            self._put(year, self._refresh if year >= self._today().year else max(self._refresh, DAY))
            self._follow()
            self._look_whether_read()

    def _look_whether_read(self) -> None:
        if not self._due:
            self._has_read.set()

    def _follow(self) -> None:
        """Take up the years that are not looked after yet: at the beginning, and when a new one has begun."""
        now = self._world.now()
        for year in years_to_read(self._selection, self._today(), self._read_at):
            if year not in self._followed:
                self._followed.add(year)
                self._put(year, seconds_until_due(year, now, self._read_at.get(year), refresh=self._refresh))

    def _put(self, year: int, seconds: float) -> None:
        if seconds <= 0:
            self._due.add(year)
        # A closed backlog's stage has ended: another run reads it.
        with suppress(trio.ClosedResourceError):
            self.backlog.put(year, due=trio.current_time() + seconds)

    def _today(self) -> datetime.date:
        return court_day(self._world.now())

    def _tell_problems(self, year: int, listed: YearListing) -> None:
        for problem in listed.problems:
            name = (year, problem.line, problem.reason)
            if name not in self._told:
                self._told.add(name)
                _log.warning(
                    "the listing of %d, row %d: left out: %s", year, problem.line, terminal_safe(problem.reason)
                )

    async def _check_newest(self, year: int, listed: YearListing) -> None:
        """Doubt a listing that ends too early; the court says in another place what its newest edition is."""
        today = self._today()
        tomorrow = today + datetime.timedelta(days=1)
        newest = max((gazette.date for gazette in listed.gazettes if gazette.date <= tomorrow), default=None)
        ends_today = year == today.year and self._selection.holds(today)
        if newest is None:
            newest = await self._newest_before(year)
        if not ends_today or not self._is_stale(newest):
            return
        edition = await self._listing.newest()
        if edition is not None and newest < edition <= tomorrow:
            raise TryAgain(f"it ends on {newest}, though the newest edition is of {edition}")
        raise GiveUp(f"nothing newer than {newest} is listed, and that is longer ago than tjro.stale_after")

    async def _newest_before(self, year: int) -> datetime.date:
        """The newest edition, if it is of the year before: only then there may be nothing to list yet."""
        edition = await self._listing.newest() if year == self._today().year else None
        if edition is None or edition.year != year - 1:
            raise TryAgain("it is empty")
        return edition

    def _is_stale(self, newest: datetime.date) -> bool:
        midnight = datetime.datetime.combine(newest, datetime.time())
        return (self._world.now() - midnight).total_seconds() > self._stale_after


def _note(year: int, outcome: Outcome[YearListing]) -> ListingNote:
    match outcome:
        case Done(listed):
            return ListingNote(year, "read", len(listed.gazettes), listed.newest)
        case PutOff(reason=reason):
            return ListingNote(year, "put_off", reason=reason)
        case Failed(reason=reason) | Rejected(reason=reason):
            return ListingNote(year, "failed", reason=reason)
