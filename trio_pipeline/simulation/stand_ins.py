"""The court and the archive of a world, which outlive every crash of the program.

This file does not know which network is before them.
"""

from __future__ import annotations

import datetime
import pickle
from collections import defaultdict
from functools import cache

from trio_pipeline.services.archive import Archive
from trio_pipeline.services.court import Court, Publication
from trio_pipeline.services.editions import editions
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.rows import publish_rows
from trio_pipeline.services.uploads import HeldItem
from trio_pipeline.simulation.scenario import EDITIONS, OTHER_BYTES, SIZES, Scenario
from trio_pipeline.simulation.sightings import History, Store

__all__ = ["ACCESS_KEY", "SECRET_KEY", "StandIns", "history_of", "open_stand_ins", "prepare"]

ACCESS_KEY, SECRET_KEY = "ACCESS", "SECRET"

# Some of the editions are of the year before: an item of the archive for each year.
_NEWEST = datetime.date(2025, 1, 16)


class StandIns:
    """The court and the archive.

    Attributes:
        court: The court.
        archive: The archive.

    Args:
        scenario: What they are like.
    """

    def __init__(self, scenario: Scenario) -> None:
        faults = [parse_fault(text) for text in scenario.faults]
        self.court = Court(
            _publications(scenario),
            latency=scenario.latency,
            bandwidth=scenario.bandwidth,
            plan=FaultPlan(faults, seed=scenario.seed),
        )
        self.archive = Archive(
            latency=scenario.latency,
            bandwidth=scenario.bandwidth,
            plan=FaultPlan(faults, seed=scenario.seed),
            queue=scenario.queue,
            keys={ACCESS_KEY: SECRET_KEY},
            items=_held(scenario),
        )

    def calm_down(self) -> None:
        """Let nothing go wrong from now on."""
        self.court.plan = FaultPlan()
        self.archive.plan = FaultPlan()

    def keep(self) -> bytes:
        """All that they know, for `open_stand_ins`."""
        return pickle.dumps(self)

    def stores(self) -> tuple[Store, ...]:
        """Every body that the archive has stored, in the order of their acceptance."""
        stores = [
            Store(file.due - self.archive.queue, f"{item.identifier}/{file.name}", file.md5, file.due)
            for item in self.archive.items()
            for bodies in item.files.values()
            for file in bodies
        ]
        return tuple(sorted(stores, key=lambda store: (store.at, store.name)))


def _held(scenario: Scenario) -> list[HeldItem]:
    """What is in the Internet Archive from the beginning, in items of ours."""
    if scenario.archive != "internet-archive":
        return []
    files: dict[str, dict[str, bytes]] = defaultdict(dict)
    bodies = {one.gazette.id: one.content() for one in _publications(scenario)}
    for name in scenario.held_by(bodies, "same"):
        files[scenario.item_of(name)][f"{name}.pdf"] = bodies[name]
    for name in scenario.held_by(bodies, "other"):
        files[scenario.item_of(name)][f"{name}.pdf"] = OTHER_BYTES
    return [HeldItem(item, held, owner=ACCESS_KEY) for item, held in files.items()]


def open_stand_ins(kept: bytes) -> StandIns:
    """The stand-ins as they were when they were kept."""
    stand_ins = pickle.loads(kept)  # noqa: S301 -- this program's own bytes, from its own pipe
    assert isinstance(stand_ins, StandIns)
    return stand_ins


def prepare() -> None:
    """Make everything that no world differs in; later worlds in this process and its children find it made."""
    for size in SIZES:
        _published(size)


def history_of(scenario: Scenario) -> History:
    """What the court of a world publishes; nothing has happened yet."""
    published = _publications(scenario)
    return History(
        gazettes={one.gazette.id: one.gazette for one in published},
        bodies={one.gazette.id: one.content() for one in published},
        judgements={one.gazette.id: len(one.truth) for one in published},
    )


def _publications(scenario: Scenario) -> tuple[Publication, ...]:
    return tuple(_published(size)[edition] for edition, size in scenario.gazettes)


@cache
def _published(size: int) -> tuple[Publication, ...]:
    return publish_rows(editions(EDITIONS, _NEWEST, seed=1), size)
