"""Whether anybody can be reached: what several hosts that say nothing tell about our own network.

Pure: this file knows neither Trio nor hosts. Times are handed in, in seconds of one monotonic clock.
"""

from __future__ import annotations

import math

__all__ = ["Network"]


class Network:
    """Our own network, as the pacers that share this object have come to know it.

    It counts as gone while a host is out of service because nobody answers there, and nothing has been heard from any
    host since that began. A host that refuses a connection has been heard. Of a single host that nobody else can be
    compared with, silence means the network: to wait is the safer mistake.

    Attributes:
        gone_since: Since when nobody can be reached, on Trio's clock; None while somebody can.
        back_at: When it came back last, on Trio's clock; -inf if it was never gone.
    """

    def __init__(self) -> None:
        self.gone_since: float | None = None
        self.back_at = -math.inf
        self._heard_at = -math.inf

    def heard(self, now: float) -> None:
        """Something has come from a host."""
        self._heard_at = now
        if self.gone_since is not None:
            self.gone_since = None
            self.back_at = now

    def missed(self, since: float) -> None:
        """A host has been silent since then, so long that it is out of service."""
        if self.gone_since is None and self._heard_at <= since:
            self.gone_since = since

    def accountable_since(self, since: float) -> float:
        """From when on a host that has failed since then is to be held to account: inf while nobody can be reached.

        What went before the network came back is no fault of the host.
        """
        return math.inf if self.gone_since is not None else max(since, self.back_at)

    def heard_since(self, moment: float) -> bool:
        """Whether anything has come from any host after that moment."""
        return self._heard_at > moment
