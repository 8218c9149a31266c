"""JSON Patch as RFC 6902 has it (contract)."""

from __future__ import annotations

import copy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.json_patch import PatchError, apply_patch

DONE = {
    "add member": ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
    "add over": ({"a": 1}, [{"op": "add", "path": "/a", "value": 2}], {"a": 2}),
    "insert": ({"a": ["x", "z"]}, [{"op": "add", "path": "/a/1", "value": "y"}], {"a": ["x", "y", "z"]}),
    "append": ({"a": ["x"]}, [{"op": "add", "path": "/a/-", "value": ["y"]}], {"a": ["x", ["y"]]}),
    "remove": ({"a": 1, "b": 2}, [{"op": "remove", "path": "/b"}], {"a": 1}),
    "remove of a list": ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
    "replace": ({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
    "replace whole": ({"a": 1}, [{"op": "replace", "path": "", "value": [1]}], [1]),
    "move": ({"a": {"b": 1}, "c": {}}, [{"op": "move", "from": "/a/b", "path": "/c/d"}], {"a": {}, "c": {"d": 1}}),
    "copy": ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
    "test": ({"a": {"b": [1, "2"]}}, [{"op": "test", "path": "/a", "value": {"b": [1, "2"]}}], {"a": {"b": [1, "2"]}}),
    "escapes": ({"a/b": 1, "m~n": 2}, [{"op": "test", "path": "/a~1b", "value": 1}], {"a/b": 1, "m~n": 2}),
    "tilde": ({"~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"~1": 10}),
    "unknown members": ({"a": 1}, [{"op": "add", "path": "/b", "value": 2, "xyz": 3}], {"a": 1, "b": 2}),
}
REFUSED = {
    "no object": ({}, ["add"]),
    "no operation": ({}, [{"op": "spam", "path": "/a", "value": 1}]),
    "no pointer": ({}, [{"op": "add", "path": "a", "value": 1}]),
    "no value": ({}, [{"op": "add", "path": "/a"}]),
    "no holder": ({}, [{"op": "add", "path": "/a/b", "value": 1}]),
    "beyond the end": ({"a": []}, [{"op": "add", "path": "/a/1", "value": 1}]),
    "leading zero": ({"a": [1, 2]}, [{"op": "remove", "path": "/a/01"}]),
    "into a text": ({"a": "b"}, [{"op": "add", "path": "/a/0", "value": 1}]),
    "remove what is not there": ({}, [{"op": "remove", "path": "/a"}]),
    "replace what is not there": ({}, [{"op": "replace", "path": "/a", "value": 1}]),
    "remove all": ({}, [{"op": "remove", "path": ""}]),
    "test fails": ({"a": "10"}, [{"op": "test", "path": "/a", "value": 10}]),
    "true is not 1": ({"a": 1}, [{"op": "test", "path": "/a", "value": True}]),
    "other length": ({"a": [1]}, [{"op": "test", "path": "/a", "value": [1, 2]}]),
}


@pytest.mark.parametrize(("before", "patch", "after"), DONE.values(), ids=DONE)
def test_done(before, patch, after):
    kept = copy.deepcopy(before)
    assert apply_patch(before, patch) == after
    assert before == kept


@pytest.mark.parametrize(("before", "patch"), REFUSED.values(), ids=REFUSED)
def test_refused(before, patch):
    kept = copy.deepcopy(before)
    with pytest.raises(PatchError):
        apply_patch(before, [{"op": "add", "path": "/first", "value": 1}, *patch])
    assert before == kept


def test_failing_test_says_so():
    with pytest.raises(PatchError, match="test operation failed"):
        apply_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 2}])


_VALUES = st.recursive(
    st.text(max_size=3) | st.integers(0, 3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES, _VALUES)
def test_patches_of_the_official_client_lead_from_one_to_the_other(before, after):
    """It makes them by a library of its own."""
    patch = jsonpatch.make_patch({"x": before}, {"x": after}).patch
    assert apply_patch({"x": before}, patch) == {"x": after}
