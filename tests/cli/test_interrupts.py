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

SHOWN = LogOptions(0, "text", progress=True)


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
    async with show_count(lambda: f"looked at {next(counts)}", SHOWN):
        await trio.sleep(25)
    assert capsys.readouterr().err == "looked at 1\nlooked at 2\n"


async def test_line_of_a_terminal_is_wiped_out(autojump_clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with trio.move_on_after(0.75):
        async with show_count(lambda: "looked at \x1b[31m3", SHOWN):
            await trio.sleep_forever()
    line = "\r\x1b[Klooked at \\x1b[31m3"
    assert terminal.getvalue() == f"{line}{line}\r\x1b[K"


async def test_no_progress_says_nothing(autojump_clock, capsys):
    async with show_count(lambda: "looked", LogOptions(0, "text", progress=False)):
        await trio.sleep(60)
    assert capsys.readouterr().err == ""
