"""How long something will still take, in words for a person: an estimate is not exact to the second."""

from __future__ import annotations

__all__ = ["time_left"]

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def time_left(seconds: float) -> str:
    """A duration in its largest unit and the next one; below ten minutes it has seconds.

    >>> time_left(200_000), time_left(4521), time_left(754), time_left(75), time_left(0.4)
    ('2 d 7 h', '1 h 15 min', '12 min', '1 min 15 s', '0 s')
    """
    rest = round(seconds)
    if rest >= 600:
        rest -= rest % 60
    counts = []
    for size, name in _UNITS:
        count, rest = divmod(rest, size)
        counts.append((count, name))
    while len(counts) > 1 and not counts[0][0]:
        del counts[0]
    return " ".join(f"{count} {name}" for count, name in counts[:2] if count) or "0 s"
