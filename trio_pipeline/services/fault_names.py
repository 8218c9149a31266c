"""Everything that the stand-ins can do wrong, by the kind of request that it happens to.

Pure data: this file does not know when, how often or how.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FAULTS"]

_STREAM = {
    "refuse": "the connection is closed before an answer",
    "malformed": "what comes back is not HTTP",
    "reset": "a TCP reset in the middle of the body",
    "stall": "nothing more comes after the middle of the body, until the client leaves",
    "unavailable": "503",
}
_BUSY = {"too-many": "429; Retry-After is 60 if nothing else is said", "internal": "500"}
_PAGES = {
    "block-page": "200 with the court's block page",
    "forbidden-block": "403 with the court's block page",
    "forbidden": "403 without a block page",
    "missing": "404",
}
_NOT_JSON = {"not-json": "200 with a page where JSON should be"}
_EMPTY = {"empty": "an empty list, or for an item {}, as if it were not there"}
_CUT = {"truncate": "the connection is closed in the middle of the body"}
_ENDLESS = {
    "endless": "a body without a length, which never ends",
    "trickle": "a byte every 5 seconds",
}
_PDFS = {
    "short-length": "Content-Length says half of what there is, and so much comes",
    "long-length": "Content-Length says twice what comes, and then the connection is closed",
    "no-ranges": "Range is ignored",
    "changed": "from now on other bytes than before, and other validators",
}
_LISTINGS = {
    "lacks-rows": "every third row is missing",
    "page": "200 with some HTML page",
}
_UPLOADS = {
    "answer-lost": "the body is stored, then the connection is closed without an answer",
    "lost": "200, and the file never appears",
    "corrupt": "200, and the file that appears has other bytes",
    "dark": "200, and the item is taken down",
    "slow-down": "503 SlowDown: total_tasks_queued exceeds total_global_limit",
    "key-slow-down": "503 SlowDown: accesskey_tasks_queued exceeds accesskey_ration",
    "item-slow-down": "503 SlowDown: bucket_tasks_queued exceeds bucket_ration",
    "spam": "503 SlowDown: appears to be spam",
    "bucket-lock": "503 InternalError: short term bucket lock",
    "namespace-shared": "500 InternalError: bucket namespace is shared",
    "auto-make-bucket": "503 InternalError: auto_make_bucket requested",
    "bad-content": "400 BadContent",
    "bad-digest": "400 BadDigest",
    "invalid-bucket": "400 InvalidBucketName",
    "missing-length": "411 MissingContentLength",
    "invalid-key": "403 InvalidAccessKeyId",
    "bad-signature": "403 SignatureDoesNotMatch",
    "access-denied": "403 AccessDenied",
    "gateway": "502 with an HTML page",
    "redirect": "307 to the same path with a query",
}
_WRITES = {"conflict": "just before the patch, somebody else changes what it is about"}

FAULTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "tjro": MappingProxyType(_STREAM | _CUT | _BUSY | _PAGES | _ENDLESS | _PDFS),
        "tjro-listing": MappingProxyType(_STREAM | _CUT | _BUSY | _PAGES | _ENDLESS | _NOT_JSON | _EMPTY | _LISTINGS),
        "tjro-robots": MappingProxyType(_STREAM | _BUSY | _PAGES | {"page": _LISTINGS["page"]}),
        "archive": MappingProxyType(_STREAM | _BUSY | _UPLOADS),
        "archive-limit": MappingProxyType(
            _STREAM | _BUSY | _NOT_JSON | {"over-limit": "check_limit says over_limit 1"}
        ),
        "archive-metadata": MappingProxyType(_STREAM | _BUSY | _NOT_JSON | _EMPTY),
        "archive-write": MappingProxyType(_STREAM | _BUSY | _NOT_JSON | _WRITES),
        "archive-search": MappingProxyType(_STREAM | _BUSY | _NOT_JSON),
        "archive-download": MappingProxyType(_STREAM | _BUSY | _CUT),
    }
)
"""For each kind of request, the faults it can have and what they are. `tjro` are PDFs, `archive` uploads, and
`archive-metadata` reads."""
