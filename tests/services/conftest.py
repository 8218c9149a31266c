"""What the tests of the stand-ins share."""

from __future__ import annotations

import datetime
import math

import httpx
import pytest

from trio_pipeline.diario.identifiers import gazette_id
from trio_pipeline.diario.model import Gazette
from trio_pipeline.services.publications import Publication


@pytest.fixture
def published():
    """Makes a publication of given bytes."""

    def make(
        content: bytes = b"%PDF-1.4 0123456789", *, day="2025-06-23", number=112, suffix="", since=-math.inf
    ) -> Publication:
        date = datetime.date.fromisoformat(day)
        tail = f"-{suffix}" if suffix else ""
        name = f"{date:%Y%m%d}104-NR{number}{tail}.pdf"
        url = f"https://www.tjro.jus.br/novodiario/{date.year}/{name}"
        identifier = gazette_id("tjro", date, number, suffix)
        gazette = Gazette(identifier, "tjro", date, number, suffix, url, name)
        return Publication(gazette, len(content), lambda: content, since=since)

    return make


@pytest.fixture
def client_of():
    """Makes a client that talks to an app without a network. Nothing in it has to be closed."""

    def make(app) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://stand-in")

    return make
