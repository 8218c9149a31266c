"""The flow: which stages there are, what feeds what, and when all of it is over.

    listing ─► download ─┬─► archive ─► confirm
                         └─► extract ─► model

What waits for a stage is an item in its backlog, handed out by date. The stages feed each other in a circle (an upload
that is found to be lost is archived again, and its PDF may have to be brought back first), so the backlogs are closed
together, when all of them are idle at once. Where the court's listing is read, what waits are years, which make
gazettes known.

This file does not know what the stages do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import trio
from trio_util import move_on_when

from trio_pipeline.channels import Backlog, close_together
from trio_pipeline.diario.court_answers import what_to_do
from trio_pipeline.diario.exchange import Stalled
from trio_pipeline.diario.items import Branches, Item, following, starting_stages
from trio_pipeline.diario.ledger.events import Event
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.lifecycle import Life, StageName, State, life_of
from trio_pipeline.diario.listing import YearListing
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.archive import Archiver
from trio_pipeline.diario.stages.bookkeeping import Bookkeeper, Result
from trio_pipeline.diario.stages.confirm import Confirmer
from trio_pipeline.diario.stages.download import Downloader
from trio_pipeline.diario.stages.extract import Extracted, Extractor
from trio_pipeline.diario.stages.listing import LISTING, Lister
from trio_pipeline.diario.stages.model import ModelReader
from trio_pipeline.nursery import Pipeline, Stage
from trio_pipeline.pacing import HostPaused, Network
from trio_pipeline.retry import Done, Outcome, RetryPolicy, StopStage, TryAgain
from trio_pipeline.world import World

__all__ = ["Flow"]


class Flow:
    """The stages of one run.

    Args:
        branches: What is on.
        settings: Numbers of workers and attempts, and pauses.
        ledger: Where everything is recorded.
        spool: Where PDFs lie.
        bookkeeper: Records outcomes.
        lister: What `listing` does; None if it is off.
        downloader: What `download` does.
        archiver: What `archive` does; None if it is off.
        confirmer: What `confirm` does; None if it is off.
        extractor: What `extract` does; None if it is off.
        model_reader: What `model` does; None if it is off.
        network: Whether anybody has been heard.
        world: For the time of day.
        selection: What the user asked for.

    Attributes:
        items: What this run has taken up, by id.
        stages: The stages that gazettes go through.
        listing: The stage that makes gazettes known; None if it is off or has not begun.
        lister: What that stage does.
    """

    def __init__(
        self,
        *,
        branches: Branches,
        settings: Settings,
        ledger: Ledger,
        spool: Spool,
        bookkeeper: Bookkeeper,
        lister: Lister | None,
        downloader: Downloader,
        archiver: Archiver | None,
        confirmer: Confirmer | None,
        extractor: Extractor | None,
        model_reader: ModelReader | None,
        network: Network,
        world: World,
        selection: Selection,
    ) -> None:
        self._branches = branches
        self._settings = settings
        self._ledger = ledger
        self._spool = spool
        self._bookkeeper = bookkeeper
        self.lister = lister
        self._downloader = downloader
        self._archiver = archiver
        self._confirmer = confirmer
        self._extractor = extractor
        self._model_reader = model_reader
        self._network = network
        self._world = world
        self._sign = 1 if selection.oldest_first else -1
        self._is_limited = selection.limit is not None
        self.items: dict[str, Item] = {}
        self._backlogs: dict[StageName, Backlog[Item]] = {}
        self._at_once: dict[StageName, int] = {}
        self.stages: dict[StageName, Stage[Item, Result]] = {}
        self.listing: Stage[int, YearListing] | None = None

    async def run(self, pipeline: Pipeline, items: Iterable[Item]) -> None:
        """Start the stages, put every item where its way begins, and return when nothing is left that may be done now.

        Args:
            pipeline: Where the stages live.
            items: What this run takes up; with a lister, that says it.

        Cancellation: the backlogs stay as they are; the stages end with the pipeline.
        """
        self._start(pipeline)
        backlogs: list[Backlog[Any]] = [*self._backlogs.values()]
        if self.lister is not None:
            # First, so that the newest gazette does not wait for those that are known.
            self.listing = self._start_listing(pipeline, self.lister)
            backlogs.append(self.lister.backlog)
            items = await self._choose(self.lister, self.listing)
        await self._take_up_new(items)
        async with trio.open_nursery() as nursery:
            for name, stage in self.stages.items():
                if name is not StageName.CONFIRM:
                    nursery.start_soon(self._watch, name, stage)
            nursery.start_soon(close_together, *backlogs)

    async def take_up_again(self, item: Item) -> None:
        """Put an item that was reset where its way begins; what is for a stage that has ended is left to another run.

        Cancellation: a checkpoint.
        """
        item.left.clear()
        item.not_before.clear()
        await self._take_up(item)

    async def _take_up_new(self, items: Iterable[Item]) -> None:
        """Put items where their way begins that this run has not taken up before."""
        new = {item.gazette.id: item for item in items}
        self.items |= new
        for item in new.values():
            await self._take_up(item)

    async def _take_up(self, item: Item) -> None:
        for stage in starting_stages(item, self._branches, has_pdf=item.gazette.id in self._spool):
            self._put_when_due(stage, item)
        await self._bookkeeper.settle(item)

    def looks_after(self, event: Event) -> bool:
        """Whether an event is about a life that this run looks after."""
        if event.target is not None:
            return event.target == self._branches.archive
        return event.stage is not StageName.EXTRACT or self._branches.reader is not None

    def at_once(self, stage: StageName) -> int:
        """How many gazettes a stage may work on at once, as the settings have it."""
        return self._at_once[stage]

    def waiting(self, stage: StageName) -> int:
        """How many items wait for a stage, or are put off until later in this run."""
        backlog = self._backlogs.get(stage)
        if backlog is None:
            return 0
        statistics = backlog.statistics()
        return statistics.ready + statistics.delayed

    def left(self) -> Mapping[StageName, int]:
        """How many of the items have yet to go through each stage, whichever way the run has ended."""
        return Counter(
            stage
            for item in self.items.values()
            for stage in starting_stages(item, self._branches, has_pdf=item.gazette.id in self._spool)
        )

    def _start(self, pipeline: Pipeline) -> None:
        settings = self._settings
        self._start_stage(pipeline, StageName.DOWNLOAD, self._downloader.download, settings.tjro.workers, spare=1)
        if self._archiver is not None and self._confirmer is not None:
            # Nothing else counts what goes into a folder.
            spare = 0 if settings.archive.kind == "folder" else 1
            self._start_stage(
                pipeline, StageName.ARCHIVE, self._archiver.archive, settings.archive.workers, spare=spare
            )
            self._start_stage(pipeline, StageName.CONFIRM, self._confirmer.confirm, 1)
        if self._extractor is not None:
            # No process waits while what it has read is stored and recorded.
            self._start_stage(pipeline, StageName.EXTRACT, self._extractor.extract, settings.extract.workers, spare=1)
        if self._model_reader is not None:
            self._start_stage(pipeline, StageName.MODEL, self._model_reader.read, settings.model.workers)

    def _start_stage(
        self,
        pipeline: Pipeline,
        name: StageName,
        work: Callable[[Item], Awaitable[Result]],
        at_once: int,
        *,
        spare: int = 0,
    ) -> None:
        """Start a stage.

        Args:
            pipeline: Where it lives.
            name: Which one.
            work: What it does to an item.
            at_once: How many items it may work on at once, as the settings have it.
            spare: Workers besides, where it is requests or processes that count, and somebody else counts them: what is
                done around a request (looking, checking, recording) takes some ten milliseconds and more, and does not
                hold the next one up.
        """
        # What was submitted is looked for when it is due, by this run or by another: nothing waits for that.
        backlog: Backlog[Item] = Backlog(self._rank, patient=name is not StageName.CONFIRM)
        self._backlogs[name] = backlog
        self._at_once[name] = at_once

        async def handle(item: Item) -> Result:
            try:
                with _heeding_pauses(is_of_the_court=name is StageName.DOWNLOAD):
                    result = await work(item)
            except Stalled as error:
                raise self._in_doubt(item, error) from error
            item.was_stalled = False
            return result

        async def record(item: Item, outcome: Outcome[Result], attempt: int, elapsed: float) -> None:
            await self._bookkeeper.record(item, name, outcome, attempt, elapsed, self._write_reading(outcome))

        self.stages[name] = pipeline.start_stage(
            name.value,
            handle,
            source=backlog,
            sink=_Router(self, name),
            workers=at_once + spare,
            policy=RetryPolicy(
                attempts=self._settings.retry.attempts,
                hold=self._settings.retry.hold,
                patience=self._settings.run.patience,
            ),
            record=record,
        )

    def _start_listing(self, pipeline: Pipeline, lister: Lister) -> Stage[int, YearListing]:
        async def handle(year: int) -> YearListing:
            with _heeding_pauses(is_of_the_court=True):
                return await lister.read(year, self._take_up_new)

        patience = self._settings.run.patience
        return pipeline.start_stage(
            LISTING,
            handle,
            source=lister.backlog,
            # A year that has to wait is held all the while: what is put back and not due keeps no run from ending.
            policy=RetryPolicy(attempts=self._settings.retry.attempts, hold=patience, patience=patience),
            record=lister.record,
        )

    async def _choose(self, lister: Lister, listing: Stage[int, YearListing]) -> Sequence[Item]:
        """What is to be taken up of what is known; with a limit, that depends on what is listed besides."""
        await lister.begin()
        if self._is_limited:
            async with move_on_when(listing.wait_ended):
                await lister.wait_read()
        return await lister.choose_first()

    def _in_doubt(self, item: Item, error: Stalled) -> TryAgain:
        """Whether a silence uses up an attempt.

        If nobody else was heard in its second half, our own network may have gone: all who are silent then have not
        fallen silent at the same moment. The next attempt will show that: its connection fails, or it is answered. So
        the first silence of a gazette in a row uses up none, and a file that always stalls fails all the same.
        """
        since = error.silent_since
        if not error.counts or since is None or item.was_stalled:
            return error
        if self._network.heard_since((since + trio.current_time()) / 2):
            return error
        item.was_stalled = True
        return TryAgain(error.reason, after=error.after, counts=False)

    def _write_reading(self, outcome: Outcome[Result]) -> Callable[[Event], Awaitable[None]] | None:
        """What records a reading together with its event."""
        if not (isinstance(outcome, Done) and isinstance(outcome.result, Extracted)):
            return None
        parts = outcome.result.parts

        async def write(event: Event) -> None:
            await self._ledger.record_extraction(event, parts)

        return write

    async def _watch(self, name: StageName, stage: Stage[Item, Result]) -> None:
        """Draw the consequences of a stage that ends before its work does."""
        await stage.wait_ended()
        if stage.stopped is None or name in {StageName.DOWNLOAD, StageName.MODEL}:
            return
        # PDFs that wait for this stage stay where they are: who finds no room must not wait for it.
        self._spool.freeze()
        branches = [self.stages[StageName(life.value)] for life in self._branches.lives]
        if all(branch.stopped is not None for branch in branches):
            self.stages[StageName.DOWNLOAD].stop(f"all that it feeds has ended: {stage.stopped}")

    def route(self, stage: StageName, result: Result) -> None:
        """Hand a result on to the stages that come next."""
        item = result.item
        for next_stage in following(item, self._branches, stage, has_pdf=item.gazette.id in self._spool):
            if result.due is not None:
                self._put(next_stage, item, due=result.due)
            else:
                self._put_when_due(next_stage, item)

    def _put_when_due(self, stage: StageName, item: Item) -> None:
        """Have a stage work on an item when the record says that it may, or leave it to another run."""
        lives = self._lives_served(item, stage)
        due = min(self._due(item, life) for life in lives)
        if due <= trio.current_time() + self._settings.run.patience or stage is StageName.CONFIRM:
            self._put(stage, item, due=due)
        else:
            item.left.update(lives)

    def _lives_served(self, item: Item, stage: StageName) -> Collection[Life]:
        """The lives that wait for a stage: a PDF is brought back for the sake of others."""
        if stage is StageName.DOWNLOAD and item.state(Life.DOWNLOAD) is not State.PENDING:
            return [life for life in self._branches.lives if item.waits_for_pdf(life)]
        return [life_of(stage)]

    def _put(self, stage: StageName, item: Item, *, due: float) -> None:
        if stage in item.queued:
            return
        # A closed backlog's stage has ended: what comes now is taken up by the next run.
        with suppress(trio.ClosedResourceError):
            self._backlogs[stage].put(item, due=due)
            item.queued.add(stage)
            if stage is StageName.CONFIRM:
                item.look_due = due

    def _due(self, item: Item, life: Life) -> float:
        not_before = item.not_before.get(life)
        if not_before is None:
            return -math.inf
        return trio.current_time() + (not_before - self._world.now()).total_seconds()

    def _rank(self, item: Item) -> tuple[int, str]:
        return self._sign * item.gazette.date.toordinal(), item.gazette.id


@contextmanager
def _heeding_pauses(*, is_of_the_court: bool) -> Iterator[None]:
    """End the stage when nobody is to wait any longer for the host that it needs."""
    try:
        yield
    except HostPaused as error:
        if error.let_go:
            raise StopStage(f"{error.reason}; the run is ending") from error
        minutes = max(1, round((error.until - trio.current_time()) / 60))
        reason = f"{error.reason}; the next try, {minutes} min from now, is beyond run.patience"
        advice = f". What to do: {what_to_do(error)}" if is_of_the_court else ""
        raise StopStage(reason + advice) from error


class _Router:
    """Where a stage's results go."""

    def __init__(self, flow: Flow, stage: StageName) -> None:
        self._flow = flow
        self._stage = stage

    async def send(self, value: Result) -> None:
        self._flow.route(self._stage, value)

    def close(self) -> None:
        """Nothing: the backlogs close together."""
