"""Contract tests of the README: what it shows can be run, and is printed, as it stands there."""

from __future__ import annotations

import json
import random
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import duckdb
import pytest
import trio
from trio.testing import MockClock

from trio_pipeline.services.serve import ServiceAddresses

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def example() -> str:
    found = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_example_stores_every_reading(example, tmp_path):
    definitions, call, _ = example.partition("\ntrio.run(main, ")
    assert call
    namespace: dict[str, Any] = {}
    exec(compile(definitions, "README.md", "exec"), namespace)
    file = tmp_path / "readings.duckdb"
    random.seed(1)  # so that no station fails five times, which one in three thousand does
    stations = [f"station {number}" for number in range(40)]
    # The clock does not know of the database's thread: it may jump when nothing has happened for a moment.
    trio.run(namespace["main"], stations, file, clock=MockClock(autojump_threshold=0.01))
    with duckdb.connect(file, read_only=True) as database:
        rows = database.execute("SELECT count(*), count(DISTINCT station) FROM readings").fetchone()
    assert rows == (40, 40)


def test_example_is_short(example):
    lines = [line for line in example.splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(lines) <= 20


def test_files_it_names_exist():
    for name in re.findall(r"\]\((docs/[^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / name).is_file(), name


@pytest.mark.parametrize("page", ["README.md", "docs/internet_archive.md"])
def test_addresses_it_shows_are_those_that_are_printed(page):
    (line,) = re.findall(r'^\{"tjro": .*$', (README.parent / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert list(json.loads(line)) == [field.name for field in fields(ServiceAddresses)]
