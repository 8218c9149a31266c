"""Opens the model that the settings name, with what earlier runs have spent.

This file does not know what it is asked.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.http import Http, open_http
from trio_pipeline.diario.language_model.asking import Asker, Notes
from trio_pipeline.diario.language_model.gemini import Gemini
from trio_pipeline.diario.language_model.pacific import day_began
from trio_pipeline.diario.language_model.prompt import PROMPT_VERSION
from trio_pipeline.diario.language_model.quota import Limits, Quota
from trio_pipeline.diario.settings_model import ModelSettings, Settings
from trio_pipeline.diario.suppression import Suppression
from trio_pipeline.diario.user_agent import user_agent
from trio_pipeline.pacing import Pacer
from trio_pipeline.world import World

__all__ = ["DEFAULT_BASE_URL", "model_version", "open_asker"]

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
"""Where Gemini is asked if nobody says otherwise."""

# Seconds without a byte. A long answer is sent when all of it has been thought.
_STALL = 300.0


def model_version(settings: ModelSettings) -> str:
    """What `decisions.extractor_version` says of a judgement that this model has read."""
    return f"{settings.name}/{PROMPT_VERSION}"


@asynccontextmanager
async def open_asker(
    settings: Settings, secrets: Secrets, suppression: Suppression, notes: Notes, pacer: Pacer, world: World
) -> AsyncIterator[Asker]:
    """Open the model that the settings name.

    Args:
        settings: With its name, its address and its limits.
        secrets: With its key.
        suppression: What it is not told.
        notes: What was asked and spent before.
        pacer: The pace of its host.
        world: Its network, threads and clocks.

    Cancellation: connections are closed.
    """
    limits = Limits(settings.model.rpm, settings.model.tpm, settings.model.rpd, settings.model.token_budget)
    now = world.now()
    # The last hour besides, for the minute that is under way when the day begins.
    since = min(day_began(now), now - datetime.timedelta(hours=1))
    async with open_http(world, user_agent=user_agent(settings), stall_timeout=_STALL) as http:
        model = _model(settings.model, secrets, http, pacer)
        spending = await notes.spending(model.name, since)
        yield Asker(model, notes, Quota(limits, spending, world), world.threads, suppression)


def _model(settings: ModelSettings, secrets: Secrets, http: Http, pacer: Pacer) -> Gemini:
    assert settings.name is not None, "`preflight` has seen to it"
    key = secrets.model.reveal() if secrets.model else ""
    return Gemini(http, pacer, base_url=settings.base_url or DEFAULT_BASE_URL, name=settings.name, key=key)
