"""A language model that knows nothing, for where one has to be and nobody asks it."""

from __future__ import annotations

import datetime

from trio_pipeline.services.gemini import Gemini

__all__ = ["silent_model"]

_NOW = datetime.datetime(2025, 7, 1, 8, 0, 0)  # noqa: DTZ001 -- as World.now gives it


def silent_model() -> Gemini:
    """A model to which no gazette is known."""
    return Gemini([], now=lambda: _NOW)
