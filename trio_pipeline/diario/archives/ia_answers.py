"""What the Internet Archive says about an item and about the queue of uploads, read from its JSON.

Pure: this file does not know how it was asked. Whatever does not have the form that is documented is a ValueError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Item", "read_item", "read_queued"]


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


def read_queued(body: bytes) -> bool:
    """Whether the answer of `check_limit` says that tasks of the item are queued.

    Raises:
        ValueError: It does not say.
    """
    detail = _read_object(body).get("detail")
    count = detail.get("bucket_tasks_queued") if isinstance(detail, dict) else None
    if not isinstance(count, int) or isinstance(count, bool):
        raise ValueError("the number of queued tasks is not there")  # noqa: TRY004 -- likewise
    return count > 0


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
