"""What can be wrong with a copy, judged from what its archive says or gives.

Pure: this file does not know how an archive is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trio_pipeline.diario.archives.ia_answers import Item
from trio_pipeline.diario.archives.ia_places import Place
from trio_pipeline.diario.copies import HeldCopy
from trio_pipeline.diario.model import Checksums

__all__ = ["Finding", "Problem", "judge_absent", "judge_bytes", "judge_item", "not_asked"]


class Problem(StrEnum):
    """What is wrong with a copy."""

    MISSING = "missing"
    OTHER_BYTES = "other bytes"
    TAKEN_DOWN = "taken down"
    UNREADABLE = "unreadable"
    NOT_ASKED = "not asked"
    NOT_YET_THERE = "not yet there"
    """It was handed over not long ago: archives have queues, and this is nothing to worry about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A copy that is not as it should be, or not yet.

    Attributes:
        copy: The copy.
        problem: What is wrong.
        reason: One line for people.
    """

    copy: HeldCopy
    problem: Problem
    reason: str


def judge_item(copy: HeldCopy, place: Place, item: Item, *, is_due: bool) -> Finding | None:
    """Judge a copy by the metadata of the item that should hold it; None if it is as it should be.

    Args:
        copy: The copy.
        place: Where it should be.
        item: What the archive says about that item.
        is_due: Whether it should be there by now.
    """
    if item.is_dark:
        return Finding(copy, Problem.TAKEN_DOWN, f"the archive has taken the item {place.item} down")
    md5 = item.files.get(place.name)
    if md5 is None:
        reason = f"the item {place.item} does not have it" if item.exists else f"there is no item {place.item}"
        return judge_absent(copy, reason, is_due=is_due)
    if md5 != copy.checksums.md5:
        reason = f"its md5 there is {md5}, and should be {copy.checksums.md5}"
        return Finding(copy, Problem.OTHER_BYTES, reason)
    return None


def judge_absent(copy: HeldCopy, reason: str, *, is_due: bool) -> Finding:
    """Judge a copy that is not there."""
    return Finding(copy, Problem.MISSING if is_due else Problem.NOT_YET_THERE, reason)


def judge_bytes(copy: HeldCopy, found: Checksums) -> Finding | None:
    """Judge a copy by its bytes; None if they are what they should be."""
    if found == copy.checksums:
        return None
    if found.size != copy.checksums.size:
        reason = f"{found.size} bytes, and should be {copy.checksums.size}"
    else:
        reason = f"its sha256 is {found.sha256}, and should be {copy.checksums.sha256}"
    return Finding(copy, Problem.OTHER_BYTES, reason)


def not_asked(copy: HeldCopy, reason: str) -> Finding:
    """A copy of which nothing is known, and why."""
    return Finding(copy, Problem.NOT_ASKED, reason)
