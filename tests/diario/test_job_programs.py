"""The main job under faults, limits and interruptions drawn at random (collaboration): what holds for every run.

A program is a plan of faults and a few runs, each of which may be interrupted once or twice, under a schedule drawn
from its seed. Afterwards the hosts are well, and a few runs more must do all the rest.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scenes import Scene, open_scene, signals_at

from trio_pipeline.diario.selection import Selection
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.testing import run

# Those that end an item for good, which no later run mends by itself, or that other bytes follow from; and a request
# that is wrong by our own fault is to fail loudly.
_FINAL = {"bad-content", "access-denied", "dark", "corrupt", "changed", "missing", "missing-length", "invalid-bucket"}
_KINDS = [(where, name) for where in FAULTS if where != "tjro-listing" for name in FAULTS[where] if name not in _FINAL]


@dataclass(frozen=True)
class Round:
    """One run, and how long after it the next one comes."""

    kind: str
    extract: str
    limit: int | None
    oldest_first: bool
    signals: tuple[float, ...]
    pause: float


@dataclass(frozen=True)
class Program:
    """What is drawn."""

    seed: int
    gazettes: int
    layout: str
    room: float
    queue: float
    latency: float
    faults: tuple[str, ...]
    rounds: tuple[Round, ...]


_ROUNDS = st.builds(
    Round,
    kind=st.sampled_from(["internet-archive", "internet-archive", "folder"]),
    extract=st.sampled_from(["none", "rules"]),
    limit=st.sampled_from([None, None, 1, 3]),
    oldest_first=st.booleans(),
    signals=st.lists(st.floats(0, 60).map(lambda seconds: round(seconds, 1)), max_size=2).map(sorted).map(tuple),
    pause=st.sampled_from([0.0, 400.0, 4_000.0]),
)

_FAULTS = st.tuples(
    st.sampled_from(_KINDS),
    st.sampled_from(["0.2", "1x", "3x", "1x@2", "100s", "40000s"]),
    st.sampled_from(["", "40", "7200"]),
).map(lambda drawn: f"{drawn[0][0]}:{drawn[0][1]}={drawn[1]}" + (f",retry-after={drawn[2]}" if drawn[2] else ""))

_PROGRAMS = st.builds(
    Program,
    seed=st.integers(0, 1_000),
    gazettes=st.integers(1, 6),
    layout=st.sampled_from(["year", "edition"]),
    room=st.sampled_from([0.5, 1.5, 2.5, 100]),
    queue=st.sampled_from([0.0, 200.0, 2_000.0]),
    latency=st.sampled_from([0.0, 0.0, 7.0]),
    faults=st.lists(_FAULTS, max_size=4).map(tuple),
    rounds=st.lists(_ROUNDS, min_size=1, max_size=3).map(tuple),
)

SIZE = 6_000


async def carry_out(program: Program, directory: Path) -> None:
    async with open_scene(
        directory,
        program.gazettes,
        size=SIZE,
        seed=program.seed,
        court={"latency": program.latency},
        court_faults=[fault for fault in program.faults if fault.startswith("tjro")],
        archive={"latency": program.latency, "queue": program.queue},
        archive_faults=[fault for fault in program.faults if fault.startswith("archive")],
        archive__layout=program.layout,
        run__spool_limit=int(program.room * SIZE),
        # What failed is to be tried again by every run here.
        retry__runs=100,
    ) as scene:
        watch_bound(scene, max(SIZE, int(program.room * SIZE)))
        for one in program.rounds:
            await carry_out_round(scene, one)
        scene.court.plan = scene.archive.plan = FaultPlan()
        await finish(scene, program)


def watch_bound(scene: Scene, limit: int) -> None:
    def look(directory: Path) -> None:
        if directory == scene.spool:
            assert sum(path.stat().st_size for path in directory.iterdir()) <= limit

    scene.world.files.seen = look


async def carry_out_round(scene: Scene, one: Round) -> None:
    began = trio.current_time()
    report = await scene.run(
        selection=Selection(limit=one.limit, oldest_first=one.oldest_first),
        interrupts=signals_at(*(began + later for later in one.signals)),
        archive__kind=one.kind,
        extract__kind=one.extract,
    )
    check(scene, report)
    await trio.sleep(one.pause)


def check(scene: Scene, report) -> None:
    """What holds after every run."""
    scene.check()
    assert scene.ended_by()[-1] == report.ended_by
    assert (report.ended_by == "host") <= bool(report.stopped)
    contents = {
        name: hashlib.md5(body).hexdigest() for name, body in scene.contents(scene.settings["archive__layout"]).items()
    }
    for name, bodies in scene.bodies().items():
        assert set(bodies) == {contents[name]}
    sums = {made.gazette.id: hashlib.sha256(made.content()).hexdigest() for made in scene.publications}
    for path in [*scene.spool.glob("*.pdf"), *scene.directory.glob("archive/*/*.pdf")]:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[path.stem]
    assert set(scene.rows("SELECT id, sha256 FROM diarios WHERE sha256 IS NOT NULL")) <= set(sums.items())


async def finish(scene: Scene, program: Program) -> None:
    """Runs in good weather until all is done; each must bring it nearer to that."""
    done = [("downloaded", "confirmed", "extracted")]
    for _ in range(6):
        await trio.sleep(2 * 86_400)
        report = await scene.run(archive__kind="internet-archive", extract__kind="rules")
        check(scene, report)
        if scene.states() == done:
            break
    assert scene.states() == done
    assert scene.rows("SELECT count(*) FROM decisions") == [(sum(len(made.truth) for made in scene.publications),)]
    assert scene.spooled() == []
    check_uploads(scene, program.layout)


def check_uploads(scene: Scene, layout: str) -> None:
    """No body was taken more often than an upload of it had an end that nobody heard of."""
    names = dict(zip([gazette.id for gazette in scene.gazettes], scene.contents(layout), strict=True))
    taken = {identifier: len(scene.bodies()[name]) for identifier, name in names.items()}
    lost = Counter(scene.rows("SELECT diario_id FROM events WHERE outcome = 'lost'"))
    failed = Counter(scene.rows("SELECT diario_id FROM events WHERE stage = 'confirm' AND outcome = 'failed'"))
    for identifier, bodies in taken.items():
        assert 1 <= bodies <= 1 + lost[(identifier,)] + failed[(identifier,)]


def programs(*rounds: Sequence, **changes) -> Program:
    base = {"seed": 0, "gazettes": 3, "layout": "year", "room": 100, "queue": 0.0, "latency": 7.0, "faults": ()}
    return Program(
        **{**base, **changes}, rounds=tuple(Round("internet-archive", "rules", None, False, *one) for one in rounds)
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_PROGRAMS)
@example(programs(((10.0, 12.0), 0.0), queue=200.0))
@example(programs(((20.0, 21.0), 0.0), room=1.5, layout="edition"))
def test_every_program_comes_to_its_end(program):
    with tempfile.TemporaryDirectory() as directory:
        run(carry_out, program, Path(directory), schedule=program.seed)
