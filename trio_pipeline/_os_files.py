"""Files as the operating system has them: calls that block. What each does, `world.Files` tells.

This file does not know which thread they run in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "make_directory",
    "open_at_end",
    "open_for_reading",
    "open_for_writing",
    "remove",
    "replace",
    "size",
    "sizes",
]


def open_for_writing(path: Path) -> BinaryIO:
    return path.open("wb", buffering=0)


def open_at_end(path: Path) -> BinaryIO:
    # Not "ab", which makes a file where there is none.
    file = path.open("r+b", buffering=0)
    file.seek(0, os.SEEK_END)
    return file


def open_for_reading(path: Path) -> BinaryIO:
    return path.open("rb", buffering=0)


def make_directory(path: Path) -> None:
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for directory in missing:
        _sync_directory(directory.parent)


def replace(source: Path, target: Path) -> None:
    source.replace(target)
    # A rename is durable only once the directory is: without this a crash can bring the old name back.
    _sync_directory(target.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):  # macOS says the second of a directory
        if not path.is_dir():
            raise
        # Somebody has put it in the place of a file of ours. What it holds is not ours to delete.
        path.rmdir()
    return True


def size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def sizes(directory: Path) -> dict[str, int]:
    try:
        with os.scandir(directory) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file(follow_symlinks=False)}
    except FileNotFoundError:
        return {}
