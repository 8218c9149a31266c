"""The archive's metadata API: an item, or a part of it, is read, and changed by patches.

This file does not know what a patch does.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

import trio

from trio_pipeline.services.accounts import Accounts
from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.fault_answers import answered_by_fault, retry_after
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.limits import Tasks
from trio_pipeline.services.metadata_writes import Change, WriteRefused, apply_changes, meddle, read_changes
from trio_pipeline.services.s3_headers import credentials
from trio_pipeline.services.shelf import Item, Shelf

__all__ = ["MetadataApi"]

_LONGEST = 4 * 1024 * 1024
_LOG = "https://catalogd.archive.org/log/"


class MetadataApi:
    """Reads and writes.

    Args:
        shelf: What there is.
        accounts: Whose keys are right.
        tasks: Where each write waits.
    """

    def __init__(self, shelf: Shelf, accounts: Accounts, tasks: Tasks) -> None:
        self._shelf = shelf
        self._accounts = accounts
        self._tasks = tasks

    async def read(self, exchange: Exchange, path: str, plan: FaultPlan) -> None:
        """Show an item, or the part of it that `path` names below. Raises and is cancelled as `Exchange.answer`."""
        await exchange.admit("metadata", "archive-metadata", plan)
        await exchange.wait(0)
        if await answered_by_fault(exchange):
            return
        identifier, *names = path.rstrip("/").split("/")
        item = self._shelf.items.get(identifier)
        document = {} if item is None else item.document(trio.current_time())
        if exchange.fault is not None and exchange.fault.name == "empty":
            document = {}
        await exchange.answer_json(_part(document, names) if names else document)

    async def write(self, exchange: Exchange, identifier: str, *, plan: FaultPlan, queue: float) -> None:
        """Change what is said about an item, to be seen `queue` seconds later.

        Raises:
            ClientGone: As `Exchange.answer`.

        Cancellation: as `Exchange.answer`.
        """
        await exchange.admit("metadata-write", "archive-write", plan)
        body = await exchange.read_all(_LONGEST)
        await exchange.wait(0)
        if await self._failed(exchange):
            return
        try:
            task = self._written(exchange, identifier, body, queue)
        except WriteRefused as refused:
            headers = [("Retry-After", "60")] if refused.status == 429 else []
            await exchange.answer_json(_refusal(str(refused)), status=refused.status, headers=headers)
        else:
            await exchange.answer_json({"success": True, "task_id": task, "log": f"{_LOG}{task}"})

    async def _failed(self, exchange: Exchange) -> bool:
        fault = exchange.fault
        if fault is None or fault.name != "too-many":
            return await answered_by_fault(exchange)
        await exchange.answer_json(_refusal("too many requests"), status=429, headers=retry_after(fault))
        return True

    def _written(self, exchange: Exchange, identifier: str, body: bytes | None, queue: float) -> int:
        """Do a write. Gives the number of its task."""
        if body is None:
            raise WriteRefused(413, "too long")
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace"), True).items()}
        access = self._access_key(exchange, form)
        item = self._item(identifier, access)
        now = trio.current_time()
        excess = self._tasks.excess(access, identifier, now)
        if excess:
            raise WriteRefused(429, f"too many tasks: {excess}")
        changes = read_changes(form)
        self._apply(exchange, item, changes, now, queue)
        return self._tasks.add(access, identifier, now + queue)

    def _apply(self, exchange: Exchange, item: Item, changes: list[Change], now: float, queue: float) -> None:
        if exchange.fault is not None and exchange.fault.name == "conflict":
            meddle(item, changes, now)
        apply_changes(item, changes, now, now + queue)

    def _access_key(self, exchange: Exchange, form: Mapping[str, str]) -> str:
        """Whose keys the request has, in a header or in the form."""
        login = credentials(exchange.headers.get("authorization", ""))
        if login is None and "access" in form and "secret" in form:
            login = form["access"], form["secret"]
        if login is None:
            raise WriteRefused(401, "keys are required")
        refusal = self._accounts.refusal(*login)
        if refusal is not None:
            raise WriteRefused(401, refusal.message)
        return login[0]

    def _item(self, identifier: str, access: str) -> Item:
        item = self._shelf.items.get(identifier)
        if item is None:
            raise WriteRefused(404, "there is no such item")
        if item.owner != access:
            raise WriteRefused(403, "you do not have the privilege to write to this item")
        if item.is_dark:
            raise WriteRefused(403, "the item is dark")
        return item


def _refusal(message: str) -> dict[str, object]:
    return {"success": False, "error": message}


def _part(document: object, names: list[str]) -> dict[str, object]:
    """What lies under names in a document, as the answer for it."""
    found = document
    for name in names:
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return {"error": f"there is no {name}"}
    return {"result": found}
