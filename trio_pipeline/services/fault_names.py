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
_QUESTIONS = {
    "answer-lost": "the question is answered, then the connection is closed without an answer",
    "per-minute": "429 RESOURCE_EXHAUSTED: the requests of this minute are used up",
    "per-day": "429 RESOURCE_EXHAUSTED: the requests of this day are used up",
    "exhausted": "429 RESOURCE_EXHAUSTED without a word about which quota",
    "internal-error": "500 INTERNAL",
    "overloaded": "503 UNAVAILABLE",
    "deadline": "504 DEADLINE_EXCEEDED",
    "invalid-argument": "400 INVALID_ARGUMENT",
    "failed-precondition": "400 FAILED_PRECONDITION",
    "wrong-key": "400 INVALID_ARGUMENT: API_KEY_INVALID",
    "permission-denied": "403 PERMISSION_DENIED",
    "no-model": "404 NOT_FOUND",
    "max-tokens": "MAX_TOKENS: the answer is cut off in the middle",
    "safety": "SAFETY: no answer",
    "recitation": "RECITATION: no answer",
    "spii": "SPII: no answer",
    "blocklist": "BLOCKLIST: no answer",
    "prohibited": "PROHIBITED_CONTENT: no answer",
    "other": "OTHER: no answer",
    "blocked-prompt": "no candidates: the question itself is blocked",
    "empty-answer": "STOP without a text",
    "thoughts": "a part with thoughts before the answer",
    "split-text": "the answer in three parts",
    "broken-json": "STOP, and the answer breaks off all the same",
    "wrong-schema": "STOP, and the answer has another form",
    "made-up-number": "one judgement has a number that stands nowhere",
    "made-up-name": "one judgement has a party that stands nowhere",
    "made-up-counsel": "one judgement has counsel that stands nowhere",
    "made-up-decision": "one judgement has a decision that stands nowhere",
    "forgets": "the first judgement is left out",
    "obeys": "what a text in the gazette tells the reader to answer is answered",
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
        "gemini": MappingProxyType(_STREAM | _CUT | _BUSY | _QUESTIONS),
    }
)
"""For each kind of request, the faults it can have and what they are. `tjro` are PDFs, `archive` uploads, and
`archive-metadata` reads."""
