"""The errors of the Internet Archive's S3 interface, as it words them.

Pure: this file does not know when they are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["FAULT_ERRORS", "S3Error"]


@dataclass(frozen=True, slots=True)
class S3Error:
    """An answer that is not 200.

    Attributes:
        status: The HTTP status.
        code: The `Code` of the XML.
        message: Its `Message`.
        resource: Its `Resource`; empty for the path that was asked for.
    """

    status: int
    code: str
    message: str
    resource: str = ""

    def xml(self, path: str) -> bytes:
        """The body of the answer to a request for `path`."""
        parts = {
            "Code": self.code,
            "Message": self.message,
            "Resource": self.resource or path,
            "RequestId": "00000000-0000-0000-0000-000000000000",
        }
        inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items())
        return f"<?xml version='1.0' encoding='UTF-8'?>\n<Error>{inside}</Error>".encode()


_SLOW_DOWN = "Please reduce your request rate."

FAULT_ERRORS = {
    "slow-down": S3Error(
        503,
        "SlowDown",
        _SLOW_DOWN,
        "Your upload is being rationed: total_tasks_queued exceeds total_global_limit",
    ),
    "item-slow-down": S3Error(
        503, "SlowDown", _SLOW_DOWN, "Your upload is being rationed: bucket_tasks_queued exceeds bucket_ration"
    ),
    "spam": S3Error(503, "SlowDown", _SLOW_DOWN, "Your upload appears to be spam."),
    "bucket-lock": S3Error(
        503, "InternalError", "We encountered an internal error. Please try again.", "short term bucket lock"
    ),
    "bad-content": S3Error(400, "BadContent", "The content of the file was rejected.", "PDF could not be read"),
    "unavailable": S3Error(503, "InternalError", "We encountered an internal error. Please try again."),
}
"""The faults of uploads that are an error of this interface, by the names that `faults.FAULTS` gives them."""
