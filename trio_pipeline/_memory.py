"""How much memory this process uses, as the operating system tells it.

This file does not know who wants to know.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MemoryUse", "read_memory_use"]


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory of this process, without that of its workers.

    Attributes:
        resident: Bytes in memory now; None where the system does not tell.
        peak: The most there ever were; None where the system does not tell.
    """

    resident: int | None
    peak: int | None


def read_memory_use() -> MemoryUse:
    """Memory of this process, as the operating system tells it."""
    try:
        # Not ru_maxrss where it can be avoided: on Linux it survives exec, and so tells of whoever started us.
        return _parse_status(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Bytes on macOS, kibibytes elsewhere (getrusage(2) of each).
        return MemoryUse(None, peak if sys.platform == "darwin" else peak * 1024)


def _parse_status(text: str) -> MemoryUse:
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return MemoryUse(_kibibytes(fields.get("VmRSS")), _kibibytes(fields.get("VmHWM")))


def _kibibytes(field: str | None) -> int | None:
    # "kB" in that file means 1024 bytes (proc_pid_status(5)). Some sandboxes leave fields out.
    return None if field is None else int(field.split()[0]) * 1024
