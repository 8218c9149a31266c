"""How answers look (contract): for a person, for a pipe, for a program, and never as a terminal's commands."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from trio_pipeline.cli.output import json_line, plain_value, print_rows

HOSTILE = "\x1b[2J\x9b1m\r\n[red]\u202e"
ROWS = [
    {"id": "tjro-diario-2025-06-23-nr112", "state": "failed", "error": "block page"},
    {"id": "tjro-diario-2025-06-24-nr113", "state": "rejected", "error": None},
]
COLUMNS = ["id", "state", "error"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(rows, columns, *, width) -> list[str]:
    out = Terminal()
    print_rows(rows, columns, file=out, width=width)
    # The heading's bold is ours; whatever else begins with an escape character is not.
    plain = out.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
    return [line.rstrip() for line in plain.split("\n")[:-1]]


def piped(rows, columns, **options) -> str:
    out = io.StringIO()
    print_rows(rows, columns, file=out, **options)
    return out.getvalue()


class TestPipe:
    def test_lines_are_whole(self):
        long = "x" * 500
        assert piped([*ROWS, {"id": "a", "error": long}], COLUMNS).splitlines() == [
            "id\tstate\terror",
            "tjro-diario-2025-06-23-nr112\tfailed\tblock page",
            "tjro-diario-2025-06-24-nr113\trejected\t",
            f"a\t\t{long}",
        ]

    def test_cell_breaks_no_line(self):
        assert piped([{"id": "a\tb\nc"}], ["id"]) == "id\na\\x09b\\x0ac\n"


class TestTerminal:
    def test_table_fits(self):
        lines = shown(ROWS, COLUMNS, width=80)
        assert [line.split() for line in lines if "2025" in line] == [
            ["tjro-diario-2025-06-23-nr112", "failed", "block", "page"],
            ["tjro-diario-2025-06-24-nr113", "rejected"],
        ]

    def test_long_cell_is_folded_whole(self):
        long = "".join(chr(ord("a") + number % 26) for number in range(200))
        lines = shown([{"id": "1", "error": long}], ["id", "error"], width=60)
        assert max(map(len, lines)) <= 60
        assert long in "".join(line.removeprefix("1").strip() for line in lines)

    def test_narrow_terminal_gets_list(self):
        lines = shown(ROWS, COLUMNS, width=40)
        assert lines == [
            "id     tjro-diario-2025-06-23-nr112",
            "state  failed",
            "error  block page",
            "",
            "id     tjro-diario-2025-06-24-nr113",
            "state  rejected",
        ]

    def test_markup_is_text(self):
        assert any("[red]" in line for line in shown([{"id": "[red]x[/red]"}], ["id"], width=80))

    def test_no_rows_show_columns(self):
        assert any("state" in line for line in shown([], COLUMNS, width=80))

    @given(
        st.lists(st.fixed_dictionaries({name: st.text(max_size=80) for name in "abcd"}), max_size=4),
        st.integers(30, 120),
    )
    def test_nothing_is_wider_or_obeyed(self, rows, width):
        for line in shown(rows, list("abcd"), width=width):
            assert cell_len(line) <= width
            assert line.isprintable()

    @given(
        st.lists(st.fixed_dictionaries({name: st.text("ab -\u4e2d", max_size=80) for name in "abcd"}), max_size=4),
        st.integers(30, 200),
    )
    def test_nothing_is_cut_off(self, rows, width):
        letters = Counter("".join(shown(rows, list("abcd"), width=width)))
        expected = Counter("".join(row[name] for row in rows for name in "abcd"))
        del expected[" "]
        assert expected <= letters

    def test_running_text_is_folded_first(self):
        names = "Município de Vilhena e muitos outros que apelam"
        row = {"date": "2025-06-23", "number": "7002770-82.2024.8.22.0011", "party": names, "judge": names}
        line = shown([row], [*row], width=80)[3]
        assert "2025-06-23   7002770-82.2024.8.22.0011   Município" in line
        assert names not in line

    def test_identifier_is_folded_where_there_is_no_room(self):
        row = {"id": "x", "number": "7002770-82.2024.8.22.0011", "party": "a b c d e f g h"}
        lines = shown([row], [*row], width=40)
        assert "7002770-82.2024.8.22.0011" not in "\n".join(lines)
        assert max(map(len, lines)) <= 40


class TestJson:
    def test_one_object_a_line(self):
        lines = piped(iter(ROWS), COLUMNS, as_json=True).splitlines()
        assert [json.loads(line) for line in lines] == ROWS

    def test_columns_are_the_view_s(self):
        assert json.loads(piped([{"b": 1, "x": 2}], ["a", "b"], as_json=True)) == {"a": None, "b": 1}

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (datetime.date(2025, 6, 23), "2025-06-23"),
            (datetime.datetime(2025, 6, 23, 10, 30), "2025-06-23T10:30:00Z"),  # noqa: DTZ001 -- as the ledger has it
            (datetime.datetime(2025, 6, 23, 10, 30, tzinfo=datetime.UTC), "2025-06-23T10:30:00+00:00"),
            (datetime.time(10, 30), "10:30:00"),
            (datetime.timedelta(minutes=1.5), 90.0),
            (decimal.Decimal(3), 3),
            (decimal.Decimal("3.5"), 3.5),
            (decimal.Decimal("NaN"), None),
            (float("inf"), None),
            (b"\x00\xff", "00ff"),
            (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
            (({"nome": "José", "oab": None},), [{"nome": "José", "oab": None}]),
            (True, True),
        ],
    )
    def test_value_is_written(self, value, expected):
        assert json.loads(json_line({"x": value})) == {"x": expected}

    def test_letters_stay(self):
        assert json_line({"nome": "José"}) == '{"nome": "José"}'

    @given(st.text())
    def test_text_survives_harmlessly(self, text):
        line = json_line({"x": text})
        assert line.isprintable()
        assert json.loads(line) == {"x": text}


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, ""),
            (True, "yes"),
            (7, "7"),
            (1 / 3, "0.333333"),
            (datetime.date(2025, 6, 23), "2025-06-23"),
            (datetime.datetime(2025, 6, 23, 10, 30, 0, 5), "2025-06-23 10:30:00"),  # noqa: DTZ001 -- as above
            (datetime.timedelta(seconds=90), "0:01:30"),
            (decimal.Decimal("1.50"), "1.50"),
            (["a", "b"], '["a", "b"]'),
        ],
    )
    def test_value_is_written(self, value, expected):
        assert plain_value(value) == expected

    @pytest.mark.parametrize("value", [HOSTILE, [HOSTILE], {"x": HOSTILE}])
    def test_hostile_value_is_harmless(self, value):
        assert plain_value(value).isprintable()
