"""Contract tests: what the columns say is what the entries say, whatever that is."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st
from made_gazettes import entries_of, judgement

from trio_pipeline.diario.model import Advogado, Reading, Unread
from trio_pipeline.diario.packed_readings import packed_reading

TEXTS = st.text(max_size=20)
JUDGEMENTS = st.builds(
    judgement,
    classe=st.none() | TEXTS,
    polo_ativo=st.lists(TEXTS, max_size=3).map(tuple),
    advogados_polo_passivo=st.lists(st.builds(Advogado, TEXTS, st.none() | TEXTS), max_size=3).map(tuple),
    decisao=st.none() | TEXTS,
)


def plain(entry):
    return json.loads(json.dumps(dataclasses.asdict(entry)))


@given(st.lists(JUDGEMENTS, max_size=4), st.lists(st.builds(Unread, st.just(1), st.just((0, 9)), TEXTS, TEXTS)))
def test_columns_say_what_the_entries_say(judgements, unread):
    packed = packed_reading(Reading(tuple(judgements), tuple(unread)))
    assert entries_of(packed.decisions) == [*map(plain, judgements)]
    assert entries_of(packed.missed) == [*map(plain, unread)]
    assert (packed.read, packed.unread) == (len(judgements), len(unread))


def test_reading_without_entries_has_all_columns():
    packed = packed_reading(Reading((), ()))
    assert json.loads(packed.decisions) == {field.name: [] for field in dataclasses.fields(judgement())}
    assert json.loads(packed.missed) == {field.name: [] for field in dataclasses.fields(Unread)}
