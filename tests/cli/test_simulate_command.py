"""Contract tests of `trio-pipeline simulate`: what is typed, what comes out where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from trio_pipeline.cli import simulate as module
from trio_pipeline.cli.exit_codes import ExitCode
from trio_pipeline.services.extras import ExtraMissing
from trio_pipeline.simulation.campaign import SeedEnd
from trio_pipeline.simulation.worlds import Violation, WorldEnd
from trio_pipeline.testing.running import UnknownTrio

COMMAND = [sys.executable, "-W", "error", "-m", "trio_pipeline", "simulate"]


def typed(*arguments):
    return CliRunner().invoke(module.simulate, arguments)


@pytest.fixture
def broken_world(monkeypatch):
    """Seed 5 is a world in which something is not as it must be."""

    def run_seed(seed):
        violation = Violation(seed, "the pace is kept", "0.1 s, not 2.0", life=1, step=77, clock=12.5)
        return SeedEnd(seed, "abc", 0.5, WorldEnd(seed), (str(violation),))

    monkeypatch.setattr(module, "run_seed", run_seed)


def test_seeds_run_in_order_and_are_summed_up():
    done = subprocess.run([*COMMAND, "--seeds", "2..4", "--trace"], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.OK
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["2", "3", "4"]
    assert {len(line.split()[1]) for line in done.stdout.splitlines()} == {32}
    assert "3 worlds" in done.stderr
    assert "; 0 failed" in done.stderr


def test_json_is_one_object_a_line():
    done = subprocess.run([*COMMAND, "--seeds", "2", "--json"], capture_output=True, text=True, check=True)
    (row,) = map(json.loads, done.stdout.splitlines())
    assert done.stderr.startswith("1 world, ")
    assert row.keys() == {"seed", "hash", "seconds", "lives", "crashes", "requests", "clock", "failures"}
    assert (row["seed"], row["failures"]) == (2, [])


def test_replay_tells_a_story():
    result = typed("--replay", "2", "--trace")
    assert result.exit_code == ExitCode.OK
    lines = result.stdout.splitlines()
    assert lines[0].startswith("life 0 begins at 0.000 s")
    assert "ledger: download" in result.stdout
    assert lines[-1].startswith("2 ")
    assert result.stderr == "seed 2: everything is as it must be\n"


def test_story_is_not_json():
    result = typed("--replay", "2", "--json")
    assert result.exit_code == ExitCode.USAGE
    assert "--replay tells a story, which is not JSON." in result.stderr


def test_failure_is_told_and_is_exit_code_1(broken_world):
    result = typed("--replay", "5")
    assert result.exit_code == ExitCode.ITEMS_FAILED
    assert "seed 5: not so: the pace is kept" in result.stderr
    assert "everything is as it must be" not in result.stderr
    assert "life 1, step 77, 12.500 s of virtual time" in result.stderr


def test_failures_of_many_say_how_to_see_them_again(monkeypatch):
    class Campaign:
        def __init__(self, seeds, workers):
            self.ends = iter(
                [SeedEnd(seed, "", 0.1, WorldEnd(seed), ("it broke",) if seed == 1 else ()) for seed in seeds]
            )

        def __enter__(self):
            return self.ends

        def __exit__(self, *exc):
            return None

    monkeypatch.setattr(module, "open_campaign", Campaign)
    result = typed("--seeds", "0..2")
    assert result.exit_code == ExitCode.ITEMS_FAILED
    assert "it broke\n  see it again: trio-pipeline simulate --replay 1\n" in result.stderr
    assert result.stderr.endswith("; 1 failed\nfailed: 1\n")


@pytest.mark.parametrize("seeds", ["5..4", "a..b", "..3", "-1..3", "1...3", ""])
def test_wrong_seeds_are_usage(seeds):
    result = typed("--seeds", seeds)
    assert result.exit_code == ExitCode.USAGE
    assert "--seeds" in result.stderr


def test_missing_extra_is_named(monkeypatch):
    def prepare():
        raise ExtraMissing("trio-pipeline[demo]", "reportlab")

    monkeypatch.setattr(module, "prepare", prepare)
    result = typed("--seeds", "0")
    assert result.exit_code == ExitCode.USAGE
    assert "simulate needs reportlab" in result.stderr
    assert "pip install 'trio-pipeline[testing]'" in result.stderr


def test_unknown_trio_is_named(monkeypatch):
    def prepare():
        raise UnknownTrio("the inside of Trio 9.9 is not as expected")

    monkeypatch.setattr(module, "prepare", prepare)
    result = typed("--seeds", "0")
    assert result.exit_code == ExitCode.USAGE
    assert "Trio 9.9" in result.stderr


def test_interrupt_ends_it_at_once():
    process = subprocess.Popen(
        [*COMMAND, "--seeds", "0..500", "--trace", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline().startswith("0 ")
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert complaints == ""


def test_help_says_what_a_world_is():
    result = typed("--help")
    assert result.exit_code == ExitCode.OK
    assert "--replay SEED" in result.stdout
    assert "The same seed is the same world" in " ".join(result.stdout.split())
