"""Contract tests: what stops a run before its first request, and what has to be accepted before the first upload."""

from __future__ import annotations

import pytest
from made_gazettes import checksums_of, gazette

from trio_pipeline.diario.credentials import load_secrets
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.lifecycle import Life, State
from trio_pipeline.diario.preflight import (
    POLICY,
    UsageError,
    check,
    check_contact,
    questions_to_announce,
    uploads_to_announce,
)
from trio_pipeline.diario.settings import load_settings

KEYS = load_secrets({"IA_ACCESS_KEY": "access", "IA_SECRET_KEY": "secret"})
NO_KEYS = load_secrets({})
MODEL_KEY = load_secrets({"GEMINI_API_KEY": "key"})


def settings(**values):
    """Settings with which a run could begin, save for what is given (`archive_kind` is `archive.kind`)."""
    chosen = {"tjro.contact": "me@example.org"}
    chosen |= {name.replace("_", ".", 1): value for name, value in values.items()}
    return load_settings(chosen, {}).settings


def upload(number=1, date="2025-06-23", *, size=None, stored=None, state=State.PENDING):
    item = Item(gazette(number, date), size=size, states={Life.ARCHIVE: state})
    item.checksums = None if stored is None else checksums_of(bytes(stored))
    return item


def test_usual_settings_are_enough():
    check(settings(), NO_KEYS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"archive_kind": "none", "extract_kind": "none"}, "keep nothing"),
        ({"extract_kind": "model"}, r"--extract model .*model\.name"),
        ({"extract_kind": "rules+model", "model_name": "m"}, "GEMINI_API_KEY"),
        ({"tjro_contact": None}, r"tjro\.contact"),
        ({"archive_kind": "internet-archive"}, "IA_ACCESS_KEY and IA_SECRET_KEY"),
    ],
)
def test_what_is_missing_is_named(values, message):
    with pytest.raises(UsageError, match=message) as caught:
        check(settings(**values), NO_KEYS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("branch", [{"archive_kind": "none"}, {"extract_kind": "none"}])
def test_one_branch_is_enough(branch):
    check(settings(**branch), NO_KEYS)


def test_keys_are_enough():
    check(settings(archive_kind="internet-archive"), KEYS)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"])
def test_stand_in_is_not_told_who_asks(url):
    check(settings(tjro_contact=None, tjro_base_url=url), NO_KEYS)


def test_real_upload_is_announced():
    items = [
        upload(1, "2024-08-29", stored=3_000),
        upload(2, size=1_996_997_000),
        upload(3),
        upload(4, state=State.CONFIRMED),
    ]
    text = uploads_to_announce(items, settings(archive_kind="internet-archive"), lists=False)
    assert text.startswith("This run would upload 3 files, about 2.0 GB, to 2 items of the Internet Archive.\n")
    assert POLICY in text
    assert "--yes" in text
    assert "archive.accept_policy" in text


def test_layout_decides_the_items():
    items = [upload(number) for number in (1, 2, 3)]
    text = uploads_to_announce(items, settings(archive_kind="internet-archive", archive_layout="edition"), lists=False)
    assert "to 3 items" in text


def test_listing_may_add_to_what_is_announced():
    text = uploads_to_announce([], settings(archive_kind="internet-archive"), lists=True)
    assert text.startswith(
        "This run would upload 0 files, about 0 B, to 0 items of the Internet Archive. "
        "That is what is known; what the court lists besides is found out only then.\n"
    )
    assert uploads_to_announce([], settings(archive_kind="folder"), lists=True) is None


@pytest.mark.parametrize("url", ["archive_s3_url", "archive_metadata_url"])
def test_archive_is_told_who_asks_too(url):
    here = dict.fromkeys(["tjro_base_url", "archive_s3_url", "archive_metadata_url"], "http://127.0.0.1:8001")
    asked = here | {"tjro_contact": "none", "archive_kind": "internet-archive"}
    check(settings(**asked), KEYS)
    with pytest.raises(UsageError, match=r"tjro\.contact"):
        check(settings(**asked | {url: "https://archive.org"}), KEYS)
    check(settings(**asked | {url: "https://archive.org", "archive_kind": "folder"}), KEYS)


@pytest.mark.parametrize(
    ("values", "items"),
    [
        ({"archive_kind": "folder"}, [upload()]),
        ({"archive_kind": "none"}, [upload()]),
        ({"archive_accept_policy": True}, [upload()]),
        ({"archive_s3_url": "http://127.0.0.1:8002"}, [upload()]),
        ({}, []),
        ({}, [upload(state=State.SUBMITTED), upload(state=State.REJECTED)]),
    ],
)
def test_nothing_to_announce(values, items):
    assert uploads_to_announce(items, settings(**({"archive_kind": "internet-archive"} | values)), lists=False) is None


@pytest.mark.parametrize("urls", [("https://archive.org",), ("http://127.0.0.1:1", "https://archive.org")])
def test_nobody_elses_host_is_asked_without_contact(urls):
    with pytest.raises(UsageError, match=r"tjro\.contact"):
        check_contact(settings(tjro_contact=None), *urls)
    check_contact(settings(), *urls)


def test_this_machine_need_not_be_told_who_asks():
    check_contact(settings(tjro_contact=None), "http://127.0.0.1:1", "http://localhost:2")


def test_model_without_budget_is_not_asked():
    asked = {"extract_kind": "rules+model", "model_name": "m"}
    with pytest.raises(UsageError, match=r"model\.token_budget"):
        check(settings(**asked), MODEL_KEY)
    check(settings(**asked, model_token_budget="1000"), MODEL_KEY)


def test_dry_run_needs_nothing_that_is_for_sending():
    asked = settings(extract_kind="model", archive_kind="internet-archive", tjro_contact=None)
    check(asked, NO_KEYS, dry_run=True)
    with pytest.raises(UsageError, match="keep nothing"):
        check(settings(extract_kind="none", archive_kind="none"), NO_KEYS, dry_run=True)


def unread(count):
    return [Item(gazette(number), states={Life.EXTRACT: State.PENDING}) for number in range(1, count + 1)]


def asked_about(count, *, lists=False, limit=None, dry_run=False, **values):
    values = {"extract_kind": "model", "model_name": "m", "model_token_budget": "1000"} | values
    return questions_to_announce(unread(count), settings(**values), lists=lists, limit=limit, dry_run=dry_run)


def test_more_than_ten_gazettes_for_a_model_are_announced():
    assert asked_about(10) is None
    assert "11 gazettes" in asked_about(11)
    assert "--dry-run" in asked_about(11)
    assert "run it again with --yes" in asked_about(11)


def test_dry_run_does_not_advise_itself():
    assert "--dry-run" not in asked_about(11, dry_run=True)
    assert "run it again with --yes" in asked_about(11, dry_run=True)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"model_name": None}, "set model.name first"),
        ({"model_token_budget": "0"}, "set model.token_budget first"),
        ({"model_name": None, "model_token_budget": "0"}, "set model.name and model.token_budget first"),
    ],
)
def test_cost_is_not_to_be_accepted_before_the_model_can_be_asked(values, advice):
    told = asked_about(11, dry_run=True, **values)
    assert told.endswith(f"If that is what you want, {advice}.")
    assert "--yes" not in told


def test_what_rules_leave_is_not_announced():
    assert asked_about(5000, extract_kind="rules+model") is None


def test_accepted_cost_is_not_announced():
    assert asked_about(11, model_accept_cost="true") is None


@pytest.mark.parametrize(("limit", "announced"), [(None, True), (10, False), (11, True)])
def test_listing_is_announced_unless_the_limit_keeps_it_small(limit, announced):
    assert (asked_about(0, lists=True, limit=limit) is not None) is announced
