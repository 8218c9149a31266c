"""Simulated files: the contract that the real ones keep too, and what a loss of power leaves.

What chance decides is tried with a hundred seeds, so that the set of what can be left is an exact fact.
"""

from __future__ import annotations

import errno
import random

import pytest
import trio

from trio_pipeline.testing.files import SimulatedFiles
from trio_pipeline.testing.running import run
from trio_pipeline.testing.schedules import InOrder
from trio_pipeline.testing.trace import Trace
from trio_pipeline.world import real_world

SEEDS = range(100)


def make_files(root, seed=0, **options):
    root.mkdir(exist_ok=True)
    return SimulatedFiles(root, random.Random(seed), Trace(keep=True), **options)


async def store(files, path, data, *, sync=True):
    file = await files.create(path)
    await file.write(data)
    if sync:
        await file.sync()
    await file.close()


def written_at_once(seed=0):
    """A source of chance by which every write goes to the file at once, until it is seeded."""
    source = random.Random(seed)
    source.random = lambda: 0.0
    return source


def seed_of(source, seed):
    del source.random
    source.seed(seed)


class TestContract:
    """Kept by the real files and by the simulated ones."""

    @pytest.fixture(params=["real", "simulated"])
    def files(self, request, tmp_path):
        return real_world().files if request.param == "real" else make_files(tmp_path)

    async def test_what_was_synced_is_read(self, files, tmp_path):
        await store(files, tmp_path / "a", b"x" * 2_000_000 + b"end")
        file = await files.open(tmp_path / "a")
        pieces = []
        while piece := await file.read(300_000):
            pieces.append(piece)
        await file.close()
        assert b"".join(pieces) == b"x" * 2_000_000 + b"end"

    async def test_create_empties_what_is_there(self, files, tmp_path):
        await store(files, tmp_path / "a", b"long ago")
        await store(files, tmp_path / "a", b"now")
        assert (tmp_path / "a").read_bytes() == b"now"

    async def test_replace_takes_the_place_of_what_is_there(self, files, tmp_path):
        await store(files, tmp_path / "a", b"old")
        await store(files, tmp_path / "a.part", b"new")
        await files.replace(tmp_path / "a.part", tmp_path / "a")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new"}

    async def test_replace_with_itself_changes_nothing(self, files, tmp_path):
        await store(files, tmp_path / "a", b"same")
        await files.replace(tmp_path / "a", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"same"

    async def test_missing_file_is_the_operating_systems_error(self, files, tmp_path):
        for operation in (
            files.open(tmp_path / "a"),
            files.replace(tmp_path / "a", tmp_path / "b"),
            files.create(tmp_path / "no directory" / "a"),
            files.free_space(tmp_path / "no directory"),
        ):
            with pytest.raises(FileNotFoundError):
                await operation

    async def test_remove_says_whether_there_was_one(self, files, tmp_path):
        await store(files, tmp_path / "a", b"")
        assert [await files.remove(tmp_path / "a"), await files.remove(tmp_path / "a")] == [True, False]

    async def test_sizes_are_those_of_plain_files(self, files, tmp_path):
        await files.make_directory(tmp_path / "d" / "e")
        await store(files, tmp_path / "d" / "a", b"12345")
        (tmp_path / "d" / "link").symlink_to(tmp_path / "d" / "a")
        assert await files.sizes(tmp_path / "d") == {"a": 5}
        assert await files.sizes(tmp_path / "nowhere") == {}
        assert [await files.size(tmp_path / "d" / name) for name in ("a", "b")] == [5, None]

    async def test_unsynced_bytes_may_be_missing_after_close(self, files, tmp_path):
        await store(files, tmp_path / "a", b"12345", sync=False)
        assert await files.size(tmp_path / "a") in {0, 5}

    async def test_cancelled_before_it_began_it_does_nothing(self, files, tmp_path):
        with trio.CancelScope() as scope:
            scope.cancel()
            await files.create(tmp_path / "a")
        assert scope.cancelled_caught
        assert await files.sizes(tmp_path) == {}

    async def test_files_are_closed_in_a_cancelled_scope(self, files, tmp_path):
        file = await files.create(tmp_path / "a")
        with trio.CancelScope() as scope:
            scope.cancel()
            await file.close()
            await file.close()
        assert not scope.cancelled_caught


def left_by(tmp_path, program, names=("a", "b", "a.part")):
    """Everything that can be in the directory after a program and a loss of power, as tuples of contents."""
    left = set()
    for seed in SEEDS:
        root = tmp_path / str(seed)
        source = written_at_once()
        root.mkdir()
        files = SimulatedFiles(root, source, Trace())
        run(program, files, root)
        seed_of(source, seed)
        files.lose_unsynced()
        left.add(tuple((root / name).read_bytes() if (root / name).exists() else None for name in names))
    return left


class TestLossOfPower:
    def test_synced_content_stays(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"12")

        assert left_by(tmp_path, program, ["a"]) == {(b"12",)}

    def test_unsynced_tail_is_lost_or_short_or_zero_or_there(self, tmp_path):
        async def program(files, root):
            file = await files.create(root / "a")
            await file.write(b"12")
            await file.sync()
            await file.write(b"34")

        assert left_by(tmp_path, program, ["a"]) == {(b"12",), (b"123",), (b"1234",), (b"12\0\0",)}

    def test_file_that_was_never_synced_may_be_gone(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"1", sync=False)

        assert left_by(tmp_path, program, ["a"]) == {(None,), (b"",), (b"\0",), (b"1",)}

    def test_rename_without_sync_keeps_the_name_and_not_the_content(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a.part", b"1", sync=False)
            await files.replace(root / "a.part", root / "a")

        assert left_by(tmp_path, program) == {(b"", None, None), (b"\0", None, None), (b"1", None, None)}

    def test_rename_after_sync_keeps_both(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await store(files, root / "a.part", b"new")
            await files.replace(root / "a.part", root / "a")

        assert left_by(tmp_path, program) == {(b"new", None, None)}

    def test_power_lost_before_the_directory_was_synced_leaves_either_name(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await store(files, root / "a.part", b"new")
            files._disk.sync_directory = lambda _: None
            await files.replace(root / "a.part", root / "a")

        assert left_by(tmp_path, program) == {(b"new", None, None), (b"old", None, b"new")}

    def test_removed_file_may_come_back(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"1")
            await files.remove(root / "a")

        assert left_by(tmp_path, program, ["a"]) == {(None,), (b"1",)}

    def test_removed_file_is_gone_once_its_directory_was_synced(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"1")
            await files.remove(root / "a")
            await store(files, root / "b.part", b"2")
            await files.replace(root / "b.part", root / "b")

        assert left_by(tmp_path, program) == {(None, b"2", None)}

    def test_two_removals_come_back_in_any_combination(self, tmp_path):
        async def program(files, root):
            for name in ("a", "b"):
                await store(files, root / name, b"1")
            for name in ("a", "b"):
                await files.remove(root / name)

        assert left_by(tmp_path, program, ["a", "b"]) == {(None, None), (b"1", None), (None, b"1"), (b"1", b"1")}

    def test_emptied_file_may_have_its_old_content(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await files.create(root / "a")

        assert left_by(tmp_path, program, ["a"]) == {(b"",), (b"old",)}

    def test_emptied_and_synced_file_has_its_new_content(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await store(files, root / "a", b"new")

        assert left_by(tmp_path, program, ["a"]) == {(b"new",)}

    def test_file_made_in_the_place_of_a_removed_one_never_stays_alone(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await files.remove(root / "a")
            await files.create(root / "a")

        # The removal undone, or the new file undone, or none of both; the new file without the removal cannot be.
        assert left_by(tmp_path, program, ["a"]) == {(b"old",), (None,), (b"",)}

    def test_file_synced_in_the_place_of_a_removed_one_stays(self, tmp_path):
        async def program(files, root):
            await store(files, root / "a", b"old")
            await files.remove(root / "a")
            await store(files, root / "a", b"new")

        assert left_by(tmp_path, program, ["a"]) == {(b"new",)}

    def test_synced_rename_makes_no_later_name_durable(self, tmp_path):
        async def program(files, root):
            (root / "d").mkdir()
            await store(files, root / "a.part", b"1")
            files._disk.rename(root / "a.part", root / "d" / "a")
            await store(files, root / "a.part", b"", sync=False)
            files._disk.sync_directory(root / "d")

        assert left_by(tmp_path, program, ["d/a", "a.part"]) == {(b"1", None), (b"1", b"")}

    def test_bytes_kept_back_are_lost_with_the_process(self, tmp_path):
        left = set()

        async def program(files):
            file = await files.create(tmp_path / "a")
            await file.write(b"1")
            left.add((tmp_path / "a").read_bytes())

        for seed in SEEDS:
            files = make_files(tmp_path, seed)
            run(program, files)
            files.lose_unsynced()
        assert left == {b"", b"1"}

    def test_file_that_nobody_touched_stays(self, tmp_path):
        (tmp_path / "rows.duckdb").write_bytes(b"not ours")
        files = make_files(tmp_path)
        run(files.size, tmp_path / "rows.duckdb")
        files.lose_unsynced()
        assert (tmp_path / "rows.duckdb").read_bytes() == b"not ours"

    def test_file_of_an_earlier_life_is_durable(self, tmp_path):
        async def program(files, root):
            (root / "a").write_bytes(b"1")
            (root / "b").write_bytes(b"2")
            await files.replace(root / "a", root / "a.part")
            await files.replace(root / "a.part", root / "b")

        assert left_by(tmp_path, program) == {(None, b"1", None)}

    def test_same_seed_leaves_the_same(self, tmp_path):
        async def program(files, root):
            for number in range(20):
                await store(files, root / str(number), b"123456789", sync=False)
                if number % 3 == 0:
                    await files.remove(root / str(number // 2))

        def left(name):
            files = make_files(tmp_path / name, seed=5)
            run(program, files, tmp_path / name)
            files.lose_unsynced()
            contents = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
            return contents, files._door.trace.digest

        assert left("x") == left("y")


class TestMishaps:
    async def test_full_disk_takes_what_fits(self, tmp_path):
        files = make_files(tmp_path, capacity=5)
        await store(files, tmp_path / "a", b"123")
        file = await files.create(tmp_path / "b")
        with pytest.raises(OSError, match="No space left") as caught:
            await file.write(b"456") or await file.sync()
        await file.close()
        assert caught.value.errno == errno.ENOSPC
        assert await files.sizes(tmp_path) == {"a": 3, "b": 2}
        assert await files.free_space(tmp_path) == 0

    async def test_room_comes_back_with_what_is_removed(self, tmp_path):
        files = make_files(tmp_path, capacity=5)
        await store(files, tmp_path / "a", b"12345")
        await files.remove(tmp_path / "a")
        assert await files.free_space(tmp_path) == 5

    @pytest.mark.parametrize(("chance", "number"), [("error_chance", errno.EIO), ("full_chance", errno.ENOSPC)])
    async def test_certain_error_hits_the_first_operation(self, tmp_path, chance, number):
        files = make_files(tmp_path, **{chance: 1.0})
        with pytest.raises(OSError) as caught:
            await files.create(tmp_path / "a")
        assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "a"))
        assert not (tmp_path / "a").exists()

    async def test_full_disk_hinders_nobody_who_needs_no_room(self, tmp_path):
        files = make_files(tmp_path, full_chance=1.0)
        assert await files.remove(tmp_path / "a") is False
        assert await files.sizes(tmp_path) == {}

    def test_sync_after_a_failed_one_stores_nothing(self, tmp_path):
        async def program(files, root):
            file = await files.create(root / "a")
            await file.write(b"1")
            files._door.error_chance = 1.0
            with pytest.raises(OSError, match="Input/output"):
                await file.sync()
            files._door.error_chance = 0.0
            await file.sync()

        assert (b"",) in left_by(tmp_path, program, ["a"])

    async def test_reads_may_be_short(self, tmp_path):
        files = make_files(tmp_path, short_read_chance=1.0)
        await store(files, tmp_path / "a", b"x" * 1000)
        file = await files.open(tmp_path / "a")
        sizes = []
        while piece := await file.read(100):
            sizes.append(len(piece))
        await file.close()
        assert sum(sizes) == 1000
        assert len(sizes) > 10

    async def test_nothing_goes_on_outside_the_world(self, tmp_path):
        files = make_files(tmp_path / "world")
        with pytest.raises(ValueError, match="outside the simulated world"):
            await files.create(tmp_path / "a")


class TestCounts:
    async def test_watcher_hears_of_every_change(self, tmp_path):
        (tmp_path / "from before").write_bytes(b"1234567890")
        files = make_files(tmp_path)
        files._door.random = written_at_once()
        seen = []
        files.watch = lambda directory, size: seen.append((directory.relative_to(tmp_path).as_posix(), size))
        await files.make_directory(tmp_path / "d")
        file = await files.create(tmp_path / "a")
        await file.write(b"123")
        await file.write(b"45")
        await files.replace(tmp_path / "a", tmp_path / "d" / "a")
        await file.write(b"6")
        await file.close()
        await (await files.create(tmp_path / "d" / "a")).close()
        await files.remove(tmp_path / "d" / "a")
        assert seen == [(".", 13), (".", 15), (".", 10), ("d", 5), ("d", 6), ("d", 0), ("d", 0)]
        assert files.bytes_in(tmp_path) == 10

    async def test_open_files_are_counted(self, tmp_path):
        files = make_files(tmp_path)
        file = await files.create(tmp_path / "a")
        reader = await files.open(tmp_path / "a")
        assert files.open_files == 2
        for _ in range(2):
            await file.close()
            await reader.close()
        assert files.open_files == 0

    async def test_trace_tells_what_happened_without_the_directory(self, tmp_path):
        files = make_files(tmp_path)
        await store(files, tmp_path / "a.part", b"123")
        await files.replace(tmp_path / "a.part", tmp_path / "a")
        with pytest.raises(FileNotFoundError):
            await files.open(tmp_path / "b")
        assert files._door.trace.lines == [
            "files create a.part",
            "files write a.part 3 884863d2",
            "files sync a.part",
            "files rename a.part to a",
            "files sync directory .",
            "files open b ENOENT",
        ]

    def test_others_may_run_before_and_after_every_operation(self, tmp_path):
        files = make_files(tmp_path)
        story = []

        async def remove():
            files.watch = lambda *_: story.append("it happens")
            await files.remove(tmp_path / "a")
            story.append("it has happened")

        async def others():
            for _ in range(2):
                story.append("others")
                await trio.lowlevel.checkpoint()

        async def program():
            await store(files, tmp_path / "a", b"1")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(remove)
                nursery.start_soon(others)

        run(program, schedule=InOrder())
        assert story == ["others", "it happens", "others", "it has happened"]


async def test_file_is_gone_on_with_at_its_end(tmp_path, autojump_clock):
    files = SimulatedFiles(tmp_path, random.Random(0), Trace())
    path = tmp_path / "a.part"
    with pytest.raises(FileNotFoundError):
        await files.append(path)
    for open_file, data in ((files.create, b"first "), (files.append, b"second")):
        file = await open_file(path)
        await file.write(data)
        await file.sync()
        await file.close()
    assert (path.read_bytes(), files.open_files, files.bytes_in(tmp_path)) == (b"first second", 0, 12)
