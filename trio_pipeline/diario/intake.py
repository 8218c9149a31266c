"""What a run without a catalog takes up: what is known, and what becomes known while it is on, by the same rules.

This file does not know who has found them, or what is done to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from trio_pipeline.diario.items import Branches, Item
from trio_pipeline.diario.ledger.events import Standing
from trio_pipeline.diario.ledger.ledger import Ledger
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.selection import Selection, plan

__all__ = ["Intake"]


class Intake:
    """Chooses what the run takes up, and records what nobody knew.

    Args:
        ledger: Where they are recorded.
        selection: What the user asked for.
        branches: What is on.
        standings: Where every gazette stands that is known already.

    Attributes:
        found: How many gazettes were taken up that were not known when the run began.
        held_back: How many with work to do the limit leaves to other runs.
    """

    def __init__(
        self, *, ledger: Ledger, selection: Selection, branches: Branches, standings: Sequence[Standing]
    ) -> None:
        self._ledger = ledger
        self._selection = selection
        self._branches = branches
        self.found = 0
        self.held_back = 0
        self._known = {standing.gazette.id: standing.gazette for standing in standings}
        self._old = frozenset(self._known)
        self._taken = 0
        # What a limit is about is known only when the listing has been read: until then nothing is chosen.
        self._held: list[Standing] | None = [*standings]

    def known_of(self, year: int) -> Collection[Gazette]:
        """The gazettes of a year that are known."""
        return [gazette for gazette in self._known.values() if gazette.date.year == year]

    async def take_in(self, gazettes: Sequence[Gazette]) -> tuple[Item, ...]:
        """Record gazettes that are not known, or are known otherwise.

        Returns:
            Those that were not known and that this run takes up, in the order in which it does; none before
            `choose_first`.

        Cancellation: what is not recorded, or not taken up, is left to the next run.
        """
        changed = [gazette for gazette in gazettes if self._known.get(gazette.id) != gazette]
        if not changed:
            return ()
        new = [Standing(gazette) for gazette in changed if gazette.id not in self._known]
        await self._ledger.add_gazettes(changed)
        self._known.update({gazette.id: gazette for gazette in changed})
        if self._held is not None:
            self._held += new
            return ()
        return await self._choose(new)

    async def choose_first(self) -> tuple[Item, ...]:
        """Choose among all that are known by now. What becomes known later is chosen as it comes.

        Returns:
            Those that this run takes up, in the order in which it does.

        Cancellation: what is not taken up is left to the next run.
        """
        held, self._held = self._held or [], None
        return await self._choose(held)

    async def _choose(self, standings: Sequence[Standing]) -> tuple[Item, ...]:
        chosen = plan(standings, self._within_the_limit(), self._branches)
        self._taken += chosen.taken
        self.held_back += chosen.held_back
        await self._ledger.record_all(chosen.events)
        self.found += sum(item.gazette.id not in self._old for item in chosen.items)
        return chosen.items

    def _within_the_limit(self) -> Selection:
        limit = self._selection.limit
        return self._selection if limit is None else replace(self._selection, limit=max(0, limit - self._taken))
