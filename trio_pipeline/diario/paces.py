"""The groups of hosts that share a limit, as the ledger calls them, and what it remembers of their paces.

This file does not know how a pace is learned or kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from trio_pipeline.pacing import Learned

__all__ = ["COURT", "MODEL", "READS", "UPLOADS", "learned_pace"]

COURT = "tjro"
"""The court's server."""

UPLOADS = "internet-archive uploads"
"""The Internet Archive's upload server."""

READS = "internet-archive reads"
"""Everything else that is asked of the Internet Archive."""

MODEL = "model"
"""The language model's server."""


def learned_pace(remembered: Mapping[str, object] | None) -> Learned:
    """What earlier runs have found out; nothing if nothing that can be understood is remembered."""

    def seconds(name: str) -> float | None:
        value = (remembered or {}).get(name)
        return float(value) if isinstance(value, int | float) else None

    return Learned(interval=seconds("interval"), blocked_interval=seconds("blocked_interval"))
