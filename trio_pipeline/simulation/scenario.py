"""What a world will be like, drawn from its seed: who publishes what, what goes wrong, who presses keys.

Pure: nothing happens here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Act", "LifePlan", "Outage", "Scenario", "ScheduleKind", "draw_scenario"]

ArchiveKind: TypeAlias = Literal["folder", "internet-archive", "none"]
Layout: TypeAlias = Literal["year", "edition"]
ScheduleKind: TypeAlias = Literal["walk", "priorities", "order"]
ActKind: TypeAlias = Literal["signal", "drain", "view", "stats", "failures", "decisions", "retry"]

HOUR = 3600.0
DAY = 24 * HOUR

# Indices into the editions and the lengths of bodies that `stand_ins` publishes.
EDITIONS = 24
SIZES = (3_000, 4_200, 9_000)

_EVERYWHERE = ("refuse", "malformed", "reset", "stall", "unavailable")
_COURT_FAULTS = (*_EVERYWHERE, "truncate", "block-page")
_UPLOAD_FAULTS = (
    *_EVERYWHERE,
    "answer-lost",
    "slow-down",
    "item-slow-down",
    "spam",
    "bucket-lock",
    "bad-content",
    "redirect",
)
_ASKING_TO_WAIT = frozenset({"unavailable", "slow-down", "item-slow-down"})
_RARE = frozenset({"spam", "bad-content", "block-page"})
"""They end much of what would come after them."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does.

    Attributes:
        after: Seconds since the flow began.
        what: What.
        patience: Steps after which the person gives up on the answer; None waits for it.
    """

    after: float
    what: ActKind
    patience: int | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without a host, or without our own network.

    Attributes:
        whose: `court`, `archive` or `network`.
        after: Seconds since the life began.
        length: Seconds.
    """

    whose: Literal["court", "archive", "network"]
    after: float
    length: float


@dataclass(frozen=True, slots=True)
class LifePlan:
    """One life of the program, from its start to its end or its crash.

    Attributes:
        pause: Seconds that nobody runs it before.
        crash_at: The step before which it is killed, if it gets there; None lets it live.
        schedule: How the next step is chosen.
        acts: What people do meanwhile, in order.
        outages: What cannot be reached when.
        room: Bytes that the disk takes before it is full; None has no end.
        limit: The most gazettes to take up; None takes all.
        is_calm: Whether nothing goes wrong.
    """

    pause: float = 0.0
    crash_at: int | None = None
    schedule: ScheduleKind = "walk"
    acts: tuple[Act, ...] = ()
    outages: tuple[Outage, ...] = ()
    room: int | None = None
    limit: int | None = None
    is_calm: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world before it begins.

    Attributes:
        seed: What it was drawn from.
        gazettes: What the court publishes: the number of an edition, and the length of its PDF in bytes.
        archive: The kind of archive.
        layout: Of the Internet Archive's items.
        extract: Whether judgements are read.
        download_workers: As the settings have them.
        archive_workers: As the settings have them.
        extract_workers: As the settings have them.
        court_interval: Seconds between requests to the court.
        archive_interval: Seconds between requests to the archive.
        spool_limit: Bytes.
        confirm_after: Seconds.
        grace: Seconds.
        patience: Seconds.
        runs: In how many runs a gazette may fail.
        latency: Seconds that the stand-ins take to answer.
        bandwidth: Bytes a second of each body, or None.
        queue: Seconds from the acceptance of an upload until it can be seen.
        faults: What the stand-ins do wrong, as `services` reads it.
        weather: How bad the network is: 0 is calm, 1 is bad.
        worker_death: The chance that a worker process dies during a call.
        lives: The lives in which things go wrong.
    """

    seed: int
    gazettes: tuple[tuple[int, int], ...]
    archive: ArchiveKind
    layout: Layout
    extract: bool
    download_workers: int
    archive_workers: int
    extract_workers: int
    court_interval: float
    archive_interval: float
    spool_limit: int
    confirm_after: float
    grace: float
    patience: float
    runs: int
    latency: float
    bandwidth: float | None
    queue: float
    faults: tuple[str, ...]
    weather: float
    worker_death: float
    lives: tuple[LifePlan, ...]


def draw_scenario(seed: int) -> Scenario:
    """The world of a seed."""
    dice = random.Random(f"{seed} scenario")
    archive: ArchiveKind = dice.choice(["folder", "internet-archive", "internet-archive", "internet-archive", "none"])
    editions = dice.sample(range(EDITIONS), dice.randint(2, 8))
    gazettes = tuple((edition, dice.choice(SIZES)) for edition in sorted(editions))
    largest = max(size for _, size in gazettes)
    return Scenario(
        seed=seed,
        gazettes=gazettes,
        archive=archive,
        layout=dice.choice(["year", "edition"]),
        extract=archive == "none" or dice.random() < 0.5,
        download_workers=dice.randint(1, 3),
        archive_workers=dice.randint(1, 3),
        extract_workers=dice.randint(1, 2),
        court_interval=dice.choice([0.0, 0.5, 2.0]),
        archive_interval=dice.choice([0.0, 0.0, 0.5]),
        # From one that the largest does not fit into to one that is never full.
        spool_limit=dice.choice([largest - 500, largest, 2 * largest, 3 * largest + 100, 10_000_000]),
        confirm_after=dice.choice([5.0, 60.0, 300.0]),
        grace=dice.choice([0.0, 5.0, 60.0]),
        patience=dice.choice([60.0, 600.0, 1800.0]),
        runs=dice.choice([2, 5, 5]),
        latency=dice.choice([0.0, 0.05, 3.0]),
        bandwidth=dice.choice([None, None, 2_000.0]),
        queue=dice.choice([0.0, 30.0, HOUR, DAY]),
        faults=_faults(dice, archive),
        weather=dice.choice([0.0, 0.0, 0.3, 1.0]),
        worker_death=dice.choice([0.0, 0.0, 0.1, 0.3]),
        lives=tuple(_life(dice, number) for number in range(dice.randint(1, 4))),
    )


def _faults(dice: random.Random, archive: ArchiveKind) -> tuple[str, ...]:
    """Some of what the stand-ins can do wrong, each now and then, a few times, or for a while."""
    places = [("tjro", name) for name in _COURT_FAULTS]
    if archive == "internet-archive":
        places += [("archive", name) for name in _UPLOAD_FAULTS]
        places += [("archive-metadata", name) for name in _EVERYWHERE]
        places += [("archive-limit", name) for name in ("unavailable", "reset", "over-limit")]
        places += [("archive-download", name) for name in ("unavailable", "truncate")]
    chosen = dice.sample(places, dice.choice([0, 2, 4, 7]))
    if archive == "internet-archive" and dice.random() < 0.5:
        # What leaves it open whether an upload has arrived is what most can go wrong with.
        chosen.insert(0, ("archive", dice.choice(["answer-lost", "answer-lost", "stall", "reset", "redirect"])))
    return tuple(_fault(dice, place, name) for place, name in chosen)


def _fault(dice: random.Random, place: str, name: str) -> str:
    after = f"@{dice.randint(0, 6)}"
    amount = "1x" if name in _RARE else dice.choice(["0.1", "0.3", "2x", "4x", "20s", "200s", "2000s"])
    seconds = (
        dice.choice([None, 3, 20, 40, 700, 2000]) if name in {"unavailable", "slow-down", "item-slow-down"} else None
    )
    return f"{place}:{name}={amount}{after}" + (f",retry-after={seconds}" if seconds else "")


def _life(dice: random.Random, number: int) -> LifePlan:
    return LifePlan(
        pause=dice.choice([30.0, 600.0, 5 * HOUR, 2 * DAY]) if number else 0.0,
        # Lives have some hundred steps, sometimes thousands; what is rare lies at their beginnings and ends as well.
        crash_at=round(10 ** dice.uniform(1.3, 3.2)) if dice.random() < 0.7 else None,
        schedule=dice.choice(["walk", "walk", "priorities", "order"]),
        acts=tuple(sorted((_act(dice) for _ in range(dice.choice([0, 0, 1, 3]))), key=lambda act: act.after)),
        outages=tuple(_outage(dice) for _ in range(dice.choice([0, 0, 0, 1]))),
        room=dice.randint(1_000, 60_000) if dice.random() < 0.05 else None,
        limit=dice.randint(1, 3) if dice.random() < 0.1 else None,
    )


def _act(dice: random.Random) -> Act:
    kinds: tuple[ActKind, ...] = (
        "signal",
        "signal",
        "drain",
        "view",
        "view",
        "stats",
        "failures",
        "decisions",
        "retry",
        "retry",
    )
    patience = dice.choice([None, dice.randint(0, 30)])
    return Act(after=10 ** dice.uniform(-1.5, 3.0), what=dice.choice(kinds), patience=patience)


def _outage(dice: random.Random) -> Outage:
    return Outage(
        whose=dice.choice(["court", "archive", "network"]),
        after=10 ** dice.uniform(-1.0, 2.0),
        length=dice.choice([5.0, 90.0, 2000.0]),
    )
