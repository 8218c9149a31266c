"""The court's listing: which gazettes of a year it says there are, and of which day its newest is.

It is as hostile as everything from outside: nothing in it is used before it was checked, and rows that name no gazette
are left out.

This file does not know which gazettes are known already, or what is done about what is missing.
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass

from trio_pipeline.diario.catalog import Catalog, NotACatalog, Problem, catalog_of, parse_catalog
from trio_pipeline.diario.court_answers import Wanted, check
from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.http import Http, same_host
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.robots import Admission
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import GiveUp, TryAgain
from trio_pipeline.world import Threads

__all__ = ["Listing", "YearListing", "dates_in"]

# The longest year has 247 editions, of some 200 bytes each.
_LARGEST = 5_000_000
_NEWEST_LARGEST = 20_000
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_BRAZILIAN_DATE = re.compile(r"(?<!\d)(\d{2})/(\d{2})/(\d{4})(?!\d)")


@dataclass(frozen=True, slots=True)
class YearListing:
    """What the court lists for a year.

    Attributes:
        gazettes: Those of that year, as far as they could be read.
        problems: Rows that name none.
        flaw: Why it is not whole, or no listing at all; None if it is one.
    """

    gazettes: tuple[Gazette, ...]
    problems: tuple[Problem, ...] = ()
    flaw: str | None = None

    @property
    def newest(self) -> datetime.date | None:
        """The day of the newest gazette; None if there is none."""
        return max((gazette.date for gazette in self.gazettes), default=None)


class Listing:
    """Reads the court's listing.

    Args:
        http: The client.
        pacer: The court's pace.
        admit: Whether the court wants to be asked.
        threads: Where a long answer is parsed.
        base_url: The court's address, without a slash at its end.
    """

    def __init__(self, http: Http, pacer: Pacer, admit: Admission, threads: Threads, *, base_url: str) -> None:
        self._http = http
        self._pacer = pacer
        self._admit = admit
        self._threads = threads
        self._directory = f"{base_url.rstrip('/')}/diario_oficial"

    async def read_year(self, year: int) -> YearListing:
        """Read what is listed for a year, whatever it may lack.

        Raises:
            TryAgain: It could not be had this time.
            GiveUp: The court has no listing there.
            StopStage: The court's robots.txt forbids to ask, or cannot be read.
            HostPaused: The court is paused for longer than its pacer's patience.

        Cancellation: a checkpoint everywhere; nothing is left open.
        """
        data = await self._get(f"list.php?ano={year}", _LIST, _LARGEST)
        return await self._threads.run(_parsed, data, year)

    async def newest(self) -> datetime.date | None:
        """The day of the newest edition, as the court tells it in another place; None if that cannot be read.

        Raises:
            StopStage: As `read_year`.
            HostPaused: Likewise.

        Cancellation: as `read_year`.
        """
        try:
            data = await self._get("data-ultimo-diario.php", _NEWEST, _NEWEST_LARGEST)
        except (TryAgain, GiveUp):
            return None
        return max(dates_in(data), default=None)

    async def _get(self, path: str, wanted: Wanted, largest: int) -> bytes:
        url = f"{self._directory}/{path}"
        await self._admit(url)
        async with self._http.send("GET", url, pacer=self._pacer, redirects=same_host) as exchange:
            await check(exchange, wanted)
            exchange.permit.succeeded()
            data = b""
            async for chunk in exchange.body:
                data += chunk
                if len(data) > largest:
                    raise TryAgain(f"larger than allowed: the limit is {largest} bytes")
            return data


async def _is_list(exchange: Exchange) -> bool:
    return (await _start(exchange)).startswith(b"[")


async def _is_no_page(exchange: Exchange) -> bool:
    start = await _start(exchange)
    return bool(start) and not start.startswith(b"<")


async def _start(exchange: Exchange) -> bytes:
    return (await exchange.body.peek(1_000)).removeprefix(b"\xef\xbb\xbf").lstrip()


_LIST = Wanted("a JSON list", _is_list)
# In what form the court tells it is not known for sure.
_NEWEST = Wanted("a date", _is_no_page)


def _parsed(data: bytes, year: int) -> YearListing:
    flaw = None
    try:
        rows = json.loads(data)
        catalog = catalog_of(rows)
    except NotACatalog as error:
        return YearListing((), flaw=error.reason)
    except (ValueError, RecursionError):
        flaw = "it is no JSON from its beginning to its end"
        catalog = _salvaged(data)
    return _of_year(catalog, year, flaw)


def _salvaged(data: bytes) -> Catalog:
    """What can be read of a list that is broken somewhere."""
    try:
        return parse_catalog(data)
    except NotACatalog:
        return Catalog((), ())


def _of_year(catalog: Catalog, year: int, flaw: str | None) -> YearListing:
    gazettes = tuple(gazette for gazette in catalog.gazettes if gazette.date.year == year)
    strangers = len(catalog.gazettes) - len(gazettes)
    if strangers and flaw is None:
        flaw = f"{strangers} of its {len(catalog.gazettes)} gazettes are of other years"
    return YearListing(gazettes, catalog.problems, flaw)


def dates_in(data: bytes) -> list[datetime.date]:
    """Every date in an answer about the newest edition: of rows as the listing has them, or just written somewhere.

    >>> dates_in(b'{"year": "2025", "month": "06", "day": "26"}'), dates_in(b'"26/06/2025"')
    ([datetime.date(2025, 6, 26)], [datetime.date(2025, 6, 26)])
    """
    text = data.decode("utf-8", errors="replace")
    parts = [*_ISO_DATE.findall(text), *((year, month, day) for day, month, year in _BRAZILIAN_DATE.findall(text))]
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    rows = [row for row in (told if isinstance(told, list) else [told]) if isinstance(row, dict)]
    parts += [(row.get("year"), row.get("month"), row.get("day")) for row in rows]
    return [date for date in map(_date, parts) if date is not None]


def _date(parts: tuple[object, object, object]) -> datetime.date | None:
    if not all(re.fullmatch(r"[0-9]{1,4}", str(part)) for part in parts):
        return None
    try:
        return datetime.date(*(int(str(part)) for part in parts))
    except ValueError:
        return None
