"""Contract of the real world: threads that are awaited, owners that are joined, files that last.

These, and those in test_processes.py, are the only tests of the core with real threads, files and processes. None of
them measures time: they wait for events.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import outcome
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.world import Ask, Owner, World, real_world

MORE_THAN_A_PIPE_HOLDS = 2_000_000  # bytes, and more than is collected before a write


@pytest.fixture
def world() -> World:
    return real_world()


# Time, random numbers, ids


def test_wall_clock_is_utc_without_a_zone(world):
    assert world.now().tzinfo is None


def test_ids_are_all_different(world):
    assert len({world.new_id() for _ in range(1000)}) == 1000


async def test_transport_makes_nobody_wait_for_a_connection(world):
    async with world.open_transport() as transport:
        assert transport._pool._max_connections == sys.maxsize


# Blocking calls


async def test_call_runs_in_another_thread(world):
    assert await world.threads.run(threading.get_ident) != threading.get_ident()


async def test_error_of_a_call_reaches_its_caller(world):
    with pytest.raises(ZeroDivisionError):
        await world.threads.run(divmod, 1, 0)


async def test_cancelled_call_is_never_begun(world):
    calls: list[int] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        await world.threads.run(calls.append, 1)
    assert scope.cancelled_caught
    assert calls == []


async def test_begun_call_is_awaited_to_its_end(world):
    begun, release, story = trio.Event(), threading.Event(), []

    def block() -> None:
        trio.from_thread.run_sync(begun.set)
        release.wait()
        story.append("ended")

    async def call(scope: trio.CancelScope) -> None:
        with scope:
            await world.threads.run(block)
            story.append("known")

    scope = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, scope)
        await begun.wait()
        scope.cancel()
        await wait_all_tasks_blocked()
        assert story == []
        release.set()
    assert story == ["ended", "known"]


# Owners


class Job:
    """What the loop below is asked: to answer with this value, to raise, to say which thread it is, or to stop."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.answered = trio.Event()
        self.answer: outcome.Outcome[Any] | None = None

    def settle(self, answer: outcome.Outcome[Any]) -> None:
        self.answer = answer
        self.answered.set()

    async def result(self) -> Any:
        await self.answered.wait()
        return self.answer.unwrap()


Loop = Generator[Ask, Job | None, None]


def serve(owner: Owner[Job | None], story: list[str]) -> Loop:
    """Answer one job after another until None comes."""
    story.append("opened")
    try:
        while (job := (yield Ask.NEXT)) is not None:
            owner.call_soon(job.settle, outcome.capture(job.function))
            assert (yield Ask.STEP) is None
    finally:
        story.append("closed")


async def ask(owner: Owner[Job | None], function: Callable[[], Any]) -> Any:
    job = Job(function)
    owner.send(job)
    return await job.result()


async def test_all_jobs_run_in_one_thread(world):
    story: list[str] = []
    async with world.threads.open_owner("keeper", lambda owner: serve(owner, story)) as owner:
        threads = {await ask(owner, threading.get_ident) for _ in range(20)}
        assert len(threads) == 1
        assert threads != {threading.get_ident()}
        owner.send(None)


async def test_jobs_run_in_the_order_in_which_they_were_sent(world):
    order: list[int] = []
    async with world.threads.open_owner("keeper", lambda owner: serve(owner, [])) as owner:
        for number in range(100):
            owner.send(Job(lambda number=number: order.append(number)))
        owner.send(None)
    assert order == list(range(100))


async def test_leaving_joins_the_thread(world):
    """What was queued is served and the loop has ended when the context is left."""
    story: list[str] = []
    release = threading.Event()
    async with world.threads.open_owner("keeper", lambda owner: serve(owner, story)) as owner:
        owner.send(Job(release.wait))
        owner.send(None)
        owner.call_soon(release.set)
    assert story == ["opened", "closed"]


async def test_loop_is_told_when_nothing_waits(world):
    seen: list[Any] = []

    def drain(owner: Owner[int]) -> Generator[Ask, int | None, None]:
        seen.append((yield Ask.NEXT))
        while (more := (yield Ask.MORE)) is not None:
            seen.append(more)

    async with world.threads.open_owner("keeper", drain) as owner:
        for number in (1, 2, 3):
            owner.send(number)
    # How many of them had come by the first look is the threads' business; that the order holds is ours.
    assert seen == [1, 2, 3][: len(seen)]


async def test_owner_outlives_the_cancellation_of_its_body(world):
    story: list[str] = []
    with trio.CancelScope() as scope:
        async with world.threads.open_owner("keeper", lambda owner: serve(owner, story)) as owner:
            try:
                scope.cancel()
                await trio.sleep_forever()
            finally:
                owner.send(Job(lambda: story.append("last job")))
                owner.send(None)
    assert scope.cancelled_caught
    assert story == ["opened", "last job", "closed"]


async def test_error_of_the_body_comes_out_alone(world):
    async def fail() -> None:
        async with world.threads.open_owner("keeper", lambda owner: serve(owner, [])) as owner:
            owner.send(None)
            raise LookupError("of the body")

    with pytest.raises(LookupError, match="of the body"):
        await fail()


async def test_dead_loop_ends_the_body(world):
    """Its error comes out of the context, and nobody waits for answers for ever."""

    def fail(owner: Owner[int]) -> Generator[Ask, int | None, None]:
        yield Ask.NEXT
        raise LookupError("of the loop")

    async def wait_for_an_answer() -> None:
        async with world.threads.open_owner("keeper", fail) as owner:
            owner.send(1)
            await trio.sleep_forever()

    with pytest.raises(LookupError, match="of the loop"):
        await wait_for_an_answer()


async def test_loop_that_cannot_begin_is_an_error_of_opening(world):
    def refuse(owner: Owner[int]) -> Generator[Ask, int | None, None]:
        raise LookupError("at once")
        yield Ask.NEXT

    with pytest.raises(LookupError, match="at once"):
        async with world.threads.open_owner("keeper", refuse):
            await trio.sleep_forever()


def test_answer_after_the_run_has_ended_is_lost_in_silence(world):
    async def open_and_leave() -> Owner[None]:
        async with world.threads.open_owner("keeper", lambda owner: serve(owner, [])) as owner:
            owner.send(None)
            return owner

    trio.run(open_and_leave).call_soon(print, "nobody hears this")


# Files


async def write(world: World, path: Path, *parts: bytes) -> None:
    file = await world.files.create(path)
    for part in parts:
        await file.write(part)
    await file.sync()
    await file.close()


async def test_what_was_written_is_read(world, tmp_path):
    path = tmp_path / "file"
    await write(world, path, b"one ", b"two ", b"three")
    file = await world.files.open(path)
    parts = []
    while part := await file.read(5):
        parts.append(part)
    await file.close()
    await file.close()
    assert all(len(part) <= 5 for part in parts)
    assert b"".join(parts) == b"one two three"


async def test_create_empties_what_is_there(world, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"a long text of before")
    await write(world, path, b"new")
    assert path.read_bytes() == b"new"


async def test_missing_file_is_the_operating_systems_error(world, tmp_path):
    with pytest.raises(FileNotFoundError):
        await world.files.open(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        await world.files.create(tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError):
        await world.files.replace(tmp_path / "missing", tmp_path / "target")


@pytest.fixture
def synced(monkeypatch):
    """What was synced: the inode, and the bytes that the file had then if it is a plain one."""
    story: list[tuple[int, int]] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        status = os.fstat(descriptor)
        story.append((status.st_ino, status.st_size))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    return story


async def test_sync_reaches_the_disk_with_everything_written(world, tmp_path, synced):
    path = tmp_path / "file"
    file = await world.files.create(path)
    await file.write(b"short, and so still in a buffer")
    await file.sync()
    assert synced == [(path.stat().st_ino, 31)]
    await file.close()


async def test_replace_makes_the_new_name_durable(world, tmp_path, synced):
    source, target = tmp_path / "source", tmp_path / "deep" / "target"
    source.write_bytes(b"new")
    target.parent.mkdir()
    target.write_bytes(b"old")
    await world.files.replace(source, target)
    assert [inode for inode, _ in synced] == [target.parent.stat().st_ino]
    assert target.read_bytes() == b"new"
    assert not source.exists()


async def test_begun_write_is_written_whole(world, tmp_path):
    """A pipe that nobody reads yet holds the write up while it is cancelled."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    file = await world.files.create(path)
    scope = trio.CancelScope()

    async def write_all() -> None:
        with scope:
            await file.write(bytes(MORE_THAN_A_PIPE_HOLDS))
        await file.close()

    received: list[int] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(write_all)
        received.append(len(await trio.to_thread.run_sync(os.read, reader, 1)))
        scope.cancel()
        while part := await trio.to_thread.run_sync(os.read, reader, 65_536):
            received.append(len(part))
    os.close(reader)
    assert sum(received) == MORE_THAN_A_PIPE_HOLDS


async def test_files_are_closed_in_a_cancelled_scope(world, tmp_path):
    new = await world.files.create(tmp_path / "file")
    old = await world.files.open(tmp_path / "file")
    await new.write(b"buffered")
    with trio.CancelScope() as scope:
        scope.cancel()
        await new.close()
        await old.close()
    assert new._file.closed
    assert old._file.closed


async def test_remove_says_whether_there_was_one(world, tmp_path):
    path = tmp_path / "file"
    path.touch()
    assert await world.files.remove(path)
    assert not await world.files.remove(path)


async def test_size_of_a_missing_file_is_none(world, tmp_path):
    await write(world, tmp_path / "file", b"12345")
    assert await world.files.size(tmp_path / "file") == 5
    assert await world.files.size(tmp_path / "missing") is None


async def test_sizes_lists_plain_files_only(world, tmp_path):
    await write(world, tmp_path / "file", b"12345")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert await world.files.sizes(tmp_path) == {"file": 5}
    assert await world.files.sizes(tmp_path / "missing") == {}


async def test_directory_is_made_with_its_parents_and_stays(world, tmp_path, synced):
    deep = tmp_path / "a" / "b"
    await world.files.make_directory(deep)
    await world.files.make_directory(deep)
    assert deep.is_dir()
    assert {inode for inode, _ in synced} == {tmp_path.stat().st_ino, deep.parent.stat().st_ino}
    assert len(synced) == 2
    assert await world.files.free_space(deep) > 0
