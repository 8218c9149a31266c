"""What happened in a run, as lines of which a digest is kept.

Two runs are the same when their digests are. The lines themselves are kept only on demand: a world makes millions.

Pure: this file does not know what is noted, or when.
"""

from __future__ import annotations

import hashlib

__all__ = ["Trace"]


class Trace:
    """Takes down what happens, in order.

    Args:
        keep: Whether the lines are kept for reading; the digest is the same either way.

    Attributes:
        lines: The lines so far, if they are kept.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._keep = keep
        self.lines: list[str] = []

    def note(self, *words: object) -> None:
        """Add a line: the words, with a space between any two of them.

        What differs between two processes that do the same (addresses, the order of sets, real times) does not belong
        here.
        """
        line = " ".join(map(str, words))
        if not line.isprintable():
            line = repr(line)[1:-1]
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        if self._keep:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for all lines so far."""
        return self._hash.hexdigest()
