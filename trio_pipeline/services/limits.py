"""How many tasks wait at the archive's stand-in, whose they are, and which ration they exceed.

Every upload and every write of metadata is a task until it is due. Pure: times are given. This file does not know what
a task does.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import dataclass

__all__ = ["Rations", "Tasks"]


@dataclass(frozen=True, slots=True)
class Rations:
    """How many tasks may wait before no more is accepted.

    Attributes:
        total: Of everybody.
        accesskey: Of one access key.
        bucket: Of one item.
    """

    total: int = 1_000_000
    accesskey: int = 1_000_000
    bucket: int = 1_000_000


class Tasks:
    """Everything that was accepted, and when it is done.

    Args:
        rations: How much may wait.
    """

    def __init__(self, rations: Rations) -> None:
        self._rations = rations
        self._last = 1_000_000_000
        # Sorted: uploads ask how many wait thousands of times.
        self._all: list[float] = []
        self._by_key: defaultdict[str, list[float]] = defaultdict(list)
        self._by_item: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, access: str, identifier: str, due: float) -> int:
        """Accept a task of an access key on an item. The number by which it is known."""
        for dues in (self._all, self._by_key[access], self._by_item[identifier]):
            bisect.insort(dues, due)
        self._last += 1
        return self._last

    def forget(self, now: float) -> None:
        """Drop every task that is not done."""
        for dues in (self._all, *self._by_key.values(), *self._by_item.values()):
            del dues[bisect.bisect_right(dues, now) :]

    def waiting(self, now: float) -> int:
        """How many of all tasks are not done."""
        return _later(self._all, now)

    def excess(self, access: str, identifier: str, now: float) -> str:
        """Which ration the next task would exceed, in the archive's words; empty for none."""
        counts = self._counts(access, identifier, now)
        if counts["total"] >= self._rations.total:
            return "total_tasks_queued exceeds total_global_limit"
        if counts["accesskey"] >= self._rations.accesskey:
            return "accesskey_tasks_queued exceeds accesskey_ration"
        if counts["bucket"] >= self._rations.bucket:
            return "bucket_tasks_queued exceeds bucket_ration"
        return ""

    def report(self, access: str, identifier: str, now: float, *, reason: str = "") -> dict[str, object]:
        """What `check_limit` answers.

        Args:
            access: The access key asked about; empty for none.
            identifier: The item asked about; empty for none.
            now: The time.
            reason: Says that there is no room though there is.
        """
        reason = reason or self.excess(access, identifier, now)
        counts = self._counts(access, identifier, now)
        detail = {
            "accesskey_ration": self._rations.accesskey,
            "accesskey_tasks_queued": counts["accesskey"],
            "bucket_ration": self._rations.bucket,
            "bucket_tasks_queued": counts["bucket"],
            "limit_reason": reason,
            "rationing_engaged": int(bool(reason)),
            "rationing_level": self._rations.total,
            "total_global_limit": self._rations.total,
            "total_tasks_queued": counts["total"],
        }
        return {"bucket": identifier, "accesskey": access, "over_limit": int(bool(reason)), "detail": detail}

    def _counts(self, access: str, identifier: str, now: float) -> dict[str, int]:
        return {
            "total": _later(self._all, now),
            "accesskey": _later(self._by_key.get(access, []), now),
            "bucket": _later(self._by_item.get(identifier, []), now),
        }


def _later(dues: list[float], now: float) -> int:
    return len(dues) - bisect.bisect_right(dues, now)
