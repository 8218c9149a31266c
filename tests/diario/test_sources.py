"""Contract tests of what reads files, with one that gives as little as it may."""

from __future__ import annotations

import random

from trio_pipeline.diario.sources import CHUNK, open_file
from trio_pipeline.testing.files import SimulatedFiles
from trio_pipeline.testing.trace import Trace

DATA = bytes(range(256)) * (3 * CHUNK // 256)


async def test_file_is_read_to_its_end_in_whatever_parts(tmp_path, autojump_clock):
    path = tmp_path / "a.pdf"
    path.write_bytes(DATA)
    files = SimulatedFiles(tmp_path, random.Random(0), Trace(), short_read_chance=1.0)
    async with open_file(files, path) as chunks:
        parts = [chunk async for chunk in chunks]
    assert len(parts) > 3
    assert b"".join(parts) == DATA
    assert files.open_files == 0
