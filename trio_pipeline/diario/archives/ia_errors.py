"""What the Internet Archive's refusals of an upload mean.

They are a status and a small XML text with Code, Message and Resource. What to do about each is a table, made from the
archive's documentation and from what its users report; the first row that fits counts.

Pure: this file does not know how an upload is paused, stopped or tried again.
"""

from __future__ import annotations

import enum
import html
import re
from dataclasses import dataclass

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["Do", "Reaction", "Refusal", "reaction", "read_refusal"]


class Do(enum.Enum):
    """What to do about a refused upload."""

    PAUSE_ALL = "pause all uploads"
    PAUSE_ITEM = "pause uploads to this item"
    SLOW_DOWN = "try again, all uploads more slowly"
    TRY_SOON = "try again soon; it uses up no attempt"
    TRY_AGAIN = "try again"
    HASH_AGAIN = "hash the file again, and try once more if it is whole"
    GIVE_UP = "give the gazette up for this run"
    REJECT = "reject the gazette"
    STOP = "stop uploading"
    STOP_FOR_GOOD = "stop uploading until a person has cleared it with the archive"
    CRASH = "fail loudly: the request itself was wrong"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The archive's XML, as text; a part that is missing is empty."""

    code: str = ""
    message: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to do about a refusal.

    Attributes:
        do: What to do.
        reason: One line for people.
    """

    do: Do
    reason: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table.

    Attributes:
        statuses: To which it applies; None for all.
        codes: The Code that it applies to, any of them; None for all, a missing one included.
        words: What Message and Resource together must contain, in lower case, as a regular expression.
        do: What to do.
    """

    statuses: frozenset[int] | None
    codes: frozenset[str] | None
    words: str
    do: Do


def _row(statuses: str, codes: str, words: str, do: Do) -> _Row:
    return _Row(frozenset(map(int, statuses.split())) or None, frozenset(codes.split()) or None, words, do)


_TABLE = (
    # The same code for "too fast" and for "spam": an uploader that took the second for the first lost its account.
    _row("503", "SlowDown", "spam", Do.STOP_FOR_GOOD),
    _row("503", "SlowDown", "bucket_tasks_queued", Do.PAUSE_ITEM),
    _row("503", "SlowDown", "", Do.PAUSE_ALL),
    _row("500 503", "", "short term bucket lock|namespace is shared|auto_make_bucket requested", Do.TRY_SOON),
    _row("", "InvalidAccessKeyId SignatureDoesNotMatch", "", Do.STOP),
    _row("401", "", "", Do.STOP),
    # Somebody else's item. A 403 without this code is some firewall's, and says nothing about the gazette.
    _row("403", "AccessDenied", "", Do.REJECT),
    _row("400", "BadContent", "", Do.REJECT),
    _row("400", "BadDigest", "", Do.HASH_AGAIN),
    # The body arrived too slowly or not whole: the network's doing, though the status blames the request.
    _row("400", "RequestTimeout IncompleteBody", "", Do.TRY_AGAIN),
    _row("411", "", "", Do.CRASH),
    _row("400", "InvalidBucketName", "", Do.CRASH),
    _row("429 503", "", "", Do.SLOW_DOWN),
    _row("408", "", "", Do.TRY_AGAIN),
)

_FIELD = re.compile(r"<(Code|Message|Resource)>([^<]*)</\1>")
# Characters of each part that are kept; the archive's own are shorter.
_LONGEST = 300


def read_refusal(body: bytes) -> Refusal:
    """The parts of an error's XML. Anything else is an empty refusal.

    No XML parser is used: three flat elements need none, and a stranger's text cannot make one unpack entities.
    """
    parts = {
        key.lower(): terminal_safe(html.unescape(value)[:_LONGEST]).strip()
        for key, value in _FIELD.findall(body.decode("utf-8", errors="replace"))
    }
    return Refusal(**parts)


def reaction(status: int, refusal: Refusal) -> Reaction:
    """What to do about an upload that was answered with anything but a success.

    Args:
        status: The HTTP status.
        refusal: What the answer's body says.
    """
    said = " ".join(filter(None, (refusal.code, refusal.message, refusal.resource)))
    reason = f"the archive refused with status {status}" + (f": {said}" if said else "")
    for row in _TABLE:
        if _fits(row, status, refusal):
            return Reaction(row.do, reason)
    return Reaction(Do.TRY_AGAIN if status >= 500 else Do.GIVE_UP, reason)


def _fits(row: _Row, status: int, refusal: Refusal) -> bool:
    if row.statuses is not None and status not in row.statuses:
        return False
    if row.codes is not None and refusal.code not in row.codes:
        return False
    return re.search(row.words, f"{refusal.message} {refusal.resource}".lower()) is not None
