"""Contract tests: what a person sees of a run, on the way and at its end, and what the log looks like."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import trio
from rich.console import Console
from trio.testing import MockClock

from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.logs import set_up_logging
from trio_pipeline.cli.options import LogOptions
from trio_pipeline.cli.progress import bars, line, progress_watcher
from trio_pipeline.cli.run import exit_code_of
from trio_pipeline.cli.summary import show_plan, show_report
from trio_pipeline.cli.time_left import time_left
from trio_pipeline.diario.language_model.estimate import Estimate
from trio_pipeline.diario.preview import Preview
from trio_pipeline.diario.run import Report
from trio_pipeline.diario.running import StageView, View
from trio_pipeline.diario.settings_model import ModelSettings, Settings
from trio_pipeline.diario.suppression import NOTHING_HIDDEN, parse_suppression
from trio_pipeline.pacing import PacerStatistics

USUAL = LogOptions(verbosity=0, format="text", progress=True)


def stage(name="download", *, waiting=40, time_left=None, **values):
    numbers = {"at_once": 3, "busy": 2, "done": 7, "failed": 0, "put_off": 0, "rate": 0.0, "stopped": None}
    return StageView(name=name, waiting=waiting, time_left=time_left, **(numbers | values))


def view(*stages, paused=None, draining=False, network_gone=None):
    host = PacerStatistics(2.0, 0, 0, 9, 0, 0, 0, None if paused is None else 690.0, None, paused)
    hosts = {"tjro": host}
    return View("run-1", stages or (stage(),), hosts, network_gone, room=None, draining=draining, clock=90.0)


def drawn(seen):
    out = io.StringIO()
    Console(file=out, width=120, force_terminal=False).print(bars(seen))
    return out.getvalue()


# On the way.


def test_line_counts_each_stage():
    seen = view(stage(failed=2), stage("archive", done=1234, waiting=0, busy=0))
    assert line(seen) == "download 7/51 (2 failed)  archive 1,234/1,234"


def test_line_tells_what_is_wrong():
    seen = view(stage(stopped="paused for\x1b[2J long"), paused="blocked")
    text = line(seen)
    assert "tjro is paused, next try in 10 min: blocked  download has stopped" in text
    assert text.endswith(r"paused for\x1b[2J long")


def test_lost_network_is_told():
    assert "no host can be reached for 1 min 30 s: waiting" in line(view(network_gone=0.0))


def test_draining_is_told_rather_than_its_consequences():
    text = line(view(stage(stopped="drained"), draining=True))
    assert "has stopped" not in text
    assert text.endswith("ending what is in hand; once more Ctrl-C cuts it off")


def test_bars_are_one_for_each_stage():
    text = drawn(view(stage(time_left=4521.3, failed=2), stage("extract"), paused="[red]blocked"))
    first, second, remark = text.splitlines()
    assert "download" in first
    assert "7/51" in first
    assert "2 busy" in first
    assert "(2 failed)" in first
    assert "1 h 15 min left" in first
    assert "left" not in second
    # Not taken for markup.
    assert "tjro is paused, next try in 10 min: [red]blocked" in remark


class FakeRunning:
    def __init__(self):
        self.seen = []

    def view(self):
        self.seen.append(trio.current_time())
        return view()


def watched(options, seconds):
    """When somebody looked at a run that took so long."""
    running = FakeRunning()

    async def main():
        started = trio.current_time()
        with trio.move_on_after(seconds):
            await progress_watcher(options)(running)
        return [moment - started for moment in running.seen]

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def test_lines_come_now_and_then(capsys):
    assert watched(USUAL, 35) == [10.0, 20.0, 30.0]
    assert capsys.readouterr().err == "download 7/49\n" * 3


def test_no_progress_when_not_wanted(capsys):
    assert watched(LogOptions(0, "text", progress=False), 100) == []
    assert capsys.readouterr().err == ""


def test_terminal_gets_bars(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert len(watched(USUAL, 1.1)) == 6
    assert "7/49" in sys.stderr.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (599, "9 min 59 s"),
        (659, "10 min"),
        (3600, "1 h"),
        (3659, "1 h"),
        (86_399, "23 h 59 min"),
        (90_000, "1 d 1 h"),
        (86_460, "1 d"),
    ],
)
def test_time_left_is_rough(seconds, text):
    assert time_left(seconds) == text


# At the end.


def report(ended_by="finished", *, signal=None, stopped=None, faults=None, held_back=0, **counts):
    return Report("0123456789abcdef", ended_by, signal, stopped or {}, faults or {}, counts, held_back)


def test_report_counts_what_happened(capsys):
    show_report(
        report(download={"downloaded": 1200, "put_off": 3, "failed": 0, "left": 0}, archive={"left": 0}), quiet=False
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        " download: 1,200 downloaded, 3 attempts put off",
        "  archive: nothing to do",
        "run 01234567 finished: nothing is left that can be done now",
    ]


def test_attempts_are_not_told_as_gazettes(capsys):
    show_report(report(download={"put_off": 1, "left": 1}, confirm={"absent": 2, "confirmed": 1}), quiet=False)
    assert capsys.readouterr().err.splitlines()[:2] == [
        " download: 1 attempt put off, 1 left",
        "  confirm: 2 looks in vain, 1 confirmed",
    ]


def test_quiet_report_tells_what_stopped(capsys):
    show_report(report("host", stopped={"download": "blocked\x1b[2J"}, download={"left": 5}), quiet=True)
    assert capsys.readouterr().err == "download stopped: blocked\\x1b[2J\n"


def test_fault_of_the_listing_is_told(capsys):
    counts = {"read": 1, "new": 3, "failed": 1, "left": 0}
    show_report(report(faults={"listing": "2025: it is empty\x1b[2J"}, listing=counts), quiet=False)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "listing is not to be relied on: 2025: it is empty\\x1b[2J",
        "  listing: 1 read, 3 new, 1 failed",
    ]


@pytest.mark.parametrize("ended_by", ["finished", "deadline", "drained", "cancelled", "host", "defect"])
def test_every_ending_has_words(capsys, ended_by):
    show_report(report(ended_by), quiet=False)
    assert capsys.readouterr().err.startswith("run 01234567 ")


def test_limit_that_held_back_work_is_told(capsys):
    show_report(report(held_back=5048), quiet=False)
    assert capsys.readouterr().err == "run 01234567 finished: --limit held back the rest (5,048)\n"
    show_report(report("deadline", held_back=5048), quiet=False)
    assert capsys.readouterr().err == "run 01234567 ended by its deadline\n"


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (report(download={"downloaded": 5, "left": 5}), ExitCode.OK),
        (report(download={"failed": 1}), ExitCode.ITEMS_FAILED),
        (report(extract={"rejected": 1}), ExitCode.ITEMS_FAILED),
        (report("deadline"), ExitCode.OK),
        (report("host", stopped={"download": "blocked"}, download={"failed": 1}), ExitCode.STOPPED),
        (report(faults={"listing": "empty"}, listing={"failed": 1}, download={"failed": 1}), ExitCode.STOPPED),
        (report("drained", signal=1), ExitCode.HANGUP),
        (report("drained", signal=2, download={"failed": 1}), ExitCode.INTERRUPTED),
        (report("cancelled", signal=15), ExitCode.TERMINATED),
    ],
)
def test_exit_code_tells_how_it_ended(ended, code):
    assert exit_code_of(ended) is code


def test_plan_is_a_result(capsys):
    show_plan(Preview(5058, (), {"download": 5058, "extract": 12}, "This run would upload …"), Settings().model)
    assert capsys.readouterr() == (
        "5,058 gazettes would be taken up\n download: 5,058\n  extract: 12\nThis run would upload …\n",
        "",
    )


def test_plan_without_catalog_names_the_years(capsys):
    show_plan(Preview(12, (2025,), {"download": 12}, None), Settings().model)
    show_plan(Preview(0, (2024, 2025), {"download": 0}, None), Settings().model)
    assert [line for line in capsys.readouterr().out.splitlines() if "listing" in line] == [
        "the court's listing of 2025 would be read, and add what is new; nothing was sent to find out",
        "the court's listing of 2024 to 2025 would be read, and add what is new; nothing was sent to find out",
    ]


# The log.


@pytest.fixture
def logged(monkeypatch, capsys):
    """What stands on stderr after a few messages."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    for name in ("httpx", "httpcore"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)

    def log(*, verbosity=0, form="text"):
        set_up_logging(LogOptions(verbosity, form, progress=False), NOTHING_HIDDEN)
        speaker = logging.getLogger("trio_pipeline.events")
        for level in ("error", "warning", "info", "debug"):
            getattr(speaker, level)("%s with \x1b[31mcolour", level)
        logging.getLogger("httpx").info("a request")
        return capsys.readouterr().err.splitlines()

    return log


@pytest.mark.parametrize(("verbosity", "count"), [(-1, 1), (0, 2), (1, 3), (2, 5), (3, 5)])
def test_verbosity_chooses_what_is_said(logged, verbosity, count):
    assert len(logged(verbosity=verbosity)) == count


def test_log_is_safe_for_terminals(logged):
    first = logged()[0]
    assert first.endswith(r"error with \x1b[31mcolour")


def test_log_for_programs(logged):
    error, warning = (json.loads(text) for text in logged(form="json"))
    assert (error["level"], error["logger"], error["message"]) == (
        "error",
        "trio_pipeline.events",
        "error with \x1b[31mcolour",
    )
    assert warning["time"].endswith("+00:00")


def raise_something(text):
    raise ValueError(text)


@pytest.mark.parametrize("form", ["text", "json"])
def test_suppressed_name_is_in_no_line(capsys, logged, form):
    logged()
    set_up_logging(LogOptions(0, form, progress=False), parse_suppression(b"Ana Lima"))
    log = logging.getLogger("trio_pipeline")
    log.warning("%s has no page", "ANA LÍMA")
    try:
        raise_something("ana \x6cima")  # the line itself stands in the traceback
    except ValueError:
        log.exception("it broke")
    said = capsys.readouterr().err
    assert said.count("[suprimido]") == 2
    assert "lima" not in said


@pytest.mark.parametrize("form", ["text", "json"])
def test_traceback_is_safe_too(logged, capsys, form):
    logged(form=form)
    try:
        raise_something("from \x1b[2J outside")
    except ValueError:
        logging.getLogger("trio_pipeline").exception("it broke")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "ValueError: " in said
    assert (len(said.splitlines()) == 1) == (form == "json")


ESTIMATE = Estimate(questions=37, input_tokens=170_000, output_tokens=60_000)


def test_plan_tells_what_a_model_would_cost(capsys):
    prices = ModelSettings(input_price=0.3, output_price=2.5)
    show_plan(Preview(1, (), {"extract": 1}, None, ESTIMATE, unread=1, is_guessed=True), prices)
    told = capsys.readouterr().out
    assert "37 times" in told
    assert "170,000" in told
    assert "60,000" in told
    assert "0.20 dollars" in told
    assert "1 of the gazettes" in told


def test_plan_without_prices_asks_for_them(capsys):
    show_plan(Preview(1, (), {"extract": 1}, None, ESTIMATE), ModelSettings())
    told = capsys.readouterr().out
    assert "model.input_price" in told
    assert "not been read" not in told


def test_plan_does_not_guess_what_rules_leave_of_gazettes_they_have_not_read(capsys):
    prices = ModelSettings(input_price=0.3, output_price=2.5)
    show_plan(Preview(3, (), {"extract": 3}, None, Estimate(0, 0, 0), unread=3), prices)
    told = capsys.readouterr().out
    assert "3 of the gazettes have not been read yet" in told
    assert "not known before the rules have read them" in told
    assert "times" not in told
    assert "dollars" not in told


def test_plan_tells_what_is_known_beside_what_is_not(capsys):
    prices = ModelSettings(input_price=0.3, output_price=2.5)
    show_plan(Preview(3, (), {"extract": 3}, None, ESTIMATE, unread=2), prices)
    told = capsys.readouterr().out
    assert "37 times" in told
    assert "0.20 dollars" in told
    assert "2 of the gazettes" in told
    assert "not known before" in told


def test_plan_without_prices_says_that_none_is_set(capsys):
    for estimate in (Estimate(0, 0, 0), ESTIMATE):
        show_plan(Preview(1, (), {"extract": 1}, None, estimate), ModelSettings())
        assert "no price is set" in capsys.readouterr().out
    show_plan(Preview(1, (), {"extract": 1}, None, Estimate(0, 0, 0), unread=1), ModelSettings())
    told = capsys.readouterr().out
    assert "not known" in told
    assert "no price is set" in told
