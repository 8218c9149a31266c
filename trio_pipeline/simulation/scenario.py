"""What a world will be like, drawn from its seed: who publishes what, what goes wrong, who presses keys.

Pure: nothing happens here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

__all__ = [
    "OTHER_BYTES",
    "Act",
    "Decay",
    "HeldKind",
    "LifePlan",
    "Outage",
    "Place",
    "Scenario",
    "ScheduleKind",
    "draw_scenario",
]

ArchiveKind: TypeAlias = Literal["folder", "internet-archive", "none"]
Layout: TypeAlias = Literal["year", "edition"]
ScheduleKind: TypeAlias = Literal["walk", "priorities", "order"]
ActKind: TypeAlias = Literal["signal", "drain", "view", "stats", "failures", "decisions", "retry"]

HeldKind: TypeAlias = Literal["same", "other"]
Place: TypeAlias = Literal["database", "network", "spool", "archive", "text"]
Decay: TypeAlias = Literal["spool changes", "spool loses", "archive changes"]

HOUR = 3600.0
DAY = 24 * HOUR

# Indices into the editions and the lengths of bodies that `stand_ins` publishes.
EDITIONS = 24
SIZES = (3_000, 4_200, 9_000)

OTHER_BYTES = b"%PDF-1.4 something else, which somebody has put there under the name of a gazette"

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
# Drawn from a source of their own, so that the worlds of before have only got more to bear.
_OTHER_FAULTS = {
    "tjro": ("too-many", "internal", "short-length", "long-length", "no-ranges", "forbidden-block", "trickle"),
    "tjro-robots": ("unavailable", "missing", "page", "too-many"),
    "archive": (
        "key-slow-down",
        "namespace-shared",
        "auto-make-bucket",
        "bad-digest",
        "internal",
        "too-many",
        "gateway",
        "lost",
    ),
    "archive-limit": ("not-json", "too-many", "internal"),
    "archive-metadata": ("not-json", "too-many", "internal"),
    "archive-download": ("internal", "too-many"),
}
_ASKING_TO_WAIT = frozenset({"unavailable", "too-many", "slow-down", "key-slow-down", "item-slow-down"})
# Where something happens, and the power of ten of how much of it is let happen at most before a crash.
_PLACES: tuple[tuple[Place, float], ...] = (
    ("database", 1.7),
    ("network", 1.4),
    ("spool", 1.3),
    ("archive", 1.0),
    ("text", 0.5),
)
_RARE = frozenset({"spam", "bad-content", "block-page", "forbidden-block", "bad-digest"})
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
        crash_after: It is killed some steps after so many things have happened somewhere: at times at which what was
            done and what is known of it differ. Where, how many, and how many steps; None leaves it to `crash_at`.
        disk_error: The chance that an operation on a file fails.
        busy_database: The chance that somebody else has the database open when it is tried.
        full_database: The chance that there is no room for what is committed.
        decays: What happens to a file before it begins.
        is_calm: Whether nothing goes wrong.
    """

    pause: float = 0.0
    crash_at: int | None = None
    schedule: ScheduleKind = "walk"
    acts: tuple[Act, ...] = ()
    outages: tuple[Outage, ...] = ()
    room: int | None = None
    limit: int | None = None
    crash_after: tuple[Place, int, int] | None = None
    disk_error: float = 0.0
    busy_database: float = 0.0
    full_database: float = 0.0
    decays: tuple[Decay, ...] = ()
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
        held: Editions under whose names the archive has something from the beginning: their bytes, or others.
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
    held: tuple[tuple[int, HeldKind], ...]
    lives: tuple[LifePlan, ...]

    def item_of(self, name: str) -> str:
        """The item of the Internet Archive that a gazette belongs into, by the gazette's id."""
        # Which begins with court, "diario" and year.
        return name if self.layout == "edition" else "-".join(name.split("-")[:3])

    def held_by(self, names: Iterable[str], kind: HeldKind) -> list[str]:
        """The ids of the gazettes under whose names the archive has that from the beginning.

        Args:
            names: The ids of all, in the order of `gazettes`.
            kind: What.
        """
        held = {edition for edition, one in self.held if one == kind}
        return [name for name, (edition, _) in zip(names, self.gazettes, strict=True) if edition in held]


def draw_scenario(seed: int) -> Scenario:
    """The world of a seed."""
    dice, more = random.Random(f"{seed} scenario"), random.Random(f"{seed} mishaps")
    archive: ArchiveKind = dice.choice(["folder", "internet-archive", "internet-archive", "internet-archive", "none"])
    editions = dice.sample(range(EDITIONS), dice.randint(2, 8))
    gazettes = tuple((edition, dice.choice(SIZES)) for edition in sorted(editions))
    largest = max(size for _, size in gazettes)
    scenario = Scenario(
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
        runs=dice.choice([1, 2, 2, 5, 5, 5]),
        latency=dice.choice([0.0, 0.05, 3.0]),
        bandwidth=dice.choice([None, None, 2_000.0]),
        queue=dice.choice([0.0, 30.0, HOUR, DAY]),
        faults=(*_faults(dice, archive), *_other_faults(random.Random(f"{seed} other faults"), archive)),
        weather=dice.choice([0.0, 0.0, 0.3, 1.0]),
        worker_death=dice.choice([0.0, 0.0, 0.1, 0.3]),
        held=_held(more, archive, editions),
        lives=tuple(_life(dice, number) for number in range(dice.randint(1, 4))),
    )
    return replace(scenario, lives=tuple(_with_mishaps(more, scenario, life) for life in scenario.lives))


def _held(dice: random.Random, archive: ArchiveKind, editions: list[int]) -> tuple[tuple[int, HeldKind], ...]:
    if archive == "none" or dice.random() < 0.7:
        return ()
    kinds: tuple[HeldKind, ...] = ("same", "same", "other")
    return tuple((edition, dice.choice(kinds)) for edition in sorted(editions) if dice.random() < 0.4)


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


def _other_faults(dice: random.Random, archive: ArchiveKind) -> tuple[str, ...]:
    if dice.random() < 0.5:
        return ()
    chosen = [place for place in _OTHER_FAULTS if place.startswith("tjro") or archive == "internet-archive"]
    places = [(place, name) for place in chosen for name in _OTHER_FAULTS[place]]
    return tuple(_fault(dice, place, name) for place, name in dice.sample(places, dice.choice([1, 2, 4])))


def _fault(dice: random.Random, place: str, name: str) -> str:
    after = f"@{dice.randint(0, 6)}"
    amount = "1x" if name in _RARE else dice.choice(["0.1", "0.3", "2x", "4x", "20s", "200s", "2000s"])
    seconds = dice.choice([None, 3, 20, 40, 700, 2000]) if name in _ASKING_TO_WAIT else None
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


def _with_mishaps(dice: random.Random, scenario: Scenario, life: LifePlan) -> LifePlan:
    """What is drawn from a source of its own: the life as it was, and mishaps besides."""
    decays: tuple[Decay, ...] = ("spool changes", "spool changes", "spool loses", "archive changes")
    if life.crash_at is not None and dice.random() < 0.6:
        unused = {"archive": scenario.archive != "folder", "text": not scenario.extract}
        place, most = dice.choice([one for one in _PLACES if not unused.get(one[0])])
        crash_after = (place, round(10 ** dice.uniform(0.0, most)), dice.randint(0, 6))
        life = replace(life, crash_at=None, crash_after=crash_after)
    # People who are in a hurry press the key twice.
    again = [
        Act(after=act.after + 10 ** dice.uniform(-1.5, 1.0), what="signal")
        for act in life.acts
        if act.what in {"signal", "drain"} and dice.random() < 0.5
    ]
    return replace(
        life,
        disk_error=dice.choice([0.002, 0.02]) if dice.random() < 0.08 else 0.0,
        busy_database=dice.choice([0.5, 1.0]) if dice.random() < 0.04 else 0.0,
        full_database=dice.choice([0.02, 0.2]) if dice.random() < 0.08 else 0.0,
        acts=tuple(sorted([*life.acts, *again], key=lambda act: act.after)),
        decays=tuple(dice.choice(decays) for _ in range(dice.choice([0, 0, 1, 3]))),
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
