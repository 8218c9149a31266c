"""What the archive's stand-in does with a body that was put: check it, and keep it.

This file does not know how an answer is sent, nor anything of faults.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from trio_pipeline.services.accounts import Accounts
from trio_pipeline.services.bodies import Bodies, Body
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.limits import Tasks
from trio_pipeline.services.s3_errors import BAD_DIGEST, INVALID_BUCKET, S3Error, rationed
from trio_pipeline.services.s3_headers import (
    Metadata,
    content_md5,
    credentials,
    metadata,
    valid_identifier,
)
from trio_pipeline.services.shelf import Item, Shelf, StoredFile

__all__ = ["HeldItem", "Received", "Uploads"]

_COLLECTIONS = frozenset({"opensource", "test_collection"})


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item that is there from the beginning.

    Attributes:
        identifier: Its name.
        files: Names and contents.
        metadata: As the metadata API shows it.
        owner: The access key that it belongs to; empty for somebody else's.
        is_dark: Whether it was taken down.
    """

    identifier: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=dict)
    owner: str = ""
    is_dark: bool = False


class Received:
    """A body on its way in, with its checksums.

    Attributes:
        size: How many bytes have come so far.

    Args:
        body: Where its bytes go.
    """

    def __init__(self, body: Body) -> None:
        self.size = 0
        self._body = body
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)

    @property
    def md5(self) -> bytes:
        """The digest of what has come so far."""
        return self._md5.digest()

    def add(self, data: bytes) -> None:
        """Keep the next bytes."""
        self._body.append(data)
        self.size += len(data)
        self._md5.update(data)
        self._sha1.update(data)

    def read(self) -> bytes:
        """What has come so far."""
        return self._body.read(0, self.size)

    def stored(self, name: str, about: Metadata, due: float) -> StoredFile:
        """The file that it becomes."""
        md5, sha1 = self._md5.hexdigest(), self._sha1.hexdigest()
        return StoredFile(name, self.size, md5, sha1, self._body, about, due)


class Uploads:
    """Everything put so far, and who may put more.

    Attributes:
        stored: For each `item/file` the checksums of the bodies that were stored, in order; without what was held
            from the beginning.

    Args:
        shelf: Where files go.
        bodies: Where bytes go.
        accounts: Who may put anything.
        tasks: Where each upload waits.
    """

    def __init__(self, shelf: Shelf, bodies: Bodies, accounts: Accounts, tasks: Tasks) -> None:
        self.stored: dict[str, list[str]] = {}
        self._shelf = shelf
        self._bodies = bodies
        self._accounts = accounts
        self._tasks = tasks

    def begin(self, length: int) -> Received:
        """Room for a body of `length` bytes."""
        return Received(self._bodies.reserve(length))

    def hold(self, held: HeldItem) -> None:
        """Put an item on the shelf as if it had always been there."""
        item = Item(held.identifier, held.owner, dict(held.metadata), held.is_dark)
        self._shelf.items[held.identifier] = item
        for name, content in held.files.items():
            received = self.begin(len(content))
            received.add(content)
            item.add(received.stored(name, {}, -math.inf))

    def objection(
        self, exchange: Exchange, identifier: str, name: str, received: Received, now: float
    ) -> S3Error | None:
        """Why a body is not accepted, or None."""
        if not valid_identifier(identifier) or not name:
            return INVALID_BUCKET
        login = credentials(exchange.headers.get("authorization", ""))
        if login is None:
            return S3Error(403, "AccessDenied", "Access Denied")
        announced = exchange.headers.get("content-md5")
        if announced is not None and content_md5(announced) != received.md5:
            return BAD_DIGEST
        excess = self._tasks.excess(login[0], identifier, now)
        return (
            self._accounts.refusal(*login)
            or self._closed(exchange, identifier, login[0])
            or (rationed(excess) if excess else None)
        )

    def accept(self, exchange: Exchange, identifier: str, name: str, received: Received, due: float) -> None:
        """Keep a body that nothing was said against, unless a fault spoils it. It can be seen from `due` on."""
        login = credentials(exchange.headers["authorization"])
        assert login is not None
        fault = "" if exchange.fault is None else exchange.fault.name
        self._tasks.add(login[0], identifier, due)
        if fault == "lost":
            return
        item = self._shelf.items.get(identifier)
        if item is None:
            # Only the upload that makes an item says what it is about.
            about = metadata(exchange.raw_headers, "x-archive-meta")
            item = self._shelf.items[identifier] = Item(identifier, login[0], about)
        kept = self._spoiled(received) if fault == "corrupt" else received
        item.add(kept.stored(name, metadata(exchange.raw_headers, "x-archive-filemeta"), due))
        item.is_dark = fault == "dark"
        self.stored.setdefault(f"{identifier}/{name}", []).append(kept.md5.hex())

    def _spoiled(self, received: Received) -> Received:
        """What came, and one byte more."""
        spoiled = self.begin(received.size + 1)
        spoiled.add(received.read() + b"\0")
        return spoiled

    def _closed(self, exchange: Exchange, identifier: str, access: str) -> S3Error | None:
        item = self._shelf.items.get(identifier)
        if item is None:
            return _not_creatable(exchange)
        if item.owner != access:
            return S3Error(403, "AccessDenied", "Access Denied", "this item belongs to another account")
        return S3Error(403, "AccessDenied", "Access Denied", "item is dark") if item.is_dark else None


def _not_creatable(exchange: Exchange) -> S3Error | None:
    if exchange.headers.get("x-archive-auto-make-bucket") != "1":
        return S3Error(404, "NoSuchBucket", "The specified bucket does not exist.")
    collections = metadata(exchange.raw_headers, "x-archive-meta").get("collection", "opensource")
    wanted = {collections} if isinstance(collections, str) else set(collections)
    if wanted - _COLLECTIONS:
        return S3Error(403, "AccessDenied", "Access Denied", "no privilege to write to the collection")
    return None
