"""What the Internet Archive says about an item and about its queues of uploads, read from its JSON.

Pure: this file does not know how it was asked. Whatever does not have the form that is documented is a ValueError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["Description", "Item", "Limits", "Queue", "read_description", "read_item", "read_limits"]

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the metadata API shows it.

    Attributes:
        exists: Whether there is such an item.
        is_dark: Whether it was taken down.
        files: The md5 of every file that has one, by name.
    """

    exists: bool
    is_dark: bool = False
    files: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, md5: str, *, preferred: str) -> str | None:
        """The name of a file with this checksum, `preferred` if that has it; None if no file has it."""
        if self.files.get(preferred) == md5:
            return preferred
        # What was overwritten is kept under this folder, and goes when the item is tidied: it is no copy to rely on.
        return next(
            (name for name, known in self.files.items() if known == md5 and not name.startswith("history/")),
            None,
        )


@dataclass(frozen=True, slots=True)
class Queue:
    """Uploads that wait to be worked off, and how many may.

    Attributes:
        queued: How many wait.
        ration: How many may.
    """

    queued: int
    ration: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The answer of `check_limit`.

    Attributes:
        over_limit: Whether an upload would be refused now.
        reason: Why, as the archive words it; empty if it would not.
        everybody: The queue of all uploaders.
        account: That of the account that asked.
        item: That of the item that was asked about.
    """

    over_limit: bool
    reason: str
    everybody: Queue
    account: Queue
    item: Queue


@dataclass(frozen=True, slots=True)
class Description:
    """What is said about an item and its files.

    Attributes:
        exists: Whether there is such an item.
        is_dark: Whether it was taken down.
        metadata: The item's own, as JSON.
        files: That of every file, by name; what the archive itself says about it is among it.
    """

    exists: bool
    is_dark: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def read_description(body: bytes) -> Description:
    """The same answer as `read_item` reads, for what it says beyond checksums.

    Raises:
        ValueError: It is not what that answer looks like.
    """
    item = read_item(body)
    if not item.exists or item.is_dark:
        return Description(exists=item.exists, is_dark=item.is_dark)
    answer = _read_object(body)
    metadata, files = answer.get("metadata"), answer.get("files", [])
    if not isinstance(metadata, dict) or not isinstance(files, list):
        raise ValueError("there are no metadata")  # noqa: TRY004 -- likewise
    return Description(exists=True, metadata=metadata, files={entry["name"]: entry for entry in files})


def read_item(body: bytes) -> Item:
    """The answer of `GET /metadata/{item}`; `{}`, which comes with status 200, says that there is none.

    Raises:
        ValueError: It is not what that answer looks like.
    """
    answer = _read_object(body)
    if not answer:
        return Item(exists=False)
    if answer.get("is_dark"):
        return Item(exists=True, is_dark=True)
    if "error" in answer and "files" not in answer:
        raise ValueError("an error instead of an item")
    files = answer.get("files", [])
    if not isinstance(files, list):
        raise ValueError("files is no list")  # noqa: TRY004 -- what a stranger sent, not what a caller gave
    return Item(exists=True, files=dict(pair for entry in files if (pair := _name_and_md5(entry))))


def read_limits(body: bytes) -> Limits:
    """The answer of `GET /?check_limit=1`.

    Raises:
        ValueError: It is not what that answer looks like.
    """
    answer = _read_object(body)
    over_limit, detail = answer.get("over_limit"), answer.get("detail")
    if not isinstance(over_limit, int) or not isinstance(detail, dict):
        raise ValueError("over_limit or detail is not there")  # noqa: TRY004 -- likewise
    return Limits(
        over_limit=bool(over_limit),
        reason=terminal_safe(str(detail.get("limit_reason") or "")[:_LONGEST_REASON]),
        everybody=Queue(_count(detail, "total_tasks_queued"), _count(detail, "total_global_limit")),
        account=Queue(_count(detail, "accesskey_tasks_queued"), _count(detail, "accesskey_ration")),
        item=Queue(_count(detail, "bucket_tasks_queued"), _count(detail, "bucket_ration")),
    )


def _count(answer: Mapping[str, object], name: str) -> int:
    value = answer.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is no number")
    return value


def _read_object(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(answer, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- what a stranger sent, not what a caller gave
    return answer


def _name_and_md5(entry: object) -> tuple[str, str] | None:
    match entry:
        case {"name": str(name), "md5": str(md5)}:
            return name, md5.lower()
        case {"name": str()}:
            return None  # the list of files itself has no checksum
        case _:
            raise ValueError("a file without a name")
