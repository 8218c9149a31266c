"""What a write to the archive's metadata API asks for, and what it does to an item.

A patch is judged by what the last accepted write has left, and all patches of a request are done, or none. What was
accepted is a task like an upload: it is shown when its time has come. So a second write before that is not refused
for what nobody could see, and whoever reads too early reads the old values, as with the real one.

Pure: times are given. This file does not know how a request comes.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trio_pipeline.services.json_patch import PatchError, apply_patch
from trio_pipeline.services.s3_headers import Metadata
from trio_pipeline.services.shelf import SYSTEM_FIELDS, Item

__all__ = ["Change", "WriteRefused", "apply_changes", "meddle", "read_changes"]

_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
# What the answer of the API holds besides documents of people's own.
_TAKEN = frozenset({"files", "files_count", "item_size", "is_dark", "identifier", "server", "dir"})


class WriteRefused(Exception):
    """The write is not done.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to one part of an item.

    Attributes:
        target: `metadata`, `files/NAME`, or the name of a document of people's own.
        patch: Operations of RFC 6902.
    """

    target: str
    patch: Sequence[object]


def read_changes(form: Mapping[str, str]) -> list[Change]:
    """The changes that a form asks for, by `-changes` or by `-target` and `-patch`.

    Raises:
        WriteRefused: It is no such form.
    """
    if "-changes" in form:
        changes = _json(form["-changes"], "-changes")
        if not isinstance(changes, list) or not changes:
            raise WriteRefused(400, "-changes is not a list of changes")
        return [_change(one) for one in changes]
    if "-patch" not in form or "-target" not in form:
        raise WriteRefused(400, "-target and -patch, or -changes, are required")
    return [_change({"target": form["-target"], "patch": _json(form["-patch"], "-patch")})]


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise WriteRefused(400, f"{name} is not JSON") from None


def _change(value: object) -> Change:
    if not isinstance(value, dict):
        raise WriteRefused(400, "a change is not an object")
    target, patch = value.get("target"), value.get("patch")
    if not isinstance(target, str) or not isinstance(patch, list):
        raise WriteRefused(400, "a change needs a target and a patch")
    return Change(target, patch)


def apply_changes(item: Item, changes: Sequence[Change], now: float, due: float) -> None:
    """Do all changes, to be seen from `due` on.

    Raises:
        WriteRefused: One of them cannot be done, or they change nothing; then nothing is done.
    """
    after = _Draft(item, now)
    for change in changes:
        after.apply(change)
    if not after.is_new():
        name = "_files.xml" if all(change.target.startswith("files/") for change in changes) else "_meta.xml"
        raise WriteRefused(400, f"no changes to {name}")
    item.show_as_it_is(now, due)
    after.keep()


def meddle(item: Item, changes: Sequence[Change], now: float) -> None:
    """Be somebody else, who changes what the first operation of each change is about just before it."""
    for change in changes:
        operation = change.patch[0] if change.patch else None
        path = operation.get("path") if isinstance(operation, dict) else None
        if isinstance(path, str) and path.count("/"):
            value = "changed by somebody else"
            patch = [{"op": "add", "path": f"/{path.split('/')[1]}", "value": value}]
            apply_changes(item, [Change(change.target, patch)], now, now)


class _Draft:
    """An item's metadata while changes are being made to them."""

    def __init__(self, item: Item, now: float) -> None:
        self._item = item
        self._now = now
        self._metadata = item.metadata
        self._documents = dict(item.documents)
        self._files: dict[str, Metadata] = {}

    def apply(self, change: Change) -> None:
        """Do one change to the draft."""
        if change.target == "metadata":
            self._metadata = _patched(self._metadata, change.patch, {"identifier": self._item.identifier})
        elif change.target.startswith("files/"):
            self._apply_to_file(change.target.removeprefix("files/"), change.patch)
        elif _TARGET.fullmatch(change.target) and change.target not in _TAKEN:
            self._documents[change.target] = _apply(self._documents.get(change.target, {}), change.patch)
        else:
            raise WriteRefused(400, "unknown target")

    def is_new(self) -> bool:
        """Whether anything differs from before."""
        item = self._item
        return (
            self._metadata != item.metadata
            or self._documents != item.documents
            or any(metadata != self._newest(name) for name, metadata in self._files.items())
        )

    def keep(self) -> None:
        """Make it the item's."""
        self._item.metadata = self._metadata
        self._item.documents = self._documents
        for name, metadata in self._files.items():
            seen = self._item.file(name, self._now)
            bodies = self._item.files[name]
            self._item.files[name] = [
                dataclasses.replace(body, metadata=metadata) if body is seen else body for body in bodies
            ]

    def _newest(self, name: str) -> Metadata | None:
        file = self._item.file(name, self._now)
        return None if file is None else file.metadata

    def _apply_to_file(self, name: str, patch: Sequence[object]) -> None:
        file = self._item.file(name, self._now)
        if file is None:
            raise WriteRefused(404, "there is no such file")
        before = self._files.get(name, file.metadata)
        of_the_system = {key: value for key, value in file.described({}).items() if key in SYSTEM_FIELDS}
        self._files[name] = _patched(before, patch, of_the_system)


def _patched(before: Metadata, patch: Sequence[object], fixed: Mapping[str, object]) -> Metadata:
    """Metadata after a patch that sees `fixed` as well, and must leave it alone."""
    after = _apply({**before, **fixed}, patch)
    if not isinstance(after, dict) or any(after.get(key) != value for key, value in fixed.items()):
        raise WriteRefused(400, f"nobody can change {', '.join(sorted(fixed))}")
    found = {key: _as_xml_keeps(key, value) for key, value in after.items() if key not in fixed}
    return {key: value for key, value in found.items() if value != []}


def _as_xml_keeps(key: str, value: object) -> str | list[str]:
    """The archive keeps metadata in XML, which knows no numbers, and no list of one."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
        raise WriteRefused(400, f"the value of {key} is no text")
    texts = [str(one) for one in values]
    return texts[0] if len(texts) == 1 else texts


def _apply(document: object, patch: Sequence[object]) -> object:
    try:
        return apply_patch(document, patch)
    except PatchError as error:
        raise WriteRefused(400, str(error)) from error
