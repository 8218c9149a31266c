"""Who may write to the archive's stand-in: pairs of keys.

Pure: this file does not know what is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from trio_pipeline.services.s3_errors import UNKNOWN_KEY, WRONG_SECRET, S3Error

__all__ = ["Accounts"]


class Accounts:
    """The known keys.

    Args:
        keys: Secrets by access key; None lets everybody in.
    """

    def __init__(self, keys: Mapping[str, str] | None) -> None:
        self._keys = keys

    def refusal(self, access: str, secret: str) -> S3Error | None:
        """What is wrong with a pair of keys, or None."""
        if self._keys is None or self._keys.get(access) == secret:
            return None
        return UNKNOWN_KEY if access not in self._keys else WRONG_SECRET
