"""Writes to the Internet Archive's metadata: all changes of an item in one call.

This file does not know what the changes mean. The keys are in it and in what it sends, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from trio_pipeline.diario.archives.ia_changes import Change, patches
from trio_pipeline.diario.archives.ia_items import check_turned_away
from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.http import Http, RedirectRule, whole
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import GiveUp, StopStage, TryAgain

__all__ = ["MetadataWriter", "Overtaken"]

# What is done for many items at night need not go before what a person waits for.
_PRIORITY = "-5"
_LARGEST_ANSWER = 64 * 1024
_LONGEST_REASON = 200


class Overtaken(Exception):
    """Somebody else has changed what was to be changed since it was read; nothing was done.

    Attributes:
        reason: One line for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MetadataWriter:
    """Writes metadata.

    Args:
        http: The client.
        pacer: The pace of everything but uploads.
        metadata_url: The address of the API, without a slash at its end.
        redirects: Where it may send us, and the keys with us.
        access_key: Whose items they are.
        secret_key: The proof of it.
    """

    def __init__(
        self,
        http: Http,
        pacer: Pacer,
        *,
        metadata_url: str,
        redirects: RedirectRule,
        access_key: str,
        secret_key: str,
    ) -> None:
        self._http = http
        self._pacer = pacer
        self._metadata_url = metadata_url
        self._redirects = redirects
        self._keys = (access_key, secret_key)

    async def write(self, item: str, pending: Sequence[Change]) -> None:
        """Make changes to an item, all of them or none.

        Args:
            item: Its identifier.
            pending: The changes, one at least.

        Raises:
            Overtaken: A value is no longer what it was when it was read.
            TryAgain: It was not done this time, or nobody knows whether it was.
            GiveUp: The archive will not do it.
            StopStage: The keys are refused.
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: a checkpoint. A call that has begun may have been carried out.
        """
        form = {"-changes": json.dumps(patches(pending)), "priority": _PRIORITY}
        body = urlencode(form).encode("ascii")
        access_key, secret_key = self._keys

        async with self._http.send(
            "POST",
            f"{self._metadata_url}/metadata/{item}",
            pacer=self._pacer,
            headers={
                "Authorization": f"LOW {access_key}:{secret_key}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            content=whole(body),
            length=len(body),
            redirects=self._redirects,
        ) as exchange:
            check_turned_away(exchange)
            self._judge(exchange, await self._error(exchange))

    async def _error(self, exchange: Exchange) -> str | None:
        """What the answer says is wrong; None if it says that all is well."""
        body = await exchange.body.peek(_LARGEST_ANSWER)
        for key in self._keys:
            body = body.replace(key.encode(), b"(key)")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            return "the answer cannot be read"
        if answer.get("success") is True:
            return None
        return terminal_safe(str(answer.get("error", ""))[:_LONGEST_REASON]) or "no reason is given"

    def _judge(self, exchange: Exchange, error: str | None) -> None:
        status = exchange.status
        reason = f"the archive refused the change with status {status}: {error}"
        if status < 500:
            exchange.permit.succeeded()  # it is well: this is about the item, the change or us
        if (status == 200 and error is None) or (status == 400 and "no changes to" in (error or "")):
            return
        match status:
            case 401 | 403:
                raise StopStage(reason)
            case 409 | 412:
                raise Overtaken(reason)
            case 400 if "test" in (error or "").lower():
                raise Overtaken(reason)
            case _ if status in {200, 408} or status >= 500:
                raise TryAgain(reason, after=exchange.retry_after)
            case _:
                raise GiveUp(reason)
