"""The court's robots.txt: whether we may ask for something at all, and how far apart our requests have to be.

It is read at most once a day, before the first request that needs it, at the court's pace; a run that asks the court
for nothing does not ask for this either. What it says is taken as RFC 9309 has it: a file that is not there forbids
nothing, and one that cannot be read is not known. Nothing else is asked for until it is, unless there is an older copy.

This file does not know what is asked for, or what a block page looks like.
"""

from __future__ import annotations

import datetime
import logging
import math
import re
from typing import Protocol
from urllib.parse import urlsplit

import trio
from protego import Protego

from trio_pipeline.diario.court_answers import Wanted, check
from trio_pipeline.diario.exchange import Exchange, Stalled
from trio_pipeline.diario.http import Http, same_host
from trio_pipeline.diario.ledger.court_notes import CourtNotes, RobotsCopy
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.user_agent import PRODUCT
from trio_pipeline.pacing import Network, Pacer
from trio_pipeline.retry import Backoff, GiveUp, StopStage, TryAgain
from trio_pipeline.world import World

__all__ = ["Admission", "Robots"]

# All that is ever asked of the court lies below these. If one of them is forbidden, we are not welcome.
_OURS = ("/novodiario/", "/diario_oficial/")

# RFC 9309, section 2.5: no fewer have to be read. What is beyond is no robots.txt that anybody has written by hand.
_LARGEST = 500 * 1024
_FRESH = datetime.timedelta(days=1)
# Seconds. A longer Crawl-delay would make a day's work of one gazette, and is more likely a slip than a wish.
_LONGEST_DELAY = 300.0
_BACKOFF = Backoff(first=10.0, longest=300.0)
_PAGE = 64 * 1024
_RULE = re.compile(
    rb"^[ \t]*(?:user-?agent|disallow|allow|sitemap|crawl-delay|host)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_REMARKS = re.compile(rb"(?:\s|#[^\r\n]*)*")

_log = logging.getLogger("trio_pipeline.robots")


class Admission(Protocol):
    """What has to be asked before the court is asked for an address."""

    async def __call__(self, url: str) -> None:
        """Return when the address may be asked for.

        Raises:
            TryAgain: It is not known yet whether it may.
            StopStage: It must not, or that cannot be found out.
            HostPaused: The court is paused for longer than its pacer's patience.
        """


class Robots:
    """The rules of one host, shared by all who ask it.

    Args:
        http: The client.
        pacer: The host's pace, which a Crawl-delay makes slower.
        notes: Where copies are kept from run to run.
        world: For the time of day, the jitter and the parsing of a long file.
        base_url: An address of the host.
        patience: Seconds for which nothing may be known before the stages that need the host end.
        network: Our own, without which nobody's patience is at an end.
    """

    def __init__(
        self,
        http: Http,
        pacer: Pacer,
        notes: CourtNotes,
        world: World,
        *,
        base_url: str,
        patience: float,
        network: Network,
    ) -> None:
        parts = urlsplit(base_url)
        self._host = f"{parts.scheme}://{parts.netloc}"
        self._ours = [base_url.rstrip("/") + directory for directory in _OURS]
        self._http = http
        self._pacer = pacer
        self._notes = notes
        self._world = world
        self._patience = patience
        self._network = network
        self._lock = trio.Lock()
        self._copy: RobotsCopy | None = None
        self._rules: Protego | None = None
        self._next_try = -math.inf
        # Tries in a row that came to nothing, and when the first of them was.
        self._failures = 0
        self._unknown_since = 0.0
        self._last_failure = ""

    async def admit(self, url: str) -> None:
        """See `Admission`. Of all who wait, one asks, and the others learn from that.

        Cancellation: a checkpoint only while nothing is known; another one who waits asks instead.
        """
        if not self._is_fresh():
            async with self._lock:
                if not self._is_fresh():
                    await self._refresh()
        if self._rules is None:
            return
        for address in (*self._ours, url):
            if not self._rules.can_fetch(address, PRODUCT):
                path = terminal_safe(urlsplit(address).path)
                raise StopStage(
                    f"robots.txt of {self._host} forbids {path} to {PRODUCT}. What to do: ask the court for leave"
                )

    def _is_fresh(self) -> bool:
        """Whether what is known will do: a copy of today, or an older one while today's cannot be had."""
        if self._copy is None:
            return False
        # A clock that was set back is no reason to believe a copy for longer.
        age = self._world.now() - self._copy.read_at
        return datetime.timedelta() <= age < _FRESH or trio.current_time() < self._next_try

    async def _refresh(self) -> None:
        if self._copy is None:
            remembered = await self._notes.robots(self._host)
            if remembered is not None:
                await self._obey(remembered)
                if self._is_fresh():
                    return
        await self._wait_for_next_try()
        try:
            status, text = await self._read()
        except TryAgain as error:
            self._failed(error)
            return
        self._failures = 0
        await self._obey(await self._notes.remember_robots(self._host, status, text))

    async def _wait_for_next_try(self) -> None:
        """Space the tries of all who want to know."""
        since = self._network.accountable_since(self._unknown_since)
        if self._failures and self._copy is None and self._next_try - since > self._patience:
            raise StopStage(
                f"{self._last_failure}; nothing is asked for without it. What to do: look at it with a browser, and "
                "run again later"
            )
        await self._pacer.wait_until(self._next_try, self._last_failure)

    def _failed(self, error: TryAgain) -> None:
        if not self._failures:
            self._unknown_since = trio.current_time()
        self._failures += 1
        delay = max(_BACKOFF.delay(self._failures, self._world.random), error.after or 0.0)
        self._next_try = trio.current_time() + delay
        self._last_failure = f"robots.txt of {self._host} cannot be read: {error.reason}"
        if self._copy is None:
            raise TryAgain(self._last_failure, after=delay, counts=False) from error
        _log.warning("%s; the copy of %s counts", self._last_failure, self._copy.read_at.isoformat(" ", "seconds"))

    async def _read(self) -> tuple[int, str]:
        """Status and text of the file; the text is empty if there is none."""
        url = f"{self._host}/robots.txt"
        async with self._http.send("GET", url, pacer=self._pacer, redirects=same_host) as exchange:
            try:
                await check(exchange, _RULES)
            except GiveUp:
                return exchange.status, ""
            except Stalled:
                raise
            except TryAgain as error:
                # RFC 9309, section 2.3.1.3: whoever refuses the file has no rules, nor has whoever shows some page in
                # its place. A block page does not count, nor does somebody who has no time.
                if error.counts and exchange.status == 200:
                    exchange.permit.succeeded()
                    return exchange.status, ""
                if error.counts and 400 <= exchange.status < 500:
                    return exchange.status, ""
                raise
            exchange.permit.succeeded()
            return exchange.status, await _text(exchange)

    async def _obey(self, copy: RobotsCopy) -> None:
        self._copy = copy
        self._rules = await self._world.threads.run(Protego.parse, copy.text)
        asked = self._rules.crawl_delay(PRODUCT) or 0.0
        delay = min(asked, _LONGEST_DELAY) if asked > 0 else 0.0
        self._pacer.asked_interval = delay
        if asked > delay:
            _log.warning(
                "robots.txt of %s asks for %g s between requests; %g s are kept, the most that is believed",
                self._host,
                asked,
                delay,
            )
        elif delay:
            _log.info("robots.txt of %s asks for %g s between requests", self._host, delay)


async def _is_rules(exchange: Exchange) -> bool:
    """Whether an answer looks like a robots.txt: pages in its place are common, and a firewall's says nothing."""
    start = (await exchange.body.peek(_PAGE)).removeprefix(b"\xef\xbb\xbf")
    if start.lstrip().startswith(b"<"):
        return False
    return _RULE.search(start) is not None or _REMARKS.fullmatch(start) is not None


_RULES = Wanted("rules for robots", _is_rules)


async def _text(exchange: Exchange) -> str:
    chunks, size = [], 0
    async for chunk in exchange.body:
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST:
            break
    data = b"".join(chunks).removeprefix(b"\xef\xbb\xbf")
    if size > _LARGEST:
        # Half a line could forbid more, or less, than the whole one.
        data = data[:_LARGEST].rpartition(b"\n")[0]
    return data.decode("utf-8", errors="replace").replace("\0", "")
