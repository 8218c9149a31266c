"""Contract tests: where the entries of case numbers stand, which are found whole and in the forms that courts print."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.judgements.pages import Pages
from trio_pipeline.diario.language_model.places import Places, digits_of
from trio_pipeline.diario.language_model.squeezed import squeeze

OLD = "001.2004.012345-6"
NEW = "7002770-82.2024.8.22.0011"


def places(lines, *numbers, entries=()):
    text = squeeze(Pages(["\n".join(lines)]).lines())
    return text, Places(text, entries, map(digits_of, numbers))


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("Autos 001.2004.012345-6 em grau de recurso", 1),
        ("Autos 001.2004.012345-67", 0),
        ("Autos 9001.2004.012345-6", 0),
        ("Autos 5-001.2004.012345-6", 0),
        ("3 001.2004.012345-6 2004", 1),
        ("001.2004.012345-6, 001.2004.012345-6", 2),
        ("00120040123456", 0),
        ("001 2004 012345 6", 0),
    ],
)
def test_part_of_a_longer_number_is_another_number(line, times):
    _, found = places([line], OLD)
    assert len(found.of(digits_of(OLD))) == times


@pytest.mark.parametrize("number", [OLD, NEW])
@pytest.mark.parametrize("mark", ["-", "\ufffe", "\u00ad"])
def test_number_broken_at_its_hyphen_is_found(number, mark):
    before, behind = number.split("-")
    _, found = places([f"Autos {before}{mark}", f"  {behind} de Vilhena"], number)
    assert [place.printed for place in found.of(digits_of(number))] == [number]


def test_entry_reaches_from_one_number_to_the_next():
    text, found = places([f"Autos {OLD} de Ana", f"Autos {NEW} de Bia, {NEW}"], OLD, NEW)
    first, second, again = (*found.of(digits_of(OLD)), *found.of(digits_of(NEW)))
    assert (first.begin, first.end) == (0, second.number)
    assert (second.begin, second.end) == (again.begin, again.end) == (first.number, len(text.characters))


def test_number_that_nobody_speaks_of_is_no_border():
    text, found = places([f"Autos {OLD} de Ana", f"Origem {NEW}"], OLD)
    (place,) = found.of(digits_of(OLD))
    assert (place.begin, place.end) == (0, len(text.characters))
    assert found.of(digits_of(NEW)) == []
