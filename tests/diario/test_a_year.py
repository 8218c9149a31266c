"""A year of gazettes against a court and an archive that count, stall, block and lose (collaboration).

One scene, run again every morning until everything is confirmed, on virtual time. What the job promises to its hosts is
asked of the hosts themselves.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import trio
from scenes import SMALL, Scene, open_scene

from trio_pipeline.services.limits import Rations

DAY = 86_400.0
GAZETTES = 262
INTERVAL = 2.0

COURT_FAULTS = [
    "tjro:stall=2x@20",
    "tjro:reset=2x@40",
    "tjro:block-page=3600s@200",
    # What it bears is known to no setting: fewer than the pace that is asked for.
    "tjro:too-many=20/min",
]
ARCHIVE_FAULTS = [
    "archive:stall=2x@15",
    "archive:answer-lost=2x@50",
    "archive:bucket-lock=2x",
    "archive:slow-down=1x@100,retry-after=300",
    "archive-metadata:unavailable=2x@5",
    "archive:lost=3x@120",
    "archive:lost=3x@120",
]


@contextmanager
def bounded(scene: Scene, limit: int):
    """Fails if the spool ever holds more than `limit` bytes."""
    most = 0

    def look(directory):
        nonlocal most
        if directory == scene.spool:
            most = max(most, sum(path.stat().st_size for path in directory.iterdir()))

    scene.world.files.seen = look
    yield
    assert 0 < most <= limit


def rejected(scene: Scene) -> int:
    """Requests that a host has turned away: by a status that asks to wait, or by a block page."""
    told = [service.statistics() for service in (scene.court, scene.archive)]
    statuses = sum(one["answers"].get(status, 0) for one in told for status in ("403", "429", "503"))
    return statuses + scene.court.statistics()["faults"].get("block-page", 0)


def asked(scene: Scene) -> int:
    return sum(sum(service.statistics()["requests"].values()) for service in (scene.court, scene.archive))


async def test_a_year_is_confirmed_without_annoying_anybody(tmp_path, autojump_clock):
    limit = 30 * SMALL
    async with open_scene(
        tmp_path,
        GAZETTES,
        court_faults=COURT_FAULTS,
        archive_faults=ARCHIVE_FAULTS,
        court={"latency": 0.5},
        archive={"latency": 0.5, "queue": 1_800.0, "rations": Rations(accesskey=40)},
        tjro__interval=INTERVAL,
        run__spool_limit=limit,
        archive__kind="internet-archive",
        archive__layout="year",
    ) as scene:
        with bounded(scene, limit):
            for morning in range(1, 9):
                await trio.sleep_until(morning * DAY)
                await scene.run()
                scene.check()
        assert scene.states() == [("downloaded", "confirmed", "not_asked")]
        # Every body that was ever stored was the right one, and all that went wrong did.
        right = {name: {hashlib.md5(body).hexdigest()} for name, body in scene.contents().items()}
        assert {name: set(md5s) for name, md5s in scene.bodies().items()} == right
        assert set(scene.court.statistics()["faults"]) == {"stall", "reset", "block-page", "too-many"}
        assert set(scene.archive.statistics()["faults"]) >= {"stall", "answer-lost", "bucket-lock", "slow-down", "lost"}
        assert rejected(scene) < 0.02 * asked(scene)
        assert scene.court.statistics()["spacing_min"]["all"] >= INTERVAL - 1e-6
        assert scene.court.statistics()["in_flight_max"]["all"] <= 3
        assert scene.archive.statistics()["in_flight_max"]["upload"] <= 2
