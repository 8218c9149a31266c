"""Gazettes that become known while a run is on: recorded like those of a catalog, and chosen by the same rules.

This file does not know who has found them, or what is done to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from trio_pipeline.diario.items import Branches, Item
from trio_pipeline.diario.ledger.events import Standing
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.selection import Selection, plan

__all__ = ["Intake"]


class Intake:
    """Takes up gazettes that nobody knew when the run began.

    Args:
        ledger: Where they are recorded.
        selection: What the user asked for.
        branches: What is on.
        known: Every gazette that is known already, whether or not this run has taken it up.
        taken: How many the limit has counted so far.
    """

    def __init__(
        self, *, ledger: Ledger, selection: Selection, branches: Branches, known: Iterable[Gazette], taken: int
    ) -> None:
        self._ledger = ledger
        self._selection = selection
        self._branches = branches
        self._known = {gazette.id: gazette for gazette in known}
        self._taken = taken

    def known_of(self, year: int) -> Collection[Gazette]:
        """The gazettes of a year that are known."""
        return [gazette for gazette in self._known.values() if gazette.date.year == year]

    async def take_in(self, gazettes: Sequence[Gazette]) -> tuple[Item, ...]:
        """Record gazettes that are not known, or are known otherwise.

        Returns:
            Those that were not known and that this run takes up, in the order in which it does.

        Cancellation: what is not recorded, or not taken up, is left to the next run.
        """
        changed = [gazette for gazette in gazettes if self._known.get(gazette.id) != gazette]
        if not changed:
            return ()
        chosen = plan(
            [Standing(gazette) for gazette in changed if gazette.id not in self._known],
            self._within_the_limit(),
            self._branches,
        )
        await self._ledger.add_gazettes(changed)
        await self._ledger.record_all(chosen.events)
        self._known.update({gazette.id: gazette for gazette in changed})
        self._taken += chosen.taken
        return chosen.items

    def _within_the_limit(self) -> Selection:
        limit = self._selection.limit
        return self._selection if limit is None else replace(self._selection, limit=max(0, limit - self._taken))
