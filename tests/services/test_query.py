"""The query language of the archive's search (contract)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.query import QueryError, parse_query

RECORD = {
    "identifier": ["tjro-diario-2025"],
    "title": ["Diário da Justiça - 2025"],
    "subject": ["Diário da Justiça", "TJRO"],
    "originalurl": ["https://www.tjro.jus.br/novodiario/2025/20250623104-NR112.pdf"],
    "md5": ["0cc175b9c0f1b6a831c399e269772661"],
}
HOLDS = [
    "identifier:tjro-diario-2025",
    'identifier:"tjro-diario-2025"',
    "identifier:(tjro-diario-2025)",
    "identifier:tjro-diario-*",
    "identifier:tjro-diario-202?",
    "identifier:(no-such OR tjro-diario-2025)",
    "title:diário",
    'title:"da justiça"',
    "title:just*",
    'originalurl:"https://www.tjro.jus.br/novodiario/2025/20250623104-NR112.pdf"',
    "subject:TJRO AND title:2025",
    "subject:TJRO title:2025",
    "subject:STF OR title:2025",
    "NOT subject:STF",
    "-subject:STF",
    "-(subject:STF OR title:2024)",
    "subject:STF OR (subject:TJRO AND NOT title:2024)",
    "subject:TJRO OR subject:STF AND subject:STJ",
    "tjro",
    "*:*",
    "title:(diário AND 2025)",
    r"identifier:tjro\-diario-2025",
]
FAILS = [
    "identifier:tjro-diario",
    "identifier:diario",
    "title:just",
    'title:"justiça da"',
    "title:tjro",
    'originalurl:"https://www.tjro.jus.br/novodiario/2025/20250624104-NR113.pdf"',
    "md5:0cc175b9",
    "creator:*",
    "subject:TJRO AND title:2024",
    "(subject:TJRO OR subject:STF) AND subject:STJ",
    "-subject:TJRO",
    "nothing",
]
BROKEN = [
    "",
    "   ",
    "date:[2020 TO 2021]",
    "title:diario^2",
    "title:diario~",
    "title:/diari.*/",
    "a && b",
    'title:"diario',
    "(title:a",
    "title:a)",
    "()",
    "title:",
    "title:AND",
    "title:-a",
    "AND title:a",
    "title:a OR",
    "title:(subject:a)",
    "identifier:a:b",
    "::",
    "NOT",
    "{",
    "NOT " * 3_000 + "a",
    "(" * 3_000,
]


@pytest.mark.parametrize("text", HOLDS)
def test_holds(text):
    assert parse_query(text).matches(RECORD)


@pytest.mark.parametrize("text", FAILS)
def test_does_not_hold(text):
    assert not parse_query(text).matches(RECORD)


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(QueryError):
        parse_query(text)


@given(st.text(alphabet='abc*?()":\\-ANDORT [', max_size=30))
def test_any_text_is_a_query_or_refused(text):
    try:
        query = parse_query(text)
    except QueryError:
        return
    assert query.matches(RECORD) in {True, False}


_TERMS = st.sampled_from(["subject:TJRO", "subject:STF", "title:2025", "title:2024"])


@given(_TERMS, _TERMS)
def test_connectives_agree_with_python(one, other):
    def holds(text):
        return parse_query(text).matches(RECORD)

    assert holds(f"{one} AND {other}") == (holds(one) and holds(other)) == holds(f"{one} {other}")
    assert holds(f"{one} OR {other}") == (holds(one) or holds(other))
    assert holds(f"NOT ({one} OR {other})") == holds(f"(-{one}) AND (-{other})")
