"""What was uploaded, brought up to date in the archive's stand-in (collaboration), on virtual time."""

from __future__ import annotations

import dataclasses

import duckdb
import pytest
import trio
from scenes import KEYS, open_scene

from trio_pipeline.diario.copies import held_copy
from trio_pipeline.diario.credentials import Secret, Secrets
from trio_pipeline.diario.ledger.queries import QUERIES
from trio_pipeline.diario.metadata_update import Result, Update, our_items, update_metadata
from trio_pipeline.diario.visits import visiting_pacer
from trio_pipeline.pacing import Learned

NEW_TITLE = "DJ {tribunal} {number}/{year}"


def copies(scene):
    with duckdb.connect(scene.directory / "diarios.duckdb", read_only=True) as connection:
        return [held_copy(row) for row in QUERIES["copies"](connection, {})]


async def archived(scene):
    """Everything uploaded and confirmed."""
    await scene.run()
    await trio.sleep(86_400)
    await scene.run()
    assert {copy.state for copy in copies(scene)} == {"confirmed"}


async def bring_up_to_date(scene, *, secrets=KEYS, dry_run=False, **settings):
    items = our_items(copies(scene)).items
    update = Update()
    with trio.fail_after(86_400):
        chosen = scene.settings_with(settings)
        pacer = visiting_pacer(chosen, Learned())
        await update_metadata(items, update, chosen, secrets, pacer, scene.world, dry_run=dry_run)
    return update


def scene_of(directory, count=2, **options):
    return open_scene(
        directory, count, **{"archive__kind": "internet-archive", "archive__layout": "edition", **options}
    )


def posts(scene):
    return scene.network.count("POST", "/metadata/")


def reads(scene):
    return scene.network.count("GET", "/metadata/")


async def test_five_changes_to_each_of_fifty_items_are_fifty_calls(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 50) as scene:
        await archived(scene)
        for item in scene.archive.items():
            item.metadata["language"] = "eng"
            del item.metadata["originalurl"]
        asked = reads(scene)
        # The title is that of the item and of its file, and part of the description.
        update = await bring_up_to_date(scene, archive__title=NEW_TITLE)
        assert (posts(scene), update.calls, reads(scene) - asked) == (50, 50, 50)
        assert [line.result for line in update.lines] == [Result.CHANGED] * 250
        for gazette in scene.gazettes:
            [item] = [one for one in scene.archive.items() if one.identifier == gazette.id]
            [[file]] = item.files.values()
            title = f"DJ TJRO {gazette.number}/{gazette.date.year}"
            assert item.metadata["title"] == file.metadata["title"] == title
            assert item.metadata["description"].startswith(f"{title}. ")
            assert (item.metadata["language"], item.metadata["originalurl"]) == ("por", gazette.url)
        again = await bring_up_to_date(scene, archive__title=NEW_TITLE)
        assert (again.lines, posts(scene)) == ([], 50)


async def test_what_was_uploaded_today_needs_no_change(autojump_clock, tmp_path):
    for layout in ("year", "edition"):
        async with scene_of(tmp_path / layout, archive__layout=layout) as scene:
            await archived(scene)
            update = await bring_up_to_date(scene)
            assert (update.lines, posts(scene), update.total) == ([], 0, {"year": 1, "edition": 2}[layout])


async def test_year_is_changed_by_one_call(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 12, archive__layout="year") as scene:
        await archived(scene)
        update = await bring_up_to_date(scene, archive__title=NEW_TITLE, archive__year_title="DJ {year}")
        assert posts(scene) == 1
        assert len(update.lines) == 13
        [item] = scene.archive.items()
        assert item.metadata["title"] == "DJ 2025"


async def test_layout_of_today_does_not_matter(autojump_clock, tmp_path):
    """An item is what it was made as."""
    async with scene_of(tmp_path, archive__layout="year") as scene:
        await archived(scene)
        assert (await bring_up_to_date(scene, archive__layout="edition")).lines == []


async def test_dry_run_shows_and_sends_nothing(autojump_clock, tmp_path):
    no_keys = Secrets(None, None, None, {})
    async with scene_of(tmp_path, 1) as scene:
        await archived(scene)
        update = await bring_up_to_date(scene, secrets=no_keys, dry_run=True, archive__title=NEW_TITLE)
        assert posts(scene) == 0
    gazette = scene.gazettes[0]
    new = f"DJ TJRO {gazette.number}/{gazette.date.year}"
    old = f"Diário da Justiça TJRO - {gazette.date:%d/%m/%Y} - nº {gazette.number} {gazette.suffix}".rstrip()
    shown = [(line.target, line.change.key, line.change.old, line.change.new) for line in update.lines]
    assert shown == [
        ("metadata", "title", old, new),
        ("metadata", "description", f"{old}. Publicado em {gazette.url}", f"{new}. Publicado em {gazette.url}"),
        (f"files/{gazette.id}.pdf", "title", old, new),
    ]
    assert {line.result for line in update.lines} == {Result.WOULD_CHANGE}


async def test_newer_word_of_somebody_else_is_not_overwritten(autojump_clock, tmp_path):
    """They change title between our reading and our call."""
    async with scene_of(tmp_path, 1, archive_faults=["archive-write:conflict=1x"]) as scene:
        await archived(scene)
        [item] = scene.archive.items()
        item.metadata["language"] = "eng"
        update = await bring_up_to_date(scene, archive__title=NEW_TITLE)
        assert posts(scene) == 2
        # The stand-in's somebody changes what our first operation of each target is about.
        theirs = {(line.target, line.change.key) for line in update.lines if line.result is Result.OVERTAKEN}
        ours = {line.change.key for line in update.lines if line.result is Result.CHANGED}
        assert ("metadata", "language") in theirs
        assert item.metadata["language"] == "changed by somebody else"
        assert {"title", "description"} <= ours
        assert item.metadata["title"].startswith("DJ TJRO")


async def test_somebody_who_is_always_faster_is_told(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 1) as scene:
        await archived(scene)
        # What was written waits, and is not shown yet: each reading is of old values.
        scene.archive.queue = 3_600
        assert (await bring_up_to_date(scene, archive__title=NEW_TITLE)).calls == 1
        update = await bring_up_to_date(scene, archive__title="{number}")
        assert posts(scene) == 4
        [line] = update.lines
        assert line.result is Result.NOT_CHANGED
        assert "3 times" in line.reason


@pytest.mark.parametrize("fault", ["too-many=1x,retry-after=70", "unavailable=2x", "reset=1x", "internal=1x"])
async def test_call_that_fails_is_made_again(autojump_clock, tmp_path, fault):
    async with scene_of(tmp_path, 1, archive_faults=[f"archive-write:{fault}"]) as scene:
        await archived(scene)
        began = trio.current_time()
        update = await bring_up_to_date(scene, archive__title=NEW_TITLE)
        assert {line.result for line in update.lines} == {Result.CHANGED}
        assert posts(scene) > 1
        assert "too-many" not in fault or trio.current_time() - began >= 70


async def test_refused_keys_end_it(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 5) as scene:
        await archived(scene)
        wrong = Secrets(KEYS.archive_access, Secret("WRONG"), None, {})
        update = await bring_up_to_date(scene, secrets=wrong, archive__title=NEW_TITLE)
        assert "status 401" in update.stopped
        assert posts(scene) <= 2
        assert len([line for line in update.lines if line.result is Result.NOT_CHANGED]) == 5


async def test_what_is_gone_is_told_and_left_alone(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 3) as scene:
        await archived(scene)
        dark, emptied, _ = scene.archive.items()
        dark.is_dark = True
        emptied.files.clear()
        update = await bring_up_to_date(scene, archive__title=NEW_TITLE)
        assert posts(scene) == 1
        assert {line.item: line.result for line in update.lines[::-1]} == {
            dark.identifier: Result.TAKEN_DOWN,
            emptied.identifier: Result.MISSING,
            scene.archive.items()[2].identifier: Result.CHANGED,
        }


async def test_lost_file_of_a_year_is_told(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 3, archive__layout="year") as scene:
        await archived(scene)
        [item] = scene.archive.items()
        name = next(iter(item.files))
        del item.files[name]
        [line] = (await bring_up_to_date(scene)).lines
        assert (line.result, line.target) == (Result.MISSING, f"files/{name}")


async def test_others_items_are_left_out_and_counted(autojump_clock, tmp_path):
    async with scene_of(tmp_path, 3) as scene:
        await archived(scene)
    ours, theirs, waiting = copies(scene)
    base = "http://127.0.0.1:8002/download"
    theirs = dataclasses.replace(theirs, url=f"{base}/tjro-diario-{theirs.gazette.date}/dj.pdf")
    waiting = dataclasses.replace(waiting, state="submitted")
    found = our_items([ours, theirs, waiting])
    [item] = found.items
    assert (item.name, item.layout, item.copies) == (ours.gazette.id, "edition", (ours,))
    assert (found.adopted, found.waiting) == (1, 1)
