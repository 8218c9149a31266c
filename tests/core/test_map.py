"""Contract of the package's root: it is the map, on which every public name of the core is found once."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import trio_pipeline

ROOMS = sorted(
    path.stem for path in Path(trio_pipeline.__file__).parent.glob("*.py") if not path.stem.startswith(("_", "."))
)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_on_the_map(room):
    module = importlib.import_module(f"trio_pipeline.{room}")
    assert set(module.__all__) <= set(trio_pipeline.__all__)
    assert all(getattr(trio_pipeline, name) is getattr(module, name) for name in module.__all__)


def test_map_shows_nothing_else():
    public = [name for room in ROOMS for name in importlib.import_module(f"trio_pipeline.{room}").__all__]
    assert sorted(public) == sorted(trio_pipeline.__all__)


@pytest.mark.parametrize("room", ROOMS)
def test_map_names_every_room(room):
    assert f"- `{room}`: " in trio_pipeline.__doc__


@pytest.mark.parametrize("name", trio_pipeline.__all__)
def test_every_public_name_is_documented(name):
    thing = getattr(trio_pipeline, name)
    if callable(thing) and hasattr(thing, "__module__") and thing.__module__.startswith("trio_pipeline"):
        assert thing.__doc__
