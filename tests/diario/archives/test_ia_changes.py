"""What differs between metadata as they are and as they should be, as patches (contract, pure)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.archives.ia_changes import Change, changes, patches
from trio_pipeline.services.json_patch import PatchError, apply_patch


def differing(wanted, seen):
    return [(change.key, change.old, change.new) for change in changes("metadata", wanted, seen)]


def test_what_is_right_stays():
    assert differing([("title", "a"), ("subject", "b"), ("subject", "c")], {"title": "a", "subject": ["b", "c"]}) == []


def test_what_differs_is_a_change():
    assert differing([("title", "a"), ("date", "2025")], {"title": "b"}) == [
        ("title", "b", "a"),
        ("date", None, "2025"),
    ]


def test_archive_keeps_a_list_of_one_as_that_one():
    assert differing([("subject", "a")], {"subject": ["a"]}) == []
    assert differing([("number", "112")], {"number": 112}) == []


def test_order_and_number_of_a_list_count():
    wanted = [("subject", "a"), ("subject", "b")]
    assert differing(wanted, {"subject": ["b", "a"]}) == [("subject", ["b", "a"], ("a", "b"))]
    assert differing(wanted, {"subject": "a"}) == [("subject", "a", ("a", "b"))]


def test_keys_of_others_and_keys_no_longer_set_stay():
    assert differing([("suffix", "")], {"suffix": "SUP", "notes": "mine"}) == []


def test_changes_of_a_target_are_one_patch():
    pending = [
        Change("metadata", "title", "b", "a"),
        Change("files/x.pdf", "date", None, "2025"),
        Change("metadata", "subject", ["b"], ("a", "b")),
    ]
    assert patches(pending) == [
        {
            "target": "metadata",
            "patch": [
                {"op": "test", "path": "/title", "value": "b"},
                {"op": "replace", "path": "/title", "value": "a"},
                {"op": "test", "path": "/subject", "value": ["b"]},
                {"op": "replace", "path": "/subject", "value": ["a", "b"]},
            ],
        },
        {"target": "files/x.pdf", "patch": [{"op": "add", "path": "/date", "value": "2025"}]},
    ]


def test_keys_are_escaped_as_pointers_want_it():
    [patch] = patches([Change("metadata", "a/b~c", None, "x")])
    assert apply_patch({}, patch["patch"]) == {"a/b~c": "x"}


KEYS = st.sampled_from(["title", "subject", "a/b", "~"])
VALUES = st.text(min_size=1, max_size=3)
SEEN = st.dictionaries(KEYS, VALUES | st.lists(VALUES, min_size=1, max_size=3))


@given(st.lists(st.tuples(KEYS, VALUES)), SEEN)
def test_patches_make_it_so_and_touch_nothing_else(wanted, seen):
    pending = changes("metadata", wanted, seen)
    after = seen
    for one in patches(pending):
        after = apply_patch(after, one["patch"])
    assert changes("metadata", wanted, after) == []
    untouched = seen.keys() - dict(wanted).keys()
    assert {key: after[key] for key in untouched} == {key: seen[key] for key in untouched}


@given(st.lists(st.tuples(KEYS, VALUES), min_size=1), SEEN, st.data())
def test_newer_value_is_never_overwritten(wanted, seen, data):
    replaced = [change.key for change in changes("metadata", wanted, seen) if change.old is not None]
    if not replaced:
        return
    newer = {**seen, data.draw(st.sampled_from(replaced)): "said by somebody else"}
    [patch] = patches(changes("metadata", wanted, seen))
    try:
        apply_patch(newer, patch["patch"])
    except PatchError:
        return
    raise AssertionError("it was overwritten")
