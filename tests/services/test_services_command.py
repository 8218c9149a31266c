"""`trio-pipeline services` in a process of its own, with real sockets and signals (end-to-end)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from trio_pipeline.diario.catalog import read_catalog
from trio_pipeline.services.fault_names import FAULTS

COMMAND = [sys.executable, "-W", "error", "-m", "trio_pipeline", "services"]
CREATE = {"authorization": "LOW access:secret", "x-archive-auto-make-bucket": "1"}

# Nothing here is encrypted, and loading certificates takes longer than any of these requests.
get = partial(httpx.get, verify=False)
put = partial(httpx.put, verify=False)


@contextmanager
def running(*arguments):
    """The process and its URLs. Whatever a test does, no process is left."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*COMMAND, *arguments], start_new_session=True, **pipes)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def ended(process, number):
    process.send_signal(number)
    rest, complaints = process.communicate(timeout=20)
    return process.returncode, rest, complaints


def refused(*arguments):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_all_answer_until_sigterm():
    with running("--gazettes", "2", "--newest", "2025-06-23") as (process, urls):
        assert urls.keys() == {"tjro", "archive", "gemini"}
        rows = get(f"{urls['tjro']}/diario_oficial/list.php?ano=2025").json()
        assert len(rows) == 2
        pdf = get(urls["tjro"] + rows[0]["url"]).content
        assert pdf.startswith(b"%PDF")
        answer = put(f"{urls['archive']}/tjro-diario-2025/a.pdf", content=pdf, headers=CREATE)
        assert answer.status_code == 200
        assert get(f"{urls['archive']}/download/tjro-diario-2025/a.pdf").content == pdf
        model = get(f"{urls['gemini']}/v1beta/models/gemini-x?key=k").json()
        assert model["supportedGenerationMethods"] == ["generateContent", "countTokens"]
        assert ended(process, signal.SIGTERM) == (0, "", "")
        with pytest.raises(httpx.ConnectError):
            get(urls["tjro"])


def test_sigint_is_as_good():
    with running("--gazettes", "0") as (process, _):
        assert ended(process, signal.SIGINT) == (0, "", "")


def test_no_process_is_left_behind():
    with running("--gazettes", "0") as (process, _):
        assert ended(process, signal.SIGTERM)[0] == 0
        # It led a session of its own: whatever it had started would still be in that group.
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_written_catalog_names_what_is_published(tmp_path):
    catalog = tmp_path / "catalog.json"
    arguments = ("--gazettes", "3", "--newest", "2025-06-23", "--seed", "4", "--write-catalog", str(catalog))
    with running(*arguments) as (_, urls):
        read = read_catalog(catalog)
        assert read.problems == ()
        assert len(read.gazettes) == 3
        for gazette in read.gazettes:
            path = gazette.url.removeprefix("https://www.tjro.jus.br")
            assert get(urls["tjro"] + path).content.startswith(b"%PDF")


def test_catalog_of_others_is_published_at_any_length(tmp_path):
    catalog = tmp_path / "catalog.csv"
    catalog.write_text(
        "url,date,number\n"
        "https://www.tjro.jus.br/novodiario/2024/20240829914-NR162-SUP.pdf,2024-08-29,162\n"
        "https://elsewhere.example/novodiario/2024/20240830914-NR163.pdf,2024-08-30,163\n"
    )
    with running("--catalog", str(catalog), "--size", "20 KB") as (process, urls):
        answer = get(f"{urls['tjro']}/novodiario/2024/20240829914-NR162-SUP.pdf")
        assert len(answer.content) == 20_000
        code, _, complaints = ended(process, signal.SIGTERM)
        assert code == 0
        assert f"{catalog}:3: " in complaints


def test_faults_and_queue_reach_the_stand_ins():
    arguments = ("--gazettes", "1", "--archive-queue", "3600", "--newest", "2025-06-23")
    faults = ("--fault", "tjro-listing:block-page=1x", "--fault", "archive:spam=1x")
    with running(*arguments, *faults) as (_, urls):
        listing = f"{urls['tjro']}/diario_oficial/list.php?ano=2025"
        assert "Bloqueada" in get(listing).text
        assert len(get(listing).json()) == 1
        item = f"{urls['archive']}/tjro-diario-2025/a.pdf"
        assert put(item, content=b"x", headers=CREATE).status_code == 503
        assert put(item, content=b"x", headers=CREATE).status_code == 200
        assert get(f"{urls['archive']}/metadata/tjro-diario-2025").json() == {}
        seen = get(f"{urls['archive']}/_control/statistics").json()
        assert seen["uploads"]["tjro-diario-2025/a.pdf"]["bodies"] == 1
        assert seen["faults"] == {"spam": 1}


def test_faults_are_changed_while_it_runs():
    with running("--gazettes", "1", "--newest", "2025-06-23", "--fault", "tjro-listing:empty=1") as (_, urls):
        listing, faults = f"{urls['tjro']}/diario_oficial/list.php?ano=2025", f"{urls['tjro']}/_control/faults"
        assert get(listing).json() == []
        assert get(faults).json() == ["tjro-listing:empty=1"]
        assert httpx.put(faults, json=["tjro-listing:forbidden=1x"], verify=False).status_code == 204
        assert [get(listing).status_code for _ in range(2)] == [403, 200]


def test_newest_gazettes_are_published_when_asked_for():
    with running("--gazettes", "3", "--newest", "2025-06-23", "--unpublished", "2") as (_, urls):
        listing = f"{urls['tjro']}/diario_oficial/list.php?ano=2025"
        assert len(get(listing).json()) == 1
        httpx.post(f"{urls['tjro']}/_control/publish", json={"count": 1}, verify=False)
        assert len(get(listing).json()) == 2


def test_rations_reach_the_archive():
    rations = ("--total-ration", "9", "--key-ration", "8", "--item-ration", "7")
    with running("--gazettes", "0", *rations) as (_, urls):
        detail = get(f"{urls['archive']}/?check_limit=1&accesskey=a&bucket=item-one").json()["detail"]
        told = [detail[name] for name in ("total_global_limit", "accesskey_ration", "bucket_ration")]
        assert told == [9, 8, 7]


def test_chosen_port_is_taken_and_a_second_is_refused():
    with running("--gazettes", "0") as (_, urls):
        port = urls["tjro"].rpartition(":")[2]
        code, complaint = refused("--gazettes", "0", "--tjro-port", port)
    assert code == 2
    assert "cannot be opened" in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault", "tjro:rest=1x"], "did you mean reset"),
        (["--catalog", "somewhere.json"], "belong together"),
        (["--size", "20 KB"], "belong together"),
        (["--size", "twenty"], "--size"),
        (["--catalog", "no-such-file.json", "--size", "20 KB"], "no-such-file.json: cannot be read"),
        (["--newest", "yesterday"], "--newest"),
        (["--tjro-latency", "-1"], "--tjro-latency"),
        (["--tjro-port", "70000"], "--tjro-port"),
        (["--tjro-bandwidth", "0"], "--tjro-bandwidth"),
    ],
)
def test_usage_errors_name_what_is_wrong(arguments, complaint):
    code, said = refused(*arguments)
    assert code == 2
    assert complaint in said


def test_size_that_no_pdf_has_is_refused(tmp_path):
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("url,date\nhttps://www.tjro.jus.br/novodiario/2024/20240830914-NR163.pdf,2024-08-30\n")
    code, said = refused("--catalog", str(catalog), "--size", "100")
    assert code == 2
    assert "too small" in said


def test_help_lists_every_fault():
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=True)
    for word in ("retry-after", "/_control/faults", *FAULTS, *(name for names in FAULTS.values() for name in names)):
        assert word in done.stdout
    assert "\\b" not in done.stdout
    assert "\n    POST /_control/dark                the archive: " in done.stdout
