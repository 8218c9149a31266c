"""Contract tests: PDFs on a disk in memory, within a bound, whatever happens to those who bring them."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from made_gazettes import checksums_of
from memory_files import MemoryFiles
from trio.testing import MockClock, wait_all_tasks_blocked
from virtual_world import InlineThreads

from trio_pipeline.diario.exchange import BrokenOff
from trio_pipeline.diario.partials import Partial
from trio_pipeline.diario.sources import CHUNK
from trio_pipeline.diario.spool import Keep, NoRoom, SpoolFull, SpoolStatistics, take_over_spool
from trio_pipeline.world import real_world

DIRECTORY = Path("/spool")
LIMIT = 1000


class Disk:
    """A disk, what the ledger knows of what lies there, and the spool on it."""

    def __init__(self, *, free=10**12):
        self.files = MemoryFiles(free)
        self.known = {}

    def put(self, name, data, *, known=True):
        """Have an earlier run leave a file."""
        path = DIRECTORY / name
        self.files.contents[path] = data
        if known:
            self.known[path.stem] = checksums_of(data)

    async def open(self, limit=LIMIT):
        world = dataclasses.replace(real_world(), files=self.files, threads=InlineThreads())
        return await take_over_spool(DIRECTORY, limit=limit, known=self.known, world=world)


@pytest.fixture
def disk():
    return Disk()


class Pieces:
    """Bytes as they come; whoever leaves off in the middle leaves nothing open."""

    def __init__(self, data, size=100, wait=trio.lowlevel.checkpoint):
        self.starts = iter(range(0, len(data), size))
        self.data, self.size, self.wait = data, size, wait

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.wait()
        for start in self.starts:
            return self.data[start : start + self.size]
        raise StopAsyncIteration


async def accept(part, checksums):
    """Find nothing wrong."""


async def bring(spool, identifier, data, keep=Keep.NEEDED):
    """Download a PDF whose length was said beforehand."""
    reservation = await spool.reserve(len(data))
    await spool.store(identifier, Pieces(data), reservation, accept)
    await spool.keep(identifier, keep)


# Taking over.


async def test_empty_spool(disk):
    spool = await disk.open()
    assert spool.statistics() == SpoolStatistics(files=0, used=0, limit=LIMIT, removed=0)
    assert ("make_directory", "spool") in disk.files.operations


async def test_what_lies_there_counts(disk):
    disk.put("a.pdf", bytes(300))
    disk.put("b.pdf", bytes(200))
    spool = await disk.open()
    assert spool.statistics() == SpoolStatistics(files=2, used=500, limit=LIMIT, removed=0)
    assert "a" in spool
    assert "c" not in spool


async def test_what_belongs_to_nothing_is_swept(disk):
    kept, half, unknown, short = (f"tjro-diario-2025-06-{day}-nr{day}" for day in (20, 21, 22, 23))
    disk.put(f"{kept}.pdf", bytes(300))
    disk.put(f"{half}.part", bytes(300))
    disk.put(f"{unknown}-sup.pdf", bytes(300), known=False)
    disk.put(f"{short}.pdf", bytes(300))
    disk.files.contents[DIRECTORY / f"{short}.pdf"] = bytes(299)
    spool = await disk.open()
    assert disk.files.names() == {f"{kept}.pdf"}
    assert spool.statistics().used == 300


async def test_what_is_somebody_s_own_is_left_alone(disk):
    """A directory of documents that was named as the spool by mistake."""
    for name in ("notes.txt", "thesis.pdf", "thesis.part", "tjro-diario-2025-06-20.pdf"):
        disk.put(name, b"not ours", known=False)
    await disk.open()
    assert disk.files.names() == {"notes.txt", "thesis.pdf", "thesis.part", "tjro-diario-2025-06-20.pdf"}


@pytest.mark.parametrize(("free", "limit"), [(10_000, 1000), (1500, 900), (0, 150)])
async def test_half_of_the_disk_is_the_most(free, limit):
    disk = Disk(free=free)
    disk.put("a.pdf", bytes(300))
    assert (await disk.open()).statistics().limit == limit


async def test_more_than_the_bound_makes_room_first(disk):
    for name in "abc":
        disk.put(f"{name}.pdf", bytes(400))
    spool = await disk.open()
    assert spool.statistics().used == 1200
    await spool.reserve(100)
    assert spool.statistics() == SpoolStatistics(files=2, used=900, limit=LIMIT, removed=1)


# Storing.


async def test_pdf_gets_its_name_when_it_is_whole(disk):
    spool, data = await disk.open(), b"%PDF-1.4 and more"
    seen = []

    async def check(part, checksums):
        seen.append((part, checksums, disk.files.contents[part]))

    reservation = await spool.reserve(50)
    disk.files.operations.clear()
    assert await spool.store("a", Pieces(data), reservation, check) == checksums_of(data)
    assert seen == [(DIRECTORY / "a.part", checksums_of(data), data)]
    assert disk.files.contents == {spool.path("a"): data}
    assert disk.files.operations == [
        ("create", "a.part"),
        ("write", "a.part"),
        ("sync", "a.part"),
        ("replace", "a.pdf"),
    ]
    # The room is what it turned out to need.
    assert spool.statistics() == SpoolStatistics(files=1, used=len(data), limit=LIMIT, removed=0)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 3 * CHUNK), st.integers(CHUNK // 10, 2 * CHUNK))
def test_bytes_are_kept_however_they_come(length, size):
    data = random.Random(length).randbytes(length)

    async def main():
        disk = Disk()
        spool = await disk.open(limit=4 * CHUNK)
        reservation = await spool.reserve(len(data))
        assert await spool.store("a", Pieces(data, size), reservation, accept) == checksums_of(data)
        assert disk.files.contents == {spool.path("a"): data}
        assert disk.files.open_files == 0

    trio.run(main)


class BadPdf(Exception):
    pass


async def test_refused_pdf_is_not_kept(disk):
    async def refuse(part, checksums):
        raise BadPdf

    spool = await disk.open()
    reservation = await spool.reserve(100)
    with pytest.raises(BadPdf):
        await spool.store("a", Pieces(bytes(100)), reservation, refuse)
    assert disk.files.contents == {}
    assert "a" not in spool
    # The room is the caller's, who may want to try another source.
    assert spool.statistics().used == 100


async def test_body_that_breaks_is_not_kept(disk):
    async def breaking():
        yield bytes(10)
        raise BadPdf

    spool = await disk.open()
    with pytest.raises(BadPdf):
        await spool.store("a", breaking(), await spool.reserve(100), accept)
    assert disk.files.contents == {}
    assert disk.files.open_files == 0


@pytest.mark.parametrize("operation", ["create", "write", "sync", "replace"])
async def test_disk_that_fails_keeps_nothing(disk, operation):
    name = "a.pdf" if operation == "replace" else "a.part"
    disk.files.errors[operation, name] = OSError(28, "No space left on device")
    spool = await disk.open()
    with pytest.raises(OSError, match="No space left"):
        await spool.store("a", Pieces(bytes(100)), await spool.reserve(100), accept)
    assert disk.files.contents == {}
    assert disk.files.open_files == 0
    assert "a" not in spool


@pytest.mark.parametrize("step", [("create", "a.part"), ("write", "a.part"), ("sync", "a.part"), ("replace", "a.pdf")])
async def test_cancellation_keeps_nothing_or_all(disk, step):
    spool = await disk.open()
    reservation = await spool.reserve(100)
    go_on = disk.files.stops[step] = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.store, "a", Pieces(bytes(100)), reservation, accept)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        go_on.set()
    assert disk.files.names() == ({"a.pdf"} if step[0] == "replace" else set())
    assert ("a" in spool) == (step[0] == "replace")
    assert disk.files.open_files == 0


async def test_length_that_nobody_said(disk):
    spool = await disk.open()
    reservation = await spool.reserve(100)
    await spool.store("a", Pieces(bytes(700)), reservation, accept)
    assert spool.statistics().used == 700


async def test_longer_than_there_is_room(disk):
    spool = await disk.open()
    await bring(spool, "needed", bytes(600))
    reservation = await spool.reserve(100)
    with pytest.raises(NoRoom) as caught:
        await spool.store("a", Pieces(bytes(700)), reservation, accept)
    assert caught.value.size > 400
    assert disk.files.names() == {"needed.pdf"}
    assert spool.statistics().used <= LIMIT


async def test_resizing_makes_room_but_does_not_wait(disk):
    spool = await disk.open()
    await bring(spool, "old", bytes(500), Keep.FAILED)
    reservation = await spool.reserve(300)
    await spool.resize(reservation, 600)
    assert disk.files.names() == set()
    await bring(spool, "needed", bytes(400))
    with pytest.raises(NoRoom) as caught:
        await spool.resize(reservation, 601)
    assert (caught.value.size, reservation.size) == (601, 600)


# Making room.


async def test_least_needed_goes_first(disk):
    spool = await disk.open()
    keeps = {"a": Keep.FAILED, "b": Keep.SUBMITTED, "c": Keep.NEEDED, "d": Keep.SUBMITTED, "e": Keep.FAILED}
    for identifier, keep in keeps.items():
        await bring(spool, identifier, bytes(200), keep)
    gone = []
    for _ in range(4):
        before = disk.files.names()
        await spool.reserve(200)
        gone += before - disk.files.names()
    assert gone == ["b.pdf", "d.pdf", "a.pdf", "e.pdf"]
    assert spool.statistics() == SpoolStatistics(files=1, used=LIMIT, limit=LIMIT, removed=4)


async def test_no_more_goes_than_is_needed(disk):
    spool = await disk.open()
    for identifier in "abcde":
        await bring(spool, identifier, bytes(200), Keep.SUBMITTED)
    await spool.reserve(250)
    assert disk.files.names() == {"c.pdf", "d.pdf", "e.pdf"}


async def test_room_is_waited_for(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600))
    got = []

    async def download():
        got.append(await spool.reserve(500))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(download)
        await wait_all_tasks_blocked()
        assert got == []
        assert "a" in spool
        await spool.keep("a", Keep.SUBMITTED)
    assert got[0].size == 500
    assert disk.files.names() == set()


async def test_removed_pdf_gives_room(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.reserve, 500)
        await wait_all_tasks_blocked()
        await spool.remove("a")
    assert spool.statistics().used == 500


async def test_kept_pdf_stays_while_nobody_wants_room(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600), Keep.SUBMITTED)
    await bring(spool, "b", bytes(400), Keep.FAILED)
    assert disk.files.names() == {"a.pdf", "b.pdf"}


async def test_single_giant_goes_alone(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600), Keep.SUBMITTED)
    await bring(spool, "giant", bytes(3 * LIMIT))
    assert spool.statistics() == SpoolStatistics(files=1, used=3 * LIMIT, limit=LIMIT, removed=1)
    with trio.move_on_after(0) as scope:
        await spool.reserve(1)
    assert scope.cancelled_caught


async def test_cancelled_wait_holds_nothing(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.reserve, 500)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert spool.statistics().used == 600
    assert (await spool.reserve(400)).size == 400


async def test_what_is_not_here_is_not_missed(disk):
    spool = await disk.open()
    await spool.keep("nobody", Keep.NEEDED)
    await spool.remove("nobody")
    assert ("remove", "nobody.pdf") not in disk.files.operations


async def test_removal_is_not_cut_off(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600))
    with trio.CancelScope() as scope:
        scope.cancel()
        await spool.remove("a")
    assert disk.files.names() == set()
    assert spool.statistics().used == 0


async def test_pdf_brought_back_outlives_its_removal(disk):
    spool = await disk.open()
    await bring(spool, "a", b"old")
    deleting = disk.files.stops["remove", "a.pdf"] = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.remove, "a")
        await wait_all_tasks_blocked()
        nursery.start_soon(bring, spool, "a", b"new")
        await wait_all_tasks_blocked()
        deleting.set()
    assert disk.files.contents == {spool.path("a"): b"new"}
    assert "a" in spool


# What has arrived of a PDF that broke off.

BODY = bytes(range(250)) * 16


async def break_off(spool, identifier, size):
    """Bring the first bytes of `BODY`."""

    async def breaking():
        yield BODY[:size]
        raise BrokenOff("reset")

    reservation = await spool.reserve(len(BODY))
    partial = Partial("court", '"tag"', len(BODY), 0)
    with pytest.raises(BrokenOff):
        await spool.store(identifier, breaking(), reservation, accept, partial)
    await spool.give_back(identifier, reservation)


async def test_what_has_arrived_is_gone_on_with(disk):
    spool = await disk.open(limit=10_000)
    await break_off(spool, "a", 3000)
    assert (spool.statistics().used, disk.files.names(), disk.files.open_files) == (3000, {"a.part"}, 0)
    partial = spool.partial("a", "court")
    assert partial == Partial("court", '"tag"', len(BODY), 3000)
    assert spool.partial("a", "another source") is None
    reservation = await spool.take_up("a", len(BODY))
    assert await spool.store("a", Pieces(BODY[3000:]), reservation, accept, partial) == checksums_of(BODY)
    assert disk.files.contents == {spool.path("a"): BODY}
    assert spool.statistics().used == len(BODY)


async def test_what_fits_into_a_packet_is_not_kept(disk):
    spool = await disk.open(limit=10_000)
    await break_off(spool, "a", 1460)
    assert (spool.statistics().used, disk.files.names()) == (0, set())


async def test_part_that_breaks_once_more_grows(disk):
    spool = await disk.open(limit=10_000)
    await break_off(spool, "a", 2000)

    async def breaking():
        yield BODY[2000:3000]
        raise BrokenOff("reset")

    reservation = await spool.take_up("a", len(BODY))
    with pytest.raises(BrokenOff):
        await spool.store("a", breaking(), reservation, accept, spool.partial("a", "court"))
    await spool.give_back("a", reservation)
    assert (spool.statistics().used, disk.files.contents) == (3000, {DIRECTORY / "a.part": BODY[:3000]})


async def test_parts_go_first_and_the_smallest_of_them(disk):
    spool = await disk.open(limit=10_000)
    await bring(spool, "submitted", bytes(1000), Keep.SUBMITTED)
    await break_off(spool, "a", 3000)
    await break_off(spool, "b", 2000)
    await spool.reserve(5000)
    assert disk.files.names() == {"submitted.pdf", "a.part"}
    await spool.reserve(4000)
    assert disk.files.names() == {"submitted.pdf"}


async def test_part_comes_to_rest_and_gives_way_to_who_waits(disk):
    spool = await disk.open(limit=6000)
    reservation = await spool.reserve(len(BODY))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spool.reserve, 5000)
        await wait_all_tasks_blocked()

        async def breaking():
            yield BODY[:3000]
            raise BrokenOff("reset")

        with pytest.raises(BrokenOff):
            await spool.store("a", breaking(), reservation, accept, Partial("court", '"tag"', len(BODY), 0))
        await spool.give_back("a", reservation)
    assert (spool.statistics().used, disk.files.names()) == (5000, set())


async def test_part_never_waits_for_room(disk):
    spool = await disk.open(limit=5000)
    await break_off(spool, "a", 3000)
    other = await spool.reserve(2000)
    assert await spool.take_up("a", len(BODY)) is None
    assert (spool.statistics().used, disk.files.names()) == (other.size, set())


async def test_part_that_was_tampered_with_is_dropped(disk):
    spool = await disk.open(limit=10_000)
    await break_off(spool, "a", 3000)
    del disk.files.contents[DIRECTORY / "a.part"]
    assert await spool.take_up("a", len(BODY)) is None
    assert spool.statistics().used == 0


async def test_resumed_pdf_that_is_refused_leaves_no_part(disk):
    async def refuse(part, checksums):
        raise BadPdf

    spool = await disk.open(limit=10_000)
    await break_off(spool, "a", 3000)
    reservation = await spool.take_up("a", len(BODY))
    with pytest.raises(BadPdf):
        await spool.store("a", Pieces(BODY[3000:]), reservation, refuse, spool.partial("a", "court"))
    await spool.give_back("a", reservation)
    assert (spool.statistics().used, disk.files.names()) == (0, set())


async def test_end_of_a_run_leaves_no_part(disk):
    spool = await disk.open(limit=20_000)
    await break_off(spool, "a", 3000)
    await break_off(spool, "b", 2000)
    with trio.CancelScope() as scope:
        scope.cancel()
        await spool.forget_all()
    assert (spool.statistics().used, disk.files.names()) == (0, set())


# When nobody empties it any more.


async def test_frozen_spool_has_nothing_to_wait_for(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600))
    async with trio.open_nursery() as nursery:

        async def download():
            with pytest.raises(SpoolFull):
                await spool.reserve(500)

        nursery.start_soon(download)
        await wait_all_tasks_blocked()
        spool.freeze()
    with pytest.raises(SpoolFull):
        await spool.reserve(500)
    assert spool.statistics().used == 600


async def test_frozen_spool_gives_what_it_has(disk):
    spool = await disk.open()
    await bring(spool, "a", bytes(600), Keep.FAILED)
    spool.freeze()
    assert (await spool.reserve(400)).size == 400
    assert (await spool.reserve(600)).size == 600
    assert disk.files.names() == set()


# Trusting what lies there.


async def test_what_was_left_is_read_before_it_is_trusted(disk):
    disk.put("a.pdf", b"gazette")
    spool = await disk.open()
    assert await spool.verify("a", checksums_of(b"gazette"))
    assert await spool.verify("a", checksums_of(b"gazette"))
    assert disk.files.operations.count(("open", "a.pdf")) == 1
    assert disk.files.open_files == 0


async def test_what_was_written_is_not_read_again(disk):
    spool = await disk.open()
    await bring(spool, "a", b"gazette")
    assert await spool.verify("a", checksums_of(b"gazette"))
    assert ("open", "a.pdf") not in disk.files.operations


async def test_damaged_pdf_is_removed(disk):
    disk.put("a.pdf", b"gazette")
    disk.files.contents[DIRECTORY / "a.pdf"] = b"gazettE"
    spool = await disk.open()
    assert not await spool.verify("a", checksums_of(b"gazette"))
    assert "a" not in spool
    assert disk.files.names() == set()
    assert spool.statistics().used == 0


async def test_vanished_pdf_is_not_here(disk):
    disk.put("a.pdf", b"gazette")
    spool = await disk.open()
    del disk.files.contents[DIRECTORY / "a.pdf"]
    assert not await spool.verify("a", checksums_of(b"gazette"))
    assert "a" not in spool


async def test_pdf_never_here_is_not_verified(disk):
    spool = await disk.open()
    assert not await spool.verify("a", checksums_of(b"gazette"))


@pytest.mark.parametrize("content", [b"gazettE", None], ids=["changed", "gone"])
async def test_what_was_written_is_read_again_when_asked(disk, content):
    spool = await disk.open()
    await bring(spool, "a", b"gazette")
    assert await spool.look_again("a", checksums_of(b"gazette"))
    if content is None:
        del disk.files.contents[DIRECTORY / "a.pdf"]
    else:
        disk.files.contents[DIRECTORY / "a.pdf"] = content
    assert not await spool.look_again("a", checksums_of(b"gazette"))
    assert "a" not in spool
    assert spool.statistics().used == 0


# Any way that workers may go about it.

PDFS = [f"gazette-{number}" for number in range(6)]
downloads = st.lists(
    st.tuples(
        st.sampled_from(PDFS),
        st.integers(1, 600),  # what comes
        st.integers(1, 600),  # what was expected
        st.sampled_from([Keep.SUBMITTED, Keep.FAILED, None]),  # what it is worth in the end; None: nothing
        st.booleans(),  # whether the download is cancelled on the way
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=60)
@given(downloads, st.integers(0, 2**32))
def test_bound_holds_under_any_schedule(work, seed):
    async def worker(disk, spool, rng, todo):
        while todo:
            identifier, size, expected, keep, is_cut_off = todo.pop()
            if identifier in spool:
                continue
            with trio.CancelScope() as scope:
                if is_cut_off:
                    scope.deadline = trio.current_time() + rng.random()
                await download(spool, rng, identifier, size, expected)
            if identifier in spool:
                await trio.sleep(rng.random())
                await (spool.remove(identifier) if keep is None else spool.keep(identifier, keep))

    async def download(spool, rng, identifier, size, expected):
        async def wait():
            await trio.sleep(rng.random())

        reservation = await spool.reserve(expected)
        try:
            await spool.store(identifier, Pieces(bytes(size), 150, wait), reservation, accept)
        except NoRoom:
            reservation.release()
        except BaseException:
            reservation.release()
            raise

    async def watch(disk, spool):
        while True:
            lying = sum(len(data) for data in disk.files.contents.values())
            assert lying <= spool.statistics().used <= LIMIT
            await trio.sleep(0.1)

    async def main():
        disk, rng = Disk(), random.Random(seed)
        spool = await disk.open()
        todo = {}
        for job in work:
            # One worker at a time has a gazette.
            todo.setdefault(job[0], []).append(job)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, disk, spool)
            async with trio.open_nursery() as workers:
                for jobs in todo.values():
                    workers.start_soon(worker, disk, spool, rng, jobs)
            nursery.cancel_scope.cancel()
        # Nothing is lost, nothing is left over, and nothing is held for nobody.
        assert disk.files.names() == {f"{identifier}.pdf" for identifier in PDFS if identifier in spool}
        assert spool.statistics().used == sum(len(data) for data in disk.files.contents.values())
        assert disk.files.open_files == 0

    trio.run(main, clock=MockClock(autojump_threshold=0))
