"""JSON Patch (RFC 6902) on values as `json` reads them.

Pure: this file does not know what the values mean.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

__all__ = ["PatchError", "apply_patch"]


class PatchError(ValueError):
    """A patch that is none, or that does not fit. The message says which operation."""


def apply_patch(document: object, patch: Sequence[object]) -> object:
    """The document with all operations done, in their order; the one given stays as it is.

    Raises:
        PatchError: An operation is malformed, names something that is not there, or is a test that fails.
    """
    # What is to be changed may be the whole document, so that it lies in a place of its own.
    place = {"": copy.deepcopy(document)}
    for number, operation in enumerate(patch):
        if not isinstance(operation, dict):
            raise PatchError(f"operation {number} is no object")
        _apply(place, operation)
    return place[""]


def _apply(place: dict[str, Any], operation: dict[str, Any]) -> None:
    path = _pointer(operation, "path")
    match operation.get("op"):
        case "add":
            _add(place, path, copy.deepcopy(_value(operation)))
        case "remove":
            _remove(place, path)
        case "replace":
            value = copy.deepcopy(_value(operation))
            _find(place, path)
            holder = _find(place, path[:-1]) if path else place
            holder[_key(holder, path[-1]) if path else ""] = value
        case "test":
            _test(place, path, _value(operation))
        case "copy":
            _add(place, path, copy.deepcopy(_find(place, _pointer(operation, "from"))))
        case "move":
            source = _pointer(operation, "from")
            value = _find(place, source)
            _remove(place, source)
            _add(place, path, value)
        case other:
            raise PatchError(f"{other!r} is no operation")


def _pointer(operation: dict[str, Any], name: str) -> list[str]:
    text = operation.get(name)
    if not isinstance(text, str) or not (text == "" or text.startswith("/")):
        raise PatchError(f"{name!r} of an operation is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _value(operation: dict[str, Any]) -> object:
    if "value" not in operation:
        raise PatchError("an operation has no value")
    return operation["value"]


def _find(place: dict[str, Any], path: Sequence[str]) -> Any:
    found: Any = place[""]
    for name in path:
        found = found[_key(found, name)]
    return found


def _key(holder: object, name: str) -> Any:
    """The key or index that a part of a pointer means, in a holder that has it."""
    if isinstance(holder, dict) and name in holder:
        return name
    if isinstance(holder, list) and _is_index(name) and int(name) < len(holder):
        return int(name)
    raise PatchError(f"there is no {name!r}")


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and (name == "0" or not name.startswith("0"))


def _add(place: dict[str, Any], path: Sequence[str], value: object) -> None:
    if not path:
        place[""] = value
        return
    holder, name = _find(place, path[:-1]), path[-1]
    if isinstance(holder, dict):
        holder[name] = value
    elif isinstance(holder, list) and (name == "-" or (_is_index(name) and int(name) <= len(holder))):
        holder.insert(len(holder) if name == "-" else int(name), value)
    else:
        raise PatchError(f"nothing can be added at {name!r}")


def _remove(place: dict[str, Any], path: Sequence[str]) -> None:
    if not path:
        raise PatchError("the whole cannot be removed")
    holder = _find(place, path[:-1])
    del holder[_key(holder, path[-1])]


def _test(place: dict[str, Any], path: Sequence[str], value: object) -> None:
    if not _equal(_find(place, path), value):
        raise PatchError("test operation failed")


def _equal(one: object, other: object) -> bool:
    """As JSON: Python alone would say that true is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return one == other
