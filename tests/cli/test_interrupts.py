"""What a signal does to a command that changes nothing half-way, and how far it says it has come (contract)."""

from __future__ import annotations

import io
import signal
import sys

import pytest
import trio

from trio_pipeline.cli.counter import show_count
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.cli.interrupts import run_until_signal
from trio_pipeline.cli.options import LogOptions
from trio_pipeline.pacing import Pacer

SHOWN = LogOptions(0, "text", progress=True)
SILENT = LogOptions(0, "text", progress=False)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.HANGUP),
    ],
)
def test_signal_ends_it_with_its_code(number, code):
    tidied = []

    async def work():
        signal.raise_signal(number)
        try:
            await trio.sleep_forever()
        finally:
            tidied.append(True)

    assert run_until_signal(work) is code
    assert tidied


def test_without_signal_it_has_no_code():
    async def work():
        await trio.lowlevel.checkpoint()

    assert run_until_signal(work) is None


async def test_lines_come_now_and_then(autojump_clock, capsys):
    counts = iter(range(1, 9))
    async with show_count(lambda: f"looked at {next(counts)}", Pacer("archive"), SHOWN):
        await trio.sleep(25)
    assert capsys.readouterr().err == "looked at 1\nlooked at 2\n"


async def test_line_of_a_terminal_is_wiped_out(autojump_clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with trio.move_on_after(0.75):
        async with show_count(lambda: "looked at \x1b[31m3", Pacer("archive"), SHOWN):
            await trio.sleep_forever()
    line = "\r\x1b[Klooked at \\x1b[31m3"
    assert terminal.getvalue() == f"{line}{line}\r\x1b[K"


async def test_no_progress_says_nothing(autojump_clock, capsys, caplog):
    async with show_count(lambda: "looked", Pacer("archive"), SILENT):
        await trio.sleep(60)
    assert capsys.readouterr().err == ""
    assert caplog.messages == []


async def blocked(pacer):
    """Has its host ask for ten minutes of rest, and more the next time."""
    async with pacer.request() as permit:
        await permit.start()
        permit.blocked("a block \x1b[31mpage")


async def test_lines_tell_why_nothing_goes_on(autojump_clock, capsys):
    pacer = Pacer("archive")
    await blocked(pacer)
    async with show_count(lambda: "looked at 3", pacer, SHOWN):
        await trio.sleep(15)
    pause = "archive is paused, next try in 9 min 50 s: a block \\x1b[31mpage"
    assert capsys.readouterr().err == f"looked at 3 (Ctrl-C ends it)  {pause}\n"


async def test_pause_is_logged_once_where_no_progress_is_shown(autojump_clock, capsys, caplog):
    pacer = Pacer("archive")
    async with show_count(lambda: "looked", pacer, SILENT):
        await blocked(pacer)
        await trio.sleep(300)
        async with pacer.request() as permit:
            await permit.start()
            permit.succeeded()
        await trio.sleep(60)
        await blocked(pacer)
        await trio.sleep(300)
    first, second = caplog.messages
    assert first == "archive is paused, next try in 9 min 50 s: a block \x1b[31mpage; Ctrl-C ends it"
    assert second.startswith("archive is paused, next try in ")
    assert capsys.readouterr().err == ""


async def test_line_of_a_terminal_is_no_longer_than_it(autojump_clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    with trio.move_on_after(0.25):
        async with show_count(lambda: "looked at 3 of 100,000 copies", Pacer("archive"), SHOWN):
            await trio.sleep_forever()
    assert terminal.getvalue() == "\r\x1b[Klooked at 3 of 100…\r\x1b[K"
