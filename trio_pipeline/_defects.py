"""How a defect comes out: in one flat group, each exception with notes that say where it happened.

This file does not know what a stage does, nor which exceptions are defects.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

__all__ = ["explain", "flat_group", "leaves", "name_item"]

_LONGEST_NAME = 1000
"""Characters. A batch of rows, or a body, has millions."""


def explain(error: BaseException, note: str) -> None:
    """Say in an exception where it happened.

    The note goes to each leaf, since the group that a nursery in a handler made is taken apart on the way out. A
    cancellation is nobody's fault and gets none.
    """
    for leaf in leaves(error):
        if not isinstance(leaf, trio.Cancelled):
            leaf.add_note(note)


def name_item(error: BaseException, item: object) -> None:
    """Say in an exception which item was in hand, of a long one only how it begins."""
    name = repr(item)
    explain(error, f"item: {name}" if len(name) <= _LONGEST_NAME else f"item: {name[:_LONGEST_NAME]}…")


@contextmanager
def flat_group(message: str) -> Iterator[None]:
    """Let a group of any depth out as a flat one; one that holds cancellations alone is let through as it is."""
    try:
        yield
    except BaseExceptionGroup as group:
        parts = list(leaves(group))
        if all(isinstance(leaf, trio.Cancelled) for leaf in parts):
            raise
        raise BaseExceptionGroup(message, parts) from None


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, however deep; an exception that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves(part)
    else:
        yield error
