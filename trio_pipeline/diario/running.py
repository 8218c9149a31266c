"""A run while it is on, as others see it: its numbers, its knobs, its answers.

This file does not know who looks: a progress display, the control socket or a test.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass

import trio

from trio_pipeline.control import Command, CommandError
from trio_pipeline.diario.archives.ia_room import RoomStatistics
from trio_pipeline.diario.archives.internet_archive import InternetArchive
from trio_pipeline.diario.flow import Flow
from trio_pipeline.diario.hosts import Hosts
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.ledger.queries import QUERIES, Query, Row, resettable
from trio_pipeline.diario.lifecycle import ACHIEVED, SETTLED, Life, StageName
from trio_pipeline.diario.spool import Spool
from trio_pipeline.diario.stages.listing import LISTING
from trio_pipeline.diario.suppression import Suppression, suppression_of
from trio_pipeline.nursery import Pipeline
from trio_pipeline.pacing import PacerStatistics
from trio_pipeline.telemetry import StageTelemetry, Telemetry
from trio_pipeline.world import World

__all__ = ["Running", "StageView", "View"]


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage, as a person sees it. What the listing works on are years, not gazettes.

    Attributes:
        name: The stage.
        at_once: How many gazettes it may work on at once, as the settings have it.
        busy: How many are worked on.
        waiting: How many wait for it, put off ones included.
        done: How many left it with what they came for.
        failed: How many failed or were rejected.
        put_off: Attempts that failed and are or were to be repeated.
        rate: How many left it in a second, over the last minute.
        time_left: Seconds until the others have, if it goes on like this, or None.
        stopped: Why it ended before its work did, or None.
    """

    name: str
    at_once: int
    busy: int
    waiting: int
    done: int
    failed: int
    put_off: int
    rate: float
    time_left: float | None
    stopped: str | None


@dataclass(frozen=True, slots=True)
class View:
    """A run at one moment.

    Attributes:
        run_id: The run.
        stages: Its stages, in the order of the flow.
        hosts: How the hosts are asked, by the name of their group.
        network_gone_since: Since when no host can be reached, in Trio's time; None while one can.
        room: How much room for uploads the archive has said that it has; None if nobody asks for any.
        draining: Whether it takes up nothing new any more.
        clock: Trio's time of that moment, which the hosts' pauses are told in.
    """

    run_id: str
    stages: tuple[StageView, ...]
    hosts: Mapping[str, PacerStatistics]
    network_gone_since: float | None
    room: RoomStatistics | None
    draining: bool
    clock: float


class Running:
    """A run that is on.

    Args:
        ledger: Its ledger.
        flow: Its stages.
        pipeline: What they live in.
        spool: Its PDFs.
        hosts: Whom it talks to.
        telemetry: Its times.
        drain: Has it take up nothing new, and end.
        suppression: The names and numbers that are in no answer, whoever asks.
        world: For the time of day.

    Attributes:
        drain: The same, for who looks.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        flow: Flow,
        pipeline: Pipeline,
        spool: Spool,
        hosts: Hosts,
        telemetry: Telemetry,
        drain: Callable[[], None],
        suppression: Suppression,
        world: World,
    ) -> None:
        self._ledger = ledger
        self._flow = flow
        self._pipeline = pipeline
        self._spool = spool
        self._hosts = hosts
        self._telemetry = telemetry
        self.drain = drain
        self._suppression = suppression
        self._world = world

    def view(self) -> View:
        """How it stands now."""
        telemetry = self._telemetry.snapshot()
        return View(
            run_id=self._ledger.run_id,
            stages=(
                *self._listing_views(telemetry.stages.get(LISTING)),
                *(self._stage_view(name, telemetry.stages.get(name.value)) for name in self._flow.stages),
            ),
            hosts={name: pacer.statistics() for name, pacer in self._hosts.pacers.items()},
            network_gone_since=self._hosts.network.gone_since,
            room=self._hosts.room(),
            draining=self._pipeline.draining,
            clock=trio.current_time(),
        )

    async def retry(self, rows: list[Row]) -> None:
        """Have lives tried again: recorded first, then put where their way begins.

        Cancellation: nothing is recorded, or all of it; what was not put yet is taken up by the next run.
        """
        events = await self._ledger.reset(rows)
        for event in events:
            item = self._flow.items.get(event.diario_id)
            if item is not None and self._flow.looks_after(event):
                item.happen(event.stage, event.outcome)
                item.failed_runs.pop(Life(event.stage.value), None)
                await self._flow.take_up_again(item)

    def commands(self) -> dict[str, Command]:
        """What can be asked of it through the control socket."""
        return {
            "view": self._answer_view,
            "drain": self._answer_drain,
            "retry": self._answer_retry,
            **{name: self._asking(query) for name, query in QUERIES.items()},
        }

    def _stage_view(self, name: StageName, told: StageTelemetry | None) -> StageView:
        waiting = self._flow.waiting(name)
        statistics = self._flow.stages[name].statistics()
        counts = {} if told is None else told.counts
        rates = {} if told is None else told.rates
        return StageView(
            name=name.value,
            at_once=self._flow.at_once(name),
            busy=statistics.busy,
            waiting=waiting,
            done=sum(counts.get(word, 0) for word in ACHIEVED),
            failed=sum(counts.get(word, 0) for word in SETTLED - ACHIEVED),
            put_off=statistics.put_off,
            rate=sum(rates.get(word, 0.0) for word in SETTLED),
            time_left=self._telemetry.time_left(name.value, waiting + statistics.busy, outcomes=SETTLED),
            stopped=statistics.stopped,
        )

    def _listing_views(self, told: StageTelemetry | None) -> Iterator[StageView]:
        """The stage that reads the listing, if there is one. A year that is not due is not waited for."""
        if self._flow.listing is None or self._flow.lister is None:
            return
        waiting = self._flow.lister.backlog.statistics().ready
        statistics = self._flow.listing.statistics()
        counts = {} if told is None else told.counts
        rates = {} if told is None else told.rates
        yield StageView(
            name=LISTING,
            at_once=statistics.workers,
            busy=statistics.busy,
            waiting=waiting,
            done=counts.get("read", 0),
            failed=counts.get("failed", 0),
            put_off=statistics.put_off,
            rate=rates.get("read", 0.0) + rates.get("failed", 0.0),
            time_left=self._telemetry.time_left(LISTING, waiting + statistics.busy, outcomes={"read", "failed"}),
            stopped=statistics.stopped,
        )

    async def _answer_view(self, _arguments: Mapping[str, object]) -> AsyncGenerator[Mapping[str, object], None]:
        view = self.view()
        for stage in view.stages:
            yield {
                "stage": stage.name,
                "workers": stage.at_once,
                "busy": stage.busy,
                "waiting": stage.waiting,
                "done": stage.done,
                "failed": stage.failed,
                "put_off": stage.put_off,
                "per_minute": round(stage.rate * 60, 1),
                "seconds_left": stage.time_left,
                "stopped": stage.stopped,
            }
        now, clock = self._world.now(), trio.current_time()
        telemetry, spool = self._telemetry.snapshot(), self._spool.statistics()
        yield {
            "run": view.run_id,
            "elapsed": round(telemetry.elapsed, 1),
            "spool_files": spool.files,
            "spool_used": spool.used,
            "spool_limit": spool.limit,
            "stalls": telemetry.stalls.count,
            "longest_stall": round(telemetry.stalls.longest, 3),
            "memory": telemetry.memory.resident,
            "network_gone_since": _at(view.network_gone_since, clock, now),
        }
        for name, host in view.hosts.items():
            yield {
                "host": name,
                "requests": host.started,
                "interval": round(host.interval, 3),
                "paused_since": _at(host.paused_since, clock, now),
                "paused_until": _at(host.paused_until, clock, now),
                "reason": host.reason,
            }

        if view.room is not None:
            yield _room_row(view.room, clock, now)

    async def _answer_drain(self, _arguments: Mapping[str, object]) -> AsyncGenerator[Mapping[str, object], None]:
        self.drain()
        yield {"draining": True}

    async def _answer_retry(self, arguments: Mapping[str, object]) -> AsyncGenerator[Mapping[str, object], None]:
        rows = await self._read(resettable, arguments)
        await self.retry(rows)
        for row in rows:
            yield row

    def _asking(self, query: Query) -> Command:
        async def answer(arguments: Mapping[str, object]) -> AsyncGenerator[Mapping[str, object], None]:
            for row in await self._read(query, self._with_own_list(arguments)):
                yield row

        return answer

    def _with_own_list(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """The arguments, with the run's own names and numbers to suppress beside those of whoever asks."""
        try:
            both = self._suppression | suppression_of(arguments.get("suppress"))
        except ValueError as error:
            raise CommandError(str(error)) from None
        return {**arguments, "suppress": sorted(both.keys)}

    async def _read(self, query: Query, arguments: Mapping[str, object]) -> list[Row]:
        try:
            return await self._ledger.read(lambda connection: query(connection, arguments))
        except ValueError as error:
            raise CommandError(str(error)) from None


def _at(moment: float | None, clock: float, now: datetime.datetime) -> str | None:
    """A moment of Trio's clock as time of day, UTC."""
    if moment is None:
        return None
    return f"{(now + datetime.timedelta(seconds=moment - clock)).isoformat(timespec='seconds')}Z"


def _room_row(room: RoomStatistics, clock: float, now: datetime.datetime) -> Mapping[str, object]:
    row: dict[str, object] = {
        "archive": InternetArchive.target,
        "room": room.room,
        "asked_at": _at(room.asked_at, clock, now),
        "closed_since": _at(room.closed_since, clock, now),
        "reason": room.reason or None,
    }
    limits = room.limits
    if limits is not None:
        row |= {
            "queued": limits.account.queued,
            "ration": limits.account.ration,
            "queued_by_all": limits.everybody.queued,
            "ration_of_all": limits.everybody.ration,
            "over_limit": limits.over_limit,
        }
    return row
