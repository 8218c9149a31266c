"""The Internet Archive as an archive, and as a source of what was archived there.

It takes a file with 200 and shows it minutes or hours later: what it took is *submitted*, what it shows with the right
checksum is *confirmed*. Its rules for uploaders are in `ia_headers`, its refusals in `ia_errors`.

This file does not know when a confirmation is due or how often something is tried. The keys are in it and in what it
sends, and nowhere else: no error, record or address that it gives out holds them.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import quote, urlencode

import httpx
import trio

from trio_pipeline.diario.addresses import is_loopback
from trio_pipeline.diario.archives import Copy, OtherBytes, TakenForSpam
from trio_pipeline.diario.archives.ia_adoption import Adoption, SearchNotes
from trio_pipeline.diario.archives.ia_answers import Limits, read_limits
from trio_pipeline.diario.archives.ia_errors import Do, Reaction, reaction, read_refusal
from trio_pipeline.diario.archives.ia_files import ArchivedFiles, CopyAt
from trio_pipeline.diario.archives.ia_headers import file_name, upload_headers
from trio_pipeline.diario.archives.ia_items import Items, check_turned_away
from trio_pipeline.diario.archives.ia_places import Place, place_of
from trio_pipeline.diario.archives.ia_room import Room, RoomStatistics
from trio_pipeline.diario.archives.ia_search import search
from trio_pipeline.diario.exchange import Exchange
from trio_pipeline.diario.hashing import hash_file
from trio_pipeline.diario.http import Http, RedirectRule, Unanswered, same_host
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.sources import Body, Source, open_file
from trio_pipeline.diario.titles import Titles
from trio_pipeline.pacing import Network, Pacer
from trio_pipeline.retry import GiveUp, Reject, StopStage, TryAgain
from trio_pipeline.world import World

__all__ = ["InternetArchive", "WrongRequest", "archive_hosts"]

_TARGET = "internet-archive"

# Seconds for which uploads rest when the archive's queue is full and it does not say how long.
_PAUSE = 60.0
# Bytes of a refusal or of a small answer that are read.
_LARGEST_ANSWER = 64 * 1024


class WrongRequest(RuntimeError):
    """The archive says that our request itself was wrong, which is a defect of this program."""


def archive_hosts(trusted: Collection[str] = ()) -> RedirectRule:
    """The rule for the archive's redirects, which keys go along with.

    It allows the host itself, and by https the archive's storage nodes under us.archive.org and the hosts in `trusted`;
    a stand-in on this machine may also send to another of its ports.
    """

    def may_follow(source: httpx.URL, target: httpx.URL) -> bool:
        if same_host(source, target):
            return True
        if target.host == source.host and is_loopback(str(target)):
            return target.scheme in {"http", "https"}
        is_node = target.host == "us.archive.org" or target.host.endswith(".us.archive.org")
        return target.scheme == "https" and (is_node or target.host in trusted)

    return may_follow


class InternetArchive:
    """Puts gazettes into the Internet Archive's items, finds them there, and reads them from there.

    Args:
        world: For its files.
        http: The client.
        s3_pacer: The pace of uploads.
        metadata_pacer: The pace of everything else.
        s3_url: Where uploads go, without a slash at its end.
        metadata_url: Where items are looked at and read from, likewise.
        access_key: Whose uploads they are.
        secret_key: The proof of it.
        collection: Where new items go.
        layout: `year` or `edition`: what an item holds.
        titles: What items and files are called.
        patience: Seconds for which room for an upload is waited for.
        network: Our own, without which nobody's patience is at an end.
        notes: Where it is kept what a search has found.
        search_again: Whether others' copies are searched for even if somebody has done that.
        size_limit: The most bytes that are taken when a gazette is read from here.
        trusted_hosts: Hosts besides the archive's own that it may send us to.
    """

    name = _TARGET
    target = _TARGET

    def __init__(
        self,
        world: World,
        http: Http,
        s3_pacer: Pacer,
        metadata_pacer: Pacer,
        *,
        s3_url: str,
        metadata_url: str,
        access_key: str,
        secret_key: str,
        collection: str,
        layout: Literal["year", "edition"],
        titles: Titles,
        patience: float,
        network: Network,
        notes: SearchNotes,
        search_again: bool = False,
        size_limit: int = 200_000_000,
        trusted_hosts: Collection[str] = (),
    ) -> None:
        self._world = world
        self._http = http
        self._s3_pacer = s3_pacer
        self._metadata_pacer = metadata_pacer
        self._s3_url = s3_url.rstrip("/")
        self._metadata_url = metadata_url.rstrip("/")
        self._keys = (access_key, secret_key)
        self._collection = collection
        self._layout = layout
        self._titles = titles
        self._redirects = archive_hosts(trusted_hosts)
        self._files = ArchivedFiles(http, metadata_pacer, redirects=self._redirects, size_limit=size_limit)
        self._items = Items(
            http,
            metadata_pacer,
            metadata_url=self._metadata_url,
            redirects=self._redirects,
            # An item of one edition is asked about once or twice in a run: nothing would be won by keeping 5,000.
            remember=layout == "year",
        )
        seek = partial(search, http, metadata_pacer, base_url=self._metadata_url, redirects=self._redirects)
        self._adoption = Adoption(seek, notes, again=search_again)
        self._room = Room(
            self._ask_limits,
            patience=patience,
            network=network,
            one_item=layout == "year",
            wait_until=s3_pacer.wait_until,
        )
        # Of items: those known to exist, and the locks of those being created.
        self._existing: set[str] = set()
        self._creating: dict[str, trio.Lock] = {}
        # Why nothing more is sent, once an upload was taken for spam.
        self._barred: str | None = None
        # Of gazettes whose last upload failed: when that was.
        self._doubtful: dict[str, float] = {}

    def url(self, gazette: Gazette) -> str:
        """Where readers find the file."""
        return self._file_url(archive_item(gazette, self._layout), file_name(gazette))

    def _file_url(self, item: str, name: str) -> str:
        return Place(item, name).url(self._metadata_url)

    async def find(self, gazette: Gazette, checksums: Checksums, *, since: float = -math.inf) -> Copy | None:
        """See `Archive.find`. The same bytes under another name in the item, somebody else's upload, do as well.

        Raises:
            OtherBytes: The item holds other bytes under the gazette's name.
            Reject: The item was taken down.
            TryAgain: The archive did not say.
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: a checkpoint; nothing is changed by it.
        """
        name = archive_item(gazette, self._layout)
        # After an upload that failed, only an answer to a later question tells whether it arrived all the same.
        item = await self._items.get(name, since=max(since, self._doubtful.get(gazette.id, -math.inf)))
        if item.is_dark:
            raise Reject(f"the archive has taken the item {name} down")
        if item.exists:
            self._existing.add(name)
        own = file_name(gazette)
        found = item.name_of(checksums.md5, preferred=own)
        if found is not None:
            return Copy(_TARGET, "confirmed", self._file_url(name, found), checksums.md5)
        if own in item.files:
            raise OtherBytes(f"the archive holds other bytes as {own} in the item {name}")
        return None

    async def adopt(self, gazette: Gazette, checksums: Checksums) -> Copy | None:
        """See `Archive.adopt`. What other items hold under whatever name is looked at; other bytes are no obstacle.

        Raises:
            TryAgain: The archive could not be searched, or did not say. A search uses up no attempt.
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: a checkpoint; nothing is changed by it.
        """
        own = archive_item(gazette, self._layout)
        for name in await self._adoption.candidates(gazette):
            item = await self._items.get(name) if name != own else None
            found = None if item is None or item.is_dark else item.name_of(checksums.md5, preferred=gazette.file_name)
            if found is not None:
                return Copy(_TARGET, "confirmed", self._file_url(name, found), checksums.md5)
        return None

    def source(self, url: str | None) -> Source:
        """Where a copy is read from that is said to be at an address; the gazette's own place if nobody says."""
        place = None if url is None else place_of(url)
        return self if place is None else CopyAt(self.name, self._files, place.url(self._metadata_url))

    def room(self) -> RoomStatistics:
        """How much room for uploads the archive has said that it has."""
        return self._room.statistics()

    async def wait_for_room(self, gazette: Gazette) -> None:
        """See `Archive.wait_for_room`.

        Raises:
            TryAgain: The queue of the gazette's item is full. No attempt is used up.
            HostPaused: There has been no room for longer than the patience.

        Cancellation: a checkpoint; cancelled, no room is taken.
        """
        await self._room.take(archive_item(gazette, self._layout))

    async def put(self, gazette: Gazette, checksums: Checksums, path: Path) -> Copy:
        """See `Archive.put`. The first upload to an item that is not known to exist goes alone.

        Returns:
            A submitted copy; not acknowledged if the whole body was sent and no answer came.

        Raises:
            TryAgain: It was not taken this time.
            GiveUp: The file is not the one that was recorded, or the archive refused in a way that is not known.
            Reject: The archive does not want this file, or the item is somebody else's.
            StopStage: The keys are refused.
            TakenForSpam: Uploads are taken for spam.
            WrongRequest: A defect of ours.
            HostPaused: The archive is paused for longer than its pacer's patience.
            OSError: The file cannot be read.

        Cancellation: a checkpoint. An upload that has begun may have been carried out.
        """
        item = archive_item(gazette, self._layout)
        if await self._world.files.size(path) != checksums.size:
            raise GiveUp("the file in the spool is not the one that was recorded")
        try:
            copy = await self._put_in_turn(item, gazette, checksums, path)
        except TryAgain:
            self._doubtful[gazette.id] = trio.current_time()
            raise
        self._doubtful.pop(gazette.id, None)
        return copy

    async def _put_in_turn(self, item: str, gazette: Gazette, checksums: Checksums, path: Path) -> Copy:
        if item not in self._existing:
            # Two uploads that both make the archive create the item get in each other's way there ("bucket lock").
            async with self._creating.setdefault(item, trio.Lock()):
                if item not in self._existing:
                    copy = await self._put_whole(item, gazette, checksums, path)
                    if copy.acknowledged:
                        self._existing.add(item)
                        self._creating.pop(item, None)
                    return copy
        return await self._put_whole(item, gazette, checksums, path)

    async def _put_whole(self, item: str, gazette: Gazette, checksums: Checksums, path: Path) -> Copy:
        refused = await self._send(item, gazette, checksums, path)
        if isinstance(refused, Reaction):
            # The archive got other bytes than their checksum says: from our disk, or on the way.
            if await hash_file(self._world, path) != checksums:
                raise GiveUp("the file in the spool is not the one that was recorded")
            refused = await self._send(item, gazette, checksums, path)
        if isinstance(refused, Reaction):
            raise GiveUp(f"{refused.reason}; the file is whole")
        return refused

    async def _send(self, item: str, gazette: Gazette, checksums: Checksums, path: Path) -> Copy | Reaction:
        """Upload once. Returns the reaction only where the file has to be hashed again."""
        access_key, secret_key = self._keys
        headers = {
            "Authorization": f"LOW {access_key}:{secret_key}",
            **upload_headers(gazette, checksums, layout=self._layout, collection=self._collection, titles=self._titles),
        }
        copy = partial(Copy, _TARGET, "submitted", self.url(gazette), checksums.md5)
        try:
            async with self._http.send(
                "PUT",
                f"{self._s3_url}/{item}/{quote(file_name(gazette))}",
                pacer=self._s3_pacer,
                headers=headers,
                content=partial(self._open_body, path),
                length=checksums.size,
                redirects=self._redirects,
            ) as exchange:
                if 200 <= exchange.status < 300:
                    exchange.permit.succeeded()
                    return copy(acknowledged=True)
                what = await self._what_to_do(exchange)
                self._give_verdict(what, exchange)
                if what.do is Do.HASH_AGAIN:
                    return what
                self._raise(what, exchange, item)
        except Unanswered:
            return copy(acknowledged=False)

    @asynccontextmanager
    async def _open_body(self, path: Path) -> AsyncIterator[AsyncIterator[bytes]]:
        if self._barred is not None:
            # Said of another upload, while this one waited for its turn.
            raise StopStage(self._barred)
        async with open_file(self._world.files, path) as chunks:
            yield chunks

    async def _what_to_do(self, exchange: Exchange) -> Reaction:
        try:
            body = await exchange.body.peek(_LARGEST_ANSWER)
        except TryAgain:
            body = b""  # the status alone says enough
        for key in self._keys:
            # An error about a signature repeats what was signed.
            body = body.replace(key.encode(), b"(key)")
        return reaction(exchange.status, read_refusal(body))

    def _give_verdict(self, what: Reaction, exchange: Exchange) -> None:
        match what.do:
            case Do.PAUSE_ALL:
                exchange.permit.rejected(what.reason, exchange.retry_after or _PAUSE)
            case Do.SLOW_DOWN:
                exchange.permit.rejected(what.reason, exchange.retry_after)
            case Do.TRY_AGAIN:
                pass  # the archive has a fault, which says nothing about our pace
            case _:
                exchange.permit.succeeded()  # it is well: this is about the item, the file or us

    def _raise(self, what: Reaction, exchange: Exchange, item: str) -> NoReturn:
        match what.do:
            case Do.PAUSE_ALL:
                pause = exchange.retry_after or _PAUSE
                self._room.close(what.reason, pause)
                raise TryAgain(what.reason, after=pause, counts=False)
            case Do.PAUSE_ITEM:
                pause = self._room.rest(item, exchange.retry_after)
                raise TryAgain(what.reason, after=pause, counts=False)
            case Do.SLOW_DOWN | Do.TRY_SOON:
                raise TryAgain(what.reason, after=exchange.retry_after, counts=False)
            case Do.TRY_AGAIN:
                raise TryAgain(what.reason, after=exchange.retry_after)
            case Do.REJECT:
                raise Reject(what.reason)
            case Do.STOP:
                raise StopStage(what.reason)
            case Do.STOP_FOR_GOOD:
                self._barred = what.reason
                raise TakenForSpam(what.reason)
            case Do.CRASH:
                raise WrongRequest(what.reason)
            case _:
                raise GiveUp(what.reason)

    async def queued(self, gazette: Gazette) -> bool | None:
        """See `Archive.queued`. Every failure means unknown.

        Raises:
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: a checkpoint.
        """
        limits = await self._ask_limits(archive_item(gazette, self._layout))
        return None if limits is None else limits.item.queued > 0

    async def _ask_limits(self, item: str) -> Limits | None:
        """What the archive says about its queues; None if it does not say. Raises HostPaused."""
        query = urlencode({"check_limit": 1, "accesskey": self._keys[0], "bucket": item})
        try:
            async with self._http.send(
                "GET",
                f"{self._s3_url}/?{query}",
                pacer=self._s3_pacer,
                redirects=self._redirects,
            ) as exchange:
                check_turned_away(exchange)
                if exchange.status != 200:
                    return None
                exchange.permit.succeeded()
                body = await exchange.body.peek(_LARGEST_ANSWER)
        except TryAgain:
            return None
        with suppress(ValueError):
            return read_limits(body)
        return None

    @asynccontextmanager
    async def open(self, gazette: Gazette, partial: Partial | None = None) -> AsyncIterator[Body]:
        """See `Source.open`.

        Raises:
            Absent: The archive does not show the file, or does not let it be read.
            TryAgain: It could not be had this time.
            PartRefused: What has arrived is not the beginning of what the archive has.
            HostPaused: The archive is paused for longer than its pacer's patience.

        Cancellation: as `Source.open`.
        """
        async with self._files.open(self.url(gazette), partial) as body:
            yield body
