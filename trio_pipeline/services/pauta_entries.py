"""Entries of a *pauta*, a list of cases still to be judged: parties and counsel, and no decision.

Pure.
"""

from __future__ import annotations

import datetime
import random

from trio_pipeline.services.turma_entries import turma_entry

__all__ = ["pauta_entry"]


def pauta_entry(rng: random.Random, date: datetime.date, ordinal: int | None) -> tuple[str, ...]:
    """What is printed of a case still to be judged; there is nothing in it that a reader should find.

    Args:
        rng: Makes every choice.
        date: Of the gazette.
        ordinal: The place in the list, or None for an entry without.
    """
    judged = turma_entry(rng, date, ordinal, capitals=rng.random() < 0.5)
    return tuple(text for text in judged.paragraphs if not text.startswith(("DECISÃO", "IMPEDIMENTO")))
