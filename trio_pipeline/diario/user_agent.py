"""What this program calls itself in every request.

This file does not know who is asked for what.
"""

from __future__ import annotations

from trio_pipeline import __version__
from trio_pipeline.diario.settings_model import Settings

__all__ = ["PRODUCT", "user_agent"]

PRODUCT = "trio-pipeline"
"""The program's own name; rules in a robots.txt that are for it alone go by this."""


def user_agent(settings: Settings) -> str:
    """The program, its version, and how to reach who runs it, so that nobody has to block it to be heard."""
    contact = f" (+{settings.tjro.contact})" if settings.tjro.contact else ""
    return f"{PRODUCT}/{__version__}{contact}"
