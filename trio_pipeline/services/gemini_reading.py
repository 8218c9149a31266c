"""Reads JSON as Gemini reads it: as protobuf messages, with a complaint about every field that there is not.

Names may be in camelCase or with underscores, numbers may be texts, a list of one may go without brackets, and null is
the same as nothing. Pure: this file does not know which messages there are, nor what their fields mean.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

from trio_pipeline.services.gemini_errors import Violation, invalid_fields
from trio_pipeline.services.gemini_messages import ENUMS, MESSAGES, Field

__all__ = ["Read", "read_json", "read_message"]

Read: TypeAlias = dict[str, object]
"""A message that was read: what was given, by names with underscores."""

_PACKAGE = "type.googleapis.com/google.ai.generativelanguage.v1beta."
_TYPES = {"string": "TYPE_STRING", "int32": "TYPE_INT32", "float": "TYPE_FLOAT", "bool": "TYPE_BOOL"}
_INT32 = range(-(2**31), 2**31)
_DEEPEST = 60
"""Levels of messages in each other; protobuf readers allow some more than schemas need."""


def read_json(body: bytes) -> object:
    """The JSON value of a request's body.

    Raises:
        GeminiError: It is none.
    """
    try:
        value: object = json.loads(body.decode(), parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair can be read, and never be said again
    except (ValueError, RecursionError):
        raise invalid_fields(
            [Violation("", "Invalid JSON payload received. Expected a value that can be parsed.")]
        ) from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def read_message(value: object, message: str) -> Read:
    """A value as a message.

    Args:
        value: Any JSON value.
        message: The message's name, a key of `MESSAGES`.

    Raises:
        GeminiError: It is no such message; every field that is wrong is named.
    """
    reader = _Reader()
    if not isinstance(value, dict):
        root = 'Invalid JSON payload received. Unknown name "": Root element must be a message.'
        raise invalid_fields([Violation("", root)])
    read = reader.message(value, message, "", 0)
    if reader.violations:
        raise invalid_fields(reader.violations)
    return read


class _Reader:
    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def message(self, value: Mapping[str, object], message: str, path: str, depth: int) -> Read:
        fields = MESSAGES[message]
        read: Read = {}
        if depth > _DEEPEST:
            self._complain(path, "Message too deep. Max recursion depth reached.")
            return read
        for name, given in value.items():
            known = _underscored(name)
            if known not in fields:
                self._unknown(name, path, "Cannot find field.")
            elif given is not None:
                read[known] = self._field(given, fields[known], name, (path, known), depth)
        return read

    def _field(self, value: object, field: Field, name: str, place: tuple[str, str], depth: int) -> object:
        path = ".".join(filter(None, place))
        if field.kind == "absent":
            self._complain(path, f"The stand-in does not do what '{path}' asks for.")
            return None
        if field.many:
            values = value if isinstance(value, list) else [value]
            return [self._value(one, field.kind, f"{path}[{number}]", depth) for number, one in enumerate(values)]
        if field.keyed and isinstance(value, dict):
            return {
                key: self._value(one, field.kind, f"{path}[{number}].value", depth)
                for number, (key, one) in enumerate(value.items())
            }
        if isinstance(value, list) and field.kind != "any":
            self._unknown(name, place[0], "Proto field is not repeating, cannot start list.")
            return None
        return self._value(value, field.kind, path, depth, keyed=field.keyed)

    def _value(self, value: object, kind: str, path: str, depth: int, *, keyed: bool = False) -> object:
        if kind == "any":
            return value
        read: object = None
        if kind in MESSAGES:
            if isinstance(value, dict) and not keyed:
                return self.message(value, kind, path, depth + 1)
        elif kind in ENUMS:
            read = _enumerated(value, ENUMS[kind])
        else:
            read = _scalar(value, kind)
        if read is None:
            said = "..." if isinstance(value, (dict, list)) else json.dumps(value, ensure_ascii=False)
            self._complain(path, f"Invalid value at '{path}' ({_TYPES.get(kind, _PACKAGE + kind)}), {said}")
        return read

    def _unknown(self, name: str, path: str, why: str) -> None:
        where = f" at '{path}'" if path else ""
        said = json.dumps(name, ensure_ascii=False)
        self._complain(path, f"Invalid JSON payload received. Unknown name {said}{where}: {why}")

    def _complain(self, path: str, description: str) -> None:
        self.violations.append(Violation(path, description))


def _underscored(name: str) -> str:
    """A name in camelCase as the messages have it; of one with both forms in it, nothing that they have."""
    return name if "_" in name else re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _enumerated(value: object, names: tuple[str, ...]) -> str | None:
    if isinstance(value, str):
        return value.upper() if value.upper() in names else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
        return names[value]
    return None


def _scalar(value: object, kind: str) -> object:
    """The value as protobuf has it, or None."""
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "bool":
        return value if isinstance(value, bool) else None
    number = _number(value)
    if number is None or kind == "float":
        return number
    return int(number) if math.isfinite(number) and number.is_integer() and int(number) in _INT32 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
