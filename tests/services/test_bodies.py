"""Where bodies are kept: the same contract for memory and for a file (contract)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.bodies import MemoryBodies, open_file_bodies


@pytest.fixture(params=["memory", "file"])
def bodies(request):
    if request.param == "memory":
        yield MemoryBodies()
    else:
        with open_file_bodies() as opened:
            yield opened


def test_body_is_read_as_written(bodies):
    body = bodies.reserve(10)
    body.append(b"01234")
    body.append(b"56789")
    assert body.read(0, 10) == b"0123456789"
    assert body.read(3, 7) == b"3456"


def test_bodies_at_the_same_time_do_not_mix(bodies):
    first, second = bodies.reserve(4), bodies.reserve(4)
    for body, half in ((first, b"aa"), (second, b"bb"), (first, b"AA"), (second, b"BB")):
        body.append(half)
    assert first.read(0, 4) == b"aaAA"
    assert second.read(0, 4) == b"bbBB"


def test_more_than_announced_is_an_error(bodies):
    body = bodies.reserve(3)
    neighbour = bodies.reserve(3)
    neighbour.append(b"xyz")
    with pytest.raises(ValueError, match="4 bytes for a body of 3"):
        body.append(b"1234")
    assert neighbour.read(0, 3) == b"xyz"


def test_nothing_is_read_beyond_what_was_written(bodies):
    body = bodies.reserve(6)
    bodies.reserve(6).append(b"others")
    body.append(b"abc")
    assert body.read(0, 6) == b"abc"


def test_empty_body(bodies):
    assert bodies.reserve(0).read(0, 0) == b""


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=50)), max_size=30))
def test_file_and_memory_agree(writes):
    lengths = [sum(len(data) for index, data in writes if index == which) for which in range(3)]
    with open_file_bodies() as on_disk:
        kept = [[place.reserve(length) for length in lengths] for place in (on_disk, MemoryBodies())]
        for index, data in writes:
            for bodies_of_place in kept:
                bodies_of_place[index].append(data)
        for index, length in enumerate(lengths):
            assert kept[0][index].read(0, length) == kept[1][index].read(0, length)
