"""The archive's S3 interface: files are put, listed and deleted, and it is asked whether there is room.

This file does not know what becomes of a file that was accepted.
"""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape

import trio

from trio_pipeline.services.accounts import Accounts
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault, retry_after
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.limits import Tasks
from trio_pipeline.services.s3_errors import FAULT_ERRORS, MISSING_LENGTH, S3Error
from trio_pipeline.services.s3_headers import credentials
from trio_pipeline.services.shelf import Item, Shelf
from trio_pipeline.services.uploads import Uploads

__all__ = ["S3Api"]

_NO_BUCKET = S3Error(404, "NoSuchBucket", "The specified bucket does not exist.")
_NO_KEY = S3Error(404, "NoSuchKey", "The specified key does not exist.")
_DENIED = S3Error(403, "AccessDenied", "Access Denied")


class S3Api:
    """Uploads, deletions, listings of items, and questions about room and keys.

    Args:
        shelf: What there is.
        uploads: What takes a body.
        accounts: Whose keys are right.
        tasks: What waits.
    """

    def __init__(self, shelf: Shelf, uploads: Uploads, accounts: Accounts, tasks: Tasks) -> None:
        self._shelf = shelf
        self._uploads = uploads
        self._accounts = accounts
        self._tasks = tasks

    async def put(
        self, exchange: Exchange, identifier: str, name: str, *, plan: FaultPlan, latency: float, queue: float
    ) -> None:
        """Take a file, or refuse it.

        Args:
            exchange: The request.
            identifier: The item.
            name: The file.
            plan: What goes wrong.
            latency: Seconds from the beginning of the request to its answer.
            queue: Seconds from then until the file can be seen.

        Raises:
            ClientGone: As `Exchange.answer`.

        Cancellation: as `Exchange.answer`; what has come of a body is lost.
        """
        await exchange.admit("upload", "archive", plan)
        if exchange.length is None:
            await _refuse(exchange, MISSING_LENGTH)
            return
        received = self._uploads.begin(exchange.length)
        while data := await exchange.read():
            received.add(data)
        await exchange.wait(latency)
        if await _failed(exchange):
            return
        now = trio.current_time()
        error = self._uploads.objection(exchange, identifier, name, received, now)
        if error is not None:
            await _refuse(exchange, error)
            return
        self._uploads.accept(exchange, identifier, name, received, now + queue)
        if exchange.fault is not None and exchange.fault.name == "answer-lost":
            await exchange.cut(reset=False)
        await exchange.answer(200)

    async def delete(self, exchange: Exchange, identifier: str, name: str) -> None:
        """Remove a file at once. Raises and is cancelled as `Exchange.answer`."""
        await exchange.admit("delete")
        error = self._objection(exchange, identifier, name)
        if error is None:
            del self._shelf.items[identifier].files[name]
            await exchange.answer(204)
        else:
            await _refuse(exchange, error)

    async def list(self, exchange: Exchange, identifier: str) -> None:
        """The files of an item. Raises and is cancelled as `Exchange.answer`."""
        await exchange.admit("bucket")
        now = trio.current_time()
        item = self._shelf.items.get(identifier)
        if item is None or item.is_dark or not item.document(now):
            await _refuse(exchange, _NO_BUCKET)
        else:
            await exchange.answer(200, _listing(item, now), headers=[("Content-Type", "application/xml")])

    async def check(self, exchange: Exchange, plan: FaultPlan) -> None:
        """Say whether keys are right, or whether there is room. Raises and is cancelled as `Exchange.answer`."""
        await exchange.admit("check", "archive-limit", plan)
        await exchange.wait(0)
        if await answered_by_fault(exchange):
            return
        if "check_auth" in exchange.query:
            await exchange.answer_json(self._authorized(exchange))
            return
        reason = "accesskey_tasks_queued exceeds accesskey_ration" if exchange.fault is not None else ""
        access, bucket = exchange.query.get("accesskey", ""), exchange.query.get("bucket", "")
        await exchange.answer_json(self._tasks.report(access, bucket, trio.current_time(), reason=reason))

    def _objection(self, exchange: Exchange, identifier: str, name: str) -> S3Error | None:
        """Why a file is not deleted, or None."""
        login = credentials(exchange.headers.get("authorization", ""))
        if login is None:
            return _DENIED
        item = self._shelf.items.get(identifier)
        if item is None:
            return self._accounts.refusal(*login) or _NO_BUCKET
        if item.owner != login[0] or item.is_dark:
            return self._accounts.refusal(*login) or _DENIED
        return self._accounts.refusal(*login) or (None if name in item.files else _NO_KEY)

    def _authorized(self, exchange: Exchange) -> dict[str, object]:
        login = credentials(exchange.headers.get("authorization", ""))
        if login is None or self._accounts.refusal(*login) is not None:
            return {"authorized": False, "error": "access key and secret do not match"}
        return {"authorized": True, "accesskey": login[0], "username": "stand-in@example.org"}


async def _failed(exchange: Exchange) -> bool:
    """Give the answer that a fault asks for, if it asks for one."""
    fault = exchange.fault
    if fault is None:
        return False
    if fault.name == "redirect" and "redirected" not in exchange.query:
        host = exchange.headers.get("host", "127.0.0.1")
        location = f"http://{host}{quote(exchange.path)}?redirected=1"
        await exchange.answer(307, headers=[("Location", location)])
        return True
    error = FAULT_ERRORS.get(fault.name)
    if error is None:
        return await answered_by_fault(exchange)
    await _refuse(exchange, error)
    return True


async def _refuse(exchange: Exchange, error: S3Error) -> None:
    headers = [("Content-Type", "application/xml"), *retry_after(exchange.fault)]
    await exchange.answer(error.status, error.xml(exchange.path), headers=headers)


def _listing(item: Item, now: float) -> bytes:
    files = [file for name in sorted(item.files) if (file := item.file(name, now))]
    contents = "".join(
        f"<Contents><Key>{escape(file.name)}</Key><ETag>{file.md5}</ETag><Size>{file.size}</Size></Contents>"
        for file in files
    )
    inside = f"<Name>{escape(item.identifier)}</Name><IsTruncated>false</IsTruncated>{contents}"
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<ListBucketResult>{inside}</ListBucketResult>".encode()
