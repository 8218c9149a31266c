"""Fixtures of the tests of the database thread."""

from __future__ import annotations

import pytest
from database_fakes import InlineThreads, create_numbers, world_with

from trio_pipeline.db_thread import open_database
from trio_pipeline.world import real_world


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.duckdb"


@pytest.fixture(params=["thread", "task"])
def world(request):
    """The loop in its thread, and the same loop as a Trio task."""
    return real_world() if request.param == "thread" else world_with(InlineThreads())


@pytest.fixture
def open_numbers(path):
    """Open a database with a table of numbers."""

    def opener(world=None, **options):
        return open_database(path, world=world or real_world(), prepare=create_numbers, **options)

    return opener
