"""What has to change in the metadata of an item for it to say what it should, and the patches that do it.

Only keys that this program sets are looked at: others' keys are left alone, and so is a key that it once set and sets
no longer. The archive keeps metadata as text and a list of one as that one, which is no difference.

A change of a value is preceded by a test of the value that was seen, so that nobody's newer word is overwritten. That
a key is absent cannot be tested (RFC 6902 has no such operation): between reading and adding it somebody else might
add it, and would lose it. All changes go in one call, so one test that fails keeps all of them from being done.

Pure: this file does not know how the metadata are read or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Change", "changes", "patches"]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that says something else than it should.

    Attributes:
        target: What it belongs to: `metadata` for the item, `files/NAME` for a file.
        key: The key.
        old: What it says, as JSON has it; None if it is absent.
        new: What it should say: a text, or several.
    """

    target: str
    key: str
    old: object
    new: str | tuple[str, ...]


def changes(target: str, wanted: Iterable[tuple[str, str]], seen: Mapping[str, object]) -> list[Change]:
    """The keys that differ.

    Args:
        target: See `Change`.
        wanted: What should be said; a key that comes twice is a list, and an empty value is none.
        seen: What is said.
    """
    values: dict[str, list[str]] = {}
    for key, value in wanted:
        if value:
            values.setdefault(key, []).append(value)
    return [
        Change(target, key, seen.get(key), texts[0] if len(texts) == 1 else tuple(texts))
        for key, texts in values.items()
        if _texts(seen.get(key)) != texts
    ]


def patches(pending: Sequence[Change]) -> list[dict[str, object]]:
    """The changes in the form that the archive takes: a patch for each target, in their order."""
    by_target: dict[str, list[dict[str, object]]] = {}
    for change in pending:
        by_target.setdefault(change.target, []).extend(_operations(change))
    return [{"target": target, "patch": patch} for target, patch in by_target.items()]


def _operations(change: Change) -> list[dict[str, object]]:
    path = "/" + change.key.replace("~", "~0").replace("/", "~1")
    value = change.new if isinstance(change.new, str) else list(change.new)
    if change.old is None:
        return [{"op": "add", "path": path, "value": value}]
    return [{"op": "test", "path": path, "value": change.old}, {"op": "replace", "path": path, "value": value}]


def _texts(value: object) -> list[str] | None:
    """A value as the list of texts that the archive takes it for."""
    match value:
        case None:
            return None
        case list():
            return [str(one) for one in value]
        case _:
            return [str(value)]
