"""What tests of the ledger share."""

from __future__ import annotations

import pytest
from book import Book


@pytest.fixture
def book():
    with Book() as opened:
        yield opened
