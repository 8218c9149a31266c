"""The errors of the Internet Archive's S3 interface, as it words them.

Pure: this file does not know when they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape

__all__ = [
    "BAD_DIGEST",
    "FAULT_ERRORS",
    "INVALID_BUCKET",
    "MISSING_LENGTH",
    "UNKNOWN_KEY",
    "WRONG_SECRET",
    "S3Error",
    "rationed",
]


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


_INTERNAL = ("InternalError", "We encountered an internal error. Please try again.")


def _slow_down(reason: str) -> S3Error:
    return S3Error(503, "SlowDown", "Please reduce your request rate.", reason)


def rationed(excess: str) -> S3Error:
    """The refusal of an upload that exceeds a ration, as `check_limit` words it."""
    return _slow_down(f"Your upload is being rationed: {excess}")


BAD_DIGEST = S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
INVALID_BUCKET = S3Error(400, "InvalidBucketName", "The specified bucket is not valid.")
MISSING_LENGTH = S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
UNKNOWN_KEY = S3Error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
WRONG_SECRET = S3Error(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)

FAULT_ERRORS: Mapping[str, S3Error] = MappingProxyType(
    {
        "slow-down": rationed("total_tasks_queued exceeds total_global_limit"),
        "key-slow-down": rationed("accesskey_tasks_queued exceeds accesskey_ration"),
        "item-slow-down": rationed("bucket_tasks_queued exceeds bucket_ration"),
        "spam": _slow_down("Your upload appears to be spam."),
        "bucket-lock": S3Error(503, *_INTERNAL, "short term bucket lock"),
        "namespace-shared": S3Error(500, *_INTERNAL, "bucket namespace is shared"),
        "auto-make-bucket": S3Error(503, *_INTERNAL, "auto_make_bucket requested"),
        "bad-content": S3Error(400, "BadContent", "The content of the file was rejected.", "PDF could not be read"),
        "bad-digest": BAD_DIGEST,
        "invalid-bucket": INVALID_BUCKET,
        "missing-length": MISSING_LENGTH,
        "invalid-key": UNKNOWN_KEY,
        "bad-signature": WRONG_SECRET,
        "access-denied": S3Error(403, "AccessDenied", "Access Denied"),
        "unavailable": S3Error(503, *_INTERNAL),
        "internal": S3Error(500, *_INTERNAL),
        "too-many": S3Error(429, "TooManyRequests", "Please reduce your request rate."),
    }
)
"""The faults of uploads that are an error of this interface, by the names that `fault_names` gives them."""
