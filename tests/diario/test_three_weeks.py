"""Three weeks of a run every hour, as cron starts it (collaboration, on virtual time).

The court publishes a gazette on every working day, and a hundred and thirty wait behind it. For six hours the court
blocks us, on the evening of a new gazette; for four days the archive cannot be reached. Whoever waits for the newest
gazette has it within the hour all the same.
"""

from __future__ import annotations

import dataclasses
import datetime

import trio
from scenes import ARCHIVE, EPOCH, SMALL, Scene, open_scene

from trio_pipeline.services.editions import editions
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.rows import publish_rows

HOUR, DAY = 3_600.0, 86_400.0
DAYS = 21
# Seconds that the run which finds a gazette, or finds a host well again, takes until it has done its work: it reads the
# listing, waits for its turns of two or seven seconds, and hands the gazette on.
A_MOMENT = 120.0
# On the second Tuesday, from half past five in the afternoon; the day begins at eight, when the first run does.
BLOCK = 7 * DAY + 9.5 * HOUR, 7 * DAY + 15.5 * HOUR
OUTAGE = 12 * DAY + 0.4 * HOUR, 16 * DAY + 0.4 * HOUR
EVENING = 12 * HOUR + 17 * 60.0


def publish(scene: Scene) -> dict[str, float]:
    """The gazettes of the year until the three weeks are over; returns when those of the three weeks are published."""
    last = (EPOCH + datetime.timedelta(days=DAYS - 1)).date()
    published = {}
    for made in publish_rows(editions(150, last, seed=1), SMALL):
        days = (made.gazette.date - EPOCH.date()).days
        since = days * DAY + EVENING if days >= 0 else 0.0
        scene.court.publish(dataclasses.replace(made, since=since))
        if days >= 0:
            published[made.gazette.id] = since
    return published


async def block(scene: Scene) -> None:
    begins, ends = BLOCK
    await trio.sleep_until(begins)
    everywhere = ("tjro", "tjro-listing", "tjro-robots")
    scene.court.plan = FaultPlan([parse_fault(f"{where}:block-page=1.0") for where in everywhere])
    await trio.sleep_until(ends)
    scene.court.plan = FaultPlan()


async def lose_the_archive(scene: Scene) -> None:
    begins, ends = OUTAGE
    await trio.sleep_until(begins)
    scene.network.down.add(ARCHIVE)
    await trio.sleep_until(ends)
    scene.network.down.clear()


def moments(scene: Scene, stage: str, outcome: str) -> dict[str, float]:
    """When each gazette had an outcome for the first time."""
    rows = scene.rows(
        "SELECT diario_id, min(happened_at) FROM events WHERE stage = ? AND outcome = ? GROUP BY ALL", stage, outcome
    )
    return {name: (at - EPOCH).total_seconds() for name, at in rows}


def delayed(moment: float, trouble: tuple[float, float]) -> float:
    """The first moment from then on that is not in trouble."""
    begins, ends = trouble
    return ends if begins <= moment < ends else moment


async def test_newest_gazette_never_waits_longer_than_an_hour(tmp_path, autojump_clock):
    async with open_scene(
        tmp_path,
        0,
        court={"latency": 0.2},
        archive={"latency": 0.2, "queue": 1_800.0},
        run__deadline=3_000.0,
        tjro__interval=2.0,
        archive__kind="internet-archive",
        archive__layout="year",
        extract__kind="rules",
    ) as scene:
        published = publish(scene)
        scene.network.nursery.start_soon(block, scene)
        scene.network.nursery.start_soon(lose_the_archive, scene)
        for hour in range(DAYS * 24):
            await trio.sleep_until(hour * HOUR)
            await scene.run(listing=True)
        scene.check()
        assert scene.states() == [("downloaded", "confirmed", "extracted")]
        assert scene.rows("SELECT count(*) FROM events WHERE outcome IN ('failed', 'rejected')") == [(0,)]
        downloaded = moments(scene, "download", "downloaded")
        extracted, submitted = moments(scene, "extract", "extracted"), moments(scene, "archive", "submitted")
        for name, since in published.items():
            had = delayed(since, BLOCK) + HOUR + A_MOMENT
            assert since < downloaded[name] <= extracted[name] <= had, name
            assert submitted[name] <= delayed(downloaded[name], OUTAGE) + HOUR + A_MOMENT, name
        # So the troubles did meet new gazettes.
        assert any(delayed(since, BLOCK) > since for since in published.values())
        assert sum(delayed(since, OUTAGE) > since for since in published.values()) >= 2
