"""What tests of the ledger share, and the way to the helpers of the directory above: these are no packages."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from book import Book


@pytest.fixture
def book():
    with Book() as opened:
        yield opened
