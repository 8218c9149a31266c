"""What a simulated world raises when a promise is not kept.

Pure: this file does not know which promises there are.
"""

from __future__ import annotations

__all__ = ["Broken"]


class Broken(Exception):
    """A promise that did not hold in a world made from a seed.

    Attributes:
        invariant: The promise, one sentence; the same for every world in which it breaks.
        facts: What was seen instead.
        where: The world, and how to see it again: its seed, and which program ran; empty while nobody has said so.
    """

    def __init__(self, invariant: str, facts: object = "", *, where: str = "") -> None:
        super().__init__(invariant, facts, where)
        self.invariant = invariant
        self.facts = facts
        self.where = where

    def __str__(self) -> str:
        """All of it on one line."""
        return ": ".join(part for part in (self.where, self.invariant, str(self.facts)) if part)

    def at(self, where: str) -> Broken:
        """The same, with the place where it was seen."""
        return Broken(self.invariant, self.facts, where=where)
