"""Catalogs (contract): every form gives the same gazettes, and nothing hostile gets through or stops the rest."""

from __future__ import annotations

import csv
import datetime
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.catalog import Catalog, NotACatalog, Problem, parse_catalog, read_catalog

HOST = "https://www.tjro.jus.br"
EDITIONS = [
    ("2025-06-26", 115, "", "20250626614-NR115.pdf"),
    ("2024-08-29", 162, "SUP", "20240829914-NR162-SUP.pdf"),
    ("2024-08-29", 162, "", "202408291014-NR162.pdf"),
    ("2013-08-14", 149, ".", "20130814214-NR149..pdf"),
    ("2004-07-30", 142, "ANEXO", "2004073014-NR142-ANEXO.pdf"),
]


def prepared(date, number, suffix, name):
    """A row in the predecessor's form."""
    url = f"{HOST}/novodiario/{date[:4]}/{name}"
    metadata = {"title": "Diário", "date": date}
    return {"full_url": url, "date": date, "number": number, "sufix": suffix, "metadata": metadata}


def listed(date, number, suffix, name):
    """A row as the court's listing gives it."""
    year, month, day = date.split("-")
    row = {"relativePath": name, "year": year, "month": month, "day": day, "number": str(number)}
    return row | ({"sufix": suffix} if suffix else {}) | {"url": f"/novodiario/{year}/{name}"}


PREPARED = [prepared(*edition) for edition in EDITIONS]
LISTED = [listed(*edition) for edition in EDITIONS]


def parse(data) -> Catalog:
    return parse_catalog(data if isinstance(data, bytes) else json.dumps(data).encode())


def reason(row) -> str:
    """Why a row is bad, in a catalog whose other rows are good and stay."""
    catalog = parse([PREPARED[0], row, PREPARED[1]])
    assert [gazette.number for gazette in catalog.gazettes] == [115, 162]
    (problem,) = catalog.problems
    assert problem.reason.isprintable()
    return problem.reason


def table(columns, rows, **form) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", **form)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


CSV_ROWS = [row | {"url": row["full_url"], "suffix": row["sufix"]} for row in PREPARED]


class TestForms:
    def test_row_becomes_gazette(self):
        gazette = parse(LISTED).gazettes[1]
        assert gazette.id == "tjro-diario-2024-08-29-nr162-sup"
        assert gazette.tribunal == "tjro"
        assert gazette.date == datetime.date(2024, 8, 29)
        assert (gazette.number, gazette.suffix) == (162, "SUP")
        assert gazette.url == f"{HOST}/novodiario/2024/20240829914-NR162-SUP.pdf"
        assert gazette.file_name == "20240829914-NR162-SUP.pdf"

    def test_stray_dot_is_suffix(self):
        gazette = parse(LISTED).gazettes[3]
        assert (gazette.id, gazette.suffix) == ("tjro-diario-2013-08-14-nr149-x", ".")

    @pytest.mark.parametrize(
        "data",
        [
            LISTED,
            json.dumps(LISTED, indent=2).encode(),
            b"\xef\xbb\xbf" + json.dumps(PREPARED).encode(),
            "\n".join(map(json.dumps, PREPARED)).encode(),
            "\r\n\r\n".join(map(json.dumps, LISTED)).encode(),
            table(["url", "date", "number", "suffix"], CSV_ROWS),
            table(["date", "url"], CSV_ROWS, delimiter=";"),
            b"\xef\xbb\xbf" + table(["date", "url", "sufix"], CSV_ROWS, lineterminator="\n"),
            table(["url", "date"], CSV_ROWS).replace(b"url,date", b" URL , Date"),
            table(["metadata", "url", "date"], CSV_ROWS, quoting=csv.QUOTE_ALL).replace(b"title", b"a\nb, c"),
            table(["url", "date", "metadata"], CSV_ROWS).decode().encode("latin-1"),
        ],
        ids=["listing", "indented", "BOM", "lines", "CRLF", "CSV", "semicolon", "CSV-BOM", "case", "quoted", "latin"],
    )
    def test_forms_say_the_same(self, data):
        assert parse(data) == parse(PREPARED)

    def test_plain_http_is_accepted(self):
        row = PREPARED[0] | {"full_url": PREPARED[0]["full_url"].replace("https", "http")}
        assert parse([row]).gazettes[0].url.startswith("http://www.tjro.jus.br/")

    def test_other_host_can_be_the_tribunals(self):
        data = json.dumps(PREPARED).replace("www.tjro.jus.br", "tribunal.example").encode()
        assert len(parse_catalog(data, host="Tribunal.example").gazettes) == len(PREPARED)

    def test_empty_list_is_a_catalog(self):
        assert parse([]) == parse(b"url,date\n") == Catalog((), ())

    def test_suffix_is_the_court_s(self):
        row = PREPARED[1] | {"sufix": ""}
        assert parse([row]).gazettes == parse([PREPARED[1]]).gazettes

    def test_file_is_read(self, tmp_path):
        path = tmp_path / "catalog.json"
        path.write_text(json.dumps(LISTED), encoding="utf-8")
        assert read_catalog(path) == parse(LISTED)


class TestNoCatalog:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b" \n",
            b"\0\1\2",
            b"%PDF-1.7\n\xff\xfe",
            b"gazettes of 2025",
            b"null",
            b"17",
            b"{}",
            b'{"rows": []}',
            b'{\n  "rows": []\n}',
            b"[1, 2]",
            b'[{"name": "x"}]',
            b"[" * 100_000,
            b"[" + b"9" * 5000 + b"]",
            b"[nothing]",
            b"link,date\nx,2025-01-01\n",
            b'url,"' + b"x" * 200_000,
        ],
        ids=lambda data: repr(data[:12]),
    )
    def test_content_is_refused(self, data):
        with pytest.raises(NotACatalog) as caught:
            parse(data)
        assert caught.value.reason.isprintable()

    def test_missing_file_is_refused(self, tmp_path):
        with pytest.raises(NotACatalog, match="No such file"):
            read_catalog(tmp_path / "absent")

    def test_directory_is_refused(self, tmp_path):
        with pytest.raises(NotACatalog, match="directory"):
            read_catalog(tmp_path)


class TestBadRows:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://evil.example/novodiario/2025/20250625804-NR114.pdf", "host is 'evil.example'"),
            ("//evil.example/novodiario/2025/20250625804-NR114.pdf", "not http or https"),
            ("https://www.tjro.jus.br.evil.example/novodiario/2025/20250625804-NR114.pdf", "host is"),
            ("https://tjro.jus.br/novodiario/2025/20250625804-NR114.pdf", "host is"),
            (f"{HOST}:443/novodiario/2025/20250625804-NR114.pdf", "host is"),
            ("https://a:b@www.tjro.jus.br/novodiario/2025/20250625804-NR114.pdf", "names a user"),
            ("https://www.tjro.jus.br@evil.example/novodiario/2025/20250625804-NR114.pdf", "names a user"),
            ("https://[::1/novodiario/2025/20250625804-NR114.pdf", "cannot be read"),
            ("file:///novodiario/2025/20250625804-NR114.pdf", "not http or https"),
            ("ftp://www.tjro.jus.br/novodiario/2025/20250625804-NR114.pdf", "not http or https"),
            ("novodiario/2025/20250625804-NR114.pdf", "not http or https"),
            (f"{HOST}/novodiario/2025/20250625804-NR114.pdf?x=1", "query"),
            (f"{HOST}/novodiario/2025/20250625804-NR114.pdf?", "query"),
            (f"{HOST}/novodiario/2025/20250625804-NR114.pdf#p", "fragment"),
            (f"{HOST}/novodiario/2025/../2025/20250625804-NR114.pdf", "path"),
            (f"{HOST}/novodiario/2025/..%2f20250625804-NR114.pdf", "characters"),
            (f"{HOST}/novodiario/2025/..\\20250625804-NR114.pdf", "characters"),
            (f"{HOST}/novodiario/2025/2025\n0625804-NR114.pdf", "characters"),
            (f"{HOST}/novodiario/2025/\x1b[2J-NR114.pdf", "characters"),
            (f"{HOST}/novodiario/2025/diário-NR114.pdf", "characters"),
            (f"{HOST}/novodiario/2025/20250625804-NR114.exe", "not the name of a PDF"),
            (f"{HOST}/novodiario/2025/.pdf", "not the name of a PDF"),
            (f"{HOST}/novodiario/2025/-rf-NR114.pdf", "not the name of a PDF"),
            (f"{HOST}/novodiario/2025/{'2' * 200}.pdf", "not the name of a PDF"),
            (f"{HOST}/novodiario/2025/", "path"),
            (f"{HOST}/outro/2025/20250625804-NR114.pdf", "path"),
            (f"{HOST}/novodiario/20250625804-NR114.pdf", "path"),
            (f"{HOST}", "path"),
            ("", "empty"),
            (None, "missing"),
            (17, "not text"),
            ([], "not text"),
        ],
    )
    def test_url_is_refused(self, url, expected):
        assert expected in reason({"full_url": url, "date": "2025-06-25", "number": 114})

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"date": "2025-02-30"}, "no date"),
            ({"date": "2025-13-01"}, "no date"),
            ({"date": "0000-01-01"}, "no date"),
            ({"date": "25/06/2025"}, "not YYYY-MM-DD"),
            ({"date": "20250625"}, "not YYYY-MM-DD"),
            ({"date": "2025-06-25\x1b[2J"}, "\\x1b"),
            ({"date": 20250625}, "not text"),
            ({"date": None}, "missing"),
            ({"date": "2025-06-24"}, "contradicts the file name"),
            ({"date": "2024-06-25"}, "contradicts the year"),
            ({"number": 0}, "not one of an edition"),
            ({"number": -1}, "not a positive whole number"),
            ({"number": 1.5}, "not a positive whole number"),
            ({"number": True}, "not a positive whole number"),
            ({"number": "١١٤"}, "not a positive whole number"),
            ({"number": 10**30}, "not a positive whole number"),
            ({"number": [114]}, "not a positive whole number"),
            ({"number": {}}, "not a positive whole number"),
            ({"number": None}, "missing"),
            ({"number": 115}, "contradicts the file name"),
            ({"sufix": "a/b"}, "not one of an edition"),
            ({"sufix": "\x1b"}, "not one of an edition"),
            ({"sufix": "x" * 31}, "not one of an edition"),
            ({"sufix": 1}, "not text"),
            ({"sufix": []}, "not text"),
        ],
    )
    def test_field_is_refused(self, change, expected):
        row = prepared("2025-06-25", 114, "", "20250625804-NR114.pdf")
        assert expected in reason(row | change)

    def test_suffix_may_not_contradict(self):
        row = prepared("2025-06-25", 114, "ANEXO", "20250625804-NR114-SUP.pdf")
        assert "contradicts" in reason(row)

    @pytest.mark.parametrize("field", ["relativePath", "year", "month", "day", "number", "url"])
    def test_listing_needs_every_field(self, field):
        row = listed("2025-06-25", 114, "", "20250625804-NR114.pdf")
        del row[field]
        assert "missing" in reason(row)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"relativePath": "../../etc/passwd"}, "contradicts the URL"),
            ({"month": "13"}, "no date"),
            ({"year": "2024"}, "contradicts the year"),
            ({"day": "x"}, "not a positive whole number"),
        ],
    )
    def test_listing_field_is_refused(self, change, expected):
        assert expected in reason(listed("2025-06-25", 114, "", "20250625804-NR114.pdf") | change)

    @pytest.mark.parametrize("row", [None, 17, "x", [], True])
    def test_row_must_be_an_object(self, row):
        assert "not an object" in reason(row)

    def test_name_of_another_form_needs_number(self):
        url = f"{HOST}/novodiario/2025/edicao-especial.pdf"
        assert reason({"url": url, "date": "2025-06-25"}) == "the field number is missing"

    def test_url_with_password_is_not_shown(self):
        row = {"full_url": "https://a:hunter2@www.tjro.jus.br/x.pdf", "date": "2025-06-25", "number": 1}
        assert "hunter2" not in reason(row)


class TestDuplicates:
    def test_same_edition_is_a_problem(self):
        again = prepared("2025-06-26", 115, "", "20250626999-NR115.pdf")
        catalog = parse("\n".join(map(json.dumps, [*PREPARED, again])).encode())
        assert catalog.gazettes == parse(PREPARED).gazettes
        assert catalog.problems == (Problem(6, "tjro-diario-2025-06-26-nr115 is on line 1 already"),)

    def test_same_url_is_a_problem(self):
        url = f"{HOST}/novodiario/2025/especial.pdf"
        rows = [{"url": url, "date": "2025-06-25", "number": number} for number in (1, 2)]
        rows[1]["url"] = url.replace("https", "http")
        assert [problem.reason for problem in parse(rows).problems] == [
            "tjro-diario-2025-06-25-nr2 is on line 1 already"
        ]


class TestLines:
    def test_indented_list_counts_lines(self):
        data = json.dumps([PREPARED[0], {"url": 1}, PREPARED[1], 17], indent=1)
        lines = data.splitlines()
        expected = [number for number, line in enumerate(lines, 1) if line in {" {", " 17"}]
        assert [problem.line for problem in parse(data.encode()).problems] == [expected[1], expected[3]]

    def test_json_lines_count_empty_ones(self):
        data = b"\n\n" + json.dumps(PREPARED[0]).encode() + b"\n\nnothing\n"
        assert [problem.line for problem in parse(data).problems] == [5]

    def test_csv_counts_lines_in_cells(self):
        data = table(["title", "url", "date"], [{"title": "a\nb"} | CSV_ROWS[0], {"title": "c"}])
        assert parse(data).problems == (Problem(4, "the field url is missing"),)

    @given(st.lists(st.booleans(), max_size=8), st.sampled_from([None, 0, 2]))
    def test_every_bad_row_has_its_line(self, goodness, indent):
        rows = [
            prepared("2025-06-25", number, "", f"20250625804-NR{number}.pdf") if good else {"url": number}
            for number, good in enumerate(goodness, 1)
        ]
        text = json.dumps(rows, indent=indent)
        catalog = parse(text.encode())
        lines = [1 + text[: text.index(f'"url": {n}')].count("\n") for n, good in enumerate(goodness, 1) if not good]
        # An indented row begins on the line before its first field.
        assert [problem.line for problem in catalog.problems] == [line - (indent is not None) for line in lines]
        assert len(catalog.gazettes) == sum(goodness)


class TestBrokenText:
    def test_list_goes_on_after_broken_row(self):
        first, second, third = map(json.dumps, PREPARED[:3])
        catalog = parse(f"[{first},\n{second[:-9]}\n,\n{third}]".encode())
        assert [gazette.number for gazette in catalog.gazettes][:1] == [115]
        assert catalog.problems[0].line == 2
        catalog = parse(f"[{first},\n{{'single': 1}},\n{third}]".encode())
        assert [gazette.id for gazette in catalog.gazettes] == [
            "tjro-diario-2025-06-26-nr115",
            "tjro-diario-2024-08-29-nr162",
        ]
        assert [problem.line for problem in catalog.problems] == [2]

    def test_cut_list_is_told(self):
        data = json.dumps(LISTED, indent=2)
        catalog = parse(data[: data.rindex("url")].encode())
        assert catalog.gazettes == parse(LISTED).gazettes[:-1]
        assert "not JSON" in catalog.problems[0].reason

    def test_open_list_is_told(self):
        catalog = parse(json.dumps(LISTED)[:-1].encode())
        assert catalog.gazettes == parse(LISTED).gazettes
        assert "not closed" in catalog.problems[0].reason

    def test_text_after_list_is_told(self):
        catalog = parse(json.dumps(LISTED).encode() + b"\n[]")
        assert "follows" in catalog.problems[0].reason

    def test_forgotten_comma_loses_nothing(self):
        data = "[" + " ".join(map(json.dumps, LISTED)) + "]"
        assert parse(data.encode()) == parse(LISTED)

    def test_broken_rows_are_bounded(self):
        catalog = parse(b"[" + json.dumps(PREPARED[0]).encode() + b"," + b'{"},' * 5000 + b"{}]")
        assert len(catalog.gazettes) == 1
        assert len(catalog.problems) == 101
        assert "nothing below is read" in catalog.problems[-1].reason

    def test_stray_quote_costs_one_row(self):
        data = table(["url", "date", "number"], CSV_ROWS).replace(b"2024-08-29,162", b'"2024-08-29,162', 1)
        catalog = parse(data)
        assert len(catalog.gazettes) == len(CSV_ROWS) - 1
        assert [problem.line for problem in catalog.problems] == [3]

    def test_unclosed_quote_in_long_table_costs_one_row(self):
        rows = [prepared("2025-06-25", number, "", f"20250625804-NR{number}.pdf") for number in range(1, 3000)]
        data = table(["url", "date"], [{"url": row["full_url"], "date": row["date"]} for row in rows])
        catalog = parse(data.replace(b"2025-06-25\r\n", b'"2025-06-25\r\n', 1))
        assert len(catalog.gazettes) == 2998
        assert [problem.line for problem in catalog.problems] == [2]

    @given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["json", "lines", "csv"]))
    def test_garbage_is_never_our_defect(self, garbage, position, form):
        data = {
            "json": json.dumps(LISTED[:3], indent=1).encode(),
            "lines": "\n".join(map(json.dumps, LISTED[:3])).encode(),
            "csv": table(["url", "date"], CSV_ROWS[:3]),
        }[form]
        try:
            catalog = parse(data[:position] + garbage + data[position:])
        except NotACatalog as refused:
            catalog = Catalog((), (Problem(1, refused.reason),))
        assert all(problem.reason.isprintable() and problem.line > 0 for problem in catalog.problems)
        identifiers = [gazette.id for gazette in catalog.gazettes]
        assert len(set(identifiers)) == len(identifiers)
