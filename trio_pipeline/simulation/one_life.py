"""One life of the program: a run of the main job in a simulated world, watched from all sides.

This file does not know what is right: it takes down what happens. It does not know how the life ends either.
"""

from __future__ import annotations

import errno
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import trio

from trio_pipeline._defects import leaves
from trio_pipeline.db_thread import DatabaseInUse, DatabaseUnusable
from trio_pipeline.diario.credentials import Secret, Secrets
from trio_pipeline.diario.job import Job
from trio_pipeline.diario.run import Report, run
from trio_pipeline.diario.running import Running
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.services.connection import STATE_KEY, Connection
from trio_pipeline.services.service import Service
from trio_pipeline.simulation.people import People
from trio_pipeline.simulation.scenario import LifePlan, Place, Scenario
from trio_pipeline.simulation.sightings import History, Sightings
from trio_pipeline.simulation.stand_ins import ACCESS_KEY, SECRET_KEY, StandIns
from trio_pipeline.simulation.watched_transport import WatchedTransport
from trio_pipeline.testing.http_server import serve_asgi
from trio_pipeline.testing.lives import Life
from trio_pipeline.testing.memory_streams import MemoryStream
from trio_pipeline.testing.weather import Outage, Weather
from trio_pipeline.testing.world import Chances, SimulatedWorld
from trio_pipeline.world import World

__all__ = ["SIGHTINGS", "STAND_INS", "chances_of", "lead"]

SIGHTINGS, STAND_INS = "sightings", "stand-ins"
"""The names of what outlives a life."""

_COURT, _UPLOADS, _READS = "court.localhost", "s3.localhost", "metadata.localhost"
_GROUPS = {_COURT: "tjro", _UPLOADS: "internet-archive uploads", _READS: "internet-archive reads"}
_OUTAGES = {"court": _COURT, "archive": "[sm]*.localhost", "network": None}
_SECRETS = Secrets(archive_access=Secret(ACCESS_KEY), archive_secret=Secret(SECRET_KEY), model=None, sources={})
_HOUR = 3600.0
_INTERRUPT_AGAIN = 0.01  # seconds after which the last task sees that the read that it was to interrupt is over
_EXPECTED_SIZE = 4_000  # bytes: more than some gazettes have, less than others


def chances_of(scenario: Scenario, plan: LifePlan, began: float) -> Chances:
    """What goes wrong in a life that begins at that time, in the words of the world."""
    if plan.is_calm:
        return Chances(worker_seconds=(0.0, 1.0))
    return Chances(
        disk_capacity=10**12 if plan.room is None else plan.room,
        disk_error=plan.disk_error,
        short_read=0.1,
        busy_database=plan.busy_database,
        full_database=plan.full_database,
        slow_thread=0.02 * scenario.weather,
        worker_death=scenario.worker_death,
        worker_seconds=(0.0, 2.0),
        weather=_weather(scenario.weather),
        outages=tuple(
            Outage(began + outage.after, began + outage.after + outage.length, _OUTAGES[outage.whose])
            for outage in plan.outages
        ),
    )


def _weather(badness: float) -> Weather:
    if not badness:
        return Weather()
    chance = 0.04 * badness
    return Weather(
        latency=(0.01, 0.3),
        refused=chance,
        unreachable=chance / 2,
        request_reset=chance,
        answer_reset=chance,
        truncated=chance,
        garbled=chance / 2,
        stalled=chance,
        answer_lost=chance,
        first_bytes=(1, 5_000),
    )


async def lead(
    life: Life, *, scenario: Scenario, plan: LifePlan, stand_ins: StandIns, history: History, directory: Path
) -> Report:
    """Live one life: open a world, put the stand-ins into it, and do the job.

    Args:
        life: What the life knows of itself.
        scenario: The world's.
        plan: The life's.
        stand_ins: As the life before has left them.
        history: What the court publishes.
        directory: Where the files of all lives are.
    """
    # Only this process, which ends with the life.
    logging.disable()
    sightings = Sightings()
    warnings.simplefilter("always", ResourceWarning)
    warnings.showwarning = partial(_see_warning, sightings)
    life.keep(SIGHTINGS, lambda: sightings)
    life.keep(STAND_INS, stand_ins.keep)
    async with life.open_world(directory, chances=chances_of(scenario, plan, life.start)) as simulated:
        watch = _Watch(life, simulated, scenario, plan, sightings)
        watch.listen(stand_ins)
        people = People(plan.acts, sightings, life.trace)
        job = Job(
            gazettes=list(history.gazettes.values()),
            selection=Selection(limit=plan.limit),
            settings=settings_of(scenario, directory),
            secrets=_SECRETS,
        )
        try:
            report = await run(job, watch.world(), watchers=[watch.follow, people.watch], interrupts=people.signals)
        except BaseException as error:
            sightings.disk_failed = all(_is_of_the_disk(leaf, plan) for leaf in leaves(error))
            raise
        finally:
            sightings.ended = trio.current_time()
            watch.see_counts()
            sightings.left_over += await watch.left_over()
        sightings.ended_by, sightings.reported = report.ended_by, report.counts
        life.trace.note("report", report.ended_by, report.counts)
        return report


def _see_warning(sightings: Sightings, message: Warning | str, *_more: object) -> None:
    """Take down what Python and Trio find left open where nothing else would tell: files, asynchronous generators."""
    sightings.left_over.append(str(message).partition("\n")[0])


def settings_of(scenario: Scenario, directory: Path) -> Settings:
    """The settings of all runs in a world."""
    return Settings.model_validate(
        {
            "run": {
                "db": directory / "diarios.duckdb",
                "spool": directory / "spool",
                "text": directory / "text",
                "spool_limit": scenario.spool_limit,
                "grace": scenario.grace,
                "patience": scenario.patience,
            },
            "retry": {"runs": scenario.runs},
            "tjro": {
                "base_url": f"http://{_COURT}",
                "interval": scenario.court_interval,
                "workers": scenario.download_workers,
                "expected_size": _EXPECTED_SIZE,
            },
            "archive": {
                "kind": scenario.archive,
                "folder": directory / "archive",
                "s3_url": f"http://{_UPLOADS}",
                "metadata_url": f"http://{_READS}",
                "interval": scenario.archive_interval,
                "workers": scenario.archive_workers,
                "layout": scenario.layout,
                "confirm_after": scenario.confirm_after,
            },
            "extract": {
                "kind": "rules" if scenario.extract else "none",
                "workers": scenario.extract_workers,
            },
        }
    )


class _Watch:
    """Sees what a life does to its world."""

    def __init__(
        self, life: Life, simulated: SimulatedWorld, scenario: Scenario, plan: LifePlan, sightings: Sightings
    ) -> None:
        self._crash_after = plan.crash_after
        self._happened: Counter[Place] = Counter()
        self._life = life
        self._simulated = simulated
        self._scenario = scenario
        self._sightings = sightings
        self._running: Running | None = None
        self._spool = simulated.files.root / "spool"
        self._spooled = 0
        sightings.found = sorted(path.name for path in simulated.files.root.glob("[as]*/**/*.part"))
        # A crash leaves one, and who cannot open the database gets no further than this.
        self._had_socket = any(simulated.files.root.glob("*.sock"))
        simulated.files.watch = self._see_files
        life.before_crash(self.see_counts)
        simulated.databases.watch = self._see_statement

    def world(self) -> World:
        """What the program gets."""
        return replace(self._simulated.world, open_transport=self._open_transport)

    def _open_transport(self) -> WatchedTransport:
        transport = self._simulated.network.transport()
        return WatchedTransport(transport, self._sightings, self._life.trace, _GROUPS, self._see_request)

    def listen(self, stand_ins: StandIns) -> None:
        """Put the stand-ins where the settings look for them."""
        for host, app in ((_COURT, stand_ins.court), (_UPLOADS, stand_ins.archive), (_READS, stand_ins.archive)):
            self._simulated.network.listen(host, 80, partial(_serve, app))

    async def follow(self, running: Running) -> None:
        """Have a look at a run that has begun."""
        self._running = running
        self._sightings.run_id = running.view().run_id
        await trio.sleep_forever()

    async def left_over(self) -> list[str]:
        """What is open that should be closed by now."""
        await trio.sleep(_INTERRUPT_AGAIN)
        left = [*self._open_things(), *_tasks_left()]
        if self._simulated.network.open_streams:
            # Whoever serves a connection learns only after a while that the other end was closed.
            await trio.sleep(_HOUR)
            if self._simulated.network.open_streams:
                left.append(f"{self._simulated.network.open_streams} ends of connections are left open")
        return left

    def _open_things(self) -> Iterator[str]:
        simulated = self._simulated
        counts = {
            "files": simulated.files.open_files,
            "database connections": simulated.databases.open_connections,
            "threads": simulated.threads.open_owners,
            "calls in worker processes": simulated.processes.running,
            "pools of worker processes": simulated.processes.open_pools,
        }
        yield from (f"{count} {name} are left open" for name, count in counts.items() if count)
        yield from (
            f"{path.name} is left" for path in sorted(simulated.files.root.glob("*.sock")) if not self._had_socket
        )

    def _see_effect(self, where: Place) -> None:
        """Something has been done that a crash right now may leave half known."""
        self._happened[where] += 1
        if self._crash_after is not None and self._crash_after[:2] == (where, self._happened[where]):
            self._life.crash_at = self._life.step + 1 + self._crash_after[2]

    def _see_statement(self, statement: str) -> None:
        if statement == "COMMIT":
            self._see_effect("database")

    def _see_files(self, directory: Path, size: int) -> None:
        place = directory.relative_to(self._simulated.files.root).parts[:1]
        match place:
            case ("spool" | "archive" | "text" as where,):
                self._see_effect(where)
        if directory != self._spool:
            return
        grows, self._spooled = size > self._spooled, size
        limit = self._scenario.spool_limit
        if grows and size > limit and sum(path.stat().st_size > 0 for path in directory.iterdir()) > 1:
            self._sightings.excesses.append(f"{size} bytes in the spool, whose limit is {limit}")

    def _see_request(self) -> None:
        self._see_effect("network")
        if self._running is None:
            return
        for stage in self._running.view().stages:
            if stage.waiting > len(self._scenario.gazettes):
                self._sightings.excesses.append(f"{stage.waiting} gazettes wait for {stage.name}")
            if stage.busy > stage.at_once + 1:
                self._sightings.excesses.append(f"{stage.busy} gazettes are worked on by {stage.name}")

    def see_counts(self) -> None:
        if self._running is not None:
            self._sightings.told = {
                stage.name: {"done": stage.done, "failed": stage.failed, "put_off": stage.put_off}
                for stage in self._running.view().stages
            }


async def _serve(app: Service, stream: MemoryStream) -> None:
    connection = Connection(stream)
    await serve_asgi(app, connection, state={STATE_KEY: connection})


def _tasks_left() -> Iterator[str]:
    """Tasks beside this one, those that serve connections and Trio's own."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    here = trio.lowlevel.current_task()
    tasks = [root]
    for task in tasks:
        tasks += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        if task not in {root, here} and not task.name.startswith(("connection ", "<", "trio.")):
            yield f"the task {task.name} is left"


def _is_of_the_disk(error: BaseException, plan: LifePlan) -> bool:
    """Whether an error says that something fails which fails in this life."""
    match error:
        case OSError(errno=errno.ENOSPC):
            return plan.room is not None
        case OSError(errno=errno.EIO):
            return plan.disk_error > 0
        case DatabaseUnusable():
            return plan.full_database > 0
        case DatabaseInUse():
            return plan.busy_database > 0
        case _:
            return False
