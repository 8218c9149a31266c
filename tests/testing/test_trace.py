"""Contract tests of traces: what they tell apart, and that a step costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import trio
from counted_calls import calls_of

from trio_pipeline.testing import Trace, run

PROGRAM = """
import trio
from trio_pipeline.testing import Trace, run

class Worker:  # as a task it is named by its repr, which has an address
    async def __call__(self, kinds):
        for kind in kinds:
            await trio.sleep(len(kind) / 10)

async def program():
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(0.5):
            async with trio.open_nursery() as inner:
                for _ in range(20):
                    inner.start_soon(trio.sleep_forever)
        for _ in range(5):
            nursery.start_soon(Worker(), sorted({"a", "bb", "ccc"}))
            nursery.start_soon(lambda: trio.sleep(0.3))

ballast = [object() for _ in range({ballast})]
trace = Trace(keep=True)
run(program, schedule=3, trace=trace)
print(trace.digest, len(trace.lines), any("0x" in line for line in trace.lines))
"""


def test_digest_is_of_lines_in_order():
    def digest(*lines):
        trace = Trace()
        for line in lines:
            trace.note(*line)
        return trace.digest

    assert digest(("a", 1), ("b", 2.5)) == digest(("a", "1"), ("b", "2.5"))
    stories = [(), (("a",),), (("b",),), (("a",), ("b",)), (("b",), ("a",)), (("a", "b"),), (("a\nb",),)]
    assert len({digest(*story) for story in stories}) == len(stories)


def test_digest_may_be_asked_for_in_between():
    first, second = Trace(), Trace()
    first.note("a")
    assert first.digest != second.digest
    second.note("a")
    assert first.digest == second.digest
    first.note("b")
    second.note("b")
    assert first.digest == second.digest
    assert len(first.digest) == 32


def test_lines_are_kept_on_demand_and_change_no_digest():
    kept, passed = Trace(keep=True), Trace()
    for trace in (kept, passed):
        trace.note("task", 3, "at", 0.5)
        trace.note("two\nlines", "\ud800")
    assert kept.lines == ["task 3 at 0.5", "two\\nlines \\ud800"]
    assert passed.lines == []
    assert kept.digest == passed.digest


def test_processes_agree_whatever_their_hashes_and_addresses():
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.replace("{ballast}", str(1000 * int(seed)))],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    ]
    assert told[0] == told[1] == told[2]
    assert told[0].endswith(" False\n")


def test_step_is_a_line_of_number_name_and_time():
    trace = Trace(keep=True)
    run(trio.sleep, 0.5, trace=trace, start=3.0)
    assert trace.lines[:4] == [
        "0 <init> 3.0",
        "2 <TrioToken.run_sync_soon task> 3.0",
        "1 trio.sleep 3.0",
        "1 trio.sleep 3.5",
    ]


def test_note_is_as_little_work_however_many_were_taken_down():
    trace = Trace(keep=True)

    def note(times):
        for number in range(times):
            trace.note(number, "trio_pipeline.nursery.Stage.work", 1234.5)

    assert calls_of(note, 1_000) == calls_of(note, 1_000) < 20_000
