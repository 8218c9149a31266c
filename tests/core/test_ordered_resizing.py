"""A stage whose results leave in order, and whose number of workers is raised while the first item is slow."""

from __future__ import annotations

import trio

from trio_pipeline.channels import Backlog
from trio_pipeline.nursery import open_pipeline


async def test_more_workers_may_be_further_ahead_at_once(autojump_clock):
    began: dict[int, float] = {}

    async def handle(item: int) -> None:
        began[item] = trio.current_time()
        await trio.sleep(20 if item == 0 else 1)

    async with open_pipeline() as pipeline:
        stage = pipeline.start_stage("ordered", handle, source=Backlog.of(range(8)), workers=2, ordered=True)
        await trio.sleep(6)
        stage.workers = 4
    assert began == {0: 0, 1: 0, 2: 1, 3: 2, 4: 6, 5: 6, 6: 6, 7: 7}
